"""Areas, intersections and overlaps of boxes.

Boxes are of shape (..., 4), with columns x0, y0, x1, y1 in pixels: x to the right, y down, x1 and y1 exclusive. A box
whose x1 is at most x0, or y1 at most y0, has no area, and its overlap with any other is 0.
"""

from __future__ import annotations

from types import ModuleType

from ..arrays.backend import Array, namespace


def areas(boxes: Array) -> Array:
    """Return the area of each box, of shape (...,).

    Examples
    --------
    >>> import numpy
    >>> areas(numpy.array([[0.0, 0.0, 2.0, 3.0], [1.0, 1.0, 1.0, 5.0]])).tolist()
    [6.0, 0.0]
    """
    xp = namespace(boxes)
    return _extent(xp, boxes[..., 0], boxes[..., 2]) * _extent(xp, boxes[..., 1], boxes[..., 3])


def intersections(a: Array, b: Array) -> Array:
    """Return the area that each box of a, of shape (n, 4), shares with each of b, of shape (m, 4), as (n, m)."""
    return _paired_intersections(namespace(a), a[:, None], b[None])


def box_iou(a: Array, b: Array) -> Array:
    """Return the intersection over union of each box of a, of shape (n, 4), with each of b, of shape (m, 4), as (n, m).

    Examples
    --------
    >>> import numpy
    >>> box_iou(numpy.array([[0.0, 0.0, 2.0, 2.0]]), numpy.array([[1.0, 0.0, 3.0, 2.0], [5.0, 5.0, 6.0, 6.0]])).round(3)
    array([[0.333, 0.   ]])
    """
    return paired_iou(a[:, None], b[None])


def paired_iou(a: Array, b: Array) -> Array:
    """Return the intersection over union of each box of a with the box of b at the same place, of shape (...,)."""
    xp = namespace(a)
    common = _paired_intersections(xp, a, b)
    return _ratio(xp, common, areas(a) + areas(b) - common)


def generalized_box_iou(a: Array, b: Array) -> Array:
    """Return the generalized IoU of each box of a, of shape (n, 4), with each of b, of shape (m, 4), as (n, m).

    That is the IoU less the share of the smallest enclosing box that neither of them covers, between -1 and 1
    [Rezatofighi et al., 2019, arXiv:1902.09630].
    """
    xp = namespace(a)
    a, b = a[:, None], b[None]
    common = _paired_intersections(xp, a, b)
    union = areas(a) + areas(b) - common
    enclosing = areas(xp.concatenate([xp.minimum(a, b)[..., :2], xp.maximum(a, b)[..., 2:]], axis=-1))
    # between a box and another without area the rest may be negative by rounding
    return _ratio(xp, common, union) - _ratio(xp, xp.maximum(enclosing - union, 0), enclosing)


def clip_boxes(boxes: Array, height: float, width: float) -> Array:
    """Return the parts of boxes within an image of the given size in pixels.

    Examples
    --------
    >>> import numpy
    >>> clip_boxes(numpy.array([[-3.0, 2.0, 9.0, 12.0]]), height=10, width=8).tolist()
    [[0.0, 2.0, 8.0, 10.0]]
    """
    xp = namespace(boxes)
    return xp.clip(boxes, 0, xp.asarray([width, height, width, height], boxes.dtype))


def _paired_intersections(xp: ModuleType, a: Array, b: Array) -> Array:
    """Return the area shared by boxes at the same place."""
    low, high = xp.maximum(a[..., :2], b[..., :2]), xp.minimum(a[..., 2:], b[..., 2:])
    return _extent(xp, low[..., 0], high[..., 0]) * _extent(xp, low[..., 1], high[..., 1])


def _extent(xp: ModuleType, low: Array, high: Array) -> Array:
    return xp.maximum(high - low, 0)


def _ratio(xp: ModuleType, part: Array, whole: Array) -> Array:
    """Return part / whole, 0 where the whole is 0, of which the part is at most 1."""
    return part / xp.where(xp.greater(whole, 0), whole, 1)
