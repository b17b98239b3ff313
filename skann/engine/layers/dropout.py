"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays.random_bits import fill_random_bits
from ..functions.pointwise import drop, drop_mask
from .base import Declaration, Layer

_LEVELS = 2**16  # a mask compares 16 random bits an element with a threshold


@dataclass(frozen=True)
class Dropout(Layer):
    """``y = r x / (1 - rate)`` with r ~ Bernoulli(1 - rate), drawn anew for every element of every batch.

    Scaling while training ("inverted dropout") keeps the expectation, so prediction leaves the layer out.
    ``rate`` is the probability of dropping; the p of the paper is the probability of keeping
    [Srivastava et al., 2014, JMLR 15:1929-1958].
    """

    rate: float
    in_place = True
    only_in_training = True
    y_is_scratch = False

    def declare(self, in_shape):
        return Declaration(in_shape, scratch={"bits": (in_shape, "uint16"), "kept": (in_shape, bool)})

    def forward(self, bound, x, y):
        bits, kept = bound.scratch["bits"], bound.scratch["kept"]
        fill_random_bits(bound.xp, bound.generator, bits.reshape(-1))
        drop_mask(bound.xp, bits, kept, self._threshold(bound))
        self._mask(bound, x, y)

    def backward(self, bound, x, y, dy, dx):
        self._mask(bound, dy, dx)

    def _mask(self, bound, array, out):
        """Zero what was dropped and scale what was kept."""
        threshold = self._threshold(bound)
        drop(bound.xp, array, out, bound.scratch["bits"], bound.scratch["kept"], threshold, _LEVELS / threshold)

    def _threshold(self, bound):
        """Return how many of the 65,536 levels keep an element; the scale is its exact inverse."""
        return max(1, min(_LEVELS - 1, round((1 - self.rate * bound.noise) * _LEVELS)))
