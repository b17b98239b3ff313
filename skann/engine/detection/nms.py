"""Non-maximum suppression: of boxes that overlap, only those with the largest scores stay."""

from __future__ import annotations

import math
from types import ModuleType

import numpy

from ..arrays.backend import Array, move, namespace
from ..functions.operations import operation
from ..kernels import typed
from .boxes import areas, box_iou


@operation
def non_maximum_suppression(xp, boxes, scores, iou_threshold):
    """Return the indices of the boxes kept, in decreasing order of their scores; of equal ones, the lower index first.

    A box is dropped if its IoU with one kept before it is above the threshold [Neubeck and Van Gool, 2006, "Efficient
    non-maximum suppression"].

    Parameters
    ----------
    boxes : array of shape (n, 4)
    scores : array of shape (n,)
    iou_threshold : float in [0, 1]

    Returns
    -------
    array of shape (n_kept,)

    Examples
    --------
    >>> import numpy
    >>> boxes = numpy.array([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.0], [8.0, 8.0, 9.0, 9.0]])
    >>> non_maximum_suppression(numpy, boxes, numpy.array([0.5, 0.9, 0.3]), 0.5)
    array([1, 2])
    """
    rest, kept, bound = _by_score(scores), [], _round_down(iou_threshold, boxes.dtype)
    while rest.size:
        first, rest = rest[0], rest[1:]
        kept.append(first)
        overlap = box_iou(boxes[first, None], boxes[rest])[0]
        rest = rest[overlap <= bound]
    return numpy.array(kept, numpy.intp)


@non_maximum_suppression.with_kernels
def _(kernels, boxes, scores, iou_threshold):
    order = _by_score(scores)
    columns, kept = columns_of(boxes[order]), numpy.empty(len(boxes), numpy.intp)
    bound = _round_down(iou_threshold, boxes.dtype)
    n_kept = kernels.suppress(columns, numpy.empty_like(columns), kept, *typed(boxes, bound, 0))
    return order[kept[:n_kept]]


@non_maximum_suppression.on_device
def _(xp, boxes, scores, iou_threshold):
    # each step depends on the one before, so that the host would wait for the device as often as boxes are kept
    return xp.asarray(non_maximum_suppression(numpy, xp.asnumpy(boxes), xp.asnumpy(scores), iou_threshold))


def class_wise_nms(xp: ModuleType, boxes: Array, scores: Array, labels: Array, iou_threshold: float) -> Array:
    """Return the indices kept by ``non_maximum_suppression`` within each class, in decreasing order of their scores.

    ``labels`` are of shape (n,). Boxes of different classes never suppress each other.
    """
    library = xp if namespace(boxes) is numpy else numpy
    boxes, scores, labels = (move(array, numpy) for array in (boxes, scores, labels))
    kept = [numpy.empty(0, numpy.intp)]
    for label in numpy.unique(labels):
        members = numpy.flatnonzero(labels == label)
        kept.append(members[non_maximum_suppression(library, boxes[members], scores[members], iou_threshold)])
    kept = numpy.sort(numpy.concatenate(kept))
    return xp.asarray(kept[_by_score(scores[kept])])


def soft_nms(boxes: Array, scores: Array, sigma: float = 0.5, min_score: float = 1e-3) -> tuple[Array, Array]:
    """Lower the scores of boxes that overlap those of larger scores, and keep those that stay above a minimum.

    With the box of the largest score taken out, in turn, the scores of the others are multiplied by
    exp(-IoU^2 / sigma) [Bodla et al., 2017, arXiv:1704.04503].

    Parameters
    ----------
    boxes : ndarray of shape (n, 4)
    scores : ndarray of shape (n,)
    sigma : float > 0, default=0.5
    min_score : float, default=1e-3

    Returns
    -------
    kept : ndarray of shape (n_kept,)
        Indices in decreasing order of the new scores.
    new_scores : ndarray of shape (n_kept,)
    """
    rest = numpy.flatnonzero(scores > min_score)
    left, kept, kept_scores = scores[rest], [], []
    while rest.size:
        top = int(left.argmax())
        first = rest[top]
        kept.append(first)
        kept_scores.append(left[top])
        rest, left = numpy.delete(rest, top), numpy.delete(left, top)
        overlap = box_iou(boxes[first, None], boxes[rest])[0]
        left = left * numpy.exp(-overlap * overlap / typed(boxes, sigma)[0])
        stays = left > min_score
        rest, left = rest[stays], left[stays]
    return numpy.array(kept, numpy.intp), numpy.array(kept_scores, scores.dtype)


def columns_of(boxes: Array) -> Array:
    """Return the columns of boxes and their areas as contiguous rows, of shape (5, n), for a loop."""
    columns = numpy.empty((5, len(boxes)), boxes.dtype)
    columns[:4] = boxes.T
    columns[4] = areas(boxes)
    return columns


def _by_score(scores: Array) -> Array:
    return numpy.argsort(-scores, kind="stable")


def _round_down(number: float, dtype: numpy.dtype) -> float:
    """Return the largest number of the dtype that is at most ``number``: a value is above both or above neither."""
    rounded = dtype.type(number)
    return rounded if float(rounded) <= number else numpy.nextafter(rounded, dtype.type(-math.inf))
