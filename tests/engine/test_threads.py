"""Threads for work that releases the GIL, and convolution without compiled loops in them."""

import os
import signal
import threading
import time
import warnings
from functools import partial

import numpy
import pytest
import scipy.sparse
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from skann.engine.arrays.backend import ignore_overflow
from skann.engine.functions import convolution
from skann.engine.functions.algebra import shared_dot
from skann.engine.functions.geometry import Geometry
from skann.engine.kernels import threads

from .harness import poisoned

PADDED = ((1, 1), (1, 1))
GEOMETRIES = [
    Geometry((9, 7, 3), 4, (3, 3), (2, 1), PADDED),
    Geometry((5, 6, 4), 6, (3, 3), padding=PADDED, groups=2),
    Geometry((5, 6, 4), 4, (3, 3), padding=PADDED, groups=4),
    Geometry((4, 4, 5), 3, (1, 1)),
    Geometry((90, 90, 8), 40, (3, 3), padding=PADDED),  # bands
]


def test_the_number_of_threads_is_that_of_the_blas():
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"):
            assert threads.n_threads() == n_threads
            with threads.claim(3):
                assert threads.n_threads() == threads.n_claimed() == 3
            assert threads.n_threads() == n_threads
            assert threads.n_claimed() == 0


def note(calls, *call):
    calls.append(call)


def test_units_are_shared_by_ranges():
    for n_units, n_threads in ((7, 3), (3, 3), (5, 1)):
        calls = []
        threads.share(n_units, n_threads, partial(note, calls))
        calls.sort()
        assert [call[0] for call in calls] == list(range(n_threads))
        assert [calls[0][1], *(call[2] for call in calls)] == [0, *(call[1] for call in calls[1:]), n_units]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_any_thread_is_raised_when_no_part_runs(failing):
    begun, done = [], []

    def work(thread, first, stop):
        begun.append(thread)
        if thread == failing:
            raise RuntimeError("stop")
        time.sleep(0.01)
        done.append(thread)

    for _ in range(20):
        begun.clear()
        done.clear()
        with pytest.raises(RuntimeError, match="stop"):
            threads.share(3, 3, work)
        assert set(done) == set(begun) - {failing}


@pytest.mark.parametrize("waiting", [False, True])
def test_an_interrupt_waits_for_parts_that_have_begun(waiting):
    begun, done = threading.Event(), []

    def work(thread, first, stop):
        if thread:
            begun.set()
            time.sleep(0.3)
            done.append(thread)
            return
        assert begun.wait(10)
        if waiting:
            threading.Timer(0.1, signal.pthread_kill, (threading.get_ident(), signal.SIGINT)).start()
        else:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        threads.share(2, 2, work)
    assert done == [1]


def test_work_is_done_where_no_thread_can_start(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_idle", [])
    monkeypatch.setattr(threading.Thread, "start", start)
    calls = []
    threads.share(5, 3, partial(note, calls))
    assert sorted(calls) == [(0, 0, 1), (1, 1, 3), (2, 3, 5)]


@pytest.fixture
def three_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 3)  # for which there is scratch
    monkeypatch.setattr(threads, "MULTIPLICATIONS_PER_THREAD", 1)


def passes(geometry, n, scale=1.0):
    """Return the output of a convolution and its gradients."""
    rng = numpy.random.RandomState(0)
    x, W = rng.normal(size=(n, *geometry.in_shape)), rng.normal(size=geometry.weight_shape) * scale
    b, dy = rng.normal(size=geometry.n_filters), rng.normal(size=(n, *geometry.out_shape))
    y, dx, dW, db = results = [poisoned(like.shape, float) for like in (dy, x, W, b)]
    work = poisoned(convolution.work_size(geometry), float)
    convolution.convolve(numpy, geometry, x, W, b, y, work)
    work.fill(numpy.nan)
    convolution.convolve_input_gradient(numpy, geometry, dy, W, dx, work)
    work.fill(numpy.nan)
    convolution.convolve_weight_gradient(numpy, geometry, x, dy, dW, db, work)
    return results


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=repr)
@pytest.mark.parametrize(("n", "n_threads"), [(7, 3), (2, 2), (1, 1)])
def test_convolution_in_claimed_threads(geometry, n, n_threads, three_cores, monkeypatch):
    used, share = set(), threads.share
    monkeypatch.setattr(threads, "share", lambda n_units, n, work: (used.add(n), share(n_units, n, work)))
    expected = passes(geometry, n)
    assert used == {1}
    used.clear()
    with threads.claim(3):
        for got, one in zip(passes(geometry, n), expected, strict=True):
            assert_allclose(got, one, atol=1e-10)
    assert used == {n_threads}


@pytest.mark.parametrize("shape", [(7, 5, 2), (2, 5, 7), (1, 4, 1)])
def test_products_in_claimed_threads(shape, three_cores, monkeypatch):
    n, inner, units = shape
    rng = numpy.random.RandomState(0)
    a, b, out = rng.normal(size=(n, inner)), rng.normal(size=(units, inner)).T, poisoned((n, units), float)
    shared_dot(a, b, out)
    assert_allclose(out, a @ b)
    used, share = [], threads.share
    monkeypatch.setattr(threads, "share", lambda n_units, n, work: (used.append(n), share(n_units, n, work)))
    out.fill(numpy.nan)
    with threads.claim(3):
        shared_dot(a, b, out)
        shared_dot(scipy.sparse.csr_matrix(a), b, poisoned((n, units), float))
    assert_allclose(out, a @ b)
    assert used == ([3] if max(n, units) > 1 else [])


def test_claimed_threads_do_not_warn_of_overflow(three_cores):
    with warnings.catch_warnings(), ignore_overflow(), threads.claim(3):
        warnings.simplefilter("error")
        assert not numpy.isfinite(passes(GEOMETRIES[0], 6, 1e308)[0]).all()
