"""Rows of a data set, read batch by batch: X is never copied whole, unless it is small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy

from ..arrays.backend import Array, ignore_overflow, is_sparse

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

    def small_copy(self, dtype: numpy.dtype) -> Rows:
        """Return the rows with X copied in C order and this dtype, on the host, or themselves if X is not small.

        Then a batch is gathered in one quick pass, and not converted again in every epoch.
        """
        X = self.X
        if is_sparse(X) or X.size * dtype.itemsize > SMALL:
            return self
        with ignore_overflow():
            X = numpy.ascontiguousarray(X, dtype)
        return Rows(
            X, self.target, self.weight, n_classes=self.n_classes, index=self.index, total_weight=self._total_weight
        )

    def subset(self, index: Array) -> Rows:
        """Return the given rows of a whole data set, without copying X."""
        return Rows(self.X, self.target, self.weight, n_classes=self.n_classes, index=index)
