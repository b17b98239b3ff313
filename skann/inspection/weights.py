"""A display of weights as histograms, or of the first layer as images."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy

from ._images import panel_size
from ._plotting import BLUE, axes_for, layer_name, pyplot
from .extraction import unwrap

_MAX_IMAGES = 40  # more would be too small to see


class WeightsDisplay:
    """Plot of the weights of each layer as histograms, or of the first layer as images.

    The filters of a convolution are images themselves: one image per filter with one channel, one in colour with three
    channels, and otherwise one per filter and channel. In colour, a weight of zero is half the intensity.

    If the inputs are the pixels of an image, the weights of each unit in the first hidden layer form an image too: the
    pattern that it detects. With ``image_shape``, the images of the first 40 units are drawn on a common colour scale,
    dark for negative weights and light for positive ones. A maxout unit has an image for each piece.

    Create a display with ``from_estimator`` or ``from_weights``.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, units) or (fan_in, pieces, units)
        Weights of each layer, or of shape (height, width, channels, filters) for convolutions.
    image_shape : tuple of int, default=None
        Height and width of the input images of a network of features. None: draw histograms, or the filters of the
        first layer if it is a convolution.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each layer, or for each image.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skann import MLPClassifier
    >>> from skann.inspection import WeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier(hidden_layer_sizes=16, early_stopping=True, random_state=0).fit(X / 16, y)
    >>> len(WeightsDisplay.from_estimator(clf).axes_)
    2
    >>> len(WeightsDisplay.from_estimator(clf, image_shape=(8, 8)).axes_)
    16
    """

    def __init__(self, coefs, *, image_shape=None):
        self.coefs = coefs
        self.image_shape = image_shape

    @classmethod
    def from_estimator(cls, estimator: Any, *, image_shape: tuple[int, int] | None = None, ax: Any = None) -> Self:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : one of skann
            Fitted estimator, or a Pipeline or search that ends in one.
        image_shape : tuple of int, default=None
            Height and width of the input images of a network of features. None: draw histograms, or the filters of
            the first layer if it is a convolution.
        ax : array of matplotlib Axes, default=None
            One for each layer, or for each image. None creates a figure.

        Returns
        -------
        display : WeightsDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``image_shape`` does not match the number of inputs, or is given although the first layer is a
            convolution.
        """
        return cls.from_weights(unwrap(estimator)[0].coefs_, image_shape=image_shape, ax=ax)

    @classmethod
    def from_weights(cls, coefs: Any, *, image_shape: tuple[int, int] | None = None, ax: Any = None) -> Self:
        """Draw weights.

        Parameters
        ----------
        coefs : list of array-like of shape (fan_in, units) or (fan_in, pieces, units)
            Weights of each layer, such as an estimator's ``coefs_``.
        image_shape : tuple of int, default=None
            Height and width of the input images of a network of features. None: draw histograms, or the filters of
            the first layer if it is a convolution.
        ax : array of matplotlib Axes, default=None
            One for each layer, or for each image. None creates a figure.

        Returns
        -------
        display : WeightsDisplay

        Raises
        ------
        ValueError
            If ``image_shape`` does not match the number of inputs, or is given although the first layer is a
            convolution.
        """
        pyplot()
        coefs = [numpy.array(weights, dtype=float) for weights in coefs]
        if image_shape is not None:
            _check_image_shape(image_shape, coefs[0])
        return cls(coefs, image_shape=image_shape).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw histograms, or images if there is an ``image_shape`` or the first layer is a convolution.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each layer, or for each image. None creates a figure.

        Returns
        -------
        display : WeightsDisplay
            The display itself.
        """
        if self.coefs[0].ndim == 4:
            self._plot_images(ax, _filter_images(self.coefs[0]), "filters")
        elif self.image_shape is not None:
            units = self.coefs[0].reshape(len(self.coefs[0]), -1).T
            self._plot_images(ax, units.reshape(len(units), *self.image_shape), "images")
        else:
            self._plot_histograms(ax)
        self.figure_ = self.axes_[0].figure
        return self

    def _plot_histograms(self, ax) -> None:
        """Draw a histogram for each layer, all with the same range."""
        n_layers = len(self.coefs)
        self.axes_ = axes_for(ax, n_layers, size=(3.6, 3.2), n_columns=min(n_layers, 4))
        largest = max(numpy.abs(weights).max() for weights in self.coefs) or 1.0
        for i, (axes, weights) in enumerate(zip(self.axes_, self.coefs, strict=True)):
            axes.hist(weights.ravel(), bins=numpy.linspace(-largest, largest, 42), color=BLUE)
            axes.axvline(0, color="black", linewidth=0.8)
            shape = " x ".join(map(str, weights.shape))
            axes.set(xlabel="weight", title=f"{layer_name(i, n_layers)}: {shape}")
        self.axes_[0].set_ylabel("number of weights")

    def _plot_images(self, ax, images: numpy.ndarray, kind: str) -> None:
        """Draw the weights of the first layer on a common scale, with a colour bar unless they are in colour."""
        n_images = min(len(images), _MAX_IMAGES)
        drawn = images[:n_images]
        # wider than high, like the page
        n_columns = min(n_images, int(numpy.ceil(numpy.sqrt(1.6 * n_images))))
        self.axes_ = axes_for(ax, n_images, size=panel_size(drawn[0], 0.95), n_columns=n_columns)
        largest = numpy.abs(drawn).max() or 1.0
        in_colour = drawn.ndim == 4
        for axes, weights in zip(self.axes_, drawn, strict=True):
            if in_colour:
                image = axes.imshow(0.5 + 0.5 * weights / largest)
            else:
                # cividis increases steadily in lightness and is grey at zero
                image = axes.imshow(weights, cmap="cividis", vmin=-largest, vmax=largest)
            axes.set(xticks=[], yticks=[])
        figure = self.axes_[0].figure
        if not in_colour:
            figure.colorbar(image, ax=list(self.axes_), label="weight", shrink=0.8, aspect=30)
        if ax is None:
            figure.suptitle(f"first layer: {n_images} of {len(images)} {kind}")


def _filter_images(weights: numpy.ndarray) -> numpy.ndarray:
    """Return the filters of a convolution as images: in colour for three channels, else one per channel."""
    height, width, channels, _ = weights.shape
    if channels == 3:
        return numpy.moveaxis(weights, -1, 0)
    return numpy.moveaxis(weights, (-1, -2), (0, 1)).reshape(-1, height, width)


def _check_image_shape(image_shape, weights: numpy.ndarray) -> None:
    """Raise ValueError unless images of this shape have one pixel per input of the first layer."""
    if weights.ndim == 4:
        raise ValueError(
            "image_shape is for networks of features. The first layer is a convolution, whose filters are drawn in "
            f"their own shape, {weights.shape[0]} x {weights.shape[1]}: leave image_shape out."
        )
    n_inputs = len(weights)
    is_shape = isinstance(image_shape, (tuple, list)) and len(image_shape) == 2
    if not is_shape or not all(isinstance(side, Integral) and int(side) > 0 for side in image_shape):
        raise ValueError(f"image_shape must be (height, width), two positive ints. Got {image_shape!r} instead.")
    height, width = image_shape
    if height * width != n_inputs:
        raise ValueError(
            f"Images of shape {tuple(image_shape)} have {height * width} pixels, but the first layer has {n_inputs} "
            "inputs. Pass the height and width of the images that the network receives."
        )
