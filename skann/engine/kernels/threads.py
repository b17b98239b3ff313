"""Threads for work that releases the GIL: a few, which sleep while there is no work.

Those of the BLAS spin while they wait for its next call. So whoever has work for both first claims the number of
threads that the BLAS has (``claim``), and then limits it to one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from threading import local

from threadpoolctl import ThreadpoolController

MAX_THREADS = 16
MULTIPLICATIONS_PER_THREAD = 2**22  # that take as long as starting a thread, at least

_claimed = local()


@cache
def _blas() -> list:
    return [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]


def n_threads() -> int:
    """Return the number of threads that are claimed, or else that the BLAS may use; 1 if that is unknown.

    It follows OPENBLAS_NUM_THREADS and the like, limits of threadpoolctl, and the share of a worker of joblib.
    """
    counts = [count for count in (library.num_threads for library in _blas()) if count]
    return n_claimed() or min(counts, default=1)


def n_claimed() -> int:
    """Return the number of threads that are claimed, which may call the BLAS; 0 if none are."""
    return getattr(_claimed, "n_threads", 0)


@contextmanager
def claim(n_threads: int) -> Iterator[None]:
    """Give the work of this thread a number of threads, whatever the BLAS may use in the meantime."""
    before = n_claimed()
    _claimed.n_threads = n_threads
    try:
        yield
    finally:
        _claimed.n_threads = before


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
