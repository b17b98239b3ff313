"""A display of saliency maps over their images."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import is_classifier

from ._images import draw_heat, panel_size
from ._plotting import axes_for, pyplot
from .extraction import as_floats, images_of
from .saliency import explained_classes, network_to_explain, saliency

_N_COLUMNS = 5


class SaliencyDisplay:
    """Plot of the pixels that matter for an output of a convolutional network, over the images.

    Orange pixels raise the score of the class in the title or, with method="gradient", change it most; blue pixels,
    with method="occlusion" alone, lower it. Each image, in pale grey, has a scale of its own: full colour is its
    largest absolute value.

    Create a display with ``from_estimator``.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, channels)
        Images to draw.
    maps : ndarray of shape (n_images, height, width)
        Their saliency.
    classes : ndarray of shape (n_images,), default=None
        The class that is explained for each image, its title.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each image.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.

    See Also
    --------
    saliency : The maps, and how they are computed.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skann import ConvClassifier
    >>> from skann.inspection import SaliencyDisplay
    >>> digits = load_digits()
    >>> clf = ConvClassifier((8, 16), max_iter=5, random_state=0).fit(digits.images, digits.target)
    >>> display = SaliencyDisplay.from_estimator(clf, digits.images[:3], method="occlusion")
    >>> len(display.axes_)
    3
    """

    def __init__(self, images, maps, *, classes=None):
        self.images = images
        self.maps = maps
        self.classes = classes

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        target: Any = None,
        method: str = "gradient",
        patch_size: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw the saliency of images for a fitted network.

        Parameters
        ----------
        estimator : ConvClassifier or ConvRegressor
            Fitted estimator, or a Pipeline or search that ends in one.
        X : array-like of shape (n_images, ...)
            Images, in the form that the estimator takes.
        target : label, int, or array-like of shape (n_images,), default=None
            The class or, for a regressor, the index of the output, of all images or of each. None: the predicted class
            or the only output.
        method : {"gradient", "grad_cam", "occlusion"}, default="gradient"
            The method of :func:`saliency`.
        patch_size : int or (int, int), default=None
            Rows and columns of the patches of "occlusion". None: a fourth of those of the image.
        ax : array of matplotlib Axes, default=None
            One for each image. None creates a figure.

        Returns
        -------
        display : SaliencyDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the network takes no images, or does not predict a class or numbers for an image.
        ValueError
            If the target or the parameters are invalid.
        """
        pyplot()
        network, before = network_to_explain(estimator)
        images = as_floats(network, images_of(network, before, X))
        maps = saliency(network, images, target, method=method, patch_size=patch_size)
        codes = explained_classes(network, images, target) if is_classifier(network) else None
        return cls(images, maps, classes=None if codes is None else network.classes_[codes]).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the images, and their saliency over them.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each image. None creates a figure.

        Returns
        -------
        display : SaliencyDisplay
            The display itself.
        """
        n_images = len(self.images)
        width, height = panel_size(self.images[0], 1.6)
        self.axes_ = axes_for(ax, n_images, size=(width, height + 0.25), n_columns=min(n_images, _N_COLUMNS))
        self.figure_ = self.axes_[0].figure
        for i, axes in enumerate(self.axes_):
            draw_heat(axes, self.maps[i], self.images[i])
            if self.classes is not None:
                axes.set_title(str(self.classes[i]), fontsize=10)
        return self
