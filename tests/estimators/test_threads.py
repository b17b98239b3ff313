"""The number of BLAS threads: one for a small network, and what it was before afterwards; threads that predict."""

import numpy
import pytest
from numpy.testing import assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

from skann import MLPClassifier
from skann.engine import prediction
from skann.estimators.threads import predicting_threads

X = numpy.random.RandomState(0).normal(size=(600, 20))
Y = (X[:, 0] > 0).astype(int)


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
def test_many_rows_are_predicted_in_threads_with_the_same_bits(monkeypatch):
    clf = MLPClassifier((5,), max_iter=1, random_state=0).fit(X, Y)
    many = numpy.resize(X, (40 * prediction.CHUNK + 7, 20))
    used, original = [], prediction.outputs
    monkeypatch.setattr(prediction, "outputs", lambda *a, **k: used.append(k["n_threads"]) or original(*a, **k))
    before = threads()
    p = clf.predict_proba(many)
    with threadpool_limits(limits=1, user_api="blas"):
        assert_array_equal(clf.predict_proba(many), p)
    assert_array_equal(clf.predict_proba(many[:100]), p[:100])
    assert used == [min(2, *before), 1, 1]
    assert threads() == before


def test_the_last_that_predicts_restores_the_threads():
    before = threads()
    n_threads, first = predicting_threads(2**20)
    second = predicting_threads(2**20)[1]
    assert n_threads == min(before)
    with first:
        assert predicting_threads(2**20)[0] == 1  # the cores are busy
        with second:
            pass
        assert threads() == {1}
    assert threads() == before
