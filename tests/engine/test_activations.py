"""Activations by their formulas, at their limits, and as objects that a grid can search."""

import dataclasses

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from skann.engine.activations import (
    ACTIVATIONS,
    ELU,
    SELU,
    ElementwiseActivation,
    LeakyReLU,
    Logistic,
    Maxout,
    PReLU,
    ReLU,
    Softmax,
)
from skann.engine.initializers import Fill, GlorotUniform
from skann.engine.layers import ActivationLayer, BatchNorm, Dense, MaxoutLayer, NTKDense

from .harness import ACTIVATION_CASES, bind, case_id

X = numpy.concatenate([numpy.linspace(-8, 8, 161), [-1e3, -50.0, 50.0, 1e3]])

FORMULAS = {
    "identity": lambda x: x,
    "logistic": special.expit,
    "tanh": numpy.tanh,
    "relu": lambda x: numpy.where(x > 0, x, 0),
    "leaky_relu": lambda x: numpy.maximum(0.1 * x, x),
    "elu": lambda x: numpy.where(x >= 0, x, numpy.expm1(numpy.minimum(x, 0))),
    "selu": lambda x: (
        1.0507009873554805 * numpy.where(x >= 0, x, 1.6732632423543772 * numpy.expm1(numpy.minimum(x, 0)))
    ),
    "gelu": lambda x: x * special.ndtr(x),
    "silu": lambda x: x * special.expit(x),
    "mish": lambda x: x * numpy.tanh(numpy.logaddexp(0, x)),
    "softplus": lambda x: numpy.logaddexp(0, x),
    "softsign": lambda x: x / (1 + numpy.abs(x)),
    "hard_sigmoid": lambda x: numpy.clip(x / 6 + 0.5, 0, 1),
}
ELEMENTWISE = [cls for cls in ACTIVATIONS.classes() if issubclass(cls, ElementwiseActivation)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cls", ELEMENTWISE, ids=lambda cls: cls.name)
def test_formula(cls, dtype):
    x = X.astype(dtype)
    y = cls()(x)
    assert y.dtype == dtype
    assert_allclose(y, FORMULAS[cls.name](x.astype(float)), rtol=1e-6 if dtype == "float32" else 1e-12, atol=2e-7)


@pytest.mark.parametrize(
    "case", [case for case in ACTIVATION_CASES if isinstance(case, ElementwiseActivation)], ids=case_id
)
def test_call_and_derivative_take_any_shape_and_leave_the_input(case):
    x = numpy.random.RandomState(0).normal(size=(2, 3, 4))
    before = x.copy()
    slope = case.derivative(x)
    assert case(x).shape == slope.shape == x.shape
    assert_array_equal(x, before)
    assert_allclose(slope, (case(x + 1e-6) - case(x - 1e-6)) / 2e-6, atol=1e-7)
    assert case(0.5).shape == case.derivative(1).shape == ()
    assert_allclose(case([1, 2]), case(numpy.array([1.0, 2.0])))


@pytest.mark.parametrize("cls", ELEMENTWISE, ids=lambda cls: cls.name)
def test_derivative_is_finite_far_out(cls):
    for dtype in ("float32", "float64"):
        slope = cls().derivative(numpy.array([-1e30, -1e4, -100, 0, 100, 1e4, 1e30], dtype))
        assert numpy.isfinite(slope).all()
        assert_allclose(slope[[0, -1]], slope[[1, -2]], atol=1e-3)


def test_logistic_scale_and_shift():
    assert_allclose(Logistic(scale=3.0, shift=1.0)(X), special.expit(3 * (X - 1)), atol=1e-12)


def test_softmax_of_large_inputs_of_either_sign_of_beta():
    z = numpy.array([[1e4, -1e4, 0.0], [3.0, 2.0, 1.0]])
    for beta in (1.0, -1.0, 10.0, 1e-3):
        p = Softmax(beta)(z)
        assert_allclose(p, special.softmax(beta * z, axis=1))
        assert_allclose(p.sum(axis=1), 1)


def test_maxout_with_a_zero_piece_is_relu():
    """W2 = 0 and b2 = 0 make max(x W1 + b1, 0)."""
    assert_maxout_equals(ReLU(), lambda W, b: (0 * W, 0 * b))


def test_maxout_with_a_tenth_piece_is_leaky_relu():
    """W2 = 0.1 W1 and b2 = 0.1 b1 make max(x W1 + b1, 0.1 (x W1 + b1))."""
    assert_maxout_equals(LeakyReLU(slope=0.1), lambda W, b: (0.1 * W, 0.1 * b))


def assert_maxout_equals(activation, second_piece):
    rng = numpy.random.RandomState(0)
    x, dy = rng.normal(size=(20, 4)), rng.normal(size=(20, 3))
    layers = Maxout(2).after(Dense(3, GlorotUniform()))
    (_, maxout, _), (_, largest, _) = bind(layers[0], (4,), 20), bind(layers[1], (6,), 20)
    W, b = maxout.params["W"], maxout.params["b"]
    W[:, 1], b[1] = second_piece(W[:, 0], b[0])
    y, dx = numpy.empty((20, 3)), numpy.empty((20, 4))
    pieces, dpieces = numpy.empty((20, 6)), numpy.empty((20, 6))
    layers[0].forward(maxout, x, pieces)
    layers[1].forward(largest, pieces, y)
    layers[1].backward(largest, pieces, y, dy.copy(), dpieces)
    layers[0].backward(maxout, x, pieces, dpieces, dx)

    z = x @ W[:, 0] + b[0]
    assert_allclose(y, activation(z))
    positive = z > 0
    assert_allclose(maxout.grads["W"][:, 0], x.T @ (dy * positive), atol=1e-12)
    dz = dy * activation.derivative(z)
    assert_allclose(dx, dz @ W[:, 0].T, atol=1e-12)


def test_layers_of_a_hidden_layer():
    init = GlorotUniform()
    for linear in (Dense(7, init), NTKDense(7, init, bias_rate=0.5)):
        assert ELU().after(linear) == [linear, ActivationLayer(ELU())]
        assert ELU().after(linear, BatchNorm()) == [linear, BatchNorm(), ActivationLayer(ELU())]
        assert Maxout(3).after(linear) == [dataclasses.replace(linear, pieces=3), MaxoutLayer(3)]
        assert Maxout(3).after(linear, BatchNorm())[-1] == BatchNorm()
        assert PReLU(0.1).after(linear)[1].declare((7,)).parameters["slope"].init == Fill(0.1)


@pytest.mark.parametrize("case", ACTIVATION_CASES, ids=case_id)
def test_compares_by_value_and_repr_builds_it_again(case):
    names = {cls.__name__: cls for cls in ACTIVATIONS.classes()}
    assert eval(repr(case), names) == case
    assert hash(case) == hash(type(case)(**case.get_params()))


def test_get_and_set_params():
    activation = LeakyReLU(0.2)
    assert activation.get_params() == {"slope": 0.2}
    assert activation.set_params(slope=0.3) is activation
    assert activation == LeakyReLU(0.3)
    with pytest.raises(ValueError, match=r"'slope' parameter of LeakyReLU must be a float in the range \[0, 1\)"):
        activation.set_params(slope=1.0)
    with pytest.raises(ValueError, match=r"Invalid parameter 'alpha'.*Valid parameters are: \['slope'\]"):
        activation.set_params(alpha=1.0)
    assert activation == LeakyReLU(0.3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Maxout(0), r"'pieces' parameter of Maxout must be an int in the range \[1, inf\). Got 0"),
        (lambda: Maxout(2.0), "must be an int"),
        (lambda: ELU(-1), r"\[0, inf\)"),
        (lambda: ELU(numpy.inf), "inf"),
        (lambda: Softmax(0), "other than 0.0"),
        (lambda: Logistic(scale=numpy.nan), "nan"),
        (lambda: ELU("1"), "Got '1' instead"),
    ],
)
def test_bad_hyper_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_aliases_and_unknown_names():
    assert ACTIVATIONS.get("sigmoid") == ACTIVATIONS.get("logistic")
    assert ACTIVATIONS.get("swish") == ACTIVATIONS.get("silu")
    with pytest.raises(ValueError, match=r"Unknown activation 'leaky_rely'.*Did you mean 'leaky_relu'"):
        ACTIVATIONS.get("leaky_rely")
    with pytest.raises(ValueError, match=r"Known here: .*worker processes"):
        ACTIVATIONS.get("xyzzy")


def test_selu_keeps_mean_and_variance():
    x = numpy.random.RandomState(0).normal(size=200_000)
    y = SELU()(x)
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1) < 0.02


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_slope_of_relu_is_zero_at_both_zeros(dtype):
    """The slope is read off the output's bits, where a negative zero would be a negative number."""
    x = numpy.tile(numpy.array([-0.0, 0.0, -1.0, 2.0], dtype), 9)
    assert_array_equal(ReLU().derivative(x), numpy.tile([0, 0, 0, 1], 9))
    assert not numpy.signbit(ReLU()(x)).any()
