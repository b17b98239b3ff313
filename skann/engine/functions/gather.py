"""Gathering of rows, and one-hot encoding."""

from __future__ import annotations

from types import ModuleType

import numpy

from ..arrays.backend import Array
from .operations import operation


def take_rows(xp: ModuleType, array: Array, rows: Array, out: Array, staging: Array | None = None) -> None:
    """Write ``array[rows]`` into ``out``, cast to its dtype; ``staging`` is scratch like ``out`` in the array's dtype.

    numpy.take is the fastest, but copies an array that is not C-contiguous as a whole.
    """
    if not array.flags.c_contiguous:
        xp.copyto(out, array[rows], casting="same_kind")
    elif array.dtype == out.dtype:
        _take(xp, array, rows, out)
    else:
        _take(xp, array, rows, staging)
        out[...] = staging


@operation
def _take(xp, array, rows, out):
    array.take(rows, axis=0, out=out, mode="clip")  # other modes write to a copy first


@_take.on_device
def _(xp, array, rows, out):
    array.take(rows, axis=0, out=out)


@operation
def one_hot(xp, codes, columns, out):
    """Write 1 into column ``codes[i]`` of row i of ``out``, which is contiguous, and 0 elsewhere.

    ``columns`` holds the indices of the columns.
    """
    out.fill(0)
    out.reshape(-1)[numpy.arange(0, out.size, out.shape[1]) + codes] = 1


@one_hot.on_device
def _(xp, codes, columns, out):
    xp.equal(codes[:, None], columns, out=out)  # assignment by index takes three times as long
