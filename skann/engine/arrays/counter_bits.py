"""A counter-based generator of random bits that runs in any array library."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy

_GOLDEN = 0x9E3779B97F4A7C15
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


class CounterBits:
    """SplitMix64: the k-th word is a hash of the seed and k [Steele et al., 2014, OOPSLA, section 4].

    The elements of an array are computed independently. The state is two numbers, so checkpoints and pickles do not
    depend on the device.

    Parameters
    ----------
    seed : int in [0, 2^64)
    """

    def __init__(self, seed: int):
        self.state = {"seed": seed, "drawn": 0}

    def draw(self, xp: ModuleType, n: int) -> Any:
        """Return the next n words, uint64."""
        words = xp.arange(n, dtype=numpy.uint64)
        xp.add(words, numpy.uint64(self.state["drawn"] + 1), out=words)
        xp.multiply(words, numpy.uint64(_GOLDEN), out=words)
        xp.add(words, numpy.uint64(self.state["seed"]), out=words)
        self.state["drawn"] += n
        for shift, factor in _ROUNDS:
            xp.bitwise_xor(words, xp.right_shift(words, numpy.uint64(shift)), out=words)
            xp.multiply(words, numpy.uint64(factor), out=words)
        return xp.bitwise_xor(words, xp.right_shift(words, numpy.uint64(31)), out=words)

    def draw_normal(self, xp: ModuleType, n: int, dtype: numpy.dtype) -> Any:
        """Return n draws from N(0, 1), two from each pair of uniform draws [Box & Muller, 1958]."""
        half = -(-n // 2)
        uniform = (self.draw(xp, half).view(numpy.uint32).astype(dtype) + 0.5) * 2.0**-32
        radius = xp.sqrt(-2 * xp.log(uniform[:half]))
        angle = 2 * math.pi * uniform[half:]
        return xp.concatenate((radius * xp.cos(angle), radius * xp.sin(angle)))[:n]
