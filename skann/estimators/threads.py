"""How many threads the BLAS runs in while a network trains, and how many predict."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, get_ident
from typing import Any, TypeVar

from .._sklearn_compat import _get_threadpool_controller
from ..engine.parameters import Layout

T = TypeVar("T")
# Multiplications in a network's largest matrix product under which one thread is about as quick as two where both cores
# are free, and ten times as quick where another process is busy: threads that wait for each other do not sleep.
_WORTH_THREADS = 2**21
_ROWS_A_THREAD = 2**13  # that make it worth while to start a thread for their predictions: ten times its cost


class BlasLimit:
    """A hold on the BLAS, which keeps to one thread for as long as there is a hold of the thread that took the first.

    Most BLAS libraries have one number of threads for the whole process. Were each thread to set and restore it, the
    last to leave would restore what another had set. Ctrl-C may fall into either method, and ``release`` then ends
    what was begun.

    Parameters
    ----------
    wanted : bool, default=True
        Whether to limit the BLAS at all.
    """

    _lock = Lock()
    _owner: int | None = None  # the thread that holds
    _holds: frozenset[BlasLimit] = frozenset()
    _before: tuple[tuple[Any, int], ...] = ()  # each library that is limited, with its number of threads before

    def __init__(self, wanted: bool = True):
        self.wanted = wanted

    def hold(self) -> bool:
        """Limit the BLAS, unless another thread does; tell whether it is this thread that limits it."""
        if not self.wanted:
            return False
        cls, here = BlasLimit, get_ident()
        with self._lock:
            if cls._owner not in (None, here):
                return False
            holds, before = cls._holds | {self}, cls._before or _blas_threads()
            # noted before the first is changed
            cls._owner, cls._holds, cls._before = here, holds, before
            if len(holds) == 1:
                for library, _ in before:
                    library.set_num_threads(1)
        return True

    def release(self) -> None:
        """Give the BLAS back its threads, if this is the last hold; without a hold, do nothing."""
        cls = BlasLimit
        with self._lock:
            if self not in cls._holds:
                return
            others = cls._holds - {self}
            if others:
                cls._holds = others
                return
            for library, n_threads in cls._before:
                library.set_num_threads(n_threads)
            with _get_threadpool_controller().limit(limits=None):
                pass  # leaving any limit lets other threads set limits again
            cls._owner, cls._holds, cls._before = None, others, ()

    def during(self, work: Callable[[bool], T]) -> T:
        """Call ``work``, which takes what ``hold`` returned, and release the BLAS whatever happens."""
        try:
            return work(self.hold())
        finally:
            try:
                self.release()
            except KeyboardInterrupt:  # which fell into it
                self.release()
                raise


def _blas_threads() -> tuple[tuple[Any, int], ...]:
    """Return each BLAS library with its number of threads; macOS's own does not tell, and cannot be limited."""
    libraries = [library for library in _get_threadpool_controller().lib_controllers if library.user_api == "blas"]
    counts = [(library, library.num_threads) for library in libraries]
    return tuple((library, count) for library, count in counts if count)


def blas_limit(layout: Layout, n_rows: int) -> BlasLimit:
    """Return what keeps the BLAS to one thread if no product of ``n_rows`` rows is worth more.

    The number of threads is never raised, so that a joblib worker stays within its share of the cores, and is restored
    at the end.
    """
    weights = [math.prod(layout.specs[key].shape) for key in layout.with_role("weight")]
    return BlasLimit(n_rows * max(weights) < _WORTH_THREADS)


def n_threads_to_predict(n_rows: int) -> int:
    """Return in how many threads to predict so many rows: as many as the BLAS may use, if that is worth while.

    They share what lies between the products too, which the BLAS would leave to one: a million rows take two thirds to
    four fifths of the time on two cores.
    """
    wanted = n_rows // _ROWS_A_THREAD
    if wanted < 2:
        return 1
    counts = [n_threads for _, n_threads in _blas_threads()]
    return min(wanted, *counts) if counts else 1


def in_threads(n_threads: int, work: Callable[[Callable], T]) -> T:
    """Return what ``work`` makes of a ``map`` in so many threads.

    Each has one thread of the BLAS, unless another limits the BLAS just now.
    """

    def work_in_pool(limits: bool) -> T:
        # some libraries have a number for each thread; others leave it to the thread that limited them first, which
        # restores it
        with ThreadPoolExecutor(n_threads, initializer=_limit_this_thread if limits else None) as pool:
            return work(pool.map)

    return BlasLimit().during(work_in_pool)


def _limit_this_thread() -> None:
    """Limit the BLAS for as long as this thread lives."""
    for library, _ in _blas_threads():
        library.set_num_threads(1)
