"""The maximum over pieces."""

from __future__ import annotations

from dataclasses import dataclass

from ..functions.units import maxout, maxout_backward
from .base import Declaration, Layer


@dataclass(frozen=True)
class MaxoutLayer(Layer):
    """``y_k = max_j x_jk`` over the pieces j of each unit k; the last axis of x is (pieces, units).

    Of tied pieces, the first one receives the gradient. After a linear layer this is maxout [Goodfellow et al., 2013,
    arXiv:1302.4389].
    """

    pieces: int
    y_is_scratch = False

    def declare(self, in_shape):
        units = (in_shape[-1] // self.pieces,)
        return Declaration(units, scratch={"winner": (units, "int32"), "mask": (units, bool)})

    def forward(self, bound, x, y):
        maxout(bound.xp, self._by_piece(x), y, *bound.work)

    def backward(self, bound, x, y, dy, dx):
        winner, mask = bound.work
        maxout_backward(bound.xp, winner, dy, self._by_piece(dx), mask)

    def _by_piece(self, array):
        """Return a view with the last axis split into pieces and units."""
        return array.reshape(len(array), self.pieces, -1)
