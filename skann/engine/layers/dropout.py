"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays.random_bits import fill_random_bits
from ..functions.pointwise import drop, drop_mask
from .base import Declaration, Layer

_LEVELS = 2**16  # a mask compares 16 random bits per element with a threshold


@dataclass(frozen=True)
class Dropout(Layer):
    """``y = r x / (1 - rate)`` with r ~ Bernoulli(1 - rate), drawn independently for each element of each batch.

    Scaling in training ("inverted dropout") preserves the expectation, so prediction skips the layer. ``rate`` is the
    probability of dropping an element; p in the paper is that of keeping it [Srivastava et al., 2014, JMLR
    15:1929-1958].
    """

    rate: float
    in_place = True
    only_in_training = True
    y_is_scratch = False

    def declare(self, in_shape):
        return Declaration(in_shape, scratch={"bits": (in_shape, "uint16"), "mask": (in_shape, bool)})

    def forward(self, bound, x, y):
        bits, mask = bound.scratch["bits"], bound.scratch["mask"]
        fill_random_bits(bound.xp, bound.generator, bits.reshape(-1))
        drop_mask(bound.xp, bits, mask, self._threshold(bound))
        self._mask(bound, x, y)

    def backward(self, bound, x, y, dy, dx):
        self._mask(bound, dy, dx)

    def _mask(self, bound, array, out):
        """Set dropped elements to zero and scale the others."""
        threshold = self._threshold(bound)
        drop(bound.xp, array, out, bound.scratch["bits"], bound.scratch["mask"], threshold, _LEVELS / threshold)

    def _threshold(self, bound):
        """Return the number of the 65,536 levels that keep an element; the scale is the exact inverse of its share."""
        return max(1, min(_LEVELS - 1, round((1 - self.rate * bound.noise) * _LEVELS)))
