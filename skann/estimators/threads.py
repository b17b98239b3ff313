"""How many threads the BLAS runs in while a network trains, and how many predict."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any

from ..engine.architecture import Architecture
from .compat import _get_threadpool_controller

# Multiplications in a network's largest matrix product under which one thread is about as quick as two where both cores
# are free, and ten times as quick where another process is busy: threads that wait for each other do not sleep.
_WORTH_THREADS = 2**21
_ROWS_A_THREAD = 2**13  # that make it worth while to start a thread for their predictions: ten times its cost


class _OneBlasThread:
    """A context in which the BLAS keeps to one thread, from the first that enters, in any thread, to the last."""

    def __init__(self):
        self._lock = Lock()
        self._n_inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._limit = _get_threadpool_controller().limit(limits=1, user_api="blas")
            self._n_inside += 1

    def __exit__(self, *exception) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._limit.restore_original_limits()


_ONE_BLAS_THREAD = _OneBlasThread()


def blas_threads(architecture: Architecture, n_rows: int) -> AbstractContextManager:
    """Return a context in which the BLAS keeps to one thread if no product of ``n_rows`` rows is worth more.

    The number of threads is never raised, so that a joblib worker stays within its share of the cores, and is restored
    at the end.
    """
    weights = [math.prod(spec.shape) for (_, name), spec in architecture.layout().specs.items() if name == "W"]
    return nullcontext() if n_rows * max(weights) >= _WORTH_THREADS else _ONE_BLAS_THREAD


def predicting_threads(n_rows: int) -> tuple[int, AbstractContextManager]:
    """Return in how many threads to predict so many rows, and a context in which each has one of the BLAS's.

    They are as many as the BLAS may use, and share its work and what lies between the products, which the BLAS would
    leave to one: a million rows take two thirds of the time on two cores.
    """
    wanted = n_rows // _ROWS_A_THREAD
    if wanted > 1:
        libraries = _get_threadpool_controller().lib_controllers
        wanted = min(wanted, *(library.num_threads for library in libraries if library.user_api == "blas"))
    return (wanted, _ONE_BLAS_THREAD) if wanted > 1 else (1, nullcontext())
