"""A reader that transfers rows from the host to a device, all at once if they fit, else window by window."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType

import numpy

from ..arrays.backend import Array, dense, free_memory, move, namespace
from .reader import Reader
from .rows import Rows, chunks

PIECE = 2**25  # bytes of X gathered on the host at a time


def reader_for(
    rows: Rows, dtype: numpy.dtype, n_rows: int, xp: ModuleType, augment: Callable | None = None
) -> Reader | DeviceReader | MovingReader:
    """Return a reader of batches in the memory of ``xp`` from rows in host memory, optionally augmented."""
    if namespace(rows.X) is xp:
        return Reader(rows, dtype, n_rows, augment)
    if augment is not None or rows.encode is not None:
        return MovingReader(Reader(rows, dtype, n_rows, augment), xp)
    return DeviceReader(rows, dtype, n_rows, xp)


class MovingReader:
    """Moves each batch of a reader to a device: for augmentations and encodings, which run on the host.

    Parameters
    ----------
    reader : Reader
    xp : module
        Array library of the device.
    """

    def __init__(self, reader: Reader, xp: ModuleType):
        self.reader, self.xp = reader, xp

    def begin(self, order: Array | None) -> None:
        """Set the order in which rows are read; None uses the order of the data set."""
        self.reader.begin(order)

    def read(self, chosen: slice, scale: float = 1.0) -> tuple[Array, Array | None, Array | float]:
        """Return x, target and weight of a slice of the order set by ``begin``."""
        x, target, weight = self.reader.read(chosen, scale)
        moved = move(dense(x), self.xp), move(target, self.xp)
        return *moved, weight if isinstance(weight, float) else move(weight, self.xp)


class DeviceReader:
    """Reads batches, like ``Reader``, into device memory.

    All rows are transferred once if they fit into half of the free memory. Otherwise a window of the next rows in the
    order of the epoch is transferred at a time, so that there is no transfer per batch. Sparse X becomes dense.

    Parameters
    ----------
    rows : Rows
        In host memory.
    dtype : dtype
        dtype of the batches.
    n_rows : int
        Maximum number of rows in a batch.
    xp : module
        Array library of the device.
    """

    def __init__(self, rows: Rows, dtype: numpy.dtype, n_rows: int, xp: ModuleType):
        self.rows, self.xp = rows, xp
        stored = _storage_dtype(rows.X.dtype, dtype)
        width = stored.itemsize * math.prod(rows.X.shape[1:])
        room = free_memory(xp) // 2 // (width + sum(_row_bytes(array) for array in (rows.target, rows.weight)))
        self.holds_all = room >= len(rows)
        size = len(rows) if self.holds_all else max(room, n_rows)
        self._piece = max(1, PIECE // width)
        self._host = Reader(Rows(rows.X, index=rows.index), stored, min(size, self._piece))
        self._window = Rows(
            xp.empty((size, *rows.X.shape[1:]), stored),
            _empty_like(rows.target, size, xp),
            _empty_like(rows.weight, size, xp),
            n_classes=rows.n_classes,
        )
        self._reader = Reader(self._window, dtype, n_rows)
        self._loaded = slice(0, 0)

    def begin(self, order: Array | None) -> None:
        """Set the order in which rows are read; None uses the order of the data set."""
        if self.holds_all:
            if not self._loaded.stop:
                self._load(0)
            self._reader.begin(None if order is None else move(order, self.xp))
        else:
            self._host.begin(order)
            self._loaded = slice(0, 0)

    def read(self, chosen: slice, scale: float = 1.0) -> tuple[Array, Array | None, Array | float]:
        """Return x, target and weight of a slice of the order set by ``begin``."""
        if chosen.start < self._loaded.start or chosen.stop > self._loaded.stop:
            self._load(0 if self.holds_all else chosen.start)
        start = self._loaded.start
        return self._reader.read(slice(chosen.start - start, chosen.stop - start), scale)

    def _load(self, start: int) -> None:
        """Load the window of rows from ``start`` on."""
        self._loaded = slice(start, min(start + len(self._window), len(self.rows)))
        for piece in chunks(start, self._loaded.stop, self._piece):
            position = slice(piece.start - start, piece.stop - start)
            self._window.X[position] = move(dense(self._host.read(piece)[0]), self.xp)
            for name in ("target", "weight"):
                array = getattr(self.rows, name)
                if array is not None:
                    part = self._piece_of(array, piece)
                    getattr(self._window, name)[position] = move(part, self.xp)

    def _piece_of(self, array: numpy.ndarray, piece: slice) -> numpy.ndarray:
        """Return the elements of an array for the rows of a piece, in native byte order."""
        chosen = piece if self._host.chosen is None else self._host.chosen[piece]
        return array[chosen].astype(array.dtype.newbyteorder("="), copy=False)


def _storage_dtype(dtype: numpy.dtype, wanted: numpy.dtype) -> numpy.dtype:
    """Return the dtype of X in the window: its own if that is smaller."""
    own = dtype.newbyteorder("=")
    return own if own.itemsize < wanted.itemsize else wanted


def _row_bytes(array: numpy.ndarray | None) -> int:
    """Return the number of bytes per row of an array."""
    return 0 if array is None else array.dtype.itemsize * (array.size // len(array))


def _empty_like(array: numpy.ndarray | None, n: int, xp: ModuleType) -> Array | None:
    """Return an empty array of n rows with the row shape and dtype of another array."""
    return None if array is None else xp.empty((n, *array.shape[1:]), array.dtype.newbyteorder("="))
