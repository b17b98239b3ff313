"""The targets of an anchor-free detector: what each point of its maps is to predict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from .anchors import points as points_of
from .coder import DistanceCoder
from .matching import match_by_centre

# Strides by which a point that predicts a box may lie outside of it: of the smallest objects, no point lies inside. On
# blood cells the average precision of platelets, of 10 pixels, rises from 0.24 to 0.69 with a stride of 8.
_MARGIN = 0.5
_REACH = 4.0  # largest distance of a side from a point, in strides, for which a level is responsible


@dataclass(frozen=True)
class PointTargets:
    """The encoder of the boxes of images as the targets of points, and the decoder of what they predict.

    Parameters
    ----------
    points : ndarray of shape (m, 2)
        x and y of the points of all levels, in pixels.
    strides : ndarray of shape (m,)
    ranges : ndarray of shape (m, 2)
        Bounds of the distances for which the level of a point is responsible.
    n_classes : int
    """

    points: numpy.ndarray
    strides: numpy.ndarray
    ranges: numpy.ndarray
    n_classes: int

    @classmethod
    def of_levels(cls, shapes: Sequence[tuple[int, int]], strides: Sequence[int], n_classes: int) -> PointTargets:
        """Return the encoder for levels of the given numbers of rows and columns, and strides."""
        edges = [0.0, *(_REACH * stride for stride in strides[:-1]), math.inf]
        counts = [rows * columns for rows, columns in shapes]
        bounds = numpy.array([edges[i : i + 2] for i in range(len(strides))])
        return cls(
            numpy.concatenate([points_of(shape, stride) for shape, stride in zip(shapes, strides, strict=True)]),
            numpy.repeat(numpy.array(strides, float), counts),
            numpy.repeat(bounds, counts, axis=0),
            n_classes,
        )

    def __call__(self, target: numpy.ndarray, dtype: numpy.dtype) -> numpy.ndarray:
        """Return the target of the points, as ``losses.PointLoss`` takes it.

        Parameters
        ----------
        target : ndarray of shape (n, k, 5)
            Boxes and codes of their classes, as in ``data.spatial``; rows of negative code hold no object.

        Returns
        -------
        encoded : ndarray of shape (n, m, n_classes + 5)
        """
        n_classes = self.n_classes
        encoded = numpy.zeros((len(target), len(self.points), n_classes + 5), dtype)
        encoded[..., -1] = 1
        for out, rows in zip(encoded, target, strict=True):
            rows = rows[rows[:, 4] >= 0]
            match = match_by_centre(rows[:, :4], self.points, self.strides, self.ranges, margin=_MARGIN)
            (chosen,) = numpy.nonzero(match >= 0)
            objects = rows[match[chosen]]
            out[chosen, objects[:, 4].astype(int)] = 1
            out[chosen, n_classes:-1] = DistanceCoder().encode(
                objects[:, :4], self.points[chosen], self.strides[chosen]
            )
        return encoded

    def decode(self, raw: numpy.ndarray, chosen: numpy.ndarray) -> numpy.ndarray:
        """Return the boxes that chosen points predict, given the raw outputs of all, of shape (m, n_classes + 4)."""
        return DistanceCoder().decode(raw[chosen, self.n_classes :], self.points[chosen], self.strides[chosen])
