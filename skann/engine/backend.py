"""What differs between array libraries, and nothing else: the rest of the engine calls ``xp.`` functions."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy
import scipy.sparse
import scipy.special

Array = Any  # a numpy.ndarray, or the array of another library with the same functions

_RAW_BITS_AT_ONCE = 4096  # of 64 bits each: bounds the temporary array at 32 kB


def quiet() -> Any:
    """Return a context without warnings of overflow.

    exp of a large number is infinite where a formula's limit is right, such as 1 / (1 + exp(-z)); and a loss that
    really overflows is reported by training.
    """
    return numpy.errstate(over="ignore", invalid="ignore")


def namespace(array: Array) -> ModuleType:
    """Return the module whose functions work on ``array``."""
    return numpy


def dot(xp: ModuleType, a: Array, b: Array, out: Array) -> None:
    """Write the matrix product ``a b`` into ``out``; ``a`` may be a SciPy sparse matrix.

    NumPy's ``matmul`` takes ten times as long for a column times a row, as a single output's gradient is.
    """
    if scipy.sparse.issparse(a):
        out[...] = a @ b
    else:
        xp.dot(a, b, out=out)


def dense(x: Array) -> Array:
    """Return ``x`` as an array, if it is a sparse matrix."""
    return x.toarray() if scipy.sparse.issparse(x) else x


def take_rows(xp: ModuleType, array: Array, rows: Array, out: Array, staging: Array | None = None) -> None:
    """Write ``array[rows]`` into ``out``, cast to its dtype; ``staging`` is like ``out``, in the array's own dtype.

    numpy.take is the quickest gather, but it first copies an array that is not C-contiguous, whole.
    """
    if not array.flags.c_contiguous:
        xp.copyto(out, array[rows], casting="same_kind")
    elif array.dtype == out.dtype:
        array.take(rows, axis=0, out=out, mode="clip")
    else:
        array.take(rows, axis=0, out=staging, mode="clip")
        xp.copyto(out, staging, casting="same_kind")


def erf(xp: ModuleType, x: Array, out: Array) -> None:
    """Write the error function of ``x`` into ``out``."""
    scipy.special.erf(x, out=out)


def noise_generator(seed: int) -> numpy.random.SFC64:
    """Return the source of random bits for dropout and noise: SFC64 is the quickest of NumPy's generators."""
    return numpy.random.SFC64(seed)


def fill_random_bits(xp: ModuleType, generator: numpy.random.SFC64, out: Array) -> None:
    """Fill ``out``, a contiguous vector of uint16, with random bits.

    Sixteen bits an element are drawn four times as fast as ``Generator.random(dtype=float32)`` draws floats.
    """
    for start in range(0, out.size, 4 * _RAW_BITS_AT_ONCE):
        part = out[start : start + 4 * _RAW_BITS_AT_ONCE]
        part[...] = generator.random_raw(-(-part.size // 4)).view(numpy.uint16)[: part.size]


def fill_normal(xp: ModuleType, generator: numpy.random.SFC64, out: Array) -> None:
    """Fill ``out``, a contiguous array of float32 or float64, with draws from N(0, 1)."""
    numpy.random.Generator(generator).standard_normal(out=out, dtype=out.dtype)
