"""A display of the precision and the recall of detections."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, Self

import numpy

from .._objects import sort_labels
from ..engine.detection.boxes import box_iou
from ..engine.detection.evaluation import PrecisionRecallCurve, precision_recall_curves
from ..engine.detection.mask_overlaps import mask_iou
from ..metrics import _check_objects
from ._classes import check_names, colours_of, name_of
from ._objects import complete_objects
from ._plotting import LINES, axes_for, legend_beside, pyplot, take_styles
from .detection_display import detector_of
from .extraction import transform_before


class DetectionPrecisionRecallDisplay:
    """Plot of precision against recall of detections, with a line for each class.

    The precision at a recall is the highest at that recall or a higher one, and the average precision (AP) is the mean
    height of the line, as in :func:`~skann.metrics.mean_average_precision`. Each line ends at the recall of all
    detections, those with low scores included.

    Create a display with ``from_estimator`` or ``from_predictions``.

    Parameters
    ----------
    curves : dict of {label: PrecisionRecallCurve}
        The curve of each class that has an object.
    iou_threshold : float, default=0.5
        Intersection over union with an object that makes a detection correct.
    classes : array-like, default=None
        All labels there are, by whose order they get their colours. None: those in ``curves``.
    names : dict of {label: str}, default=None
        Names of the labels. None: the labels themselves.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    lines_ : dict of {label: matplotlib Line2D}
        The line of each class.
    average_precision_ : dict of {label: float}
        The average precision of each class.

    See Also
    --------
    DetectionDisplay : The detections in single images.
    skann.metrics.average_precision_by_class : The average precision alone.

    Examples
    --------
    >>> from skann.inspection import DetectionPrecisionRecallDisplay
    >>> y_true = [{"boxes": [[10, 10, 30, 30], [40, 10, 60, 30]], "labels": ["cat", "dog"]}]
    >>> y_pred = [{"boxes": [[10, 12, 30, 30], [40, 30, 60, 50]], "labels": ["cat", "dog"], "scores": [0.9, 0.8]}]
    >>> display = DetectionPrecisionRecallDisplay.from_predictions(y_true, y_pred)
    >>> display.average_precision_
    {'cat': 1.0, 'dog': 0.0}
    """

    def __init__(self, curves, *, iou_threshold=0.5, classes=None, names=None):
        self.curves = curves
        self.iou_threshold = iou_threshold
        self.classes = classes
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        iou_threshold: float = 0.5,
        masks: bool = False,
        names: Mapping[Any, str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the precision and the recall of a fitted detector.

        Parameters
        ----------
        estimator : YOLODetector, RCNNDetector or MaskRCNNSegmenter
            Fitted estimator, or a Pipeline or search that ends in one.
        X : array-like of shape (n_images, ...), source, or list
            Images, in the form that the estimator takes.
        y : sequence of dict of length n_images
            The true objects of each image, as in ``fit``.
        iou_threshold : float in (0, 1], default=0.5
            Intersection over union with an object that makes a detection correct.
        masks : bool, default=False
            Compare "masks" instead of "boxes".
        names : dict of {label: str}, default=None
            Names of the labels.
        ax : matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : DetectionPrecisionRecallDisplay

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
        network, before = detector_of(estimator, "DetectionPrecisionRecallDisplay draws the precision of detections")
        y_pred = network.predict(transform_before(before, X))
        return cls.from_predictions(
            y, y_pred, iou_threshold=iou_threshold, masks=masks, classes=network.classes_, names=names, ax=ax
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        iou_threshold: float = 0.5,
        masks: bool = False,
        classes: Any = None,
        names: Mapping[Any, str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the precision and the recall of given detections.

        Parameters
        ----------
        y_true : sequence of dict
            The true objects of each image: "boxes" or "masks", and "labels"; or maps of instance numbers.
        y_pred : sequence of dict
            The detected objects of each image, with "scores" besides.
        iou_threshold : float in (0, 1], default=0.5
            Intersection over union with an object that makes a detection correct.
        masks : bool, default=False
            Compare "masks" instead of "boxes".
        classes : array-like, default=None
            All labels there are, by whose order they get their colours. None: those in ``y_true``.
        names : dict of {label: str}, default=None
            Names of the labels.
        ax : matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : DetectionPrecisionRecallDisplay

        Raises
        ------
        TypeError, ValueError
            If the objects or the parameters are invalid, or ``y_true`` has no object.
        """
        pyplot()
        check_names(names)
        if isinstance(iou_threshold, bool) or not isinstance(iou_threshold, Real) or not 0 < iou_threshold <= 1:
            raise ValueError(f"iou_threshold must be a float in the range (0, 1]. Got {iou_threshold!r} instead.")
        codes: dict[Any, int] = {}
        true, detected = complete_objects(y_true, "y_true"), complete_objects(y_pred, "y_pred")
        true, detected = _check_objects(true, detected, masks, codes)
        overlap = mask_iou if masks else box_iou
        curves = precision_recall_curves(true, detected, len(codes), overlap, [float(iou_threshold)])
        present = {label: curves[codes[label]] for label in sort_labels(codes) if curves[codes[label]].n_objects}
        if not present:
            raise ValueError("y_true has no object: precision and recall are not defined.")
        return cls(present, iou_threshold=iou_threshold, classes=classes, names=names).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the lines, and a legend with the average precision of each class.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : DetectionPrecisionRecallDisplay
            The display itself.
        """
        (self.ax_,) = axes_for(ax, 1, size=(4.6, 4.2), legend_width=2.0)
        self.figure_ = self.ax_.figure
        self.lines_, self.average_precision_ = {}, {}
        colours = colours_of(self.curves, self.classes)
        for (label, colour), style in zip(colours.items(), take_styles(LINES, len(colours)), strict=True):
            curve = self.curves[label]
            self.average_precision_[label] = average = float(curve.average_precision[0])
            (self.lines_[label],) = self.ax_.plot(
                *_steps(curve),
                color=colour,
                linestyle=style["linestyle"],
                label=f"{name_of(label, self.names)}: AP {average:.2f}",
            )
        mean = numpy.mean(list(self.average_precision_.values()))
        self.ax_.set(
            xlabel="recall",
            ylabel="precision",
            xlim=(0, 1),
            ylim=(0, 1.02),
            title=f"IoU of at least {self.iou_threshold:g}: mean AP {mean:.2f}",
        )
        self.ax_.grid(alpha=0.3)
        legend_beside(self.ax_)
        return self


def _steps(curve: PrecisionRecallCurve) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return recall and the highest precision at that recall or a higher one, as the corners of steps."""
    if not len(curve.scores):
        return numpy.zeros(1), numpy.zeros(1)
    recall, precision = curve.recall[0], curve.precision[0]
    highest = numpy.maximum.accumulate(precision[::-1])[::-1]
    # each height holds up to its recall, and the last step leads down to 0
    return numpy.repeat(numpy.r_[0, recall], 2)[1:], numpy.r_[numpy.repeat(highest, 2), 0]
