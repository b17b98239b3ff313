"""Coders, which express boxes relative to anchors or points in the units that a network predicts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..arrays.backend import Array, namespace

LARGEST_SCALING = math.log(1000 / 16)  # of an anchor's side; the exponential of more might overflow
LARGEST_RAW = 10.0  # a distance of 22,026 strides, in float32 as finite as its product with a stride


@dataclass(frozen=True)
class DeltaCoder:
    """Codes boxes as shifts and scalings of anchors.

    With centre x, y, width w and height h of a box and those of its anchor, the deltas are (x - x_a) / w_a,
    (y - y_a) / h_a, log(w / w_a) and log(h / h_a), each multiplied by a weight [Ren et al., 2015, arXiv:1506.01497,
    section 3.1.2].

    Parameters
    ----------
    weights : tuple of four float, default=(10, 10, 5, 5)
        Factors that give the deltas of boxes near their anchors a variance of about 1.

    Examples
    --------
    >>> import numpy
    >>> box, anchor = numpy.array([[4.0, 0.0, 12.0, 8.0]]), numpy.array([[0.0, 0.0, 8.0, 8.0]])
    >>> deltas = DeltaCoder().encode(box, anchor)
    >>> deltas.tolist()
    [[5.0, 0.0, 0.0, 0.0]]
    >>> DeltaCoder().decode(deltas, anchor).tolist()
    [[4.0, 0.0, 12.0, 8.0]]
    """

    weights: tuple[float, float, float, float] = (10, 10, 5, 5)

    def encode(self, boxes: Array, anchors: Array) -> Array:
        """Return the deltas of boxes, of shape (..., 4), of which none, like no anchor, is without area."""
        xp = namespace(boxes)
        centres, sizes = _centres_and_sizes(boxes)
        anchor_centres, anchor_sizes = _centres_and_sizes(anchors)
        deltas = [(centres - anchor_centres) / anchor_sizes, xp.log(sizes / anchor_sizes)]
        return xp.concatenate(deltas, axis=-1) * xp.asarray(self.weights, boxes.dtype)

    def decode(self, deltas: Array, anchors: Array) -> Array:
        """Return the boxes of deltas, of shape (..., 4). Boxes are at most 62.5 times as long as their anchors."""
        xp = namespace(deltas)
        deltas = deltas / xp.asarray(self.weights, deltas.dtype)
        anchor_centres, anchor_sizes = _centres_and_sizes(anchors)
        centres = anchor_centres + deltas[..., :2] * anchor_sizes
        half = xp.exp(xp.minimum(deltas[..., 2:], LARGEST_SCALING)) * anchor_sizes / 2
        return xp.concatenate([centres - half, centres + half], axis=-1)


@dataclass(frozen=True)
class DistanceCoder:
    """Codes boxes as the distances of their sides from a point: left, top, right and bottom.

    The unit of the distances is the stride of the point's level. Networks predict their logarithms [Tian et al., 2019,
    arXiv:1904.01355, section 3.1], which are clipped to [-10, 10].

    Examples
    --------
    >>> import numpy
    >>> box, point, stride = numpy.array([[0.0, 0.0, 24.0, 24.0]]), numpy.array([[8.0, 16.0]]), numpy.array([8.0])
    >>> distances = DistanceCoder().encode(box, point, stride)
    >>> distances.tolist()
    [[1.0, 2.0, 2.0, 1.0]]
    >>> DistanceCoder().decode(numpy.log(distances), point, stride).round(6).tolist()
    [[0.0, 0.0, 24.0, 24.0]]
    """

    def encode(self, boxes: Array, points: Array, strides: Array) -> Array:
        """Return the distances, of shape (..., 4), negative for sides between which the point does not lie.

        Parameters
        ----------
        boxes : array of shape (..., 4)
        points : array of shape (..., 2)
        strides : array of shape (...,)
        """
        xp = namespace(boxes)
        return xp.concatenate([points - boxes[..., :2], boxes[..., 2:] - points], axis=-1) / strides[..., None]

    def decode(self, raw: Array, points: Array, strides: Array) -> Array:
        """Return the boxes, of shape (..., 4), of logarithms of distances."""
        xp = namespace(raw)
        distances = xp.exp(xp.clip(raw, -LARGEST_RAW, LARGEST_RAW)) * strides[..., None]
        return xp.concatenate([points - distances[..., :2], points + distances[..., 2:]], axis=-1)


def _centres_and_sizes(boxes: Array) -> tuple[Array, Array]:
    low, high = boxes[..., :2], boxes[..., 2:]
    return (low + high) / 2, high - low
