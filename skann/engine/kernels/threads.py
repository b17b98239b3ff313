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
def blas_libraries() -> list:
    """Return the controllers of threadpoolctl for the BLAS libraries that are loaded at the first call."""
    return [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]


def n_threads() -> int:
    """Return the number of threads that are claimed, or else that the BLAS may use; 1 if that is unknown.

    It follows OPENBLAS_NUM_THREADS and the like, limits of threadpoolctl, and the share of a worker of joblib.
    """
    counts = [count for count in (library.num_threads for library in blas_libraries()) if count]
    return n_claimed() or min(counts, default=1)


def n_claimed() -> int:
    """Return the number of threads that are claimed, which may call the BLAS; 0 if none are."""
    return getattr(_claimed, "n_threads", 0)


def max_threads() -> int:
    """Return the number of threads for which scratch is allocated."""
    return min(MAX_THREADS, os.cpu_count() or 1)


def worth(limit: int, n_units: int, n_multiplications: int) -> int:
    """Return the number of threads that a work is worth: at least 1, at most the limit and one for each unit."""
    return max(1, min(limit, n_units, n_multiplications // MULTIPLICATIONS_PER_THREAD))


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

    The calling thread does its part, and then those whose threads have not woken yet. If it is interrupted or an error
    is raised, threads that have begun complete their parts first.

    Parameters
    ----------
    n_units, n_threads : int
    work : callable
        Releases the GIL, and holds the arrays that it works on.
    """
    if n_threads == 1:
        work(0, 0, n_units)
        return
    bounds = [n_units * i // n_threads for i in range(n_threads + 1)]
    jobs = [_Job(partial(work, i, bounds[i], bounds[i + 1])) for i in range(1, n_threads)]
    finished: SimpleQueue[None] = SimpleQueue()
    try:
        for job in jobs:
            _hand_over(job, finished)
        work(0, bounds[0], bounds[1])
        for job in jobs:
            if job.claim("here"):
                job.work()
    finally:
        _wait(jobs, finished)
    for job in jobs:
        if job.error is not None:
            raise job.error


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
    n_threads = worth(n_claimed(), n_units, n_multiplications)
    if n_threads == 1:
        work(slice(0, n_units))
        return

    def run(thread: int, first: int, stop: int) -> None:
        with ignore_overflow():
            work(slice(first, stop))

    share(n_units, n_threads, run)


class _Job:
    """Work that is done once, by whoever claims it first."""

    def __init__(self, work: Callable[[], object]):
        self.work = work
        self.is_done = False
        self.error: BaseException | None = None
        self._owner: dict[int, str] = {}

    def claim(self, by: str) -> bool:
        """Return whether the job is the claimant's, who may ask again."""
        return self._owner.setdefault(0, by) == by


def _hand_over(job: _Job, finished: SimpleQueue) -> None:
    """Offer a job to an idle thread, or to a new one if there can be one."""
    try:
        offers = _idle.pop()
    except IndexError:
        offers = SimpleQueue()
        try:
            Thread(target=_serve, args=(offers,), name="skann", daemon=True).start()
        except RuntimeError:
            return
    offers.put((job, finished))


def _serve(offers: SimpleQueue) -> None:
    """Do one job after the other. A queue of its own wakes a thread in two thirds of the time of an executor."""
    while True:
        job, finished = offers.get()
        if job.claim("there"):
            try:
                job.work()
            except BaseException as error:
                job.error = error
            job.is_done = True
        del job  # and its arrays
        _idle.append(offers)
        finished.put(None)


def _wait(jobs: list[_Job], finished: SimpleQueue) -> None:
    """Return when no other thread does a job, and none will; raise KeyboardInterrupt then if it came in between."""
    interrupt = None
    while True:
        try:
            while any(not job.claim("here") and not job.is_done for job in jobs):
                finished.get()
            break
        except KeyboardInterrupt as raised:
            interrupt = raised
    if interrupt is not None:
        raise interrupt


_idle: list[SimpleQueue] = []  # how to offer jobs to threads that have none
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a forked process has none of the threads of its parent
