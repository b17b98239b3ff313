"""Rows on their way from the host to a device: once if all fit there, else a large window at a time."""

from __future__ import annotations

import math
from types import ModuleType

import numpy

from ..arrays.backend import Array, dense, free_memory, move, namespace
from .reader import Reader
from .rows import Rows, chunks

PIECE = 2**25  # bytes of X that are gathered on the host at a time


def reader_for(rows: Rows, dtype: numpy.dtype, n_rows: int, xp: ModuleType) -> Reader | DeviceReader:
    """Return what reads batches of the rows, which lie on the host, for ``xp`` to work on."""
    here = namespace(rows.X)
    return Reader(rows, dtype, n_rows) if here is xp else DeviceReader(rows, dtype, n_rows, xp)


class DeviceReader:
    """Reads batches, as ``Reader`` does, into a device's memory.

    All rows move there once if they fit in half of the free memory; if not, as many of those that the order of an epoch
    names next, so that a batch is never waited for alone. A sparse X is made dense on the way.

    Parameters
    ----------
    rows : Rows
        On the host.
    dtype : dtype
        Of what is read.
    n_rows : int
        Rows of the largest batch.
    xp : module
        Works on the device's arrays.
    """

    def __init__(self, rows: Rows, dtype: numpy.dtype, n_rows: int, xp: ModuleType):
        self.rows, self.xp = rows, xp
        kept = _kept_dtype(rows.X.dtype, dtype)
        width = kept.itemsize * math.prod(rows.X.shape[1:])
        room = free_memory(xp) // 2 // (width + sum(_width(array) for array in (rows.target, rows.weight)))
        self.holds_all = room >= len(rows)
        size = len(rows) if self.holds_all else max(room, n_rows)
        self._piece = max(1, PIECE // width)
        self._host = Reader(Rows(rows.X, index=rows.index), kept, min(size, self._piece))
        self._window = Rows(
            xp.empty((size, *rows.X.shape[1:]), kept),
            _room_for(rows.target, size, xp),
            _room_for(rows.weight, size, xp),
            n_classes=rows.n_classes,
        )
        self._reader = Reader(self._window, dtype, n_rows)
        self._held = slice(0, 0)

    def begin(self, order: Array | None) -> None:
        """Read the rows in this order from now on; None is the one they lie in."""
        if self.holds_all:
            if not self._held.stop:
                self._hold(0)
            self._reader.begin(None if order is None else move(order, self.xp))
        else:
            self._host.begin(order)
            self._held = slice(0, 0)

    def read(self, chosen: slice, scale: float = 1.0) -> tuple[Array, Array | None, Array | float]:
        """Return x, target and weight of some rows, counted in the order that ``begin`` was given."""
        if chosen.start < self._held.start or chosen.stop > self._held.stop:
            self._hold(0 if self.holds_all else chosen.start)
        start = self._held.start
        return self._reader.read(slice(chosen.start - start, chosen.stop - start), scale)

    def _hold(self, start: int) -> None:
        """Fill the window with the rows from ``start`` on."""
        self._held = slice(start, min(start + len(self._window), len(self.rows)))
        for piece in chunks(start, self._held.stop, self._piece):
            there = slice(piece.start - start, piece.stop - start)
            self._window.X[there] = move(dense(self._host.read(piece)[0]), self.xp)
            for name in ("target", "weight"):
                array = getattr(self.rows, name)
                if array is not None:
                    part = self._of_piece(array, piece)
                    getattr(self._window, name)[there] = move(part, self.xp)

    def _of_piece(self, array: numpy.ndarray, piece: slice) -> numpy.ndarray:
        """Return an array's elements for the rows of a piece, in the machine's byte order."""
        chosen = piece if self._host.chosen is None else self._host.chosen[piece]
        return array[chosen].astype(array.dtype.newbyteorder("="), copy=False)


def _kept_dtype(dtype: numpy.dtype, wanted: numpy.dtype) -> numpy.dtype:
    """Return what rows are kept in: their own dtype where that is the smaller one."""
    own = dtype.newbyteorder("=")
    return own if own.itemsize < wanted.itemsize else wanted


def _width(array: numpy.ndarray | None) -> int:
    """Return how many bytes a row of an array takes."""
    return 0 if array is None else array.dtype.itemsize * (array.size // len(array))


def _room_for(array: numpy.ndarray | None, n: int, xp: ModuleType) -> Array | None:
    """Return an array of n rows for rows like those of an array."""
    return None if array is None else xp.empty((n, *array.shape[1:]), array.dtype.newbyteorder("="))
