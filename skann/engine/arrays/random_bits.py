"""Sources of random bits for dropout and noise, on the host and on a device."""

from __future__ import annotations

from types import ModuleType

import numpy

from .backend import Array, move, namespace
from .counter_bits import CounterBits

_RAW_BITS_AT_ONCE = 4096  # of 64 bits each: bounds the temporary array at 32 kB


class SFC64(numpy.random.SFC64):
    """NumPy's own, copied and pickled by a call of the class alone: skops knows no other way to make one.

    Parameters
    ----------
    seed : int in [0, 2^64)
    state : dict, default=None
        The ``state`` of another one to go on from.
    """

    def __init__(self, seed: int, state: dict | None = None):
        super().__init__(seed)
        if state is not None:
            self.state = state  # pyright: ignore[reportAttributeAccessIssue]

    def __reduce__(self):
        return type(self), (0, self.state)


def noise_generator(seed: int, xp: ModuleType = numpy) -> SFC64 | CounterBits:
    """Return the source of random bits for dropout and noise: SFC64 is the quickest of NumPy's generators."""
    return SFC64(seed) if xp is numpy else CounterBits(seed)


def fill_random_bits(xp: ModuleType, generator: SFC64 | CounterBits, out: Array) -> None:
    """Fill ``out``, a contiguous vector of uint16, with random bits.

    Sixteen bits an element are drawn four times as fast as ``Generator.random(dtype=float32)`` draws floats.
    """
    if isinstance(generator, CounterBits):
        out[...] = generator.draw(xp, -(-out.size // 4)).view(numpy.uint16)[: out.size]
        return
    for start in range(0, out.size, 4 * _RAW_BITS_AT_ONCE):
        part = out[start : start + 4 * _RAW_BITS_AT_ONCE]
        part[...] = move(generator.random_raw(-(-part.size // 4)).view(numpy.uint16)[: part.size], xp)


def fill_normal(xp: ModuleType, generator: SFC64 | CounterBits, out: Array) -> None:
    """Fill ``out``, a contiguous array of float32 or float64, with draws from N(0, 1)."""
    if isinstance(generator, CounterBits):
        out.reshape(-1)[...] = generator.draw_normal(xp, out.size, out.dtype)
    elif namespace(out) is numpy:  # xp may be NumPy beside loops
        numpy.random.Generator(generator).standard_normal(out=out, dtype=out.dtype)
    else:
        out[...] = move(numpy.random.Generator(generator).standard_normal(out.shape, dtype=out.dtype), xp)
