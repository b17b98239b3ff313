"""Base class of detectors: targets, predictions and scores."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy
from numpy.typing import NDArray

from ..._sklearn_compat import Interval, StrOptions
from ...engine.data.spatial import BoxTarget
from ...engine.detection.nms import class_wise_nms, soft_nms
from ...engine.kernels import with_loops
from ...metrics import THRESHOLDS, mean_average_precision
from .objects import (
    Detections,
    as_targets,
    check_objects,
    encode_labels,
    find_labels,
    objects_of,
    pad_boxes,
    without_empty,
)
from .spatial import SPATIAL_CONSTRAINTS, SpatialNetwork

_LOWEST = 1e-3  # score below which a box is dropped by soft suppression in any case
_CANDIDATES = 1000  # maximum number of candidates per image before suppression, as usual

DETECTOR_CONSTRAINTS: dict[str, list] = {
    **SPATIAL_CONSTRAINTS,
    "min_score": [Interval(Real, 0, 1, closed="left")],
    "iou_threshold": [Interval(Real, 0, 1, closed="both")],
    "suppression": [StrOptions({"hard", "soft"})],
    "max_detections": [Interval(Integral, 1, None, closed="left")],
    "metric": [StrOptions(set(THRESHOLDS))],
}


class ObjectDetector(SpatialNetwork):
    """Base class of networks that detect objects; subclasses define how outputs become detections."""

    min_score: float
    iou_threshold: float
    suppression: str
    max_detections: int
    metric: str
    classes_: NDArray[Any]

    _task = "detection"
    _target_kind = BoxTarget()

    def predict(self, X: Any) -> NDArray[Any]:
        """Detect the objects in images.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.

        Returns
        -------
        y : ndarray of dict of shape (n_samples,)
            For each image "boxes" of shape (n_objects, 4): x0, y0, x1, y1 in pixels of the image; "labels" and "scores"
            of shape (n_objects,). Objects are in decreasing order of their scores, which are at least ``min_score``.
        """
        self._validate_params()  # those that act at prediction can be set after fit
        found = [without_empty(detections.as_dict(self.classes_, place)) for detections, place in self._detections(X)]
        predictions = numpy.empty(len(found), object)
        predictions[:] = found
        return predictions

    def score(self, X: Any, y: Any) -> float:
        """Return the mean average precision of the detections.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), source, or list
            Images.
        y : sequence of dict of length n_samples
            The objects of each image, as in ``fit``.

        Returns
        -------
        score : float
            The mean average precision by ``metric``, see skann.metrics.mean_average_precision; 1 is best.
        """
        return mean_average_precision(y, self.predict(X), metric=self.metric)

    @abstractmethod
    def _detections(self, X: Any) -> Iterator[tuple[Detections, Any]]:
        """Yield the detections in each image, in pixels of its canvas, and its place in that."""

    def _select(self, boxes: numpy.ndarray, scores: numpy.ndarray, size: tuple[int, int] | None = None) -> Detections:
        """Return the detections of one image among boxes with a score for each class.

        Parameters
        ----------
        boxes : ndarray of shape (m, 4)
            In pixels; they are clipped to ``size``.
        scores : ndarray of shape (m, n_classes)
        size : (int, int), default=None
            Height and width that the image has in its canvas. If None, those of the canvas.
        """
        index, codes = numpy.nonzero(scores >= self.min_score)
        values = scores[index, codes]
        if len(values) > _CANDIDATES:
            best = numpy.argpartition(-values, _CANDIDATES)[:_CANDIDATES]
            index, codes, values = index[best], codes[best], values[best]
        height, width = self.image_shape_[:2] if size is None else size
        boxes = boxes[index].clip(0, [width, height, width, height]).astype(values.dtype)
        solid = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        boxes, codes, values = boxes[solid], codes[solid], values[solid]
        suppress = self._suppress_softly if self.suppression == "soft" else self._suppress
        kept, values = suppress(boxes, values, codes)
        return Detections(boxes[kept], codes[kept], values)

    def _suppress(self, boxes: numpy.ndarray, scores: numpy.ndarray, codes: numpy.ndarray) -> tuple[Any, Any]:
        """Return the indices of the boxes kept, the best first, and their scores."""
        kept = class_wise_nms(with_loops(numpy), boxes, scores, codes, self.iou_threshold)[: self.max_detections]
        return kept, scores[kept]

    def _suppress_softly(self, boxes: numpy.ndarray, scores: numpy.ndarray, codes: numpy.ndarray) -> tuple[Any, Any]:
        """Return the indices of boxes, the best first, and their scores, lowered by the boxes that they overlap."""
        index, lowered = [numpy.empty(0, int)], [scores[:0]]
        for code in numpy.unique(codes):
            (own,) = numpy.nonzero(codes == code)
            kept, values = soft_nms(boxes[own], scores[own], min_score=max(self.min_score, _LOWEST))
            index.append(own[kept])
            lowered.append(values)
        values = numpy.concatenate(lowered)
        order = numpy.argsort(-values, kind="stable")[: self.max_detections]
        return numpy.concatenate(index)[order], values[order]

    def _check_target(self, y, images, places, reset):
        sizes = [images.shape[1:3]] * images.shape[0] if places is None else [place.size for place in places]
        objects = check_objects(y, sizes)
        if reset:
            self.classes_ = find_labels(objects)
        codes = encode_labels(objects, self.classes_)
        boxes = [own if places is None else own * places[i].scales for i, (own, _) in enumerate(objects)]
        return as_targets(boxes, [self.classes_[own] for own in codes])

    def _encode_target(self, y, sample_weight, continuing, incremental):
        code_of = {label: code for code, label in enumerate(self.classes_.tolist())}
        codes = [numpy.array([code_of[label] for label in image["labels"].tolist()], int) for image in y]
        return pad_boxes([image["boxes"] for image in y], codes)

    def _score_of_found(self, truth: numpy.ndarray, found: list[Any]) -> float:
        """Return the score of detections, each with the probabilities of its mask or None, against padded boxes."""
        return self._score_of_codes(truth, [detections for detections, _ in found])

    def _score_of_codes(self, truth: numpy.ndarray, found: list[Detections]) -> float:
        """Return the score of detections against padded boxes."""
        objects = [objects_of(image) for image in truth]
        if not any(len(codes) for _, codes in objects):
            raise no_objects_error()
        y_true = [{"boxes": boxes, "labels": codes} for boxes, codes in objects]
        y_pred = [{"boxes": own.boxes, "labels": own.codes, "scores": own.scores} for own in found]
        return mean_average_precision(y_true, y_pred, metric=self.metric)


def no_objects_error() -> ValueError:
    """Return the error for a validation set without objects."""
    return ValueError(
        "The validation set has no objects, so that its mean average precision is not defined. Pass X_val and y_val "
        "with objects, or use early_stopping=False."
    )
