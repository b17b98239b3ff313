"""Products, sums of squares and biases."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy

from ..arrays.backend import Array, is_sparse, namespace
from ..kernels.threads import share_claimed
from .operations import operation


def dot(a: Array, b: Array, out: Array) -> None:
    """Write the matrix product ``a b`` into ``out``; ``a`` may be a SciPy sparse matrix.

    For a column times a row, as in the gradient of a single output, NumPy's ``matmul`` takes ten times as long.
    """
    try:
        a.dot(b, out=out)
    except TypeError:  # the method of a sparse matrix has no out; checking first would take longer than a small product
        if not is_sparse(a):
            raise
        out[...] = a @ b


def shared_dot(a: Array, b: Array, out: Array) -> None:
    """Compute ``dot`` in the threads that are claimed, which divide the longer axis of ``out``."""
    n_multiplications = out.size * len(b)
    if is_sparse(a):
        dot(a, b, out)
    elif len(out) >= out.shape[1]:
        share_claimed(len(out), n_multiplications, lambda rows: dot(a[rows], b, out[rows]))
    else:
        share_claimed(
            out.shape[1], n_multiplications, lambda columns: numpy.matmul(a, b[:, columns], out=out[:, columns])
        )


@operation
def add_bias(xp, y, b):
    """Add b to every row of y."""
    xp.add(y, b, out=y)


@add_bias.with_kernels
def _(kernels, y, b):
    kernels.add_bias(y, b)


SUM_ROWS = 2**12  # number of rows that ``sum_rows`` adds up at once


@operation
def sum_rows(xp, rows, total, work):
    """Write the sum of the rows of a matrix into ``total``.

    ``work`` is scratch of at least ``SUM_ROWS`` elements and as many as ``total`` has. A product with ones takes a
    third of the time of a sum over the first axis.
    """
    ones, term = work[: min(len(rows), SUM_ROWS)], work[SUM_ROWS : SUM_ROWS + len(total)]
    ones.fill(1)
    total.fill(0)
    for start in range(0, len(rows), SUM_ROWS):
        some = rows[start : start + SUM_ROWS]
        xp.matmul(ones[: len(some)], some, out=term)
        xp.add(total, term, out=total)


@sum_rows.on_device
def _(xp, rows, total, work):
    xp.ones(len(rows), rows.dtype).dot(rows, out=total)


def sum_of_squares(array: Array) -> Array:
    """Return the sum of the squares of a vector: a number, or a 0-d array on a device, without synchronization."""
    return _sum_of_squares(namespace(array), array)


@operation
def _sum_of_squares(xp, array):
    return array.dot(array)


@_sum_of_squares.on_device
def _(xp, array):
    # CuPy computes the product of two vectors as a matrix product, which takes three times as long
    return _square_summer(xp)(array)


@cache
def _square_summer(xp: Any) -> Any:
    return xp.ReductionKernel("T x", "T y", "x * x", "a + b", "y = a", "0", "skann_sum_of_squares")


@operation
def row_squares(xp, array, out):
    """Write the sum of each row's squares into ``out``."""
    xp.einsum("ij,ij->i", array, array, out=out)


@row_squares.on_device
def _(xp, array, out):
    out[...] = xp.einsum("ij,ij->i", array, array)  # einsum of CuPy has no out
