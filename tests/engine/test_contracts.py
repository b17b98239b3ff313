"""A formula that returns its result, where it is to write it into an array, is told so before it trains on garbage."""

from dataclasses import dataclass

import numpy
import pytest

from skann import MLPClassifier, MLPRegressor
from skann.engine.activations import ElementwiseActivation, Identity
from skann.engine.graph import chain
from skann.engine.initializers import GlorotUniform
from skann.engine.kernels import available
from skann.engine.layers import ActivationLayer, Dense, ParametricActivation
from skann.engine.losses import LogLoss, SquaredError
from skann.engine.objective import Objective
from skann.engine.optimizers import SGD
from skann.engine.parameters import Parameters

from .harness import criterion

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = numpy.arange(8.0).reshape(4, 2), numpy.array([0, 1, 0, 1])


@dataclass(frozen=True)
class Returning(ElementwiseActivation):
    """The identity, which returns its result too in the method of that name."""

    at: str

    def forward(self, xp, z, y):
        xp.copyto(y, z)
        return y if self.at == "forward" else None

    def backward(self, xp, z, y, dy, dz):
        xp.copyto(dz, dy)
        return dz if self.at == "backward" else None


@dataclass(frozen=True)
class ReturningLoss(LogLoss):
    tasks = LogLoss.tasks

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        super().evaluate(xp, link, raw, target, losses, gradient, work)
        return losses


@dataclass(frozen=True)
class ReturningSGD(SGD):
    def update_block(self, xp, theta, *rest):
        super().update_block(xp, theta, *rest)
        return theta


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("wrap", [ActivationLayer, ParametricActivation])
@pytest.mark.parametrize("method", ["forward", "backward"])
def test_an_activation(method, wrap, fused):
    if fused and not available():
        pytest.skip("needs Numba")
    layers = [("hidden", Dense(3, GlorotUniform())), ("f", wrap(Returning(method))), ("out", Dense(1, GlorotUniform()))]
    graph, objective = chain(layers, (2,)), Objective.of("out", SquaredError(), Identity())
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(0), numpy.dtype(float))
    network = criterion(graph, objective, parameters, 4)
    network.network.xp = network.network.xp if fused else numpy
    with pytest.raises(TypeError, match=rf"{method} of Returning\(at='{method}'\) returned a value. It must write"):
        network.loss_and_grad(X, numpy.ones((4, 1)), 1.0)


def test_an_activation_in_use_by_users():
    with pytest.raises(TypeError, match="forward of Returning"):
        Returning("forward")(X)
    with pytest.raises(TypeError, match="backward of Returning"):
        Returning("backward").derivative(X)
    for estimator in (MLPClassifier, MLPRegressor):
        fitted = estimator(hidden_layer_sizes=(3,), max_iter=1, warn=False).fit(X, Y)
        with pytest.raises(TypeError, match="forward of Returning"):
            fitted.set_params(activation=Returning("forward")).fit(X, Y)
        assert fitted.predict(X).shape == (4,)


@pytest.mark.parametrize("target", [Y, numpy.column_stack([Y, [0, 1, 2, 0]])])
def test_a_loss(target):
    with pytest.raises(TypeError, match="evaluate of ReturningLoss"):
        MLPClassifier((3,), loss=ReturningLoss(), warn=False).fit(X, target)


def test_an_optimizer():
    optimizer, theta = ReturningSGD(), numpy.ones(3)
    with pytest.raises(TypeError, match="update_block of ReturningSGD"):
        optimizer.update(numpy, theta, theta.copy(), optimizer.init(numpy, theta), 0.1, numpy.empty(3))
