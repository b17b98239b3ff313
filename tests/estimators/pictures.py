"""What the tests of segmenters and detectors share: drawn images, and a callback that ends a fit."""

import numpy

from skann.callbacks.base import Callback


def pictures(n, size=(16, 16), seed=0, channels=None):
    """Return images of a bright rectangle or a dark one on noise, maps of labels, and the objects of each image."""
    rng = numpy.random.RandomState(seed)
    height, width = size
    X, maps, y = rng.uniform(0.3, 0.6, (n, height, width)), numpy.zeros((n, height, width), int), []
    for image, labels in zip(X, maps, strict=True):
        rows, columns = (rng.randint(length // 3, 2 * length // 3 + 1) for length in size)
        top, left = rng.randint(height - rows + 1), rng.randint(width - columns + 1)
        is_bright = rng.randint(2)
        inside = slice(top, top + rows), slice(left, left + columns)
        image[inside] += 0.4 if is_bright else -0.3
        labels[inside] = 2 - is_bright
        box = [left, top, left + columns, top + rows]
        y.append({"boxes": [box], "labels": ["bright" if is_bright else "dark"]})
    return (X if channels is None else numpy.repeat(X[..., None], channels, axis=3)), maps, y


def replaced(items, i, value):
    """Return a list in which one entry is another."""
    items = list(items)
    items[i] = value
    return items


def theta(estimator):
    return estimator._learner.parameters.theta


class Stop(Callback):
    """Ends the fit after an epoch, and may interrupt it."""

    def __init__(self, epoch, interrupts=False):
        self.epoch, self.interrupts, self.seen = epoch, interrupts, 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "epoch":
            return False
        self.seen += 1
        if self.seen == self.epoch and self.interrupts:
            raise KeyboardInterrupt
        return self.seen == self.epoch
