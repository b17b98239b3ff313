"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass

from ..backend import fill_random_bits
from ..kernels import in_place, typed
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

    def declare(self, in_shape):
        return Declaration(in_shape, scratch={"bits": (in_shape, "uint16"), "kept": (in_shape, bool)})

    def forward(self, bound, x, y):
        bits, kept = bound.scratch["bits"], bound.scratch["kept"]
        fill_random_bits(bound.xp, bound.generator, bits.reshape(-1))
        if not bound.kernels:
            bound.xp.less(bits, self._threshold(bound), out=kept)
        self._mask(bound, x, y)

    def backward(self, bound, x, y, dy, dx):
        self._mask(bound, dy, dx)

    def _mask(self, bound, array, out):
        """Zero what was dropped and scale what was kept."""
        threshold = self._threshold(bound)
        scale = _LEVELS / threshold
        if bound.kernels:
            in_place(array, out)
            bound.kernels.drop(out.reshape(-1), bound.scratch["bits"].reshape(-1), threshold, *typed(out, scale))
        else:
            bound.xp.multiply(array, bound.scratch["kept"], out=out)
            bound.xp.multiply(out, scale, out=out)

    def _threshold(self, bound):
        """Return how many of the 65,536 levels keep an element; the scale is its exact inverse."""
        return max(1, min(_LEVELS - 1, round((1 - self.rate * bound.noise) * _LEVELS)))
