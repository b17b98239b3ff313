"""Threads for compiled loops that release the GIL: a few, which sleep while there is no work."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from threadpoolctl import ThreadpoolController

MAX_THREADS = 16


@cache
def _blas() -> list:
    return [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]


def n_threads() -> int:
    """Return the number of threads that the BLAS may use, up to MAX_THREADS; 1 if that is unknown.

    It follows OPENBLAS_NUM_THREADS and the like, limits of threadpoolctl, and the share of a worker of joblib.
    """
    counts = [count for count in (library.num_threads for library in _blas()) if count]
    return min(MAX_THREADS, *counts) if counts else 1


def share(n_units: int, n_threads: int, work: Callable[[int, int, int], object]) -> None:
    """Call ``work(thread, first, stop)`` for consecutive ranges of units, one in each thread.

    The calling thread does its part. If it is interrupted, the others complete theirs first.

    Parameters
    ----------
    n_units : int
    n_threads : int
    work : callable
        Releases the GIL.
    """
    if n_threads == 1:
        work(0, 0, n_units)
        return
    bounds = [n_units * i // n_threads for i in range(n_threads + 1)]
    others = [_pool.submit(work, i, bounds[i], bounds[i + 1]) for i in range(1, n_threads)]
    try:
        work(0, bounds[0], bounds[1])
    finally:
        wait(others)
    for other in others:
        other.result()


def _new_pool() -> None:
    """Replace the pool: a forked process has none of the threads of its parent."""
    global _pool
    _pool = ThreadPoolExecutor(MAX_THREADS - 1, "skann")


_new_pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_pool)
