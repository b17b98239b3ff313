"""A network's buffers: what it reads, what it overwrites, what it allocates."""

import gc
import tracemalloc
from itertools import pairwise

import numpy
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import Maxout, PReLU, ReLU, Tanh
from skann.engine.arrays.random_bits import noise_generator
from skann.engine.data.rows import Rows
from skann.engine.graph import GraphBuilder, chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import (
    ActivationLayer,
    Add,
    BatchNorm,
    Conv2D,
    ConvTranspose2D,
    Dense,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
)
from skann.engine.learner import Learner
from skann.engine.losses import LogLoss
from skann.engine.models.mlp import multilayer_perceptron
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.engine.parameters import Parameters
from skann.engine.prediction import Predictor
from skann.engine.schedules import Schedule
from skann.engine.training.settings import Settings
from skann.engine.training.state import TrainingState
from skann.engine.training.step import SupervisedStep

from .harness import ACTIVATION_CASES, LOSS_CASES, OPTIMIZERS, case_id, criterion, random_target, small_network

DROPOUT = [0.2, 0.3, 0.4]
EXTRAS = [{}, {"normalization": BatchNorm(), "noise": 0.2}, {"normalization": LayerNorm()}]


def poison(network):
    """Fill every float buffer with NaN, every other with the largest value."""
    arrays = [*network.network._slots, *(array for _, *flat in network._flat for array in flat)]
    arrays += [array for lent in network.network._scratch.values() for array in lent.values()]
    arrays += [] if network.network._temporary is None else [network.network._temporary]
    for array in arrays:
        array.view(numpy.uint8).fill(255)


@pytest.mark.parametrize("extras", EXTRAS, ids=str)
@pytest.mark.parametrize("activation", ACTIVATION_CASES, ids=case_id)
def test_buffers_carry_nothing_over(activation, extras):
    """The same pass gives the same bits whatever the buffers held; a short batch uses a part of them."""
    rng = numpy.random.RandomState(0)
    graph, objective, parameters = small_network([activation, Tanh()], dropout=DROPOUT, **extras)
    x, target = rng.normal(size=(6, 4)), random_target(rng, "multiclass", 6, 4)

    def run(n_rows, poisoned):
        network = criterion(graph, objective, parameters, n_rows, generator=noise_generator(0))
        if poisoned:
            network.loss_and_grad(x[:3], target[:3], 1.0)
            poison(network)
            network.network.generator = noise_generator(0)
            network.network._passes.clear()
            network._bound.clear()
        parameters.grad.fill(numpy.nan)
        return network.loss_and_grad(x, target, 1.0), parameters.grad.copy()

    loss, grad = run(6, poisoned=False)
    other_loss, other_grad = run(9, poisoned=True)
    assert loss == other_loss
    assert_array_equal(grad, other_grad)
    assert numpy.isfinite(grad).all()


@pytest.mark.parametrize("extras", EXTRAS, ids=str)
@pytest.mark.parametrize("loss_case", LOSS_CASES, ids=case_id)
def test_inputs_are_left_alone(loss_case, extras):
    rng = numpy.random.RandomState(0)
    graph, objective, parameters = small_network([ReLU()], loss_case, dropout=[0.5, 0.5], **extras)
    network = criterion(graph, objective, parameters, 6, generator=noise_generator(0))
    x, target, weight = (
        rng.normal(size=(6, 4)),
        random_target(rng, *loss_case[1:2], 6, loss_case[2]),
        rng.uniform(size=6),
    )
    for array in (x, target, weight, parameters.theta):
        array.flags.writeable = False
    assert numpy.isfinite(network.loss_and_grad(x, target, weight))


def test_the_network_works_in_place_only_where_nobody_reads():
    def aliases(activation, dropout, **extras):
        graph, objective, parameters = small_network([activation], dropout=dropout, **extras)
        network = criterion(graph, objective, parameters, 3, generator=noise_generator(0))
        return [a.y is b.y for (_, a), (_, b) in pairwise(network.bound_layers(3))]

    assert aliases(ReLU(), [0, 0]) == [True, False]  # relu over the dense layer's output, then the output layer
    assert aliases(Tanh(), [0, 0.5]) == [True, False, False]  # not dropout over tanh's output, which tanh keeps
    assert aliases(Maxout(), [0, 0.5]) == [False, True, False]  # dropout over maxout's output
    assert aliases(ReLU(), [0.5, 0]) == [False, True, False]
    assert aliases(ReLU(), [0.5, 0], noise=0.1) == [True, False, True, False]  # dropout over the noisy input
    for normalization in (BatchNorm(), LayerNorm()):
        assert aliases(Tanh(), [0, 0], normalization=normalization) == [True, True, False]
        assert aliases(PReLU(), [0, 0], normalization=normalization) == [True, False, False]  # its input is kept


def test_predicting_skips_dropout_and_noise_and_needs_no_gradient():
    graph, _, parameters = small_network([Tanh()], dropout=[0.5, 0.5], noise=0.5)
    plain, _, _ = small_network([Tanh()])
    x = numpy.random.RandomState(0).normal(size=(6, 4))
    theta = Parameters(plain.layout(), parameters.theta)
    assert_array_equal(Network(graph, parameters, 6).forward(x)[0], Network(plain, theta, 6).forward(x)[0])
    assert "grad" not in vars(theta)


def test_sparse_input_gives_the_same_gradient():
    rng = numpy.random.RandomState(0)
    x = rng.normal(size=(6, 4)) * (rng.uniform(size=(6, 4)) > 0.5)
    target = random_target(rng, "multiclass", 6, 4)
    for activation, extras in (
        (ReLU(), {}),
        (Maxout(3), {}),
        (ReLU(), {"dropout": [0.5, 0]}),
        (ReLU(), {"noise": 0.1}),
    ):
        graph, objective, parameters = small_network([activation], **extras)
        network = criterion(graph, objective, parameters, 6, generator=noise_generator(0))
        network.loss_and_grad(x, target, 1.0)
        dense = parameters.grad.copy()
        network = criterion(graph, objective, parameters, 6, generator=noise_generator(0))
        network.loss_and_grad(scipy.sparse.csr_matrix(x), target, 1.0)
        assert_allclose(parameters.grad, dense, atol=1e-12)


def test_a_layer_object_may_stand_in_two_places():
    layer = Dense(4, GlorotUniform())
    twice = chain([("a", layer), ("b", layer)], (4,))
    parameters = Parameters.draw(twice.layout(), numpy.random.RandomState(0), numpy.dtype(float))
    x = numpy.random.RandomState(1).normal(size=(3, 4))
    values = parameters.values
    expected = (x @ values["a", "W"] + values["a", "b"]) @ values["b", "W"] + values["b", "b"]
    assert_allclose(Network(twice, parameters, 3).forward(x)[0], expected)


def test_layers_hold_no_array():
    for cls in Layer.__subclasses__():
        assert cls.__dataclass_params__.frozen
    graph, _, _ = small_network([ReLU(), Maxout()], dropout=DROPOUT)
    held = [value for layer in (node.layer for node in graph.nodes.values()) for value in vars(layer).values()]
    assert not any(isinstance(value, numpy.ndarray) for value in held)


def check_allocations(activation, x_dtype, solver, **extras):
    n, units = 256, 256
    rng = numpy.random.RandomState(0)
    graph, objective = multilayer_perceptron(
        units,
        [units, units],
        [activation] * 2,
        DROPOUT,
        3,
        LogLoss(),
        LogLoss().link("multiclass"),
        None,
        GlorotUniform(),
        **extras,
    )
    check_steady_step(graph, objective, rng.normal(size=(3 * n, units)).astype(x_dtype), solver)


def check_steady_step(graph, objective, X, solver, largest_growth=4_000):
    """Memory grows by less than the limit, and the peak in between stays below an array of 256 units for a batch."""
    n, rng = len(X) // 3, numpy.random.RandomState(0)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype("float32"))
    rows = Rows(X, rng.randint(3, size=3 * n), rng.uniform(size=3 * n), n_classes=3)
    settings = Settings(
        optimizer=OPTIMIZERS[solver](),
        schedule=Schedule(),
        learning_rate=1e-3,
        batch_size=n,
        max_epochs=1,
        shuffle=True,
        tol=0,
        patience=1,
        schedule_epochs=1,
        alpha=1e-4,
    )
    state = TrainingState.start(settings, graph, parameters, rng)
    step = SupervisedStep(Learner(graph, objective, parameters), rows, settings, state)
    step.begin_epoch(rng.permutation(3 * n))
    batch = slice(n, 2 * n)
    for _ in range(2):
        step.step(batch, 0)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    step.step(batch, 0)
    _, peak = tracemalloc.get_traced_memory()
    gc.collect()  # Python keeps the memory of tuples, such as compiled loops take, for others
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < largest_growth
    assert peak - before < n * 256 * 4


@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize("x_dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATION_CASES, ids=case_id)
def test_a_steady_step_allocates_nothing_of_a_batchs_size(activation, x_dtype, solver):
    check_allocations(activation, x_dtype, solver)


@pytest.mark.parametrize("extras", EXTRAS[1:], ids=str)
@pytest.mark.parametrize("activation", [ReLU(), Maxout()], ids=case_id)
def test_normalization_and_noise_allocate_nothing_of_a_batchs_size(activation, extras):
    check_allocations(activation, "float32", "adam", **extras)


def small_convnet(in_shape=(8, 8, 4)):
    """Return a graph for images with a residual block, groups and a transposed convolution, and its objective."""
    builder, init = GraphBuilder(x=in_shape), GlorotUniform()

    def relu():
        return ActivationLayer(ReLU())

    x = builder.chain([Conv2D(6, init, bias=False), BatchNorm(), relu()], "x")
    deep = builder.chain([Conv2D(8, init, stride=2), relu(), Conv2D(8, init, groups=2)], x)
    x = builder.add(Add(), builder.add(Conv2D(8, init, 1, stride=2), x), deep)
    x = builder.chain([Conv2D(8, init, groups=8), relu(), ConvTranspose2D(4, init, stride=2), Conv2D(3, init, 1)], x)
    x = builder.chain([GlobalAveragePool2D(), Dense(3, init)], x)
    return builder.build(x), Objective.of(x, LogLoss(), LogLoss().link("multiclass"))


def test_convolutions_allocate_nothing_of_a_batchs_size():
    graph, objective = small_convnet()
    X = numpy.random.RandomState(0).normal(size=(3 * 256, 8, 8, 4)).astype("float32")
    # compiled loops take many arguments, some of whose memory Python keeps for others
    check_steady_step(graph, objective, X, "adam", largest_growth=16_000)


def test_buffers_of_convolutions_carry_nothing_over():
    graph, objective = small_convnet()
    rng = numpy.random.RandomState(0)
    x, target = rng.normal(size=(6, 8, 8, 4)), random_target(rng, "multiclass", 6, 3)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(float))

    def run(n_rows, poisoned):
        network = criterion(graph, objective, parameters, n_rows)
        if poisoned:
            network.loss_and_grad(x[:3], target[:3], 1.0)
            poison(network)
        parameters.grad.fill(numpy.nan)
        return network.loss_and_grad(x, target, 1.0), parameters.grad.copy()

    for array in (x, target, parameters.theta):
        array.flags.writeable = False
    loss, grad = run(6, poisoned=False)
    other_loss, other_grad = run(9, poisoned=True)
    assert loss == other_loss
    assert_array_equal(grad, other_grad)
    assert numpy.isfinite(grad).all()


def test_outputs_are_the_same_in_any_chunk():
    graph, _, parameters = small_network([ReLU()])
    X = numpy.random.RandomState(0).normal(size=(2500, 4))
    predictor = Predictor(graph, parameters)
    raw = predictor.outputs(Rows(X))
    assert raw.shape == (2500, 4)
    assert_allclose(predictor.outputs(Rows(X[1000:1003])), raw[1000:1003], rtol=1e-12)
    index = numpy.array([7, 2400, 3])
    assert_allclose(predictor.outputs(Rows(X, index=index)), raw[index], rtol=1e-12)
