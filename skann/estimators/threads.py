"""How many threads the BLAS runs in while a network trains."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

from ..engine.architecture import Architecture
from .compat import _get_threadpool_controller

# Multiplications in a network's largest matrix product under which one thread is about as quick as two where both cores
# are free, and ten times as quick where another process is busy: threads that wait for each other do not sleep.
_WORTH_THREADS = 2**21


def blas_threads(architecture: Architecture, n_rows: int) -> AbstractContextManager:
    """Return a context in which the BLAS keeps to one thread if no product of ``n_rows`` rows is worth more.

    The number of threads is never raised, so that a joblib worker stays within its share of the cores, and is restored
    at the end.
    """
    weights = [math.prod(spec.shape) for (_, name), spec in architecture.layout().specs.items() if name == "W"]
    if n_rows * max(weights) >= _WORTH_THREADS:
        return nullcontext()
    return _get_threadpool_controller().limit(limits=1, user_api="blas")
