"""A reader of batches of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy

from ..arrays.backend import Array, namespace
from ..functions.gather import one_hot, take_rows
from .rows import Rows
from .source import read_rows


class Reader:
    """Reads batches of rows into buffers of one dtype, which the next batch overwrites.

    Parameters
    ----------
    rows : Rows
    dtype : dtype
    n_rows : int
        Maximum number of rows in a batch.
    augment : callable, default=None
        Maps x and target of a batch, which it may change in place, to those that are read.
    """

    def __init__(
        self,
        rows: Rows,
        dtype: numpy.dtype,
        n_rows: int,
        augment: Callable[[Array, Array], tuple[Array, Array]] | None = None,
    ):
        self.rows = rows
        self.dtype = dtype
        self.n_rows = n_rows
        self._augment = augment
        self._divisor = rows.divisor if dtype.kind == "f" else None
        self.xp = namespace(rows.X)
        self._x = self._staging = self._target = self._weight = cast("Array", None)
        if rows.target is not None:
            if rows.encode is not None:
                self._target = self.xp.empty((n_rows, *rows.target.shape[1:]), rows.target.dtype)
            else:
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
        target, weight = self._read_raw_target(chosen, x.shape[0], scale)
        if self._augment is not None:
            x, target = self._augment(x, target)
        return x, self._encoded(target), weight

    def read_target(self, chosen: slice, n_rows: int, scale: float = 1.0) -> tuple[Array | None, Array | float]:
        """Return target and weight of a batch of ``n_rows``, without reading X; parameters are those of ``read``."""
        target, weight = self._read_raw_target(chosen, n_rows, scale)
        return self._encoded(target), weight

    def _encoded(self, target: Array | None) -> Array | None:
        """Return a target in the form that the loss takes."""
        return target if target is None or self.rows.encode is None else self.rows.encode(target, self.dtype)

    def _read_raw_target(self, chosen: slice, n_rows: int, scale: float) -> tuple[Array | None, Array | float]:
        """Return target, not encoded, and weight of a batch."""
        target = None if self._target is None else self._target[:n_rows]
        if self._codes is not None:
            one_hot(self.xp, self._codes[chosen], self._columns, target)
        elif target is not None:
            target[...] = self.rows.target[chosen if self.chosen is None else self.chosen[chosen]]
        if self._weight is None:
            return target, scale
        weight = self._weight[:n_rows]
        self.xp.multiply(self._weights[chosen], scale, out=weight)
        return target, weight

    def _in_order(self, array: Array) -> Array:
        return array if array is None or self.chosen is None else array[self.chosen]

    def _read_x(self, chosen: slice | Array) -> Array:
        X = self.rows.X
        if self.rows.is_sparse:
            return X[chosen].astype(self.dtype, copy=False)
        if self.rows.is_source or isinstance(chosen, slice):
            part = read_rows(X, chosen) if self.rows.is_source else X[chosen]
            if part.dtype == self.dtype and part.flags.c_contiguous and self._augment is None:
                return part
            self._allocate_x()
            out = self._x[: part.shape[0]]
            self.xp.copyto(out, part, casting="same_kind")
        else:
            self._allocate_x()
            n = len(chosen)
            out = self._x[:n]
            take_rows(self.xp, X, chosen, out, self._staging[:n])
        if self._divisor is not None:
            self.xp.divide(out, self._divisor, out=out)
        return out

    def _allocate_x(self) -> None:
        """Allocate the buffers for rows that have to be copied, on first use."""
        if self._x is None:
            X = self.rows.X
            shape = (self.n_rows, *X.shape[1:])
            self._x = self.xp.empty(shape, self.dtype)
            needs_staging = X.dtype != self.dtype and not self.rows.is_source
            self._staging = self.xp.empty(shape, X.dtype) if needs_staging else self._x
