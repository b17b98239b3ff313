"""Precision, recall and average precision of detections, as COCO defines them.

The numbers are those of COCOeval of pycocotools with area "all" and no crowds, ties included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy

COCO_THRESHOLDS = tuple(numpy.linspace(0.5, 0.95, 10).tolist())
RECALLS = numpy.linspace(0, 1, 101)
MAX_DETECTIONS = 100  # per image and class
ALMOST_ONE = 1 - 1e-10  # highest threshold: the overlap of equal boxes may be rounded down

Overlap = Callable[[numpy.ndarray, numpy.ndarray], numpy.ndarray]


class Objects(NamedTuple):
    """The true or the detected objects of an image.

    Attributes
    ----------
    codes : ndarray of int of shape (n_objects,)
        Classes, from 0.
    regions : ndarray of shape (n_objects, ...)
        Boxes or masks.
    scores : ndarray of float of shape (n_objects,) or None
        None for true objects.
    """

    codes: numpy.ndarray
    regions: numpy.ndarray
    scores: numpy.ndarray | None = None


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall of a class for each threshold of the overlap, when detections down to each score count.

    Attributes
    ----------
    n_objects : int
        Number of true objects.
    scores : ndarray of shape (n_detections,)
        Scores of the detections in decreasing order.
    precision, recall : ndarray of shape (n_thresholds, n_detections)
        Of the detections up to each. Recall is nan where there are no true objects.
    """

    n_objects: int
    scores: numpy.ndarray
    precision: numpy.ndarray
    recall: numpy.ndarray

    @property
    def average_precision(self) -> numpy.ndarray:
        """Average precision for each threshold of the overlap, of shape (n_thresholds,); nan without true objects.

        The mean, over 101 values of recall from 0 to 1, of the highest precision at that recall or a higher one.
        """
        if not self.n_objects:
            return numpy.full(len(self.precision), numpy.nan)
        # the highest precision of each detection and those after it; beyond the highest recall it is 0
        highest = numpy.maximum.accumulate(self.precision[:, ::-1], axis=1)[:, ::-1]
        highest = numpy.pad(highest, ((0, 0), (0, 1)))
        rows = zip(highest, self.recall, strict=True)
        return numpy.array([precision[numpy.searchsorted(recall, RECALLS)].mean() for precision, recall in rows])


def precision_recall_curves(
    true: Sequence[Objects],
    detected: Sequence[Objects],
    n_classes: int,
    overlap: Overlap,
    iou_thresholds: Sequence[float] = COCO_THRESHOLDS,
) -> list[PrecisionRecallCurve]:
    """Return a precision-recall curve for each class.

    Parameters
    ----------
    true, detected : sequence of Objects
        One for each image.
    n_classes : int
    overlap : callable
        Returns the intersection over union of each region of one array with each of another, such as ``box_iou``.
    iou_thresholds : sequence of float, default=COCO_THRESHOLDS
        A detection is correct if it overlaps a true object that much.

    Returns
    -------
    curves : list of PrecisionRecallCurve
        For classes 0, ..., n_classes - 1.
    """
    counts = numpy.zeros(n_classes, int)
    scores: list[list[numpy.ndarray]] = [[] for _ in range(n_classes)]
    correct: list[list[numpy.ndarray]] = [[] for _ in range(n_classes)]
    for objects, detections in zip(true, detected, strict=True):
        assert detections.scores is not None
        counts += numpy.bincount(objects.codes, minlength=n_classes)
        for code in numpy.unique(detections.codes).tolist():
            rows = numpy.flatnonzero(detections.codes == code)
            rows = rows[numpy.argsort(-detections.scores[rows], kind="stable")][:MAX_DETECTIONS]
            overlaps = overlap(detections.regions[rows], objects.regions[objects.codes == code])
            scores[code].append(detections.scores[rows])
            correct[code].append(find_correct(overlaps, iou_thresholds))
    none = numpy.empty(0), numpy.empty((len(iou_thresholds), 0), bool)
    return [
        _curve(int(n), numpy.concatenate([none[0], *of_class]), numpy.concatenate([none[1], *hits], axis=1))
        for n, of_class, hits in zip(counts, scores, correct, strict=True)
    ]


def find_correct(overlaps: numpy.ndarray, iou_thresholds: Sequence[float]) -> numpy.ndarray:
    """Return which detections are correct at each threshold of the overlap.

    The detections choose in turn: each takes the object that it overlaps most of those left over, the last of equal
    ones, if the overlap reaches the threshold.

    Parameters
    ----------
    overlaps : ndarray of shape (n_detections, n_objects)
        Intersection over union; detections in decreasing order of their scores.
    iou_thresholds : sequence of float

    Returns
    -------
    correct : ndarray of bool of shape (n_thresholds, n_detections)
    """
    n_detections, n_objects = overlaps.shape
    lowest = numpy.minimum(iou_thresholds, ALMOST_ONE)
    correct = numpy.zeros((len(lowest), n_detections), bool)
    if not correct.size or not n_objects:
        return correct
    left = numpy.ones((len(lowest), n_objects), bool)
    for i in numpy.flatnonzero(overlaps.max(axis=1) >= lowest.min()).tolist():
        candidates = numpy.where(left, overlaps[i], -1.0)
        best = n_objects - 1 - candidates[:, ::-1].argmax(axis=1)
        found = numpy.flatnonzero(numpy.take_along_axis(candidates, best[:, None], axis=1)[:, 0] >= lowest)
        correct[found, i] = True
        left[found, best[found]] = False
    return correct


def _curve(n_objects: int, scores: numpy.ndarray, correct: numpy.ndarray) -> PrecisionRecallCurve:
    """Return the curve of a class; the detections are in the order of the images."""
    order = numpy.argsort(-scores, kind="stable")
    n_correct = numpy.cumsum(correct[:, order], axis=1)
    precision = n_correct / numpy.arange(1, len(order) + 1)
    recall = n_correct / n_objects if n_objects else numpy.full(n_correct.shape, numpy.nan)
    return PrecisionRecallCurve(n_objects, scores[order], precision, recall)
