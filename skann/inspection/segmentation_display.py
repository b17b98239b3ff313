"""A display of segmented images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy
from sklearn.utils import check_consistent_length

from ..estimators.vision.label_maps import check_label_maps
from ._classes import add_legend, check_max_images, check_names, colours_of, name_of
from ._images import draw_image, panel_size
from ._plotting import axes_for, pyplot
from .extraction import find_owner, first_images, images_to_draw, title_of, transform_before, unwrap
from .extraction.images import grey_levels

_STRENGTH = 0.6  # of the colours over the grey image
_FADED = (0.5, 1.0)  # grey levels of the image under the colours, which would be alike over black
_TYPICAL = 0.85  # grey level of the legend
_WRONG = "black"
_HATCH = "////"


class SegmentationDisplay:
    """Plot of segmented images: each image beside the true and the predicted classes of its pixels.

    Classes are colours over the image in grey. Pixels without a label are hatched.

    Create a display with ``from_estimator`` or ``from_predictions``.

    Parameters
    ----------
    images : list of ndarray of shape (height, width, channels)
        Images to draw.
    y_true, y_pred : list of ndarray of shape (height, width)
        The true and the predicted labels of the pixels of each image; ``y_true`` may be None.
    classes : array-like, default=None
        All labels there are, by whose order they get their colours. None: those in ``y_true`` and ``y_pred``.
    names : dict of {label: str}, default=None
        Names of the labels in the legend. None: the labels themselves.
    ignore_label : int, default=None
        Label of true pixels without a label.
    differences : bool, default=False
        Whether to draw a panel with the pixels where truth and prediction differ.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels of each image, image by image: the image, the truth, the prediction and the differences, as far as
        they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    colours_ : dict of {label: str}
        The colour of each class.

    See Also
    --------
    skann.metrics.mean_iou : A score of all images.

    Examples
    --------
    >>> import numpy
    >>> from skann import FCNSegmenter
    >>> from skann.inspection import SegmentationDisplay
    >>> rng = numpy.random.RandomState(0)
    >>> y = numpy.zeros((40, 24, 24), int)
    >>> for labels, (i, j) in zip(y, rng.randint(0, 14, size=(40, 2))):  # with a bright square each
    ...     labels[i : i + 10, j : j + 10] = 1
    >>> X = y + rng.normal(0, 0.3, size=y.shape)
    >>> segmenter = FCNSegmenter(filters=(8, 16), max_iter=8, random_state=0).fit(X[:30], y[:30])
    >>> display = SegmentationDisplay.from_estimator(
    ...     segmenter, X[30:], y[30:], names={0: "background", 1: "square"}, max_images=2
    ... )
    >>> len(display.axes_)
    6
    """

    def __init__(self, images, y_true, y_pred, *, classes=None, names=None, ignore_label=None, differences=False):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.classes = classes
        self.names = names
        self.ignore_label = ignore_label
        self.differences = differences

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        names: Mapping[Any, str] | None = None,
        differences: bool = False,
        max_images: int = 4,
        ax: Any = None,
    ) -> Self:
        """Draw the prediction of a fitted segmenter for the first images.

        Parameters
        ----------
        estimator : FCNSegmenter
            Fitted estimator, or a Pipeline or search that ends in one.
        X : array-like of shape (n_images, ...), source, or list
            Images, in the form that the estimator takes.
        y : array-like of int of shape (n_images, height, width), or list, default=None
            The true label of each pixel.
        names : dict of {label: str}, default=None
            Names of the labels in the legend.
        differences : bool, default=False
            Whether to draw a panel with the pixels where truth and prediction differ.
        max_images : int in [1, inf), default=4
            Maximum number of images drawn.
        ax : array of matplotlib Axes, default=None
            One for each panel, image by image. None creates a figure.

        Returns
        -------
        display : SegmentationDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it does not predict labels of pixels.
        ValueError
            If X, y or the parameters are invalid.
        """
        pyplot()
        network: Any
        network, before = unwrap(estimator)
        if getattr(network, "_task", "") != "segmentation":
            raise TypeError(
                "SegmentationDisplay draws the labels of pixels: pass an FCNSegmenter. Got "
                f"{title_of(find_owner(estimator)[0])} instead."
            )
        check_max_images(max_images)
        X = transform_before(before, X)
        if y is not None:
            check_consistent_length(X, y)
            y = y[:max_images]
        X = first_images(X, max_images)
        return cls.from_predictions(
            X,
            y,
            network.predict(X),
            classes=network.classes_,
            names=names,
            ignore_label=network.ignore_label,
            differences=differences,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        X: Any,
        y_true: Any,
        y_pred: Any,
        *,
        classes: Any = None,
        names: Mapping[Any, str] | None = None,
        ignore_label: int | None = None,
        differences: bool = False,
        ax: Any = None,
    ) -> Self:
        """Draw images with given labels of their pixels.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width) or (n_images, height, width, channels), or list
            Images.
        y_true : array-like of int of shape (n_images, height, width), list, or None
            The true label of each pixel.
        y_pred : array-like of int of shape (n_images, height, width), or list
            The predicted label of each pixel.
        classes : array-like, default=None
            All labels there are, by whose order they get their colours. None: those in ``y_true`` and ``y_pred``.
        names : dict of {label: str}, default=None
            Names of the labels in the legend.
        ignore_label : int, default=None
            Label in ``y_true`` of pixels without a label.
        differences : bool, default=False
            Whether to draw a panel with the pixels where truth and prediction differ.
        ax : array of matplotlib Axes, default=None
            One for each panel, image by image. None creates a figure.

        Returns
        -------
        display : SegmentationDisplay

        Raises
        ------
        TypeError, ValueError
            If the images, the labels or the parameters are invalid.
        """
        pyplot()
        check_names(names)
        if differences and y_true is None:
            raise ValueError("differences=True compares the prediction with the truth: pass y.")
        images = images_to_draw(X)
        if not images:
            raise ValueError("There is nothing to draw: X has no images.")
        sizes: list[tuple[int, int]] = [image.shape[:2] for image in images]  # pyright: ignore[reportAssignmentType]
        return cls(
            images,
            None if y_true is None else check_label_maps(y_true, sizes),
            check_label_maps(y_pred, sizes),
            classes=classes,
            names=names,
            ignore_label=ignore_label,
            differences=differences,
        ).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the panels of each image, and a legend of the classes.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each panel, image by image. None creates a figure.

        Returns
        -------
        display : SegmentationDisplay
            The display itself.
        """
        kinds = ["image", *(["truth"] if self.y_true is not None else []), "prediction"]
        kinds += ["differences"] if self.differences else []
        n_columns = len(kinds)
        width, height = panel_size(self.images[0], 2.4)
        self.axes_ = axes_for(
            ax, n_columns * len(self.images), size=(width, height + 0.2), n_columns=n_columns, legend_width=1.3
        )
        self.figure_ = self.axes_[0].figure
        self.colours_ = colours_of(self._labels(), self.classes)
        for i, row in enumerate(self.axes_.reshape(-1, n_columns)):
            for kind, axes in zip(kinds, row, strict=True):
                getattr(self, f"_draw_{kind}")(axes, i)
                if i == 0 and kind != "differences":
                    axes.set_title(kind, fontsize=10)
                axes.set(xticks=[], yticks=[])
        add_legend(self.axes_, n_columns - 1, self._legend(), ax is None)
        return self

    def _labels(self) -> set[Any]:
        """Return all labels that are drawn."""
        maps = [*self.y_pred, *(self.y_true or [])]
        return {label for labels in maps for label in numpy.unique(labels).tolist()} - {self.ignore_label}

    def _draw_image(self, axes, i: int) -> None:
        draw_image(axes, self.images[i])

    def _draw_truth(self, axes, i: int) -> None:
        self._draw_classes(axes, i, self.y_true[i])
        _hatch(axes, self._ignored(i))

    def _draw_prediction(self, axes, i: int) -> None:
        self._draw_classes(axes, i, self.y_pred[i])

    def _draw_differences(self, axes, i: int) -> None:
        ignored = self._ignored(i)
        differs = (self.y_true[i] != self.y_pred[i]) & ~ignored
        axes.imshow(_tint(self.images[i], [(differs, _WRONG)]))
        _hatch(axes, ignored)
        share = differs.sum() / max(1, (~ignored).sum())
        axes.set_title(f"{'differences: ' if i == 0 else ''}{share:.1%} of the pixels", fontsize=10)

    def _draw_classes(self, axes, i: int, labels: numpy.ndarray) -> None:
        """Draw the classes of pixels over the image in grey."""
        axes.imshow(_tint(self.images[i], [(labels == label, colour) for label, colour in self.colours_.items()]))

    def _ignored(self, i: int) -> numpy.ndarray:
        """Return which pixels have no true label."""
        if self.ignore_label is None or self.y_true is None:
            return numpy.zeros(self.images[i].shape[:2], bool)
        return self.y_true[i] == self.ignore_label

    def _legend(self) -> list[Any]:
        """Return the handles of the legend."""
        return list(_handles(self.colours_, self.names, self._has_ignored(), self.differences))

    def _has_ignored(self) -> bool:
        return any(self._ignored(i).any() for i in range(len(self.images)))


def _handles(
    colours: Mapping[Any, str], names: Mapping[Any, str] | None, has_ignored: bool, differences: bool
) -> Iterator[Any]:
    """Yield patches of the classes, of ignored pixels and of differences."""
    from matplotlib.patches import Patch

    for label, colour in colours.items():
        yield Patch(facecolor=_blend(_TYPICAL, colour), label=name_of(label, names))
    if has_ignored:
        yield Patch(facecolor="0.9", edgecolor="0.25", hatch=_HATCH, linewidth=0, label="no label")
    if differences:
        yield Patch(facecolor=_blend(_TYPICAL, _WRONG), label="differs")


def _tint(image: numpy.ndarray, parts: Sequence[tuple[numpy.ndarray, str]]) -> numpy.ndarray:
    """Return an image in grey whose parts have a colour."""
    low, high = _FADED
    tinted = numpy.repeat(low + (high - low) * grey_levels(image)[..., None], 3, axis=-1)
    for part, colour in parts:
        tinted[part] = _blend(tinted[part], colour)
    return tinted


def _blend(grey: Any, colour: str) -> Any:
    """Return grey levels with a transparent colour over them."""
    from matplotlib.colors import to_rgb

    return (1 - _STRENGTH) * grey + _STRENGTH * numpy.array(to_rgb(colour))


def _hatch(axes: Any, part: numpy.ndarray) -> None:
    """Hatch a part of the panel."""
    if part.any():
        rows, columns = (numpy.arange(-1, length + 1) for length in part.shape)
        axes.contourf(
            columns, rows, numpy.pad(part, 1).astype(float), levels=[0.5, 1.5], colors="none", hatches=[_HATCH]
        )
        axes.set(xlim=(-0.5, part.shape[1] - 0.5), ylim=(part.shape[0] - 0.5, -0.5))
