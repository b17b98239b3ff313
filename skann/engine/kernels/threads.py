"""Threads for work that releases the GIL: a few, which sleep while there is no work.

Those of the BLAS spin while they wait for its next call. So whoever has work for both first claims the number of
threads that the BLAS has (``claim``), and then limits it to one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from queue import SimpleQueue
from threading import Thread, local

from threadpoolctl import ThreadpoolController

from ..arrays.backend import ignore_overflow

MAX_THREADS = 16
MULTIPLICATIONS_PER_THREAD = 2**22  # that take as long as waking a thread, at least

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
    errors: SimpleQueue[BaseException | None] = SimpleQueue()
    for i in range(1, n_threads):
        _hand_over(partial(work, i, bounds[i], bounds[i + 1]), errors)
    try:
        work(0, bounds[0], bounds[1])
    finally:
        raised = [errors.get() for _ in range(1, n_threads)]
    for error in raised:
        if error is not None:
            raise error


def share_claimed(n_units: int, n_multiplications: int, work: Callable[[slice], object]) -> None:
    """Call ``work`` for a range of units in each thread that is claimed, of as many as the multiplications are worth.

    Parameters
    ----------
    n_units : int
    n_multiplications : int
        Those of all units; ``MULTIPLICATIONS_PER_THREAD`` are worth a thread.
    work : callable
        Releases the GIL. In other threads overflow is ignored: they do not see the setting of the calling one.
    """
    n_threads = min(n_claimed(), n_units, n_multiplications // MULTIPLICATIONS_PER_THREAD)
    if n_threads < 2:
        work(slice(0, n_units))
        return

    def run(thread: int, first: int, stop: int) -> None:
        with ignore_overflow():
            work(slice(first, stop))

    share(n_units, n_threads, run)


def _hand_over(job: Callable[[], object], errors: SimpleQueue) -> None:
    """Have an idle thread do a job, and then put its error or None into a queue."""
    try:
        jobs = _idle.pop()
    except IndexError:
        jobs = SimpleQueue()
        Thread(target=_serve, args=(jobs,), name="skann", daemon=True).start()
    jobs.put((job, errors))


def _serve(jobs: SimpleQueue) -> None:
    """Do one job after the other. A queue of its own wakes a thread in two thirds of the time of an executor."""
    while True:
        job, errors = jobs.get()
        error = None
        try:
            job()
        except BaseException as raised:
            error = raised
        del job  # and the arrays it holds
        _idle.append(jobs)
        errors.put(error)


_idle: list[SimpleQueue] = []  # the queues of threads without a job
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a forked process has none of the threads of its parent
