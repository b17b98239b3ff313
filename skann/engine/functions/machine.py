"""The compiled loops with register tiles for this processor, and the division of their scratch."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import ModuleType

import numpy

from ..kernels import threads
from .tiling import rounded_up

_CACHE_LINE = 64  # bytes
_SLACK = 16  # number of elements of any dtype in a cache line, at most


class Memory:
    """Scratch that all threads read, and scratch of each, in cache lines of their own.

    Parameters
    ----------
    work : array of shape (size,)
    shared, per_thread : int
        Number of elements.
    """

    def __init__(self, work: numpy.ndarray, shared: int, per_thread: int):
        self._work = work
        self.start = rounded_up(work.ctypes.data, _CACHE_LINE)
        self._threads_start = self.start + rounded_up(shared, _SLACK) * work.itemsize
        self._per_thread = per_thread * work.itemsize
        self._capacity = (work.size - self.size(shared, 0)) // per_thread

    @staticmethod
    def size(shared: int, threads: int) -> int:
        """Return the size of ``work`` for the elements that all threads read, and those of all threads."""
        return _SLACK + rounded_up(shared, _SLACK) + threads

    def scratch(self, thread: int) -> int:
        """Return the address of a thread's scratch."""
        return self._threads_start + thread * self._per_thread

    def n_threads(self, n_parts: int, n_multiplications: int) -> int:
        """Return the number of threads for a work of so many parts and multiplications."""
        n_threads = threads.worth(self._capacity, n_parts, n_multiplications)
        return min(n_threads, threads.n_threads()) if n_threads > 1 else 1


class Machine:
    """The compiled loops with the tiles for this processor and a dtype.

    Attributes
    ----------
    loops, minimal_loops : module
        Those of sums over windows, and of minimal filtering.
    wide, narrow : tuple
        Keys of the tile of several vectors, and of that of one.
    lanes, vectors, rows, columns : int
        Number of elements of a vector, and of vectors, rows and elements of a row of the wide tile.
    """

    def __init__(self, tile, loops: ModuleType, minimal_loops: ModuleType, itemsize: int, channelwise: bool):
        self.loops, self.minimal_loops = loops, minimal_loops
        self.wide, self.narrow = (replace(tile, vectors=n, channelwise=channelwise).key for n in (tile.vectors, 1))
        self.lanes, self.vectors, self.rows = tile.vector_bytes // itemsize, tile.vectors, tile.rows
        self.columns = self.lanes * self.vectors


@cache
def machine_for(itemsize: int, channelwise: bool = False) -> Machine:
    """Return the loops for a dtype, for filters that read all channels or the one of the same index."""
    from ..kernels import convolution, tiles, winograd  # the import of Numba takes half a second

    return Machine(tiles.host_tile(), convolution, winograd, itemsize, channelwise)
