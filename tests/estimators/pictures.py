"""Drawn images for the tests of segmenters and detectors: a bright rectangle or a dark one on noise."""

import numpy


def pictures(n, size=(16, 16), seed=0, channels=None):
    """Return images, maps of labels (0, and 1 or 2 in a rectangle), and the objects of each image."""
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
