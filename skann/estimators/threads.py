"""Number of BLAS threads during training, and of threads for prediction."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, get_ident
from typing import Any, TypeVar

from .._sklearn_compat import _get_threadpool_controller
from ..engine.graph import Graph
from ..engine.kernels.threads import blas_libraries, claim, n_threads
from ..engine.prediction import chunk_size
from ..engine.training.lbfgs import LBFGSTrainer
from ..engine.training.trainer import Trainer

T = TypeVar("T")
# Number of multiplications in the largest matrix product of a network below which a single BLAS thread is about as fast
# as two on two idle cores, and ten times as fast beside a busy process: BLAS threads spin while they wait.
_MIN_SIZE_FOR_THREADS = 2**21
_MIN_ROWS_PER_THREAD = 2**13  # predicting as many rows takes ten times as long as starting a thread


class BlasLimit:
    """A hold that limits the BLAS to one thread until the owner, the thread with the first hold, has released all.

    Most BLAS libraries have a single number of threads per process. If each thread set and restored it, the last to
    leave would restore a number that another had set. Both methods are safe against Ctrl-C: ``release`` completes or
    reverts an interrupted call.

    Parameters
    ----------
    active : bool, default=True
        Whether to limit the BLAS at all.
    """

    _lock = Lock()
    _owner: int | None = None  # ident of the thread that holds the limit
    _holds: frozenset[BlasLimit] = frozenset()
    _before: tuple[tuple[Any, int], ...] = ()  # each limited library with its former number of threads

    def __init__(self, active: bool = True):
        self.active = active

    def hold(self) -> bool:
        """Limit the BLAS unless another thread does; return whether this thread limits it."""
        if not self.active:
            return False
        cls, here = BlasLimit, get_ident()
        with self._lock:
            if cls._owner not in (None, here):
                return False
            holds, before = cls._holds | {self}, cls._before or _blas_threads()
            # recorded before any library is changed
            cls._owner, cls._holds, cls._before = here, holds, before
            if len(holds) == 1:
                for library, _ in before:
                    library.set_num_threads(1)
        return True

    def release(self) -> None:
        """Restore the number of threads if this is the last hold; do nothing without a hold."""
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
                pass  # leaving any such context lets other threads set limits again
            cls._owner, cls._holds, cls._before = None, others, ()

    def run(self, work: Callable[[bool], T]) -> T:
        """Return ``work(limits)``, where ``limits`` is the value of ``hold``, and release the BLAS in any case."""
        try:
            return work(self.hold())
        finally:
            interrupt = None
            while True:  # however often Ctrl-C is pressed
                try:
                    self.release()
                    break
                except KeyboardInterrupt as raised:
                    interrupt = raised
            if interrupt is not None:
                raise interrupt

    @staticmethod
    def forget_others() -> None:
        """Release what another thread holds: in a forked process that thread does not exist."""
        cls = BlasLimit
        cls._lock = Lock()
        if cls._owner not in (None, get_ident()):
            for library, n_threads in cls._before:
                library.set_num_threads(n_threads)
            cls._owner, cls._holds, cls._before = None, frozenset(), ()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BlasLimit.forget_others)


def _blas_threads() -> tuple[tuple[Any, int], ...]:
    """Return each BLAS library with its number of threads, except macOS's own, which cannot be limited."""
    counts = [(library, library.num_threads) for library in blas_libraries()]
    return tuple((library, count) for library, count in counts if count)


def blas_limit(graph: Graph, n_rows: int) -> BlasLimit:
    """Return a BlasLimit that is active if threads of ours share the work, or products of ``n_rows`` rows are small.

    The number of threads is never raised, so that a joblib worker stays within its share of the cores.
    """
    return BlasLimit(graph.convolves or n_rows * graph.largest_product < _MIN_SIZE_FOR_THREADS)


def run_training(training: Trainer | LBFGSTrainer) -> None:
    """Train with as many threads as the BLAS has: threads of ours if layers convolve, else those of the BLAS itself."""
    graph = training.learner.graph
    limit = blas_limit(graph, training.n_rows_at_once)
    if not graph.convolves:
        limit.run(lambda _: training.run())
        return
    with claim(n_threads()):
        limit.run(lambda _: training.run())


def n_threads_to_predict(graph: Graph, n_rows: int) -> int:
    """Return the number of threads for predicting ``n_rows`` rows: up to as many as the BLAS may use.

    The operations between the matrix products are then parallel, too. With BLAS threads they run in one; on two cores a
    million rows take two thirds to four fifths of that time, and four thousand images three quarters.
    """
    limit = n_rows // (chunk_size(graph) if graph.convolves else _MIN_ROWS_PER_THREAD)
    return min(limit, n_threads()) if limit > 1 else 1


def run_in_threads(n_threads: int, work: Callable[[Callable], T]) -> T:
    """Return ``work(map)``, where ``map`` is that of a pool of ``n_threads`` threads.

    Each thread uses a single BLAS thread, unless another thread limits the BLAS at the moment.
    """

    def work_in_pool(limits: bool) -> T:
        # some libraries have a number of threads per calling thread; others have one per process, which the first hold
        # restores
        with ThreadPoolExecutor(n_threads, initializer=_limit_this_thread if limits else None) as pool:
            return work(pool.map)

    return BlasLimit().run(work_in_pool)


def _limit_this_thread() -> None:
    """Limit the BLAS to one thread, in libraries with a limit per thread for the lifetime of this one."""
    for library, _ in _blas_threads():
        library.set_num_threads(1)
