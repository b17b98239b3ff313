"""What differs between array libraries, and nothing else: the rest of the engine calls ``xp.`` functions."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import Any

import numpy
import scipy.special

from ..version import install_command
from .counter_bits import CounterBits

Array = Any  # a numpy.ndarray, or a cupy.ndarray

_RAW_BITS_AT_ONCE = 4096  # of 64 bits each: bounds the temporary array at 32 kB


def quiet() -> Any:
    """Return a context without warnings of overflow.

    exp of a large number is infinite where a formula's limit is right, such as 1 / (1 + exp(-z)); and a loss that
    really overflows is reported by training.
    """
    return numpy.errstate(over="ignore", invalid="ignore")


def cuda() -> ModuleType:
    """Return CuPy.

    Raises
    ------
    ImportError
        If it is not installed.
    RuntimeError
        If it finds no GPU.
    """
    ways_out = 'Use device="cpu", or device="auto", which takes the CPU where there is no GPU.'
    try:
        import cupy  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            f'device="cuda" needs CuPy, which could not be imported ({error}): {install_command("cuda")}. {ways_out}'
        ) from error
    if not cupy.cuda.is_available():
        raise RuntimeError(
            'device="cuda" needs an NVIDIA GPU with its driver, and CuPy finds none: nvidia-smi lists those that the '
            f"driver sees. {ways_out}"
        )
    return cupy


def namespace(array: Array) -> ModuleType:
    """Return the module whose functions work on ``array``."""
    cupy = sys.modules.get("cupy")
    return numpy if cupy is None or not isinstance(array, cupy.ndarray) else cupy


def move(array: Array, xp: ModuleType) -> Array:
    """Return the array in the memory that ``xp`` works on: itself, if it lies there."""
    here = namespace(array)
    if here is xp:
        return array
    return xp.asarray(array) if here is numpy else here.asnumpy(array)


def free_memory(xp: ModuleType) -> int:
    """Return how many bytes of a device's memory are not in use."""
    return xp.cuda.Device().mem_info[0] + xp.get_default_memory_pool().free_bytes()


def is_sparse(array: Array) -> bool:
    """Tell whether it is a SciPy sparse matrix; scipy.sparse.issparse takes six times as long."""
    return hasattr(array, "tocsr")


def dot(a: Array, b: Array, out: Array) -> None:
    """Write the matrix product ``a b`` into ``out``; ``a`` may be a SciPy sparse matrix.

    NumPy's ``matmul`` takes ten times as long for a column times a row, as a single output's gradient is.
    """
    if is_sparse(a):
        out[...] = a @ b
    else:
        a.dot(b, out=out)


def dense(x: Array) -> Array:
    """Return ``x`` as an array, if it is a sparse matrix."""
    return x.toarray() if is_sparse(x) else x


def take_rows(xp: ModuleType, array: Array, rows: Array, out: Array, staging: Array | None = None) -> None:
    """Write ``array[rows]`` into ``out``, cast to its dtype; ``staging`` is like ``out``, in the array's own dtype.

    numpy.take is the quickest gather, but it first copies an array that is not C-contiguous, whole.
    """
    if not array.flags.c_contiguous:
        xp.copyto(out, array[rows], casting="same_kind")
    else:
        taken = out if array.dtype == out.dtype else staging
        if xp is numpy:
            array.take(rows, axis=0, out=taken, mode="clip")  # other modes go through a copy
        else:
            array.take(rows, axis=0, out=taken)
        if taken is staging:
            out[...] = staging


def one_hot(xp: ModuleType, codes: Array, columns: Array, out: Array) -> None:
    """Write 1 into column ``codes[i]`` of row i of ``out``, which is contiguous, and 0 elsewhere.

    ``columns`` are the columns' numbers, from 0.
    """
    if xp is numpy:
        out.fill(0)
        out.reshape(-1)[numpy.arange(0, out.size, out.shape[1]) + codes] = 1
    else:  # where writing by index takes three times as long
        xp.equal(codes[:, None], columns, out=out)


def sum_of_squares(array: Array) -> Array:
    """Return the sum of the squares of a vector: a number, or an array of a device, which nobody waits for.

    CuPy's product of two vectors is a matrix product of a single element, which takes three times as long.
    """
    xp = namespace(array)
    return array.dot(array) if xp is numpy else _square_summer(xp)(array)


@cache
def _square_summer(xp: ModuleType) -> Any:
    return xp.ReductionKernel("T x", "T y", "x * x", "a + b", "y = a", "0", "skann_sum_of_squares")


def squares(xp: ModuleType, array: Array, out: Array) -> None:
    """Write the sum of each row's squares into ``out``."""
    if xp is numpy:
        xp.einsum("ij,ij->i", array, array, out=out)
    else:
        out[...] = xp.einsum("ij,ij->i", array, array)  # CuPy's has no out


def erf(xp: ModuleType, x: Array, out: Array) -> None:
    """Write the error function of ``x`` into ``out``."""
    if xp is numpy:
        scipy.special.erf(x, out=out)
    else:
        from cupyx.scipy import special  # pyright: ignore[reportMissingImports]

        special.erf(x, out=out)


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
    elif xp is numpy:
        numpy.random.Generator(generator).standard_normal(out=out, dtype=out.dtype)
    else:
        out[...] = move(numpy.random.Generator(generator).standard_normal(out.shape, dtype=out.dtype), xp)
