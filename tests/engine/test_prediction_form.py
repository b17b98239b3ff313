"""The form of a network whose training pass is its prediction."""

from dataclasses import dataclass

import numpy
import pytest
from numpy.testing import assert_allclose

from skann.engine.activations import ACTIVATIONS
from skann.engine.graph import chain
from skann.engine.initializers import HeNormal
from skann.engine.layers import BatchNorm, Conv2D, Dense, Dropout, LayerNorm
from skann.engine.losses import LOSSES
from skann.engine.models.convnet import Stage, convolutional_network
from skann.engine.network import Network
from skann.engine.parameters import Parameters
from skann.engine.prediction_form import prediction_form

RNG = numpy.random.RandomState(0)
X = RNG.normal(size=(7, 6, 5, 2))


def trained(normalization, residual):
    """Return a graph and parameters whose running statistics are those of some batches."""
    activation, loss = ACTIVATIONS.get("tanh"), LOSSES.get("log_loss")
    graph, _ = convolutional_network(
        in_shape=X.shape[1:],
        stages=[Stage(4, activation, (3, 3), (2, 2), residual=residual)],
        hidden_units=[5],
        activations=[activation],
        dropout=[0.5, 0.5],
        n_outputs=3,
        loss=loss,
        link=loss.link("multiclass", 1.0),
        weight_init=None,
        output_init=activation.output_init,
        normalization=normalization,
    )
    parameters = Parameters.draw(graph.layout(), RNG, numpy.dtype(float))
    parameters.theta += RNG.normal(scale=0.1, size=parameters.theta.size)
    network = Network(graph, parameters, 7, training=True, generator=numpy.random.SFC64(0))
    network.noise = 0.0
    for scale in (1.0, 2.0, 0.5):
        network.forward(scale * X)
    return graph, parameters


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalization", [None, BatchNorm(), LayerNorm()], ids=repr)
def test_training_pass_equals_prediction(normalization, residual):
    graph, parameters = trained(normalization, residual)
    before = parameters.theta.copy(), parameters.state.copy()
    (expected,) = Network(graph, parameters, 7).forward(X)
    form = prediction_form(graph, parameters)
    network = Network(*form, 7, training=True, input_gradients=True)
    (outputs,) = network.forward(X)
    assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    # the gradient is that of the prediction, by central differences along a random direction
    cotangent, step = RNG.normal(size=outputs.shape), RNG.normal(size=X.shape)
    (gradient,) = network.backward({"output": cotangent}, parameters=False, inputs=True)
    slope = (gradient * step).sum()
    predictor = Network(graph, parameters, 7)
    high, low = ((predictor.forward(X + h * step)[0] * cotangent).sum() for h in (1e-6, -1e-6))
    assert_allclose(slope, (high - low) / 2e-6, rtol=1e-6)
    for array, was in zip((parameters.theta, parameters.state), before, strict=True):
        assert (array == was).all()


def test_layers_of_unknown_form_are_refused():
    @dataclass(frozen=True)
    class Mixing(LayerNorm):
        mixes_rows = True

    graph = chain([("a", Dense(3, HeNormal())), ("b", Mixing()), ("output", Dense(1, HeNormal()))], (4,))
    parameters = Parameters.draw(graph.layout(), RNG, numpy.dtype(float))
    with pytest.raises(ValueError, match=r"Mixing\(.*depends on the other rows.*Use normalization='batch'"):
        prediction_form(graph, parameters)


def test_names_and_layers_are_kept():
    layers = [("conv", Conv2D(3, HeNormal())), ("norm", BatchNorm()), ("drop", Dropout(0.5)), ("output", LayerNorm())]
    graph = chain(layers, (4, 4, 1))
    form, _ = prediction_form(graph, Parameters.draw(graph.layout(), RNG, numpy.dtype(float)))
    assert [*form.nodes] == ["conv", "norm", "output"]
    assert form.shapes["output"] == graph.shapes["output"]
