"""The largest of several pieces."""

from __future__ import annotations

from dataclasses import dataclass

from ..functions.units import maxout, maxout_backward
from .base import Declaration, Layer


@dataclass(frozen=True)
class MaxoutLayer(Layer):
    """``y_k = max_j x_jk`` over k units of so many pieces j, which lie as (pieces, units) along the last axis.

    Where pieces tie, the first has the gradient. Behind a linear layer it is maxout [Goodfellow et al., 2013,
    arXiv:1302.4389].
    """

    pieces: int
    y_is_scratch = False

    def declare(self, in_shape):
        units = (in_shape[-1] // self.pieces,)
        return Declaration(units, scratch={"winner": (units, "int32"), "mask": (units, bool)})

    def forward(self, bound, x, y):
        maxout(bound.xp, self._by_piece(x), y, *bound.lent)

    def backward(self, bound, x, y, dy, dx):
        winner, mask = bound.lent
        maxout_backward(bound.xp, winner, dy, self._by_piece(dx), mask)

    def _by_piece(self, array):
        """View the last axis as one of pieces and one of units."""
        return array.reshape(len(array), self.pieces, -1)
