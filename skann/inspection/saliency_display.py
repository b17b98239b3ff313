"""A display of saliency maps over their images."""

from __future__ import annotations

from typing import Any, Self

from ._images import draw_heat, draw_image, panel_size
from ._plotting import axes_for, pyplot
from .extraction import images_of, network_of_images
from .saliency import saliency

_N_COLUMNS = 5


class SaliencyDisplay:
    """Plot of the pixels that matter for an output of a convolutional network, over the images.

    Red pixels raise the score of the class or, with method="gradient", change it most; blue pixels lower it. Each image
    has a scale of its own: the darkest red or blue is its largest absolute value.

    Create a display with ``from_estimator``.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, channels)
        Images to draw.
    maps : ndarray of shape (n_images, height, width)
        Their saliency.

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

    def __init__(self, images, maps):
        self.images = images
        self.maps = maps

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
            If the network takes no images.
        ValueError
            If the target or the parameters are invalid.
        """
        pyplot()
        network, before = network_of_images(estimator)
        images = images_of(network, before, X)
        return cls(images, saliency(network, images, target, method=method, patch_size=patch_size)).plot(ax)

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
        size = panel_size(self.images[0], 1.6)
        self.axes_ = axes_for(ax, n_images, size=size, n_columns=min(n_images, _N_COLUMNS))
        self.figure_ = self.axes_[0].figure
        for axes, image, heat in zip(self.axes_, self.images, self.maps, strict=True):
            draw_image(axes, image)
            draw_heat(axes, heat)
        return self
