"""A call costs what the first cost after thousands of them, and the history stays bounded."""

import pickle
import sys
import tracemalloc
from dataclasses import dataclass

import numpy
import pytest

from skann import MLPClassifier, MLPRegressor
from skann.engine.schedules import Schedule
from skann.engine.training.history import HISTORY, MAX_ENTRIES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = numpy.random.RandomState(0).normal(size=(4, 2)), numpy.array([0, 1, 0, 1])
TINY = {"hidden_layer_sizes": (2,), "random_state": 0, "warn": False, "max_iter": 1}


def cost(call):
    """Return how many functions a call calls, and the most memory that it holds beyond what it leaves behind."""
    n_calls = 0

    def note(frame, event, arg):
        nonlocal n_calls
        n_calls += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    tracemalloc.start()
    call()
    left, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return n_calls, most - left


def lengthen(model, n):
    """Make the history as long as n epochs leave it."""
    for column in model.history_.values():
        column[:] = [column[0]] * n
    model.history_["epoch"][:] = range(1, n + 1)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_call_5000_costs_what_call_50_does(estimator, method):
    """The calls are all made in the quickest case; in the others the history is as long as they leave it."""
    model = estimator(warm_start=True, **TINY)
    train = getattr(model, method)
    for _ in range(50):
        train(X, Y)
    early = [cost(lambda: train(X, Y)) for _ in range(5)]
    if (estimator, method) != (MLPRegressor, "partial_fit"):
        lengthen(model, 5000)
    while len(model.loss_curve_) < 5000:
        train(X, Y)
    late = [cost(lambda: train(X, Y)) for _ in range(5)]
    assert min(late)[0] <= min(early)[0]
    assert min(memory for _, memory in late) <= min(memory for _, memory in early) + 1000


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_the_last_entries_are_kept(estimator, method):
    model = estimator(warm_start=True, **TINY)
    train = getattr(model, method)
    train(X, Y)
    lengthen(model, MAX_ENTRIES - 1)
    train(X, Y)
    assert model.history_["epoch"] == list(range(1, MAX_ENTRIES + 1))
    size = len(pickle.dumps(model))
    for _ in range(3):
        train(X, Y)
    assert model.history_["epoch"] == list(range(4, MAX_ENTRIES + 4))
    assert {len(model.history_[name]) for name in HISTORY} == {MAX_ENTRIES}
    assert model.loss_curve_ is model.history_["loss"]
    assert model.loss_curve_[-1] == model.loss_
    assert len(pickle.dumps(model)) < size + 1000


def test_a_fit_keeps_all_of_its_epochs():
    options = {**TINY, "max_iter": MAX_ENTRIES + 5, "n_iter_no_change": numpy.inf, "tol": 0.0}
    reg = MLPRegressor(warm_start=True, **options).fit(X[:1], Y[:1])
    assert len(reg.loss_curve_) == reg.n_iter_ == MAX_ENTRIES + 5
    reg.set_params(max_iter=2).fit(X[:1], Y[:1])
    assert len(reg.loss_curve_) == MAX_ENTRIES
    assert reg.history_["epoch"][-1] == MAX_ENTRIES + 7


@dataclass(frozen=True)
class Failing(Schedule):
    """Raises after the epoch in which so many rows have been seen."""

    seen: int = 0

    def after_epoch(self, rate, initial_rate, samples_seen):
        if samples_seen >= self.seen:
            raise ValueError("from a schedule")
        return rate


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_a_call_that_fails_leaves_the_history(estimator, method):
    """Also where it fails once it has noted an epoch."""
    model = estimator(warm_start=True, **{**TINY, "max_iter": 3})
    train = getattr(model, method)
    train(X, Y)
    lengthen(model, MAX_ENTRIES)
    before = {name: list(column) for name, column in model.history_.items()}
    p, attributes = model.predict(X), dict(vars(model))
    model.set_params(learning_rate=Failing(model.t_ + (8 if method == "fit" else 4)))
    with pytest.raises(ValueError, match="from a schedule"):
        train(X, Y)
    assert model.history_ == before
    assert all(vars(model)[name] is value for name, value in attributes.items() if name != "learning_rate")
    assert (model.predict(X) == p).all()


def test_warm_starts_count_epochs_as_scikit_learn_does():
    from sklearn.neural_network import MLPClassifier as Theirs

    options = {"hidden_layer_sizes": (2,), "max_iter": 4, "warm_start": True, "random_state": 0}
    ours, theirs = MLPClassifier(warn=False, **options), Theirs(**options)
    for _ in range(3):
        ours.fit(X, Y)
        theirs.fit(X, Y)
        assert (ours.n_iter_, ours.t_, len(ours.loss_curve_)) == (theirs.n_iter_, theirs.t_, len(theirs.loss_curve_))
