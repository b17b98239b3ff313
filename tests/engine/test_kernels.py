"""The loops against the NumPy forms, bit by bit."""

import ast
import re
from pathlib import Path

import numpy
import pytest
from numpy.testing import assert_array_equal

from skann.engine import optimizers
from skann.engine.activations import (
    ACTIVATIONS,
    ELU,
    ElementwiseActivation,
    Logistic,
    ReLU,
    Softmax,
)
from skann.engine.arrays.backend import ignore_overflow
from skann.engine.arrays.random_bits import noise_generator
from skann.engine.graph import chain
from skann.engine.initializers import Normal
from skann.engine.kernels import NumPyWithLoops, box_loops, compiling, device, image_loops, loops, with_loops
from skann.engine.layers import (
    ActivationLayer,
    Affine,
    BatchNorm,
    Dense,
    Dropout,
    MaxoutLayer,
    NTKDense,
    ParametricActivation,
)
from skann.engine.losses import LogLoss
from skann.engine.network import Network
from skann.engine.optimizers import SGD, Adam, AdamW
from skann.engine.parameters import BLOCK, Layout, Parameters
from skann.engine.penalties import Penalty

from .harness import OPTIMIZERS, bind
from .test_gradients import IMAGE_CASES, IMAGE_SHAPE

OPTIMIZERS_OF_CASES = [Adam(), Adam(0.5, 0.9, 1e-3), AdamW(), SGD(), SGD(nesterovs_momentum=False), SGD(momentum=0.0)]
ELEMENTWISE = [
    *(cls() for cls in ACTIVATIONS.classes() if issubclass(cls, ElementwiseActivation)),
    Logistic(scale=-2.5, shift=0.3),
    ELU(alpha=0.4),
]
EXTREMES = [-numpy.inf, -1e30, -100, -1, -1e-20, -0.0, 0.0, 1e-20, 1, 19.99, 20, 20.01, 100, 1e30]


AS_WRITTEN = NumPyWithLoops(compiling.find_loop)


@pytest.fixture(params=["as written", "compiled"])
def library(request):
    """NumPy beside the loops as Python and compiled; the latter needs Numba."""
    if request.param == "as written":
        return AS_WRITTEN
    pytest.importorskip("numba")
    if not compiling.available():
        pytest.skip("SKANN_FAST is 0")
    return with_loops(numpy)


def draws(dtype, shape=(12, 7)):
    """Return three arrays of normal numbers."""
    rng = numpy.random.RandomState(0)
    return [3 * rng.normal(size=shape).astype(dtype) for _ in range(3)]


def test_every_kernel_is_called_and_everything_called_is_one():
    names, of_images, of_boxes = (
        {node.name for node in ast.parse(Path(file).read_text()).body if isinstance(node, ast.FunctionDef)}
        for file in (loops.__file__, image_loops.__file__, box_loops.__file__)
    )
    users = (path for path in Path(optimizers.__file__).parent.rglob("*.py") if path.parent.name != "kernels")
    sources = "".join(path.read_text() for path in users)
    assert names | of_images | of_boxes == set(re.findall(r"kernels\.(\w+)\(", sources))
    assert len(names | of_images | of_boxes) == len(names) + len(of_images) + len(of_boxes)
    assert names == set(device.KERNELS)
    assert len(names) > 10


# --- optimizers


def steps(optimizer, dtype, size, library):
    """Return theta, the moments and the penalties of five steps."""
    rng = numpy.random.RandomState(0)
    theta = rng.normal(size=size).astype(dtype)
    state, work = optimizer.init(numpy, theta), numpy.empty(min(size, BLOCK), dtype)
    penalty, losses = Penalty(l2=0.01, n_decayed=size - 7), []
    for _ in range(5):
        grad = rng.normal(size=size).astype(dtype)
        losses.append(optimizer.update(library, theta, grad, state, 0.01, work, penalty))
    return [theta, *state.moments.values(), losses]


def test_every_optimizer_that_adds_the_penalty_itself_has_a_case():
    adding = {cls for cls in OPTIMIZERS.values() if cls._adds_l2}
    assert adding == {type(optimizer) for optimizer in OPTIMIZERS_OF_CASES}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS_OF_CASES, ids=repr)
def test_optimizers(optimizer, dtype, library):
    fused, plain = (steps(optimizer, dtype, 50, used) for used in (library, numpy))
    for got, expected in zip(fused, plain, strict=True):
        assert_array_equal(got, expected)


@pytest.mark.parametrize("optimizer", [Adam(), SGD()], ids=repr)
def test_optimizers_in_several_blocks(optimizer, library):
    if library is AS_WRITTEN:
        pytest.skip("a loop of Python over so many numbers takes seconds")
    fused, plain = (steps(optimizer, "float32", 2 * BLOCK + 5, used) for used in (library, numpy))
    for got, expected in zip(fused, plain, strict=True):
        assert_array_equal(got, expected)


def test_an_optimizer_with_an_update_of_its_own_is_given_the_penalized_gradient():
    class Plain(SGD):
        def update_block(self, xp, theta, grad, work, factors, velocity):
            super().update_block(xp, theta, grad, work, factors, velocity)

    assert not Plain._adds_l2
    for got, expected in zip(*(steps(cls(), "float64", 50, numpy) for cls in (Plain, SGD)), strict=True):
        assert_array_equal(got, expected)


# --- activations


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_activations(activation, dtype, in_place, library):
    z, dy, _ = draws(dtype)
    z[:2] = numpy.resize(EXTREMES, (2, 7))
    results = []
    with ignore_overflow():
        for xp in (numpy, library):
            work = [numpy.full_like(z, 7) for _ in activation.work]
            x = z.copy()
            y = x if in_place and "x" not in activation.keeps else numpy.empty_like(z)
            activation.forward(xp, x, y, *work)
            result = y.copy()
            slope = dy.copy()
            dz = slope if in_place else numpy.empty_like(z)
            activation.backward(xp, x, y, slope, dz, *work)
            results.append((result, dz))
    for fused, plain in zip(results[1], results[0], strict=True):
        assert_array_equal(fused, plain)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_nan_stays(activation, library):
    z = numpy.array([[numpy.nan, 1.0]])
    y, work = numpy.empty_like(z), [numpy.empty_like(z) for _ in activation.work]
    activation.forward(library, z, y, *work)
    assert_array_equal(numpy.isnan(y), [[True, False]])


# --- layers


def passes(layer, xp, dtype, x, dy, generator=None):
    """Return the output of a layer, all gradients and dx."""
    _, bound, _ = bind(layer, x.shape[1:], len(x), dtype=dtype)
    for array in bound.params.values():
        array[...] = numpy.linspace(-1, 2, array.size).reshape(array.shape)
    bound.xp, bound.generator = xp, generator
    shape = layer.declare(x.shape[1:]).shape
    y, dx = numpy.empty((len(x), *shape), dtype), numpy.empty_like(x)
    layer.forward(bound, x.copy(), y)
    made = y.copy()
    layer.backward(bound, x.copy(), y, dy.copy(), dx)
    return [made, *(bound.grads[name] for name in sorted(bound.grads)), dx]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "layer",
    [
        Dense(7, Normal()),
        NTKDense(7, Normal()),
        Dropout(0.3),
        Dense(7, Normal(), pieces=2),
        MaxoutLayer(1),
        MaxoutLayer(7),
        Affine(),
        BatchNorm(),
        *(ParametricActivation(activation) for activation in ELEMENTWISE),
    ],
    ids=repr,
)
def test_layers(layer, dtype, library):
    x, _, _ = draws(dtype)
    dy = draws(dtype, (12, *layer.declare(x.shape[1:]).shape))[1]
    fused, plain = (passes(layer, used, dtype, x, dy, noise_generator(0)) for used in (library, numpy))
    for got, expected in zip(fused, plain, strict=True):
        assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", IMAGE_CASES, ids=repr)
def test_image_layers(layer, dtype, library):
    x, _, _ = draws(dtype, (4, *IMAGE_SHAPE))
    x[1] = numpy.rint(x[1])  # ties
    x[2, :4, :3] = -numpy.inf
    x[3, ::3, 1] = numpy.nan
    dy = draws(dtype, (4, *layer.declare(IMAGE_SHAPE).shape))[1]
    with numpy.errstate(invalid="ignore"):
        fused, plain = (passes(layer, used, dtype, x, dy, noise_generator(0)) for used in (library, numpy))
    for got, expected in zip(fused, plain, strict=True):
        assert_array_equal(got, expected)


# --- loss


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("link", [Softmax(), Softmax(-2.0)], ids=repr)
@pytest.mark.parametrize("n_classes", [2, 7])
def test_log_loss(n_classes, link, smoothing, dtype, library):
    raw, _, _ = draws(dtype, (12, n_classes))
    raw[0, 0] = 1000
    target = numpy.eye(n_classes, dtype=dtype)[numpy.arange(12) % n_classes]
    loss, results = LogLoss(smoothing), []
    for xp in (numpy, library):
        losses, gradient, work = numpy.empty(12, dtype), numpy.empty_like(raw), numpy.empty((2, *raw.shape), dtype)
        loss.evaluate(xp, link, raw, target, losses, gradient, work)
        results.append((losses, gradient))
    for fused, plain in zip(results[1], results[0], strict=True):
        assert_array_equal(fused, plain)


def test_they_can_be_turned_off(monkeypatch):
    monkeypatch.setenv("SKANN_FAST", "0")
    assert not compiling.available.__wrapped__()
    monkeypatch.setattr("skann.engine.kernels.available", lambda: False)
    assert with_loops(numpy) is numpy


def test_a_method_written_anew_is_the_one_that_is_called():
    class Shifted(ReLU):
        def forward(self, xp, z, y, zeros):
            xp.add(z, 1, out=y)

    z = numpy.array([[-3.0, 2.0]])
    graph, parameters = chain([("f", ActivationLayer(Shifted()))], (2,)), Parameters(Layout([]), numpy.empty(0))
    network = Network(graph, parameters, 1)
    network.xp = AS_WRITTEN
    assert_array_equal(network.forward(z)[0], z + 1)
