"""Ctrl-C at any moment: a fit that has stepped returns a fitted estimator with a warning, any other leaves no trace.

Python looks for Ctrl-C where a function begins and after each call. A profiler is called there too, and may raise.
"""

import copy
import inspect
import sys
import warnings
from itertools import count
from pathlib import Path

import numpy
import pandas
import pytest
from numpy.testing import assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

import skann
from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier
from skann.estimators.threads import BlasLimit

ROOT = str(Path(skann.__file__).parent)
X = numpy.random.RandomState(0).normal(size=(24, 3))
Y = numpy.arange(24) % 2
TABLE = pandas.DataFrame({"a": X[:, 0], "b": numpy.where(Y, "x", "y")})
SMALL = {"hidden_layer_sizes": (2,), "max_iter": 2, "batch_size": 12, "random_state": 0, "warn": False}


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


class Interrupt:
    """Raises KeyboardInterrupt at the n-th place in skann where Ctrl-C may fall in, and tells what was there."""

    def __init__(self, n):
        self.n, self.passed = n, 0
        self.has_stepped, self.where = False, None

    def __call__(self, frame, event, arg):
        code = frame.f_code
        is_generator = code.co_flags & inspect.CO_GENERATOR  # where it is thrown away, what it raises is lost
        if not code.co_filename.startswith(ROOT) or event == "c_call" or is_generator:
            return
        if event == "return" and code.co_qualname in ("SupervisedStep.step", "LBFGSTrainer._record"):
            self.has_stepped = True
        self.passed += 1
        if self.passed == self.n:
            self.where = code.co_name, event
            raise KeyboardInterrupt


def interrupted(n, action):
    """Return whether an action with an interrupt at its n-th place raises, the messages of its warnings, and the place.

    The place is None if there are fewer.
    """
    interrupt, raises = Interrupt(n), False
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            sys.setprofile(interrupt)
            action()
        except KeyboardInterrupt:
            raises = True
        finally:
            sys.setprofile(None)
    return raises, [str(warning.message) for warning in caught], interrupt


def assert_nothing_is_left(estimator, before):
    """Assert that neither the process nor the estimator shows that something was cut short."""
    assert (threads(), numpy.geterr()) == before
    assert not BlasLimit._holds
    assert not BlasLimit._lock.locked()


def score(estimator, X, y):
    return estimator.score(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("start", [None, "fitted"])
@pytest.mark.parametrize(
    ("estimator", "method"),
    [
        (MLPClassifier(early_stopping=True, scoring=score, **SMALL), "fit"),
        (MLPRegressor(solver="sgd", averaging=0.9, dropout=0.2, **SMALL), "fit"),
        (MLPClassifier(warm_start=True, **SMALL), "fit"),
        (MLPRegressor(solver="lbfgs", **SMALL), "fit"),
        (MLPClassifier(averaging=0.9, **SMALL), "partial_fit"),
    ],
    ids=["early stopping", "averaging", "warm start", "lbfgs", "partial_fit"],
)
def test_ctrl_c_at_any_moment(estimator, method, start):
    """Every 41st place: all of them, some 2,000 each, take minutes."""
    fitted = copy.deepcopy(estimator)
    arguments = (X, Y, None, [0, 1])[: 4 if method == "partial_fit" and start is None else 2]
    if start == "fitted":
        getattr(fitted, method)(X, Y)
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads(), numpy.geterr()
        for n in count(1 if start is None else 21, 41):
            clf = copy.deepcopy(fitted)
            attributes, history = dict(vars(clf)), copy.deepcopy(getattr(clf, "history_", None))
            raises, messages, interrupt = interrupted(n, lambda clf=clf: getattr(clf, method)(*arguments))
            if interrupt.where is None:
                assert n > 1000  # there are so many places
                return
            is_new = vars(clf).keys() != attributes.keys() or any(vars(clf)[k] is not v for k, v in attributes.items())
            assert is_new == interrupt.has_stepped, interrupt.where
            if raises and is_new:  # after all was done
                assert interrupt.where[0] in ("train_atomically", "fit", "_fit", "partial_fit", "_partial_fit")
            else:
                assert raises == (not is_new), interrupt.where
                assert is_new == any("Training interrupted by user" in message for message in messages)
            if not is_new:
                assert getattr(clf, "history_", None) == history
            assert_nothing_is_left(clf, before)
            assert_whole(clf, len(history["loss"]) if history and is_new and clf.warm_start else 0)


def assert_whole(clf, n_earlier):
    """Assert that an estimator which is fitted predicts, and that what it tells of its course agrees."""
    if clf.__sklearn_is_fitted__():
        assert numpy.isfinite(clf.predict(X)).all()
    if hasattr(clf, "history_"):
        lengths = {len(column) for column in clf.history_.values()}
        assert lengths == {len(clf.loss_curve_)}
        assert len(clf.loss_curve_) == n_earlier + clf.n_iter_
        assert clf.t_ == (21 if clf.early_stopping else 24) * len(clf.loss_curve_)


@pytest.mark.parametrize("n_members", [1, 3])
def test_ctrl_c_at_any_moment_of_several_networks(n_members):
    """The networks that have stepped are kept, the last with its course up to there."""
    fitted = TabularMLPClassifier(n_members=n_members, calibrate=True, **SMALL)
    with threadpool_limits(limits=2, user_api="blas"):
        before, kept = (threads(), numpy.geterr()), set()
        for n in count(1, 331):
            clf = copy.deepcopy(fitted)
            raises, messages, interrupt = interrupted(n, lambda clf=clf: clf.fit(TABLE, Y))
            if interrupt.where is None:
                break
            assert hasattr(clf, "members_") == interrupt.has_stepped, interrupt.where
            assert raises == (not interrupt.has_stepped) or interrupt.where[0] in ("train_atomically", "fit")
            assert_nothing_is_left(clf, before)
            if hasattr(clf, "members_"):
                assert raises or any("Training interrupted by user" in message for message in messages)
                assert numpy.isfinite(clf.predict_proba(TABLE)).all()
                for _, network in clf.members_:
                    assert {len(column) for column in network.history_.values()} == {network.n_iter_}
                kept.add(len(clf.members_))
        assert kept == set(range(1, n_members + 1))


def test_a_scorer_that_is_interrupted_in_the_first_epoch():
    """The last weights are kept, since no epoch has been scored, and no entry tells of the epoch."""

    def interrupting(estimator, X, y):
        raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted by user after 0 epochs"):
        clf = MLPClassifier(early_stopping=True, scoring=interrupting, **SMALL).fit(X, Y)
    plain = MLPClassifier(early_stopping=True, **SMALL).set_params(max_iter=1)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        plain.fit(X, Y)
    assert (clf.n_iter_, clf.t_, clf.loss_curve_, clf.validation_scores_) == (0, 0, [], [])
    assert_array_equal(clf.coefs_[0], plain.coefs_[0])


@pytest.mark.parametrize("where", ["first", "later"])
def test_an_interrupt_in_a_later_validation_keeps_the_best(where):
    scores = iter([0.5, 0.1] if where == "later" else [0.5])

    def interrupting(estimator, X, y):
        try:
            return next(scores)
        except StopIteration:
            raise KeyboardInterrupt from None

    options = {**SMALL, "max_iter": 9}
    with pytest.warns(UserWarning, match="interrupted by user after"):
        clf = MLPClassifier(early_stopping=True, scoring=interrupting, **options).fit(X, Y)
    best = MLPClassifier(early_stopping=True, **{**options, "max_iter": 1})
    with pytest.warns(UserWarning, match="Maximum iterations"):
        best.fit(X, Y)
    assert clf.validation_scores_ == [0.5, 0.1][: clf.n_iter_]
    assert {len(column) for column in clf.history_.values()} == {clf.n_iter_}
    assert_array_equal(clf.coefs_[0], best.coefs_[0])


def test_lbfgs_keeps_its_last_iterate(capsys):
    def interrupt_at_third(frame, event, arg):
        if (
            event == "call"
            and frame.f_code.co_qualname == "LBFGSTrainer._objective"
            and "Iteration 3" in capsys.readouterr().out
        ):
            raise KeyboardInterrupt

    options = {**SMALL, "solver": "lbfgs", "max_iter": 50}
    del options["batch_size"]
    reg = MLPRegressor(verbose=True, **options)
    sys.setprofile(interrupt_at_third)
    try:
        with pytest.warns(UserWarning, match="interrupted by user after 3 iterations: the last weights are kept"):
            reg.fit(X, X[:, 0])
    finally:
        sys.setprofile(None)
    three = MLPRegressor(**{**options, "max_iter": 3})
    with pytest.warns(UserWarning, match="lbfgs failed to converge"):
        three.fit(X, X[:, 0])
    assert reg.n_iter_ == 3
    assert_array_equal(reg.predict(X), three.predict(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_callback_that_is_interrupted():
    class Interrupting:
        def __init__(self, at):
            self.at = at

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            if self.at == f"{context.task_name} begins":
                raise KeyboardInterrupt

        def on_fit_task_end(self, estimator, context):
            if self.at == f"{context.task_name} ends":
                raise KeyboardInterrupt

    for at, n_iter in (("epoch ends", 1), ("fit ends", 2)):
        clf = MLPClassifier(**SMALL).set_callbacks(Interrupting(at))
        with pytest.warns(UserWarning, match="interrupted by user"):
            clf.fit(X, Y)
        assert clf.n_iter_ == n_iter
    for at in ("fit begins", "epoch begins"):
        clf = MLPClassifier(**SMALL).set_callbacks(Interrupting(at))
        with pytest.raises(KeyboardInterrupt):
            clf.fit(X, Y)
        assert not clf.__sklearn_is_fitted__()
