"""A display of misclassified images."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy
from sklearn.base import is_classifier
from sklearn.utils import check_consistent_length, column_or_1d

from ..engine.data.source import take
from ..engine.losses import MULTIOUTPUT
from ._images import draw_image, panel_size
from ._plotting import axes_for, pyplot
from .extraction import as_floats, find_owner, finds_objects, images_of, is_spatial, network_of_images, title_of

_N_COLUMNS = 6


class MisclassifiedDisplay:
    """Plot of the misclassified images of which a convolutional network is most certain, with their labels.

    They show mistakes of the network as well as wrong labels and unreadable images.

    Create a display with ``from_estimator``.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, channels)
        The images to draw.
    y_true, y_pred : ndarray of shape (n_images,)
        Their labels, and those predicted.
    confidence : ndarray of shape (n_images,), default=None
        Predicted probability of ``y_pred``.
    indices : ndarray of shape (n_images,), default=None
        Their rows in X.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each image.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skann import ConvClassifier
    >>> from skann.inspection import MisclassifiedDisplay
    >>> digits = load_digits()
    >>> clf = ConvClassifier((8, 16), max_iter=5, random_state=0).fit(digits.images[:900], digits.target[:900])
    >>> display = MisclassifiedDisplay.from_estimator(clf, digits.images[900:], digits.target[900:], max_images=4)
    >>> len(display.axes_)
    4
    >>> bool((display.y_true == display.y_pred).any())
    False
    """

    def __init__(self, images, *, y_true, y_pred, confidence=None, indices=None):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.indices = indices

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, max_images: int = 12, ax: Any = None) -> Self:
        """Draw the images that a fitted classifier takes for another class, the most certain first.

        Parameters
        ----------
        estimator : ConvClassifier
            Fitted classifier, or a Pipeline or search that ends in one.
        X : array-like of shape (n_images, ...)
            Images, in the form that the estimator takes.
        y : array-like of shape (n_images,)
            Their labels.
        max_images : int in [1, inf), default=12
            Maximum number of images drawn.
        ax : array of matplotlib Axes, default=None
            One for each image drawn. None creates a figure.

        Returns
        -------
        display : MisclassifiedDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is not a classifier of images.
        ValueError
            If it predicts several labels per image, or if no image is misclassified.
        """
        pyplot()
        network, before = network_of_images(estimator)
        title = title_of(find_owner(estimator)[0])
        if not is_classifier(network):
            other = (
                f" {'DetectionDisplay' if finds_objects(network) else 'SegmentationDisplay'} draws its predictions."
                if is_spatial(network)
                else ""
            )
            raise TypeError(f"MisclassifiedDisplay draws classes: pass a ConvClassifier. Got {title} instead.{other}")
        if network._task in ("multilabel", MULTIOUTPUT):
            raise ValueError(
                f"MisclassifiedDisplay draws one label for each image. Got {title} with several: fit it on one column "
                "of y."
            )
        if not isinstance(max_images, Integral) or max_images < 1:
            raise ValueError(f"max_images must be an int of at least 1. Got {max_images!r} instead.")
        images, y = images_of(network, before, X), column_or_1d(y)
        check_consistent_length(images, y)
        predicted, certainty = network.predict(images), _certainty(network, images)
        indices = most_certain_mistakes(y, predicted, certainty)[:max_images]
        if not len(indices):
            raise ValueError(f"There is nothing to draw: all of the {len(images)} images are classified correctly.")
        return cls(
            as_floats(network, take(images, indices)),
            y_true=y[indices],
            y_pred=predicted[indices],
            confidence=certainty[indices] if hasattr(network, "predict_proba") else None,
            indices=indices,
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the images, with their labels as titles.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each image. None creates a figure.

        Returns
        -------
        display : MisclassifiedDisplay
            The display itself.
        """
        n_images = len(self.images)
        width, height = panel_size(self.images[0], 1.7)
        self.axes_ = axes_for(ax, n_images, size=(width, height + 0.4), n_columns=min(n_images, _N_COLUMNS))
        self.figure_ = self.axes_[0].figure
        for i, axes in enumerate(self.axes_):
            draw_image(axes, self.images[i])
            certainty = "" if self.confidence is None else f" ({self.confidence[i]:.0%})"
            axes.set_title(f"true {self.y_true[i]}\npredicted {self.y_pred[i]}{certainty}", fontsize=9)
        return self


def most_certain_mistakes(y_true: numpy.ndarray, y_pred: numpy.ndarray, certainty: numpy.ndarray) -> numpy.ndarray:
    """Return the indices of wrong predictions in order of decreasing certainty."""
    wrong = numpy.flatnonzero(y_true != y_pred)
    return wrong[numpy.argsort(-certainty[wrong], kind="stable")]


def _certainty(network: Any, images: numpy.ndarray) -> numpy.ndarray:
    """Return the probability of the predicted class or, without probabilities, its lead over the next class."""
    if hasattr(network, "predict_proba"):
        return network.predict_proba(images).max(axis=1)
    scores = network.decision_function(images)
    if scores.ndim == 1:
        return numpy.abs(scores)
    return numpy.diff(numpy.sort(scores, axis=1)[:, -2:], axis=1)[:, 0]
