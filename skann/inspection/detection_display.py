"""A display of detected objects."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, Self

import numpy
from sklearn.utils import check_consistent_length

from .._objects import check_boxes, check_labels, check_masks, check_scores
from ..engine.detection.boxes import box_iou
from ..engine.detection.mask_overlaps import mask_iou
from ._classes import add_legend, check_max_images, check_names, colours_of, name_of
from ._images import draw_image, panel_size
from ._objects import DrawnObjects, complete_objects, draw_objects, write_texts
from ._plotting import axes_for, pyplot
from .extraction import find_owner, finds_objects, first_images, images_to_draw, title_of, transform_before, unwrap

_IOU = 0.5  # with which an object counts as found
_N_COLUMNS = 4


class DetectionDisplay:
    """Plot of detected objects: for each image the true objects beside the detected ones, in the colours of classes.

    An object is found if a detection of its class has an intersection over union with it of at least 0.5; missed
    objects and false detections are dashed. Objects with "masks" are drawn as such, others as boxes. Texts are left out
    where they would cover each other.

    Create a display with ``from_estimator`` or ``from_predictions``.

    Parameters
    ----------
    images : list of ndarray of shape (height, width, channels)
        Images to draw.
    y_true, y_pred : list of dict
        The true and the detected objects of each image; ``y_true`` may be None.
    classes : array-like, default=None
        All labels there are, by whose order they get their colours. None: those in ``y_true`` and ``y_pred``.
    names : dict of {label: str}, default=None
        Names of the labels. None: the labels themselves.
    min_score : float, default=0.3
        Detections with lower scores are left out.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The panels, image by image: that of the truth, if given, and that of the detections.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    colours_ : dict of {label: str}
        The colour of each class.

    See Also
    --------
    DetectionPrecisionRecallDisplay : Precision and recall for every score.
    skann.metrics.mean_average_precision : A score of all images.

    Examples
    --------
    >>> import numpy
    >>> from skann import YOLODetector
    >>> from skann.inspection import DetectionDisplay
    >>> rng = numpy.random.RandomState(0)
    >>> X, y = rng.uniform(0, 0.3, size=(80, 32, 32)), []
    >>> for image in X:  # with a bright rectangle each
    ...     (x0, y0), (width, height) = rng.randint(0, 16, 2), rng.randint(8, 16, 2)
    ...     image[y0 : y0 + height, x0 : x0 + width] += 0.7
    ...     y.append({"boxes": [[x0, y0, x0 + width, y0 + height]], "labels": ["bright"]})
    >>> detector = YOLODetector(filters=(8, 16, 32), n_scales=1, random_state=0).fit(X[:60], y[:60])
    >>> display = DetectionDisplay.from_estimator(detector, X[60:], y[60:], max_images=2)
    >>> display.axes_[1].get_title()
    '1 of 1 found'
    """

    def __init__(self, images, y_true, y_pred, *, classes=None, names=None, min_score=0.3):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.classes = classes
        self.names = names
        self.min_score = min_score

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        names: Mapping[Any, str] | None = None,
        min_score: float = 0.3,
        max_images: int = 4,
        ax: Any = None,
    ) -> Self:
        """Draw the objects that a fitted detector finds in the first images.

        Parameters
        ----------
        estimator : YOLODetector, RCNNDetector or MaskRCNNSegmenter
            Fitted estimator, or a Pipeline or search that ends in one.
        X : array-like of shape (n_images, ...), source, or list
            Images, in the form that the estimator takes.
        y : sequence of dict of length n_images, default=None
            The true objects of each image, as in ``fit``.
        names : dict of {label: str}, default=None
            Names of the labels.
        min_score : float, default=0.3
            Detections with lower scores are left out.
        max_images : int in [1, inf), default=4
            Maximum number of images drawn.
        ax : array of matplotlib Axes, default=None
            One for each panel, image by image. None creates a figure.

        Returns
        -------
        display : DetectionDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it does not detect objects.
        ValueError
            If X, y or the parameters are invalid.
        """
        pyplot()
        network, before = detector_of(estimator, "DetectionDisplay draws objects")
        check_max_images(max_images)
        X = transform_before(before, X)
        if y is not None:
            check_consistent_length(X, y)
            y = list(y)[:max_images]
        X = first_images(X, max_images)
        return cls.from_predictions(
            X, y, network.predict(X), classes=network.classes_, names=names, min_score=min_score, ax=ax
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
        min_score: float = 0.3,
        ax: Any = None,
    ) -> Self:
        """Draw images with given objects.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width) or (n_images, height, width, channels), or list
            Images.
        y_true : sequence of dict of length n_images, or None
            The true objects of each image: "boxes" of shape (k, 4) or "masks" of shape (k, height, width), and
            "labels"; or maps of instance numbers.
        y_pred : sequence of dict of length n_images
            The detected objects of each image, with "scores" besides.
        classes : array-like, default=None
            All labels there are, by whose order they get their colours. None: those in ``y_true`` and ``y_pred``.
        names : dict of {label: str}, default=None
            Names of the labels.
        min_score : float, default=0.3
            Detections with lower scores are left out.
        ax : array of matplotlib Axes, default=None
            One for each panel, image by image. None creates a figure.

        Returns
        -------
        display : DetectionDisplay

        Raises
        ------
        TypeError, ValueError
            If the images, the objects or the parameters are invalid.
        """
        pyplot()
        check_names(names)
        if isinstance(min_score, bool) or not isinstance(min_score, Real):
            raise ValueError(f"min_score must be a float. Got {min_score!r} instead.")
        images = images_to_draw(X)
        if not images:
            raise ValueError("There is nothing to draw: X has no images.")
        true = None if y_true is None else complete_objects(y_true, "y_true")
        detected = complete_objects(y_pred, "y_pred")
        for name, y in {"y_true": true, "y_pred": detected}.items():
            if y is not None and len(y) != len(images):
                raise ValueError(f"X has {len(images)} images, but {name} has {len(y)}.")
        return cls(images, true, detected, classes=classes, names=names, min_score=min_score).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the panels of each image, and a legend of the classes.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each panel, image by image. None creates a figure.

        Returns
        -------
        display : DetectionDisplay
            The display itself.
        """
        detected = [_checked(image, f"y_pred[{i}]", self.min_score) for i, image in enumerate(self.y_pred)]
        true = None if self.y_true is None else [_checked(image, f"y_true[{i}]") for i, image in enumerate(self.y_true)]
        self.colours_ = colours_of(
            (label for objects in [*detected, *(true or [])] for label in objects.labels), self.classes
        )
        n_panels = len(detected) if true is None else 2 * len(detected)
        width, height = panel_size(self.images[0], 3.0)
        n_columns = min(_N_COLUMNS, n_panels)
        self.axes_ = axes_for(ax, n_panels, size=(width, height + 0.25), n_columns=n_columns, legend_width=1.3)
        self.figure_ = self.axes_[0].figure
        panels = []
        for i, found in enumerate(detected):
            own = None if true is None else true[i]
            panels += _panels_of(own, found)
        for i, (axes, (objects, title, is_dashed)) in enumerate(zip(self.axes_, panels, strict=True)):
            draw_image(axes, self.images[i if true is None else i // 2])
            draw_objects(axes, objects, self._colours(objects), is_dashed)
            axes.set_title(title, fontsize=10)
        add_legend(self.axes_, n_columns - 1, self._legend(any(dashed.any() for _, _, dashed in panels)), ax is None)
        # the room for texts depends on the layout, which is that of the whole figure, of which this may be a part
        self.figure_.canvas.figure.draw_without_rendering()
        for axes, (objects, _, _) in zip(self.axes_, panels, strict=True):
            write_texts(axes, objects, self._texts(objects), self._colours(objects))
        return self

    def _colours(self, objects: DrawnObjects) -> list[str]:
        """Return the colour of each object."""
        return [self.colours_[label] for label in objects.labels]

    def _texts(self, objects: DrawnObjects) -> list[list[str]]:
        """Return the texts of each object, the longest first; a single class needs no names."""
        names = [name_of(label, self.names) if len(self.colours_) > 1 else "" for label in objects.labels]
        if objects.scores is None:
            return [[name] if name else [] for name in names]
        scores = [f"{score:.2f}" for score in objects.scores]
        return [[f"{name} {score}", score] if name else [score] for name, score in zip(names, scores, strict=True)]

    def _legend(self, has_dashed: bool) -> list[Any]:
        """Return the handles of the legend."""
        from matplotlib.patches import Patch

        handles = [Patch(facecolor=colour, label=name_of(label, self.names)) for label, colour in self.colours_.items()]
        if has_dashed:
            handles.append(Patch(fill=False, edgecolor="0.3", linestyle="--", label="missed or false"))
        return handles


def detector_of(estimator: Any, purpose: str) -> tuple[Any, list[Any]]:
    """Return the fitted detector inside an estimator, and the fitted transformers before it; else raise TypeError."""
    network, before = unwrap(estimator)
    if not finds_objects(network):
        title = title_of(find_owner(estimator)[0])
        raise TypeError(f"{purpose}: pass a detector, such as a YOLODetector. Got {title} instead.")
    return network, before


def _checked(image: Any, name: str, min_score: float | None = None) -> DrawnObjects:
    """Return the objects of an image, of detections those of at least ``min_score``, in decreasing order."""
    masks = check_masks(image, name) if "masks" in image else None
    boxes = check_boxes(image, name)
    labels = check_labels(image, len(boxes), name)
    if min_score is None:
        return DrawnObjects(boxes, masks, labels)
    scores = check_scores(image, len(boxes), name)
    chosen = numpy.argsort(-scores, kind="stable")
    chosen = chosen[scores[chosen] >= min_score]
    return DrawnObjects(
        boxes[chosen], None if masks is None else masks[chosen], [labels[i] for i in chosen], scores[chosen]
    )


def _panels_of(true: DrawnObjects | None, detected: DrawnObjects) -> list[tuple[DrawnObjects, str, numpy.ndarray]]:
    """Return the objects of each panel of an image, its title, and which objects are missed or false."""
    if true is None:
        title = f"{len(detected.labels)} detected"
        return [(detected, title, numpy.zeros(len(detected.labels), bool))]
    is_found, is_correct = _match(true, detected)
    n_true, n_false = len(true.labels), int((~is_correct).sum())
    title = f"{is_found.sum()} of {n_true} found" + (f", {n_false} false" if n_false else "")
    return [(true, f"truth: {n_true}", ~is_found), (detected, title, ~is_correct)]


def _match(true: DrawnObjects, detected: DrawnObjects) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return which true objects are found, and which detections are correct, as average precision counts them."""
    is_found, is_correct = numpy.zeros(len(true.labels), bool), numpy.zeros(len(detected.labels), bool)
    if true.masks is None or detected.masks is None:
        overlaps = box_iou(detected.boxes, true.boxes)
    else:
        overlaps = mask_iou(detected.masks, true.masks)
    for i, label in enumerate(detected.labels):
        left = [not found and own == label for found, own in zip(is_found, true.labels, strict=True)]
        candidates = numpy.where(left, overlaps[i], 0.0)
        if len(candidates) and candidates.max() >= _IOU:
            is_correct[i] = is_found[candidates.argmax()] = True
    return is_found, is_correct
