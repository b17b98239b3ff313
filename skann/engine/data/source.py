"""The protocol of data sets that are read batch by batch."""

from __future__ import annotations

from typing import Any, Protocol

import numpy


class Source(Protocol):
    """Protocol of data sets that are read batch by batch, such as files that together exceed the memory.

    Attributes
    ----------
    shape : tuple of int
        (n_rows, ...): the shape of all rows.
    dtype : dtype
        dtype of what ``read`` returns. uint8 images are scaled to [0, 1] after they are read.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all rows, (n_rows, height, width, channels) for images."""
        ...

    @property
    def dtype(self) -> numpy.dtype:
        """The dtype of the rows."""
        ...

    def __len__(self) -> int: ...

    def read(self, rows: slice | numpy.ndarray) -> numpy.ndarray:
        """Read rows.

        Parameters
        ----------
        rows : slice or ndarray of int
            A slice from start to stop, both given, or indices in any order.

        Returns
        -------
        array : ndarray of shape (n, ...)
            The rows in the order given; it is not modified.
        """
        ...


def take(X: Any, rows: numpy.ndarray) -> Any:
    """Return the rows of an array, a CSR matrix or a source with the given indices, which a source reads in order."""
    if not hasattr(X, "read"):
        return X[rows]
    increasing, inverse = numpy.unique(rows, return_inverse=True)
    return read_rows(X, increasing)[inverse]


def read_rows(source: Source, rows: slice | numpy.ndarray) -> numpy.ndarray:
    """Return rows of a source.

    Raises
    ------
    ValueError
        If the source returned an array of another shape or dtype than it announced.
    """
    array = numpy.asarray(source.read(rows))
    n = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
    expected = n, *source.shape[1:]
    if array.shape != expected or array.dtype != source.dtype:
        raise ValueError(
            f"{type(source).__name__}.read returned an array of shape {array.shape} and dtype {array.dtype}, instead "
            f"of {expected} and {source.dtype}, as its attributes shape and dtype say."
        )
    return array
