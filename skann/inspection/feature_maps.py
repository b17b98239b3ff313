"""A display of the maps of a convolution."""

from __future__ import annotations

from typing import Any, Self

import numpy

from ._images import draw_image, panel_size
from ._plotting import BLUE, axes_for, pyplot
from .extraction import as_floats, images_of, network_of_images

_MAX_MAPS = 39  # with the image, 40 panels


class FeatureMapsDisplay:
    """Plot of an image and of the maps that a hidden layer of convolutions makes of it.

    Each filter has a map: where it is light, the image resembles the pattern of the filter. The maps, after the
    activation, share one colour scale; at most 39 are drawn. Those of signals are curves.

    Create a display with ``from_estimator``.

    Parameters
    ----------
    image : ndarray of shape (height, width, channels)
        The image.
    maps : ndarray of shape (height, width, n_filters)
        The maps of the hidden layer.
    layer : int
        Index of the hidden layer, from 0.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Axes of the image and of each map.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skann import ConvClassifier
    >>> from skann.inspection import FeatureMapsDisplay
    >>> digits = load_digits()
    >>> clf = ConvClassifier((8, 16), max_iter=5, random_state=0).fit(digits.images, digits.target)
    >>> display = FeatureMapsDisplay.from_estimator(clf, digits.images[:1])
    >>> display.maps.shape
    (8, 8, 8)
    >>> len(display.axes_)
    9
    """

    def __init__(self, image, maps, *, layer):
        self.image = image
        self.maps = maps
        self.layer = layer

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, *, layer: int = 0, ax: Any = None) -> Self:
        """Draw the maps of one image.

        Parameters
        ----------
        estimator : ConvClassifier, ConvRegressor, or another estimator of skann.vision
            Fitted estimator, or a Pipeline or search that ends in one.
        X : array-like of shape (1, ...)
            One image, in the form that the estimator takes, such as ``X[:1]``.
        layer : int, default=0
            Index of the hidden layer, from 0, as in ``hidden_layer_output``; negative indices count from the last.
        ax : array of matplotlib Axes, default=None
            One for the image and one for each map. None creates a figure.

        Returns
        -------
        display : FeatureMapsDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the network takes no images.
        ValueError
            If there are several images, or the layer does not exist, is dense or sees regions of the image.
        """
        pyplot()
        network, before = network_of_images(estimator)
        graph = network._learner.graph
        if list(graph.up_to(network._hidden_node(layer)).inputs) != list(graph.inputs)[:1]:
            raise ValueError(f"Hidden layer {layer} sees regions of the image: choose one of the first layers.")
        images = images_of(network, before, X)
        if len(images) > 1:
            raise ValueError(f"FeatureMapsDisplay draws the maps of one image, such as X[:1]. Got {len(images)}.")
        maps = network.hidden_layer_output(images, layer)
        hidden = network._learner.hidden
        if maps.ndim == 2:
            n_maps = sum(len(graph.shapes[name]) == 3 for name in hidden)
            raise ValueError(
                f"Hidden layer {layer} is dense and has no maps. The layers of convolutions are those in the range "
                f"[0, {n_maps})."
            )
        return cls(as_floats(network, images)[0], maps[0], layer=layer % len(hidden)).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the image and the maps.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for the image and one for each map. None creates a figure.

        Returns
        -------
        display : FeatureMapsDisplay
            The display itself.
        """
        n_filters = self.maps.shape[2]
        drawn = self.maps[..., :_MAX_MAPS]
        n_panels = 1 + drawn.shape[2]
        n_columns = min(n_panels, int(numpy.ceil(numpy.sqrt(1.6 * n_panels))))
        self.axes_ = axes_for(ax, n_panels, size=panel_size(self.image, 1.0), n_columns=n_columns)
        self.figure_ = self.axes_[0].figure
        draw_image(self.axes_[0], self.image)
        for side in self.axes_[0].spines.values():
            side.set(color=BLUE, linewidth=2)
        low, high = drawn.min(), max(drawn.max(), drawn.min() + 1e-12)
        for axes, values in zip(self.axes_[1:], numpy.moveaxis(drawn, -1, 0), strict=True):
            if len(values) == 1:
                axes.plot(values[0], color="black", linewidth=1)
                axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
            else:
                mappable = axes.imshow(values, cmap="cividis", vmin=low, vmax=high)
            axes.set(xticks=[], yticks=[])
        if self.maps.shape[0] > 1:
            self.figure_.colorbar(mappable, ax=list(self.axes_), label="activation", shrink=0.8, aspect=30)
        if ax is None:
            size = "{} x {}".format(*self.maps.shape[:2])
            count = f"{drawn.shape[2]} of {n_filters}" if drawn.shape[2] < n_filters else str(n_filters)
            self.figure_.suptitle(f"hidden layer {self.layer}:\n{count} maps of {size}", fontsize=10)
        return self
