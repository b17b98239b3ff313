"""A reader of batches of rows."""

from __future__ import annotations

from typing import cast

import numpy

from ..arrays.backend import Array, is_sparse, namespace
from ..functions.gather import one_hot, take_rows
from .rows import Rows


class Reader:
    """Reads batches of rows into buffers of one dtype, which the next batch overwrites.

    Parameters
    ----------
    rows : Rows
    dtype : dtype
    n_rows : int
        Maximum number of rows in a batch.
    """

    def __init__(self, rows: Rows, dtype: numpy.dtype, n_rows: int):
        self.rows = rows
        self.dtype = dtype
        self.n_rows = n_rows
        self.xp = namespace(rows.X)
        self._x = self._staging = self._target = self._weight = cast("Array", None)
        if rows.target is not None:
            self._target = self.xp.empty((n_rows, rows.n_outputs), dtype)
            self._columns = self.xp.arange(rows.n_outputs)
        if rows.weight is not None:
            self._weight = self.xp.empty(n_rows, dtype)
        self.begin(None)

    def begin(self, order: Array | None) -> None:
        """Set the order in which rows are read; None uses the order of the data set."""
        index = self.rows.index
        self.chosen = index if order is None else order if index is None else index[order]
        # reordered at once as they have one number per row; a target with several may be as large as X
        self._codes, self._weights = (self._in_order(array) for array in (self.rows.codes, self.rows.weight))

    def read(self, chosen: slice, scale: float = 1.0) -> tuple[Array, Array | None, Array | float]:
        """Return x, target and weight of a batch.

        Parameters
        ----------
        chosen : slice
            Slice of the order set by ``begin``.
        scale : float, default=1.0
            Factor of the weights.
        """
        rows = chosen if self.chosen is None else self.chosen[chosen]
        x = self._read_x(rows)
        n = x.shape[0]
        target = None if self._target is None else self._target[:n]
        if self._codes is not None:
            one_hot(self.xp, self._codes[chosen], self._columns, target)
        elif target is not None:
            target[...] = self.rows.target[rows]
        if self._weight is None:
            return x, target, scale
        weight = self._weight[:n]
        self.xp.multiply(self._weights[chosen], scale, out=weight)
        return x, target, weight

    def _in_order(self, array: Array) -> Array:
        return array if array is None or self.chosen is None else array[self.chosen]

    def _read_x(self, chosen: slice | Array) -> Array:
        X = self.rows.X
        if is_sparse(X):
            return X[chosen].astype(self.dtype, copy=False)
        if isinstance(chosen, slice):
            part = X[chosen]
            if part.dtype == self.dtype and part.flags.c_contiguous:
                return part
            self._allocate_x()
            out = self._x[: part.shape[0]]
            self.xp.copyto(out, part, casting="same_kind")
        else:
            self._allocate_x()
            n = len(chosen)
            out = self._x[:n]
            take_rows(self.xp, X, chosen, out, self._staging[:n])
        return out

    def _allocate_x(self) -> None:
        """Allocate the buffers for rows that have to be copied, on first use."""
        if self._x is None:
            X = self.rows.X
            shape = (self.n_rows, *X.shape[1:])
            self._x = self.xp.empty(shape, self.dtype)
            self._staging = self._x if X.dtype == self.dtype else self.xp.empty(shape, X.dtype)
