"""The assignment of anchors and of points to boxes."""

from __future__ import annotations

from types import ModuleType

import numpy

from ..arrays.backend import Array
from ..functions.operations import operation
from ..kernels import typed
from .boxes import areas, box_iou
from .nms import columns_of

BLOCK = 2**16  # pairs of a box and an anchor whose IoU is computed at once
BACKGROUND, IGNORED = -1, -2


def match_by_iou(
    xp: ModuleType, boxes: Array, anchors: Array, high: float, low: float, keep_best: bool = True
) -> Array:
    """Return the index of the box that each anchor has the largest IoU with, if that is at least ``high``.

    Parameters
    ----------
    xp : module
        The array library.
    boxes : array of shape (k, 4)
    anchors : array of shape (m, 4)
    high : float
    low : float
        An anchor whose largest IoU is below ``low`` is background, -1; one between ``low`` and ``high`` is ignored, -2.
    keep_best : bool, default=True
        Whether an anchor is matched regardless of ``high`` if no other exceeds its IoU with some box, so that each box
        that overlaps any anchor has one near it. The match is the box that the anchor itself has the largest IoU with
        [Ren et al., 2015, arXiv:1506.01497, section 3.1.2].

    Returns
    -------
    integer array of shape (m,)

    Examples
    --------
    >>> import numpy
    >>> anchors = numpy.array([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 2.0], [9.0, 9.0, 10.0, 10.0]])
    >>> match_by_iou(numpy, numpy.array([[0.0, 0.0, 4.0, 4.0]]), anchors, 0.7, 0.3)
    array([ 0, -2, -1])
    """
    best, index, is_best = _best_matches(xp, boxes, anchors, keep_best)
    matched = xp.logical_or(xp.greater_equal(best, high), is_best)
    return xp.where(matched, index, xp.where(xp.less(best, low), BACKGROUND, IGNORED))


@operation
def _best_matches(xp, boxes, anchors, keep_best):
    """Return the largest IoU of each anchor, its box, and whether it is to be kept as the best of some box.

    The IoU is -1 where there are no boxes.
    """
    n_anchors = len(anchors)
    best, index = xp.full(n_anchors, -1, boxes.dtype), xp.zeros(n_anchors, numpy.intp)
    is_best = xp.zeros(n_anchors, bool)
    step = max(1, BLOCK // max(n_anchors, 1))
    for first in range(0, len(boxes) if n_anchors else 0, step):
        overlap = box_iou(boxes[first : first + step], anchors)
        block_best = overlap.max(axis=0)
        index = xp.where(xp.greater(block_best, best), overlap.argmax(axis=0) + first, index)
        best = xp.maximum(best, block_best)
        if keep_best:
            largest = overlap.max(axis=1)[:, None]
            ties = xp.logical_and(xp.equal(overlap, largest), xp.greater(largest, 0))
            is_best = xp.logical_or(is_best, ties.any(axis=0))
    return best, index, is_best


@_best_matches.with_kernels
def _(kernels, boxes, anchors, keep_best):
    best, overlap = numpy.empty((2, len(anchors)), boxes.dtype)
    index, is_best = numpy.empty(len(anchors), numpy.intp), numpy.empty(len(anchors), bool)
    columns = columns_of(boxes), columns_of(anchors)
    kernels.best_matches(*columns, best, index, is_best, overlap, keep_best, *typed(boxes, 0))
    return best, index, is_best


# on a device the array functions serve: there are no kernels in C
_best_matches.on_device(_best_matches.forms.reference)


def match_by_centre(
    boxes: Array, points: Array, strides: Array, ranges: Array, radius: float = 1.5, margin: float = 0.0
) -> Array:
    """Return the index of the box that each point is to predict, -1 for none [Tian et al., 2019, arXiv:1904.01355].

    A point may predict a box that it lies in, or at most ``margin`` strides beside, if it is less than ``radius``
    strides away from the box's centre along both axes, and the largest of its distances from the sides is in the range
    of the point's level. Of several boxes it predicts the smallest. A box that no point predicts receives the free
    point nearest to its centre: of the level whose range holds half of the box's longer side, or, where none is free
    there, of any level.

    Parameters
    ----------
    boxes : ndarray of shape (k, 4)
    points : ndarray of shape (m, 2)
        x and y.
    strides : ndarray of shape (m,)
    ranges : ndarray of shape (m, 2)
        Bounds (low, high] of each point's level, in pixels.
    radius : float, default=1.5
    margin : float, default=0.0

    Returns
    -------
    ndarray of int of shape (m,)
    """
    order = numpy.argsort(areas(boxes), kind="stable")
    matches = numpy.full(len(points), BACKGROUND)
    step = max(1, BLOCK // max(len(points), 1))
    for first in range(0, len(order), step):
        block = order[first : first + step]
        candidates = _candidates(boxes[block], points, strides, ranges, radius, margin)
        # of these boxes the first one that a point may predict is the smallest, and those of earlier blocks are smaller
        found = (matches == BACKGROUND) & candidates.any(axis=1)
        matches[found] = block[candidates.argmax(axis=1)[found]]
    for index in order[~numpy.isin(order, matches)]:
        nearest = _nearest_free(boxes[index], points, ranges, matches == BACKGROUND)
        matches[nearest] = index
    return matches


def _candidates(boxes: Array, points: Array, strides: Array, ranges: Array, radius: float, margin: float) -> Array:
    """Return which of m points may predict which of k boxes, of shape (m, k)."""
    reach, beside = (radius * strides)[:, None], (-margin * strides)[:, None]
    nearest, farthest, from_centre = [], [], []
    for axis in (0, 1):
        from_start = points[:, axis, None] - boxes[:, axis]
        to_end = boxes[:, axis + 2] - points[:, axis, None]
        nearest.append(numpy.minimum(from_start, to_end))
        farthest.append(numpy.maximum(from_start, to_end))
        from_centre.append(numpy.abs(from_start - to_end) / 2)
    farthest = numpy.maximum(*farthest)
    in_range = (farthest > ranges[:, :1]) & (farthest <= ranges[:, 1:])
    return (numpy.minimum(*nearest) > beside) & (numpy.maximum(*from_centre) < reach) & in_range


def _nearest_free(box: Array, points: Array, ranges: Array, free: Array) -> Array:
    """Return the index of the nearest free point of the level whose range holds the box, or of any, in an array."""
    size = (box[2:] - box[:2]).max() / 2
    free_at_level = free & (size > ranges[:, 0]) & (size <= ranges[:, 1])
    candidates = numpy.flatnonzero(free_at_level if free_at_level.any() else free)
    distance = numpy.square(points[candidates] - (box[:2] + box[2:]) / 2).sum(axis=1)
    return candidates[numpy.argsort(distance, kind="stable")[:1]]
