"""Values at the edges of what parameters, targets and data may be."""

import math

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier
from skann.schedules import Step

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = numpy.random.RandomState(0).normal(size=(12, 3))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_columns_of_any_two_numbers_are_columns_of_classes(solver):
    y = numpy.array([[3, 4], [4, 3]] * 6)
    clf = MLPClassifier(solver=solver, max_iter=5, random_state=0).fit(X, y)
    assert [classes.tolist() for classes in clf.classes_] == [[3, 4], [3, 4]]
    assert set(clf.predict(X).ravel()) <= {3, 4}
    assert clf.loss_ > 0
    coded = MLPClassifier(solver=solver, max_iter=5, random_state=0).fit(X, y - 3)
    assert_array_equal(coded.classes_, [0, 1])  # of 0 and 1 it is an indicator, as in scikit-learn


def test_a_max_norm_that_float32_does_not_hold():
    clf = MLPClassifier(max_norm=1e-300, dtype="float32", max_iter=2, warn=False).fit(X, numpy.arange(12) % 2)
    assert all(numpy.isfinite(W).all() and numpy.abs(W).max() < 1e-30 for W in clf.coefs_)


def test_more_steps_than_an_int_can_count():
    assert Step(every=5e-324).factor(0.5) == 0
    assert Step(drop=1.0, every=5e-324).factor(0.5) == 1
    assert math.isfinite(MLPClassifier(learning_rate=Step(every=5e-324), max_iter=2).fit(X, numpy.arange(12) % 2).loss_)


@pytest.mark.parametrize("beta", [1e300, -1e7, 0, math.inf])
def test_an_inverse_temperature_beyond_its_range_is_refused(beta):
    with pytest.raises(ValueError, match=r"softmax_beta.*a non-zero float in the range \[-1000000.0, 1000000.0\]"):
        MLPClassifier(softmax_beta=beta).fit(X, numpy.arange(12) % 2)


def test_a_positive_target_that_is_zero_in_the_precision_of_training():
    y = numpy.full(12, 1e-170)
    with pytest.raises(ValueError, match=r"1e-170, is 0 in float32.*loss='gamma'.*dtype='float64'"):
        MLPRegressor(loss="gamma", dtype="float32").fit(X, y)
    MLPRegressor(loss="gamma", dtype="float64", max_iter=1).fit(X, y)
    MLPRegressor(loss="poisson", dtype="float32", max_iter=1).fit(X, y)


def test_a_validation_loss_beyond_float32_is_finite():
    reg = MLPRegressor(loss="huber", dtype="float32", max_iter=1, random_state=0, warn=False)
    reg.fit(X, X[:, 0], X_val=X, y_val=numpy.full(12, 1e38))
    assert numpy.isfinite(reg.history_["validation_loss"]).all()
    assert numpy.isfinite(
        MLPRegressor(dtype="float32", max_iter=1, warn=False)
        .fit(X, X[:, 0], X_val=X, y_val=numpy.full(12, 1e30))
        .history_["validation_loss"]
    ).all()


def test_rows_of_a_list_mean_the_same_beside_others():
    rows = [[1.0, True, "a"], [2.0, False, "b"], [3.0, "yes", "a"], [4.0, True, "b"]] * 5
    clf = TabularMLPClassifier(max_iter=2, random_state=0).fit(rows, [0, 1] * 10)
    together = clf.predict_proba(rows[:4])
    plain = [[1.0, True, "a"], [2.0, False, "b"]]
    assert_allclose(clf.predict_proba(plain), together[:2], rtol=1e-12)
