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
from skann.engine.backend import noise_generator, quiet
from skann.engine.initializers import Normal
from skann.engine.kernels import Kernels, compiling, device, kernels_for, loops
from skann.engine.layers import Dense, Dropout, MaxoutLayer, NTKDense, ParametricActivation
from skann.engine.losses import LogLoss
from skann.engine.optimizers import OPTIMIZERS, SGD, Adam, AdamW
from skann.engine.parameters import BLOCK
from skann.engine.penalties import Penalty

from .harness import bind

OPTIMIZERS_OF_CASES = [Adam(), Adam(0.5, 0.9, 1e-3), AdamW(), SGD(), SGD(nesterovs_momentum=False), SGD(momentum=0.0)]
ELEMENTWISE = [
    *(cls() for cls in ACTIVATIONS.classes() if issubclass(cls, ElementwiseActivation)),
    Logistic(scale=-2.5, shift=0.3),
    ELU(alpha=0.4),
]
EXTREMES = [-numpy.inf, -1e30, -100, -1, -1e-20, -0.0, 0.0, 1e-20, 1, 19.99, 20, 20.01, 100, 1e30]


AS_WRITTEN = Kernels(numpy, lambda name: getattr(loops, name))


@pytest.fixture(params=["as written", "compiled"])
def kernels(request):
    """The loops as Python and compiled; the latter needs Numba."""
    if request.param == "as written":
        return AS_WRITTEN
    pytest.importorskip("numba")
    if not compiling.available():
        pytest.skip("SKANN_FAST is 0")
    return kernels_for(numpy)


def draws(dtype, shape=(12, 7)):
    """Return three arrays of normal numbers."""
    rng = numpy.random.RandomState(0)
    return [3 * rng.normal(size=shape).astype(dtype) for _ in range(3)]


def test_every_kernel_is_called_and_everything_called_is_one():
    names = {
        node.name for node in ast.parse(Path(loops.__file__).read_text()).body if isinstance(node, ast.FunctionDef)
    }
    users = (path for path in Path(optimizers.__file__).parent.rglob("*.py") if path.parent.name != "kernels")
    sources = "".join(path.read_text() for path in users)
    called = set(re.findall(r"kernels\.(\w+)\(", sources)) | {cls.kernel for cls in OPTIMIZERS.classes()}
    assert names == called - {None}
    assert names == set(device.KERNELS)
    assert len(names) > 10


# --- optimizers


def steps(optimizer, dtype, size, kernels, monkeypatch):
    """Return theta, the moments and the penalties of five steps with these kernels, or none."""
    monkeypatch.setattr(optimizers, "kernels_for", lambda xp: kernels)
    rng = numpy.random.RandomState(0)
    theta = rng.normal(size=size).astype(dtype)
    state, work = optimizer.init(numpy, theta), numpy.empty(min(size, BLOCK), dtype)
    penalty, losses = Penalty(l2=0.01, n_decayed=size - 7), []
    for _ in range(5):
        grad = rng.normal(size=size).astype(dtype)
        losses.append(optimizer.update(numpy, theta, grad, state, 0.01, work, penalty))
    return [theta, *state.moments.values(), losses]


def test_every_optimizer_with_a_kernel_has_a_case():
    with_kernel = {cls for cls in OPTIMIZERS.classes() if cls.kernel}
    assert with_kernel == {type(optimizer) for optimizer in OPTIMIZERS_OF_CASES}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS_OF_CASES, ids=repr)
def test_optimizers(optimizer, dtype, kernels, monkeypatch):
    fused, plain = (steps(optimizer, dtype, 50, used, monkeypatch) for used in (kernels, None))
    for got, expected in zip(fused, plain, strict=True):
        assert_array_equal(got, expected)


@pytest.mark.parametrize("optimizer", [Adam(), SGD()], ids=repr)
def test_optimizers_in_several_blocks(optimizer, kernels, monkeypatch):
    if kernels is AS_WRITTEN:
        pytest.skip("a loop of Python over so many numbers takes seconds")
    fused, plain = (steps(optimizer, "float32", 2 * BLOCK + 5, used, monkeypatch) for used in (kernels, None))
    for got, expected in zip(fused, plain, strict=True):
        assert_array_equal(got, expected)


# --- activations


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_activations(activation, dtype, in_place, kernels):
    z, dy, _ = draws(dtype)
    z[:2] = numpy.resize(EXTREMES, (2, 7))
    results = []
    with quiet():
        for forward, backward, first in (
            (activation.forward, activation.backward, (numpy,)),
            (activation.fused_forward, activation.fused_backward, (kernels,)),
        ):
            work = [numpy.full_like(z, 7) for _ in activation.work]
            x = z.copy()
            y = x if in_place and "x" not in activation.keeps else numpy.empty_like(z)
            forward(*first, x, y, *work)
            result = y.copy()
            slope = dy.copy()
            dz = slope if in_place else numpy.empty_like(z)
            backward(*first, x, y, slope, dz, *work)
            results.append((result, dz))
    for fused, plain in zip(results[1], results[0], strict=True):
        assert_array_equal(fused, plain)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=repr)
def test_nan_stays(activation, kernels):
    z = numpy.array([[numpy.nan, 1.0]])
    y, work = numpy.empty_like(z), [numpy.empty_like(z) for _ in activation.work]
    activation.fused_forward(kernels, z, y, *work)
    assert_array_equal(numpy.isnan(y), [[True, False]])


# --- layers


def passes(layer, kernels, dtype, x, dy, generator=None):
    """Return the output of a layer, all gradients and dx."""
    _, bound, _ = bind(layer, x.shape[1:], len(x), dtype=dtype)
    for array in bound.params.values():
        array[...] = numpy.linspace(-1, 2, array.size).reshape(array.shape)
    bound.kernels, bound.generator = kernels, generator
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
        MaxoutLayer(7, 1, Normal()),
        MaxoutLayer(7, 3, Normal()),
        *(ParametricActivation(activation) for activation in ELEMENTWISE),
    ],
    ids=repr,
)
def test_layers(layer, dtype, kernels):
    x, dy, _ = draws(dtype)
    fused, plain = (passes(layer, used, dtype, x, dy, noise_generator(0)) for used in (kernels, None))
    for got, expected in zip(fused, plain, strict=True):
        assert_array_equal(got, expected)


# --- loss


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("link", [Softmax(), Softmax(-2.0)], ids=repr)
@pytest.mark.parametrize("n_classes", [2, 7])
def test_log_loss(n_classes, link, smoothing, dtype, kernels):
    raw, _, _ = draws(dtype, (12, n_classes))
    raw[0, 0] = 1000
    target = numpy.eye(n_classes, dtype=dtype)[numpy.arange(12) % n_classes]
    loss, results = LogLoss(smoothing), []
    for evaluate, first in ((loss.evaluate, numpy), (loss.fused_evaluate, kernels)):
        losses, gradient, work = numpy.empty(12, dtype), numpy.empty_like(raw), numpy.empty((2, *raw.shape), dtype)
        evaluate(first, link, raw, target, losses, gradient, work)
        results.append((losses, gradient))
    for fused, plain in zip(results[1], results[0], strict=True):
        assert_array_equal(fused, plain)


def test_they_can_be_turned_off(monkeypatch):
    monkeypatch.setenv("SKANN_FAST", "0")
    assert not compiling.available.__wrapped__()
    monkeypatch.setattr("skann.engine.kernels.available", lambda: False)
    assert kernels_for.__wrapped__(numpy) is None


def test_a_method_written_anew_is_the_one_that_is_called():
    class Shifted(ReLU):
        def forward(self, xp, z, y, zeros):
            xp.add(z, 1, out=y)

    class Halved(LogLoss):
        def evaluate(self, xp, link, raw, target, losses, gradient, work):
            losses[...] = 0.5

    z = numpy.array([[-3.0, 2.0]])
    y, losses = numpy.empty_like(z), numpy.empty(1)
    Shifted().fused_forward(AS_WRITTEN, z, y, numpy.empty_like(z))
    assert_array_equal(y, z + 1)
    Halved().fused_evaluate(AS_WRITTEN, Softmax(), z, z, losses, y, numpy.empty((2, 1, 2)))
    assert losses == 0.5
