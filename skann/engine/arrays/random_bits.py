"""Sources of random bits for dropout and noise, on the host and on a device."""

from __future__ import annotations

from types import ModuleType

import numpy

from .backend import Array, move, namespace
from .counter_bits import CounterBits

_MAX_WORDS = 4096  # of 64 bits per draw, which limits the temporary array to 32 kB


class SFC64(numpy.random.SFC64):
    """NumPy's SFC64, which pickles as a call of the class, since skops supports no other form.

    Parameters
    ----------
    seed : int in [0, 2^64)
    state : dict, default=None
        The ``state`` of another generator to continue from.
    """

    def __init__(self, seed: int, state: dict | None = None):
        super().__init__(seed)
        if state is not None:
            self.state = state  # pyright: ignore[reportAttributeAccessIssue]

    def __reduce__(self):
        return type(self), (0, self.state)


def noise_generator(seed: int, xp: ModuleType = numpy) -> SFC64 | CounterBits:
    """Return a source of random bits for dropout and noise. SFC64 is the fastest of NumPy's generators."""
    return SFC64(seed) if xp is numpy else CounterBits(seed)


def numpy_generator(generator: SFC64 | CounterBits) -> numpy.random.Generator:
    """Return a NumPy generator that advances the source of bits, for draws on the host."""
    if isinstance(generator, CounterBits):
        generator = SFC64(int(generator.draw(numpy, 1)[0]))
    return numpy.random.Generator(generator)


def fill_random_bits(xp: ModuleType, generator: SFC64 | CounterBits, out: Array) -> None:
    """Fill ``out``, a contiguous vector of uint16, with random bits.

    Drawing sixteen bits per element is four times as fast as ``Generator.random(dtype=float32)``.
    """
    if isinstance(generator, CounterBits):
        out[...] = generator.draw(xp, -(-out.size // 4)).view(numpy.uint16)[: out.size]
        return
    for start in range(0, out.size, 4 * _MAX_WORDS):
        part = out[start : start + 4 * _MAX_WORDS]
        part[...] = move(generator.random_raw(-(-part.size // 4)).view(numpy.uint16)[: part.size], xp)


def fill_normal(xp: ModuleType, generator: SFC64 | CounterBits, out: Array) -> None:
    """Fill ``out``, a contiguous array of float32 or float64, with draws from N(0, 1)."""
    if isinstance(generator, CounterBits):
        out.reshape(-1)[...] = generator.draw_normal(xp, out.size, out.dtype)
    elif namespace(out) is numpy:  # xp may be NumPy beside loops
        numpy.random.Generator(generator).standard_normal(out=out, dtype=out.dtype)
    else:
        out[...] = move(numpy.random.Generator(generator).standard_normal(out.shape, dtype=out.dtype), xp)
