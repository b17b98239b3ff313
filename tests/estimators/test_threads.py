"""The number of BLAS threads: one for a small network, and what it was before afterwards."""

import numpy
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skann import MLPClassifier

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
