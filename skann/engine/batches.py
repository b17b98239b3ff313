"""Rows of a data set, read batch by batch: X is never copied whole, unless it is small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy

from .backend import Array, is_sparse, namespace, one_hot, quiet, take_rows

# Larger batches run in chunks of this many rows whose gradients are summed, so that memory does not grow with them; on
# a device more are needed for its launches to take less than its work.
MAX_CHUNK = 2**12
DEVICE_CHUNK = 2**14
SMALL = 2**22  # bytes that an X may take to be copied before training


def chunks(start: int, stop: int, size: int = MAX_CHUNK) -> Iterator[slice]:
    """Yield slices of at most ``size`` rows from start to stop; the last may be short."""
    for begin in range(start, stop, size):
        yield slice(begin, min(begin + size, stop))


class Rows:
    """X with its target and weights, read by rows.

    Parameters
    ----------
    X : array of shape (n_samples, n_features), of any real dtype and memory order, or CSR matrix
    target : array of shape (n_samples, n_outputs), or (n_samples,) of class codes; default=None
    weight : array of shape (n_samples,), default=None
        None weighs every row 1.
    n_classes : int, default=None
        Turns class codes into that many one-hot columns, batch by batch.
    index : array of int of shape (n_rows,), default=None
        The rows that take part, in order; None takes all.
    total_weight : float, default=None
        What the loss is divided by; None takes the sum of the weights.
    """

    def __init__(
        self,
        X: Array,
        target: Array | None = None,
        weight: Array | None = None,
        *,
        n_classes: int | None = None,
        index: Array | None = None,
        total_weight: float | None = None,
    ):
        self.X = X
        self.target: Array = target  # or None
        self.weight: Array = weight  # or None
        self.n_classes = n_classes
        self.index = index
        self._total_weight = total_weight

    def __len__(self) -> int:
        return self.X.shape[0] if self.index is None else len(self.index)

    @property
    def n_outputs(self) -> int:
        """Columns of the target, once codes are one-hot."""
        return self.n_classes or self.target.shape[1]

    @property
    def codes(self) -> Array:
        """The target where it is class codes, one a row."""
        return self.target if self.n_classes else None

    @property
    def total_weight(self) -> float:
        """What the sum of the weighted losses is divided by."""
        if self._total_weight is not None:
            return float(self._total_weight)
        if self.weight is None:
            return float(len(self))
        return float(numpy.sum(self.of(self.weight)))

    def of(self, array: Array) -> Array:
        """Return the elements of an array, or None, that belong to the rows."""
        return array if array is None or self.index is None else array[self.index]

    def at_hand(self, dtype: numpy.dtype) -> Rows:
        """Return the rows with X in C order and this dtype, on the host, where such a copy is small.

        Then a batch is gathered in one quick pass, and not converted again in every epoch.
        """
        X = self.X
        if is_sparse(X) or X.size * dtype.itemsize > SMALL:
            return self
        with quiet():
            X = numpy.ascontiguousarray(X, dtype)
        return Rows(
            X, self.target, self.weight, n_classes=self.n_classes, index=self.index, total_weight=self._total_weight
        )

    def subset(self, index: Array) -> Rows:
        """Return the given rows of a whole data set, without copying X."""
        return Rows(self.X, self.target, self.weight, n_classes=self.n_classes, index=index)


class Reader:
    """Reads batches of rows into buffers of one dtype, which the next batch overwrites.

    Parameters
    ----------
    rows : Rows
    dtype : dtype
    n_rows : int
        Rows of the largest batch.
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
        """Read the rows in this order from now on; None is the one they lie in."""
        index = self.rows.index
        self.chosen = index if order is None else order if index is None else index[order]
        # one number a row is taken at once; a target of several may be as large as X
        self._codes, self._weights = (self._in_order(array) for array in (self.rows.codes, self.rows.weight))

    def read(self, chosen: slice, scale: float = 1.0) -> tuple[Array, Array | None, Array | float]:
        """Return x, target and weight of some rows.

        Parameters
        ----------
        chosen : slice
            Which rows, counted in the order that ``begin`` was given.
        scale : float, default=1.0
            Multiplies the weights.
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
        """Make the buffers for rows that cannot be used where they lie, unless they are there."""
        if self._x is None:
            X = self.rows.X
            shape = (self.n_rows, *X.shape[1:])
            self._x = self.xp.empty(shape, self.dtype)
            self._staging = self._x if X.dtype == self.dtype else self.xp.empty(shape, X.dtype)
