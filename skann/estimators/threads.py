"""How many threads the BLAS runs in while a network trains, and how many predict."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, get_ident

from ..engine.architecture import Architecture
from .compat import _get_threadpool_controller

# Multiplications in a network's largest matrix product under which one thread is about as quick as two where both cores
# are free, and ten times as quick where another process is busy: threads that wait for each other do not sleep.
_WORTH_THREADS = 2**21
_ROWS_A_THREAD = 2**13  # that make it worth while to start a thread for their predictions: ten times its cost


class _OneBlasThread:
    """A context in which the BLAS keeps to one thread, for as long as the first thread that entered is inside.

    Most BLAS libraries have one number of threads for the whole process. Were each thread to set and restore it, the
    last to leave would restore what another had set.
    """

    def __init__(self):
        self._lock = Lock()
        self._owner: int | None = None
        self._limits: list[AbstractContextManager] = []

    def __enter__(self) -> bool:
        """Tell whether it is this thread that limits the BLAS."""
        with self._lock:
            if self._owner is None:
                self._owner = get_ident()
            if self._owner == get_ident():
                self._limits.append(_limit())
                self._limits[-1].__enter__()
            return self._owner == get_ident()

    def __exit__(self, *exception) -> None:
        with self._lock:
            if self._owner == get_ident():
                self._limits.pop().__exit__(*exception)
                if not self._limits:
                    self._owner = None


def _limit() -> AbstractContextManager:
    return _get_threadpool_controller().limit(limits=1, user_api="blas")


_ONE_BLAS_THREAD = _OneBlasThread()


def blas_threads(architecture: Architecture, n_rows: int) -> AbstractContextManager:
    """Return a context in which the BLAS keeps to one thread if no product of ``n_rows`` rows is worth more.

    The number of threads is never raised, so that a joblib worker stays within its share of the cores, and is restored
    at the end.
    """
    weights = [math.prod(spec.shape) for (_, name), spec in architecture.layout().specs.items() if name == "W"]
    return nullcontext() if n_rows * max(weights) >= _WORTH_THREADS else _ONE_BLAS_THREAD


def n_threads_to_predict(n_rows: int) -> int:
    """Return in how many threads to predict so many rows: as many as the BLAS may use, if that is worth while.

    They share what lies between the products too, which the BLAS would leave to one: a million rows take two thirds to
    four fifths of the time on two cores.
    """
    wanted = n_rows // _ROWS_A_THREAD
    if wanted < 2:
        return 1
    libraries = _get_threadpool_controller().lib_controllers
    counts = [library.num_threads for library in libraries if library.user_api == "blas"]
    return min(wanted, *counts) if counts and all(counts) else 1  # macOS's own BLAS does not tell


@contextmanager
def predicting_threads(n_threads: int) -> Iterator[Executor]:
    """Give a pool of threads, each of which has one of the BLAS's unless another thread limits it just now."""
    with _ONE_BLAS_THREAD as limits:
        # some libraries have a number for each thread; others leave it to the thread that limited them first, which
        # restores it
        initializer = _limit_this_thread if limits else None
        with ThreadPoolExecutor(n_threads, initializer=initializer) as pool:
            yield pool


def _limit_this_thread() -> None:
    """Limit the BLAS for as long as this thread lives."""
    _limit().__enter__()
