"""Losses on pairs of predicted boxes and targets, of shape (n, 4), with their gradients.

The losses that compare overlaps are those of boxes in pixels. Where two sides coincide the gradient of their maximum is
half of that of each, as PyTorch's, so that it is 0 for equal boxes. Boxes without area have finite losses and
gradients.
"""

from __future__ import annotations

import math
from types import ModuleType

from ..arrays.backend import Array

EPSILON = 1e-7  # square pixels, or a ratio: added to denominators, as in torchvision


def giou_loss(xp: ModuleType, boxes: Array, targets: Array) -> tuple[Array, Array]:
    """Return 1 - GIoU of each pair, and its gradient with respect to the boxes.

    GIoU is the IoU less the share of the enclosing box that neither covers [Rezatofighi et al., 2019,
    arXiv:1902.09630].

    Returns
    -------
    losses : array of shape (n,)
    gradient : array of shape (n, 4)
    """
    iou, iou_gradient, union, union_gradient = _iou(xp, boxes, targets)
    size, slopes = _enclosing(xp, boxes, targets)
    enclosing = size[:, :1] * size[:, 1:]
    enclosing_gradient = slopes * size[:, [1, 0, 1, 0]]
    filled = (union + EPSILON) / (enclosing + EPSILON)
    losses = 2 - iou - filled
    gradient = (filled * enclosing_gradient - union_gradient) / (enclosing + EPSILON) - iou_gradient
    return losses[:, 0], gradient


def ciou_loss(xp: ModuleType, boxes: Array, targets: Array) -> tuple[Array, Array]:
    """Return the complete IoU loss of each pair, and its gradient with respect to the boxes.

    That is 1 - IoU + d^2 / c^2 + alpha v, with the distance d of the centres, the diagonal c of the enclosing box,
    v = 4 / pi^2 (arctan(w_t / h_t) - arctan(w / h))^2 and alpha = v / (1 - IoU + v), which counts as a constant in the
    gradient [Zheng et al., 2020, arXiv:1911.08287].

    Returns
    -------
    losses : array of shape (n,)
    gradient : array of shape (n, 4)
    """
    iou, iou_gradient, _, _ = _iou(xp, boxes, targets)
    distance, distance_gradient = _squared_centre_distance(xp, boxes, targets)
    shape, shape_gradient = _shape_difference(xp, boxes, targets)
    alpha = shape / (1 - iou + shape + EPSILON)
    losses = 1 - iou + distance + alpha * shape
    return losses[:, 0], distance_gradient - iou_gradient + alpha * shape_gradient


def smooth_l1(xp: ModuleType, raw: Array, target: Array, beta: float) -> tuple[Array, Array]:
    """Return the smooth absolute error of each row, and its gradient with respect to raw.

    Of a difference d that is d^2 / (2 beta) below ``beta``, a positive number, and abs(d) - beta / 2 above, summed over
    the columns [Girshick, 2015, arXiv:1504.08083].

    Returns
    -------
    losses : array of shape (n,)
    gradient : array of shape (n, columns)
    """
    difference = raw - target
    gradient = xp.clip(difference / beta, -1, 1)
    # both branches at once: the slope is difference / beta below and the sign above
    losses = gradient * (difference - beta / 2 * gradient)
    return losses.sum(axis=-1), gradient


def _iou(xp: ModuleType, boxes: Array, targets: Array) -> tuple[Array, Array, Array, Array]:
    """Return IoU and union, of shape (n, 1), each with its gradient with respect to the boxes."""
    low, high = xp.maximum(boxes[:, :2], targets[:, :2]), xp.minimum(boxes[:, 2:], targets[:, 2:])
    overlap = high - low
    meet = xp.greater(overlap.min(axis=1), 0)[:, None]
    overlap = xp.where(meet, overlap, 0)
    common = overlap[:, :1] * overlap[:, 1:]
    slopes = _sides(xp, -_share_of_larger(xp, boxes, targets, 0), _share_of_larger(xp, targets, boxes, 2))
    common_gradient = slopes * overlap[:, [1, 0, 1, 0]]
    size, target_size = boxes[:, 2:] - boxes[:, :2], targets[:, 2:] - targets[:, :2]
    union = size[:, :1] * size[:, 1:] + target_size[:, :1] * target_size[:, 1:] - common
    union_gradient = _sides(xp, -size[:, [1, 0]], size[:, [1, 0]]) - common_gradient
    iou = common / (union + EPSILON)
    return iou, (common_gradient - iou * union_gradient) / (union + EPSILON), union, union_gradient


def _enclosing(xp: ModuleType, boxes: Array, targets: Array) -> tuple[Array, Array]:
    """Return width and height of the enclosing box, of shape (n, 2), and their derivatives by its sides, (n, 4)."""
    size = xp.maximum(boxes[:, 2:], targets[:, 2:]) - xp.minimum(boxes[:, :2], targets[:, :2])
    return size, _sides(xp, -_share_of_larger(xp, targets, boxes, 0), _share_of_larger(xp, boxes, targets, 2))


def _squared_centre_distance(xp: ModuleType, boxes: Array, targets: Array) -> tuple[Array, Array]:
    """Return the squared distance of the centres by the squared diagonal of the enclosing box, and its gradient."""
    size, slopes = _enclosing(xp, boxes, targets)
    diagonal = (size * size).sum(axis=1)[:, None] + EPSILON
    offset = (boxes[:, :2] + boxes[:, 2:] - targets[:, :2] - targets[:, 2:]) / 2
    ratio = (offset * offset).sum(axis=1)[:, None] / diagonal
    return ratio, (_sides(xp, offset, offset) - 2 * ratio * slopes * _sides(xp, size, size)) / diagonal


def _shape_difference(xp: ModuleType, boxes: Array, targets: Array) -> tuple[Array, Array]:
    """Return v, the squared difference of the shapes, and its gradient."""
    size, target_size = boxes[:, 2:] - boxes[:, :2], targets[:, 2:] - targets[:, :2]
    turn = _angle(xp, target_size) - _angle(xp, size)
    square = (size * size).sum(axis=1)[:, None]
    # of the angle by width and height; a box without extent is given none, instead of an infinite one
    slopes = size[:, [1, 0]] * xp.asarray([1, -1], size.dtype) / xp.where(xp.greater(square, 0), square, 1)
    factor = 4 / math.pi**2
    gradient = -2 * factor * turn * slopes
    return factor * turn * turn, _sides(xp, -gradient, gradient)


def _angle(xp: ModuleType, size: Array) -> Array:
    """Return arctan(width / height), for a height of 0, too."""
    return xp.arctan2(size[:, :1], size[:, 1:])


def _share_of_larger(xp: ModuleType, a: Array, b: Array, first: int) -> Array:
    """Return the derivative of max(a, b) by a, of two columns from ``first``: 1, 0, or 1 / 2 where they are equal."""
    sides = slice(first, first + 2)
    return (xp.sign(a[:, sides] - b[:, sides]) + 1) / 2


def _sides(xp: ModuleType, low: Array, high: Array) -> Array:
    return xp.concatenate([low, high], axis=1)
