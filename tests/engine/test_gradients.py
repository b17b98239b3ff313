"""Every layer, activation and loss against central differences, driven by the registries."""

import numpy
import pytest

from skann.engine.activations import ACTIVATIONS, FixedActivation, Maxout, PReLU, Tanh
from skann.engine.arrays.random_bits import noise_generator
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import (
    ActivationLayer,
    Add,
    Affine,
    AveragePool2D,
    BatchNorm,
    Canvas2D,
    Concatenate,
    Conv2D,
    ConvTranspose2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    JoinPositions,
    Layer,
    LayerNorm,
    Linear,
    MaxoutLayer,
    MaxPool2D,
    Normalization,
    NTKDense,
    ParametricActivation,
    Periodic,
    PiecewiseLinear,
    Pool2D,
    PReLULayer,
    Scaling,
    SpatialDropout,
    Upsample2D,
)
from skann.engine.losses import LOSSES, BlockLoss, PixelLoss

from .harness import (
    ACTIVATION_CASES,
    LOSS_CASES,
    PIXEL_LOSS_CASES,
    assert_gradient,
    assert_gradient_along,
    bind,
    case_id,
    criterion,
    random_target,
    small_network,
)

LAYER_CASES = [
    Dense(3, GlorotUniform()),
    Dense(3, GlorotUniform(), pieces=2),
    MaxoutLayer(2),
    MaxoutLayer(4),
    PReLULayer(0.25),
    Dropout(0.4),
    GaussianNoise(0.3),
    BatchNorm(),
    BatchNorm(epsilon=0.5),
    LayerNorm(),
    LayerNorm(epsilon=0.5),
    NTKDense(3, GlorotUniform()),
    NTKDense(3, GlorotUniform(), pieces=2),
    Scaling(),
    Affine(),
    *[ParametricActivation(case) for case in ACTIVATION_CASES if isinstance(case, FixedActivation)],
    Embedding((2, 3, 2), width=3),
    PiecewiseLinear(((-1.0, 0.0, 0.5), (-0.5, 1.5), (-0.5, -0.1, 0.1, 0.5))),
    Periodic(4, scale=1.0),
    Periodic(2, frequencies=3, units=2),
    *[ActivationLayer(case) for case in ACTIVATION_CASES if isinstance(case, FixedActivation)],
]
# convolutions, each with the shape of an image
CONVOLUTION_CASES = [
    (Conv2D(3, GlorotUniform()), (4, 3, 2)),
    (Conv2D(2, GlorotUniform(), pieces=2), (3, 3, 2)),
    (Conv2D(2, GlorotUniform(), (2, 3), stride=(1, 2), padding="valid"), (4, 5, 2)),
    (Conv2D(2, GlorotUniform(), 3, stride=2, padding=(1, 2)), (4, 3, 1)),
    (Conv2D(2, GlorotUniform(), 2, dilation=(2, 1)), (4, 3, 2)),
    (Conv2D(4, GlorotUniform(), 3, groups=2), (3, 3, 4)),
    (Conv2D(3, GlorotUniform(), (1, 3), groups=3), (1, 5, 3)),
    (Conv2D(3, GlorotUniform(), 1), (2, 3, 2)),
    (Conv2D(2, GlorotUniform(), 1, stride=2, groups=2), (3, 4, 2)),
    (Conv2D(3, GlorotUniform(), bias=False), (4, 3, 2)),
    (ConvTranspose2D(3, GlorotUniform()), (3, 4, 2)),
    (ConvTranspose2D(2, GlorotUniform(), stride=2, pieces=2), (2, 3, 2)),
    (ConvTranspose2D(3, GlorotUniform(), (2, 4), stride=(2, 3), padding="valid", bias=False), (3, 2, 2)),
    (ConvTranspose2D(2, GlorotUniform(), 3, stride=2, padding=(1, 2)), (2, 4, 3)),
    (ConvTranspose2D(2, GlorotUniform(), 1), (3, 2, 2)),
]
IMAGE_SHAPE = (5, 4, 3)
IMAGE_CASES = [
    *(
        pool(*arguments)
        for pool in (MaxPool2D, AveragePool2D)
        for arguments in (
            (2,),
            (2, (1, 2)),
            (2, 2, "same"),
            (3, 2, 1),
            (3, 1, "same"),
            ((2, 3), (1, 2)),
            (1, 2),
            (2, 3, 1),
            ((1, 4),),
            ((4, 2), (4, 1), (2, 0)),
        )
    ),
    GlobalMaxPool2D(),
    GlobalAveragePool2D(),
    *(Upsample2D(factor, mode) for mode in ("nearest", "bilinear") for factor in (2, 3, (1, 4), 1)),
    *(Canvas2D(size) for size in ((7, 6), (3, 2), (8, 3), (2, 4))),
    Flatten(),
    SpatialDropout(0.4),
]
CASES = [
    *((layer, (4,)) for layer in LAYER_CASES),
    *((layer, IMAGE_SHAPE) for layer in IMAGE_CASES),
    *CONVOLUTION_CASES,
]


def test_every_registered_name_has_a_case():
    assert set(ACTIVATIONS.classes()) == {type(case) for case in ACTIVATION_CASES}
    losses = [*LOSS_CASES, *PIXEL_LOSS_CASES]
    assert {*LOSSES.classes(), BlockLoss, PixelLoss} == {type(case[0]) for case in losses}
    assert {(loss, task) for loss in LOSSES.classes() for task in loss.tasks} == {
        (type(case[0]), case[1]) for case in losses if not isinstance(case[0], (BlockLoss, PixelLoss))
    }
    bases = {Layer, Linear, Normalization, Dropout, Pool2D}
    layers = {cls for base in bases for cls in base.__subclasses__() if cls.__module__.startswith("skann.")}
    # layers of several inputs have their cases in test_graph.py
    cases = {type(layer) for layer, _ in CASES} | {Add, Concatenate, JoinPositions}
    assert layers - {Linear, Normalization, Pool2D} == cases


@pytest.mark.parametrize(
    ("layer", "in_shape", "weighted"),
    [(*case, False) for case in CASES] + [(*case, True) for case in CASES if case[0].mixes_rows],
    ids=case_id,
)
def test_layer(layer, in_shape, weighted):
    """Gradients with respect to input and parameters, for a random cotangent, with poisoned buffers."""
    for seed in range(50):
        rng = numpy.random.RandomState(seed)
        n_samples = 6 if len(in_shape) == 1 else 2
        parameters, bound, y_shape = bind(layer, in_shape, n_samples)
        x, cotangent = rng.normal(size=(n_samples, *in_shape)), rng.normal(size=y_shape)
        bound.weight = rng.uniform(size=n_samples) if weighted else None

        def objective(x=x, bound=bound, y_shape=y_shape, cotangent=cotangent):
            bound.generator = noise_generator(0)
            y = numpy.empty(y_shape)
            layer.forward(bound, x, y)
            return float((y * cotangent).sum())

        bound.generator = noise_generator(0)
        y, dx = numpy.full(y_shape, numpy.nan), numpy.full(x.shape, numpy.nan)
        parameters.grad.fill(numpy.nan)
        layer.forward(bound, x, y)
        layer.backward(bound, x, y, cotangent.copy(), dx)
        grad = parameters.grad.copy()
        if assert_gradient(objective, x, dx) and assert_gradient(objective, parameters.theta, grad):
            return
    pytest.fail("every point drawn lies near a kink")


@pytest.mark.parametrize(("layer", "in_shape"), [case for case in CASES if case[0].in_place], ids=case_id)
def test_layer_in_place_equals_out_of_place(layer, in_shape):
    rng = numpy.random.RandomState(0)
    _, bound, _ = bind(layer, in_shape, n_samples=6)
    x, dy = rng.normal(size=(6, *in_shape)), rng.normal(size=(6, *in_shape))
    y, dx = numpy.empty_like(x), numpy.empty_like(x)
    layer.forward(bound, x, y)
    y_in_place = y.copy()
    if "x" not in layer.keeps:
        y_in_place = x.copy()
        bound.generator = noise_generator(0)
        layer.forward(bound, y_in_place, y_in_place)
    numpy.testing.assert_array_equal(y_in_place, y)
    dx_in_place = dy.copy()
    layer.backward(bound, x, y.copy(), dx_in_place, dx_in_place)
    bound.generator = noise_generator(0)
    layer.forward(bound, x, y)  # backward may use up what forward left
    layer.backward(bound, x, y, dy, dx)
    numpy.testing.assert_array_equal(dx_in_place, dx)


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("loss_case", LOSS_CASES, ids=case_id)
@pytest.mark.parametrize("activation", ACTIVATION_CASES, ids=case_id)
def test_activation_with_loss(activation, loss_case, weighted):
    """The gradient of the loss that is reported, through two hidden layers."""
    for seed in range(50):
        rng = numpy.random.RandomState(seed)
        graph, objective, parameters = small_network([activation, activation], loss_case, seed=seed)
        network = criterion(graph, objective, parameters, 7)
        x = rng.normal(size=(6, 4))
        target = random_target(rng, loss_case[1], 6, loss_case[2])
        weight = rng.uniform(size=6) if weighted else 0.3

        def objective(network=network, x=x, target=target, weight=weight):
            return network.loss_and_grad(x, target, weight)

        objective()
        if assert_gradient_along(objective, parameters.theta, parameters.grad.copy(), rng):
            return
    pytest.fail("every point drawn lies near a kink")


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("normalization", [BatchNorm(), LayerNorm()], ids=case_id)
@pytest.mark.parametrize("activation", [Tanh(), PReLU(), Maxout()], ids=case_id)
def test_normalization_in_a_network(activation, normalization, weighted):
    """The weights that the network hands on enter the statistics, and the gradient knows it."""
    for seed in range(50):
        rng = numpy.random.RandomState(seed)
        graph, objective, parameters = small_network([activation, activation], seed=seed, normalization=normalization)
        network = criterion(graph, objective, parameters, 7)
        x, target = rng.normal(size=(6, 4)), random_target(rng, "multiclass", 6, 4)
        weight = rng.uniform(size=6) if weighted else 0.3

        def objective(network=network, x=x, target=target, weight=weight):
            return network.loss_and_grad(x, target, weight)

        objective()
        if assert_gradient(objective, parameters.theta, parameters.grad.copy()):
            return
    pytest.fail("every point drawn lies near a kink")


@pytest.mark.parametrize("loss_case", LOSS_CASES, ids=case_id)
def test_no_hidden_layer(loss_case):
    rng = numpy.random.RandomState(0)
    graph, objective, parameters = small_network([], loss_case)
    network = criterion(graph, objective, parameters, 6)
    x, target = rng.normal(size=(6, 4)), random_target(rng, loss_case[1], 6, loss_case[2])

    def objective():
        return network.loss_and_grad(x, target, 1.0)

    objective()
    assert assert_gradient(objective, parameters.theta, parameters.grad.copy())
