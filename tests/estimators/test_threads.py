"""The number of BLAS threads: one for a small network, and what it was before afterwards; threads that predict."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

from skann import MLPClassifier
from skann.engine import prediction
from skann.engine.graph import chain
from skann.engine.initializers import Fill
from skann.engine.layers import Conv2D, Dense
from skann.estimators.threads import n_threads_to_predict

X = numpy.random.RandomState(0).normal(size=(600, 20))
Y = (X[:, 0] > 0).astype(int)
SMALL = chain([("output", Dense(1, Fill()))], (2,))
IMAGES = chain([("conv", Conv2D(2, Fill())), ("output", Dense(1, Fill()))], (8, 8, 1))


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        yield


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(("hidden", "expected"), [((10,), 1), ((2000, 100), 2)])
def test_a_small_network_trains_in_one_thread(hidden, expected):
    seen = []

    def score(estimator, X, y):
        seen.append(threads())
        return 0.0

    before = threads()
    MLPClassifier(hidden, max_iter=2, early_stopping=True, scoring=score, random_state=0).fit(X, Y)
    assert seen == [{min(expected, *before)}] * 2
    assert threads() == before


def test_what_was_set_is_back_after_an_error():
    before = threads()
    with pytest.raises(ValueError, match="was nan"):
        MLPClassifier((10,), early_stopping=True, scoring=lambda *_: numpy.nan).fit(X, Y)
    assert threads() == before


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("sparse", [False, True])
def test_many_rows_are_predicted_in_threads_with_the_same_bits(monkeypatch, sparse):
    clf = MLPClassifier((5,), max_iter=1, random_state=0).fit(X, Y)
    many = numpy.resize(X, (40 * prediction.CHUNK + 7, 20))
    if sparse:
        many = scipy.sparse.csr_matrix(many)
    used, original = [], prediction.Predictor.outputs
    monkeypatch.setattr(
        prediction.Predictor, "outputs", lambda *a, **k: used.append(k.get("n_parts", 1)) or original(*a, **k)
    )
    before = threads()
    p = clf.predict_proba(many)
    with threadpool_limits(limits=1, user_api="blas"):
        assert_array_equal(clf.predict_proba(many), p)
    assert_allclose(clf.predict_proba(many[:100]), p[:100], rtol=1e-12)
    assert used == [min(2, *before), 1, 1]
    assert threads() == before


def test_few_rows_and_a_blas_that_does_not_tell_take_one_thread(monkeypatch):
    assert n_threads_to_predict(SMALL, 2**13) == 1
    assert n_threads_to_predict(SMALL, 2**20) == min(threads())
    assert n_threads_to_predict(IMAGES, 1000) == 1
    assert n_threads_to_predict(IMAGES, 2**11) == min(threads())
    for controllers in ([], [SimpleNamespace(user_api="blas", num_threads=None)]):
        told = SimpleNamespace(lib_controllers=controllers)
        monkeypatch.setattr("skann.engine.kernels.threads.blas_libraries", lambda told=told: told.lib_controllers)
        assert n_threads_to_predict(SMALL, 2**20) == 1


OVERLAP = """
import threading
from concurrent.futures import ThreadPoolExecutor
import numpy
from threadpoolctl import threadpool_info
from skann.engine.graph import chain
from skann.engine.initializers import Fill
from skann.engine.layers import Dense
from skann.estimators.threads import blas_limit

small = chain([("output", Dense(1, Fill()))], (2,))
first_in, second_in, first_out, second_out = (threading.Event() for _ in range(4))

def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

def run(enters, waits_for, leaves):
    def work(_):
        enters.set()
        assert waits_for.wait(10)

    blas_limit(small, 1).run(work)
    leaves.set()
    assert second_out.wait(10)

before = threads()
with ThreadPoolExecutor(2) as pool:
    one = pool.submit(run, first_in, second_in, first_out)
    assert first_in.wait(10)
    assert threads() == {1}
    two = pool.submit(run, second_in, first_out, second_out)
    one.result(), two.result()
    assert threads() == before
assert blas_limit(small, 1).run(lambda _: blas_limit(small, 1).run(lambda _: threads())) == {1}
assert threads() == before
"""


FORK = """
import os
import threading
from threadpoolctl import threadpool_info
from skann.estimators.threads import BlasLimit

def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

def hold(_):
    held.set()
    assert ended.wait(60)

before, held, ended = threads(), threading.Event(), threading.Event()
other = threading.Thread(target=BlasLimit().run, args=(hold,))
other.start()
held.wait()
BlasLimit._lock.acquire()  # as the other thread has it at times
child = os.fork()
if child == 0:
    assert threads() == before
    assert BlasLimit().run(lambda limits: limits and threads()) == {1}
    os._exit(threads() != before)
BlasLimit._lock.release()
ended.set()
other.join()
assert os.waitpid(child, 0)[1] == 0
assert threads() == before
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_has_no_limit_of_another_thread():
    two_threads = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    fork = [sys.executable, "-W", "ignore", "-c", FORK]
    done = subprocess.run(fork, env=two_threads, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_threads_that_overlap_restore_what_was_set():
    """The first that entered leaves while the second is inside, and lives on; in a process that nobody has limited."""
    two_threads = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", OVERLAP], env=two_threads, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
