"""What partial_fit goes on from: the moments, unless they are those of another rule."""

from dataclasses import dataclass, field

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann import MLPClassifier, MLPRegressor
from skann.activations import ElementwiseActivation
from skann.solvers import Optimizer

X = numpy.random.RandomState(0).normal(size=(30, 3))
Y = numpy.arange(30) % 2
OPTIONS = {"hidden_layer_sizes": (4,), "random_state": 0, "dtype": "float64", "learning_rate_init": 0.01}


def begun(estimator, **options):
    return estimator(**{**OPTIONS, **options}).partial_fit(X, Y).partial_fit(X, Y)


def anew(model):
    """Return a model with the same weights and no moments."""
    fresh = type(model)(**model.get_params()).partial_fit(X, Y)
    fresh.coefs_, fresh.intercepts_ = model.coefs_, model.intercepts_
    del fresh._training_state
    return fresh


CHANGES = [
    ({"solver": "rmsprop"}, {"solver": "adagrad"}),
    ({"solver": "adagrad"}, {"solver": "rmsprop"}),
    ({"solver": "adam"}, {"solver": "nadam"}),
    ({"solver": "adam"}, {"solver": "adamw"}),
    ({"solver": "adam"}, {"beta_1": 0.99}),
    ({"solver": "adamw"}, {"beta_2": 0.9}),
    ({"solver": "nadam"}, {"epsilon": 1e-3}),
    ({"solver": "rmsprop"}, {"epsilon": 1e-3}),
    ({"solver": "sgd"}, {"momentum": 0.5}),
    ({"solver": "sgd"}, {"nesterovs_momentum": False}),
    ({"averaging": 0.9}, {"averaging": 0.99}),
    ({"averaging": 0.9}, {"averaging": 0.0}),
]


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(("options", "change"), CHANGES, ids=repr)
def test_another_rule_starts_from_fresh_moments(estimator, options, change):
    model = begun(estimator, **options).set_params(**change)
    fresh = anew(model)
    assert_array_equal(model.partial_fit(X, Y).coefs_[0], fresh.partial_fit(X, Y).coefs_[0])
    assert model._training_state.optimizer.step == 1


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"learning_rate_init": 0.5},
        {"learning_rate": "cosine"},
        {"alpha": 3.0},
        {"clip_norm": 0.1},
        {"batch_size": 30},
        {"beta_1": 0.9},
        {"momentum": 0.1},  # adam has none
    ],
)
def test_other_changes_go_on(estimator, change):
    model = begun(estimator).set_params(**change)
    fresh = anew(model)
    model.partial_fit(X, Y)
    assert model._training_state.optimizer.step == 3
    assert not numpy.allclose(model.coefs_[0], fresh.partial_fit(X, Y).coefs_[0], rtol=1e-6)


def test_adagrad_after_rmsprop_is_adagrad():
    """The first step from fresh moments is the learning rate times the gradient's sign."""
    model = begun(MLPRegressor, solver="rmsprop", alpha=0.0).set_params(solver="adagrad")
    before = model.coefs_[1].copy()
    model.partial_fit(X, Y)
    assert_allclose(numpy.abs(model.coefs_[1] - before), 0.01, rtol=1e-4)


def test_a_state_pickled_without_its_rule_is_not_gone_on_from():
    model = begun(MLPRegressor)
    del vars(model._training_state)["rule"], vars(model._training_state)["averaging"]
    assert model.partial_fit(X, Y)._training_state.optimizer.step == 1


@dataclass(frozen=True)
class Rescaled(Optimizer):
    """Gradient descent with momentum and a factor in an array, for which ``==`` is ambiguous."""

    factors: object
    moments = ("velocity",)

    def update_block(self, xp, theta, grad, work, factors, velocity):
        xp.multiply(velocity, 0.9, out=velocity)
        xp.add(velocity, grad, out=velocity)
        xp.multiply(velocity, factors[0] * self.factors[0], out=work)
        xp.subtract(theta, work, out=theta)


@pytest.mark.parametrize(("factor", "goes_on"), [(1.0, True), (2.0, False)])
def test_a_solver_that_holds_an_array(factor, goes_on):
    model = begun(MLPRegressor, solver=Rescaled(numpy.ones(2)))
    before = model._training_state.optimizer.step
    model.set_params(solver=Rescaled(numpy.array([factor, 1.0]))).partial_fit(X, Y)
    assert (model._training_state.optimizer.step > before) is goes_on


@dataclass(frozen=True)
class Scaled(ElementwiseActivation):
    """Multiplies by a factor in an array, which ``==`` does not compare."""

    factors: object = field(compare=False)

    def forward(self, xp, z, y):
        xp.multiply(z, self.factors[0], out=y)

    def backward(self, xp, z, y, dy, dz):
        xp.multiply(dy, self.factors[0], out=dz)


@dataclass(frozen=True)
class ComparedByArray(Scaled):
    """Holds an array that makes ``==`` ambiguous."""

    factors: object = field(compare=True)


@pytest.mark.parametrize("activation", [Scaled, ComparedByArray])
def test_training_goes_on_with_the_present_activation(activation):
    reg = MLPRegressor(**{**OPTIONS, "learning_rate_init": 1e-12}, activation=activation(numpy.ones(2)))
    before = reg.partial_fit(X, Y).predict(X)
    reg.set_params(activation=activation(numpy.zeros(2))).partial_fit(X, Y)
    assert_allclose(reg.predict(X), reg.intercepts_[-1].repeat(len(X)))
    reg.set_params(activation=activation(numpy.ones(2))).partial_fit(X, Y)
    assert_allclose(reg.predict(X), before, rtol=1e-6)
