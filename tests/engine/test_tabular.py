"""The network for tables as a whole: its layers, its gradient, its buffers."""

import numpy
import pytest
from numpy.testing import assert_array_equal

from skann.engine.activations import SELU, Mish
from skann.engine.arrays.random_bits import noise_generator
from skann.engine.initializers import Fill, Normal
from skann.engine.layers import Embedding, Periodic, PiecewiseLinear
from skann.engine.losses import LogLoss
from skann.engine.models.realmlp import realmlp
from skann.engine.network import Network
from skann.engine.parameters import Parameters

from .harness import assert_gradient_along, criterion, random_target
from .test_network import check_steady_step, poison

CODES = ("codes", Embedding((3, 2), width=3))
EMBEDDINGS = {
    "none": [],
    "periodic": [("numbers", Periodic(2, scale=1.0)), CODES],
    "piecewise": [("numbers", PiecewiseLinear(((-1.0, 0.0, 1.0), (-0.3, 0.7)))), CODES],
}


def network(embeddings=(), units=(5, 5), n_features=6, activation=None, n_outputs=3, **options):
    return realmlp(
        n_features,
        units,
        activation or Mish(),
        n_outputs,
        LogLoss(),
        LogLoss().link("multiclass"),
        Normal(),
        Normal(),
        embeddings,
        **options,
    )


def table(n, seed=0, numbers=2):
    """Return rows of numbers, two one-hot columns and two of codes."""
    rng = numpy.random.RandomState(seed)
    hot, codes = numpy.eye(2)[rng.randint(2, size=n)], rng.randint([3, 2], size=(n, 2))
    return numpy.column_stack([rng.normal(size=(n, numbers)), hot, codes])


def test_the_chain_of_layers():
    embeddings = EMBEDDINGS["periodic"]
    plain = ["hidden_0", "hidden_0_1", "hidden_1", "hidden_1_1", "output"]
    dropped = ["hidden_0", "hidden_0_1", "hidden_0_dropout", "hidden_1", "hidden_1_1", "hidden_1_dropout", "output"]
    assert list(network(scaling_rate=None)[0].nodes) == plain
    assert list(network(embeddings, dropout=0.1)[0].nodes) == ["numbers", "codes", "scaling", *dropped]
    assert network()[0].with_role("hidden") == ["hidden_0_1", "hidden_1_1"]
    assert network(embeddings)[0].shapes["codes"] == (2 * 4 + 2 + 2 * 3,)


def test_learning_rate_factors():
    specs = network(share_rate=0.2, bias_rate=0.3, scaling_rate=5.0)[0].layout().specs
    rates = {"scale": 5.0, "W": 1.0, "b": 0.3, "share": 0.2}
    assert all(spec.rate == rates[name] for (_, name), spec in specs.items())
    assert {name for _, name in specs} == set(rates)
    assert {name for _, name in network(share_rate=None, scaling_rate=None)[0].layout().specs} == {"W", "b"}


@pytest.mark.parametrize("options", [{}, {"share_rate": None}, {"dropout": 0.3, "activation": SELU()}], ids=str)
@pytest.mark.parametrize("embeddings", EMBEDDINGS.values(), ids=EMBEDDINGS)
def test_gradient(embeddings, options):
    for seed in range(50):
        graph, objective = network(embeddings, **options)
        rng = numpy.random.RandomState(seed)
        parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(float))
        net = criterion(graph, objective, parameters, 6, generator=noise_generator(0))
        x, target = table(6, seed), random_target(rng, "multiclass", 6, 3)

        def objective(net=net, x=x, target=target):
            for _, step in net.bound_layers(6):
                step.bound.generator = noise_generator(0)
            return net.loss_and_grad(x, target, 0.3)

        objective()
        if assert_gradient_along(objective, parameters.theta, parameters.grad.copy(), rng):
            return
    pytest.fail("every point drawn lies near a kink")


@pytest.mark.parametrize("embeddings", EMBEDDINGS.values(), ids=EMBEDDINGS)
def test_buffers_carry_nothing_over_and_inputs_are_left_alone(embeddings):
    graph, objective = network(embeddings, dropout=0.2)
    rng = numpy.random.RandomState(0)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(float))
    x, target = table(6), random_target(rng, "multiclass", 6, 3)
    for array in (x, target, parameters.theta):
        array.flags.writeable = False

    def run(n_rows, poisoned):
        net = criterion(graph, objective, parameters, n_rows, generator=noise_generator(0))
        if poisoned:
            poison(net)
        parameters.grad.fill(numpy.nan)
        return net.loss_and_grad(x, target, 1.0), parameters.grad.copy()

    loss, grad = run(6, poisoned=False)
    other_loss, other_grad = run(9, poisoned=True)
    assert loss == other_loss
    assert_array_equal(grad, other_grad)
    assert numpy.isfinite(grad).all()


@pytest.mark.parametrize("solver", ["adam", "adamw"])
@pytest.mark.parametrize("embeddings", EMBEDDINGS.values(), ids=EMBEDDINGS)
def test_a_steady_step_allocates_nothing_of_a_batchs_size(embeddings, solver):
    graph, objective = network(embeddings, units=(256, 256), dropout=0.2, n_features=6)
    check_steady_step(graph, objective, table(3 * 256).astype("float32"), solver)


def test_two_classes_may_have_two_outputs():
    graph, objective = network(n_outputs=2)
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(0), numpy.dtype(float))
    net = criterion(graph, objective, parameters, 6)
    target = numpy.eye(2)[[0, 1, 1, 0, 1, 0]]
    raw = net.forward(table(6)).copy()
    p = numpy.exp(raw) / numpy.exp(raw).sum(axis=1, keepdims=True)
    expected = -(target * numpy.log(p)).sum()
    assert net.loss_and_grad(table(6), target, 1.0) == pytest.approx(expected)


def test_an_output_layer_of_zeros_predicts_zero():
    loss = LogLoss()
    graph, _ = realmlp(6, [5], Mish(), 3, loss, loss.link("multiclass"), Normal(), Fill(0.0))
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(0), numpy.dtype(float))
    assert_array_equal(Network(graph, parameters, 6).forward(table(6))[0], 0)
