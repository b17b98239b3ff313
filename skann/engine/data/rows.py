"""Rows of a data set. X is never copied as a whole unless it is small."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy

from ..arrays.backend import Array, ignore_overflow, is_sparse

# Larger batches are processed in chunks of this many rows, the gradients of which are summed, so that memory does not
# grow with the batch. A device needs larger chunks, so that launches take less time than the computation.
MAX_CHUNK = 2**12
DEVICE_CHUNK = 2**14
SMALL = 2**22  # maximum size in bytes of an X that is copied before training
MAX_PIXEL = 255


def chunks(start: int, stop: int, size: int = MAX_CHUNK) -> Iterator[slice]:
    """Yield slices of at most ``size`` rows from ``start`` to ``stop``; the last may be shorter."""
    for begin in range(start, stop, size):
        yield slice(begin, min(begin + size, stop))


class Rows:
    """X with its target and sample weights.

    Parameters
    ----------
    X : array of shape (n_samples, ...), of any real dtype and memory order, CSR matrix, or Source
        uint8 images, that is, rows with two axes or more, are scaled to [0, 1] batch by batch.
    target : array of shape (n_samples, n_outputs), or (n_samples,) of class codes; default=None
        With ``encode``, an array of any shape (n_samples, ...) and dtype.
    weight : array of shape (n_samples,), default=None
        None weights every row by 1.
    n_classes : int, default=None
        Number of one-hot columns into which class codes are expanded, batch by batch.
    index : array of int of shape (n_rows,), default=None
        The rows to use, in order; None uses all.
    total_weight : float, default=None
        Divisor of the loss; None uses the sum of the weights.
    encode : callable, default=None
        Maps the target of a batch, after augmentation, and a dtype to the target that the loss takes.

    Attributes
    ----------
    is_source, is_sparse : bool
        Whether X is a Source, and whether it is a sparse matrix.
    divisor : int or None
        Number by which X is divided where it is converted to floats.
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
        encode: Callable[[numpy.ndarray, numpy.dtype], numpy.ndarray] | None = None,
    ):
        self.X = X
        self.target: Array = target  # or None
        self.weight: Array = weight  # or None
        self.n_classes = n_classes
        self.index = index
        self._total_weight = total_weight
        self.encode = encode
        is_array = type(X) is numpy.ndarray  # the attributes are looked up in other types only, to save time
        self.is_source = not is_array and hasattr(X, "read")
        self.is_sparse = not is_array and is_sparse(X)
        self.divisor = MAX_PIXEL if X.dtype == numpy.uint8 and len(X.shape) > 2 else None

    def __len__(self) -> int:
        return self.X.shape[0] if self.index is None else len(self.index)

    @property
    def n_outputs(self) -> int:
        """Number of columns of the target, after one-hot encoding."""
        return self.n_classes or self.target.shape[1]

    @property
    def codes(self) -> Array:
        """The target if it holds class codes, one per row, else None."""
        return self.target if self.n_classes else None

    @property
    def total_weight(self) -> float:
        """The divisor of the sum of the weighted losses."""
        if self._total_weight is not None:
            return float(self._total_weight)
        if self.weight is None:
            return float(len(self))
        return float(numpy.sum(self.of(self.weight)))

    def of(self, array: Array) -> Array:
        """Return the elements of an array that belong to the rows; None for None."""
        return array if array is None or self.index is None else array[self.index]

    def small_copy(self, dtype: numpy.dtype) -> Rows:
        """Return the rows with X copied in C order and the given dtype, or the object itself if X is not small.

        Batches are then gathered in a single fast pass, and not converted again in every epoch.
        """
        X = self.X
        if self.is_source or self.is_sparse or X.size * dtype.itemsize > SMALL:
            return self
        with ignore_overflow():
            X = numpy.ascontiguousarray(X, dtype)
        if self.divisor is not None:
            X /= self.divisor
        return Rows(
            X,
            self.target,
            self.weight,
            n_classes=self.n_classes,
            index=self.index,
            total_weight=self._total_weight,
            encode=self.encode,
        )

    def subset(self, index: Array) -> Rows:
        """Return the given rows of the full data set, without copying X."""
        return Rows(self.X, self.target, self.weight, n_classes=self.n_classes, index=index, encode=self.encode)
