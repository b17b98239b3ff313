"""Losses: their values, their limits, their links."""

import numpy
import pytest
from numpy.testing import assert_allclose
from scipy import special
from sklearn.metrics import log_loss, mean_poisson_deviance

from skann.engine.activations import Identity, Logistic, Softmax
from skann.engine.losses import LOSSES, Exp, LogLoss, Poisson, SquaredError

from .harness import LOSS_CASES, case_id, random_target


def evaluate(loss, link, raw, target):
    raw = numpy.array(raw, dtype=float)
    losses, gradient = numpy.full(len(raw), numpy.nan), numpy.full(raw.shape, numpy.nan)
    with numpy.errstate(over="ignore"):
        loss.evaluate(
            numpy, link, raw, numpy.array(target, dtype=float), losses, gradient, numpy.full((2, *raw.shape), numpy.nan)
        )
    return losses, gradient


RNG = numpy.random.RandomState(0)
RAW = RNG.normal(size=(8, 3))
CODES = numpy.array([0, 1, 2, 0, 1, 2, 1, 1])


def test_log_loss_is_scikit_learns():
    losses, gradient = evaluate(LogLoss(), Softmax(), RAW, numpy.eye(3)[CODES])
    p = special.softmax(RAW, axis=1)
    assert_allclose(losses.mean(), log_loss(CODES, p))
    assert_allclose(gradient, p - numpy.eye(3)[CODES])
    y = (CODES[:, None] == 1).astype(float)
    losses, gradient = evaluate(LogLoss(), Logistic(), RAW[:, :1], y)
    assert_allclose(losses.mean(), log_loss(y.ravel(), special.expit(RAW[:, 0])))
    assert_allclose(gradient, special.expit(RAW[:, :1]) - y)


def test_beta_is_in_loss_and_gradient():
    for beta in (2.0, -0.5):
        losses, gradient = evaluate(LogLoss(), Softmax(beta), RAW, numpy.eye(3)[CODES])
        p = special.softmax(beta * RAW, axis=1)
        assert_allclose(losses, -numpy.log(p[numpy.arange(8), CODES]))
        assert_allclose(gradient, beta * (p - numpy.eye(3)[CODES]))


@pytest.mark.parametrize("beta", [1.0, -1.0, 3.0])
def test_log_loss_is_stable_at_ten_thousand(beta):
    raw = [[1e4, -1e4], [-1e4, 1e4]]
    losses, gradient = evaluate(LogLoss(), Softmax(beta), raw, [[1, 0], [1, 0]])
    assert_allclose(sorted(losses), [0, abs(beta) * 2e4])
    assert numpy.isfinite(gradient).all()
    losses, gradient = evaluate(LogLoss(), Logistic(scale=beta), [[1e4], [-1e4]], [[1], [1]])
    assert_allclose(sorted(losses), [0, abs(beta) * 1e4])
    assert_allclose(sorted(numpy.abs(gradient.ravel())), [0, abs(beta)])


def test_squared_error():
    y = RNG.normal(size=(8, 3))
    losses, gradient = evaluate(SquaredError(), Identity(), RAW, y)
    assert_allclose(losses, 0.5 * ((RAW - y) ** 2).sum(axis=1))
    assert_allclose(gradient, RAW - y)


def test_squared_error_of_a_classifier_sums_over_one_hot_columns():
    p = special.softmax(RAW, axis=1)
    losses, _ = evaluate(SquaredError(), Softmax(), RAW, numpy.eye(3)[CODES])
    assert_allclose(losses, 0.5 * ((p - numpy.eye(3)[CODES]) ** 2).sum(axis=1))
    y = (CODES[:, None] == 1).astype(float)
    losses, _ = evaluate(SquaredError(), Logistic(), RAW[:, :1], y)
    assert_allclose(losses, (special.expit(RAW[:, 0]) - y[:, 0]) ** 2)


def test_poisson_is_half_the_deviance():
    y = numpy.array([[0.0], [1.0], [2.0], [7.0]])
    raw = RNG.normal(size=(4, 1))
    losses, gradient = evaluate(Poisson(), Exp(), raw, y)
    assert_allclose(losses.mean(), mean_poisson_deviance(y.ravel(), numpy.exp(raw.ravel())) / 2)
    assert_allclose(gradient, numpy.exp(raw) - y)
    assert_allclose(evaluate(Poisson(), Exp(), numpy.log(y[1:]), y[1:])[0], 0, atol=1e-12)


def test_poisson_rejects_negative_targets():
    Poisson().check_target(numpy.array([0.0, 3.0]))
    with pytest.raises(ValueError, match=r"y must be >= 0.*minimum of -1.0.*squared_error"):
        Poisson().check_target(numpy.array([-1.0, 3.0]))


@pytest.mark.parametrize("case", LOSS_CASES, ids=case_id)
def test_inputs_are_left_alone(case):
    loss, task, n_outputs, beta = case
    raw = RNG.normal(size=(5, n_outputs))
    target = random_target(RNG, task, 5, n_outputs)
    for array in (raw, target):
        array.flags.writeable = False
    losses, gradient = numpy.empty(5), numpy.empty_like(raw)
    loss.evaluate(numpy, loss.link(task, beta), raw, target, losses, gradient, numpy.empty((2, *raw.shape)))
    assert numpy.isfinite(losses).all()


def test_links():
    assert LogLoss().link("multiclass", 2.0) == Softmax(2.0)
    assert LogLoss().link("binary", 2.0) == LogLoss().link("multilabel", 2.0) == Logistic(scale=2.0)
    assert SquaredError().link("regression") == Identity()
    assert Poisson().link("regression") == Exp()
    assert [name for name in LOSSES.names() if "regression" in LOSSES[name].tasks] == ["squared_error", "poisson"]
