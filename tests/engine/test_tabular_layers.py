"""The layers for tables, by their formulas; their gradients are checked with all others."""

import numpy
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import SELU, Mish
from skann.engine.initializers import Normal
from skann.engine.layers import Embedding, NTKDense, ParametricActivation, Periodic, PiecewiseLinear, Scaling
from skann.engine.layers.piecewise_linear import quantile_edges

from .harness import bind

X = numpy.random.RandomState(0).normal(size=(6, 4))


def run(layer, x=X):
    """Return the layer's parameters and its output."""
    _, bound, y_shape = bind(layer, x.shape[1:], len(x))
    y = numpy.full(y_shape, numpy.nan)
    layer.forward(bound, x, y)
    return bound.params, y


def specs(layer, in_shape=(4,)):
    """Return what the layer declares of its parameters."""
    return layer.declare(in_shape).parameters


def test_scaling():
    params, y = run(Scaling())
    assert_allclose(y, X * params["scale"])
    spec = specs(Scaling(rate=6.0))["scale"]
    assert (spec.rate, spec.draw(None).tolist()) == (6.0, [1, 1, 1, 1])


def test_ntk_units_are_as_large_at_any_width():
    params, y = run(NTKDense(3, Normal()))
    assert_allclose(y, X @ params["W"] / 2 + params["b"])
    for width in (10, 1000):
        params, y = run(NTKDense(2000, Normal()), numpy.ones((1, width)))
        assert_allclose((y - params["b"]).std(), 1, rtol=0.05)
    spec = specs(NTKDense(3, Normal(), bias_rate=0.1))
    assert (spec["W"].rate, spec["b"].rate) == (1.0, 0.1)
    assert (spec["W"].decays, spec["b"].decays) == (True, False)


def test_parametric_activation_is_the_plain_one_at_first():
    for activation in (SELU(), Mish()):
        params, y = run(ParametricActivation(activation))
        assert_allclose(y, X + params["share"] * (activation(X) - X))
    spec = specs(ParametricActivation(Mish(), rate=0.1))["share"]
    assert (spec.rate, spec.draw(None).tolist()) == (0.1, [1, 1, 1, 1])


def test_periodic_embeds_the_first_columns_and_passes_the_others():
    params, y = run(Periodic(3, scale=1.0))
    assert y.shape == (6, 13)
    for j in range(3):
        waves = numpy.cos(2 * numpy.pi * X[:, j, None] * params["frequency"][j] + params["phase"][j])
        assert_array_equal(y[:, 4 * j], X[:, j])
        assert_allclose(y[:, 4 * j + 1 : 4 * j + 4], waves @ params["linear"][j].T + params["offset"][j])
    assert_array_equal(y[:, 12], X[:, 3])


def test_periodic_starts_as_published():
    spec = specs(Periodic(500, rate=0.1), (500,))
    drawn = {name: entry.draw(numpy.random.RandomState(0)) for name, entry in spec.items()}
    assert_allclose(drawn["frequency"].std(), 0.1, rtol=0.05)
    for name, bound in (("phase", numpy.pi), ("linear", 0.25), ("offset", 0.25)):
        assert 0.99 * bound < numpy.abs(drawn[name]).max() <= bound
        assert_allclose(drawn[name].std(), bound / numpy.sqrt(3), rtol=0.05)
    assert {entry.rate for entry in spec.values()} == {0.1}
    assert {name for name, entry in spec.items() if entry.decays} == {"frequency", "linear"}


def test_embedding_looks_the_codes_of_the_last_columns_up():
    codes = numpy.array([[0, 1], [2, 0], [1, 1], [2, 1], [0, 0], [1, 0]])
    params, y = run(Embedding((3, 2), width=5), numpy.column_stack([X[:, :2], codes]))
    assert params["table"].shape == (5, 5)
    assert_array_equal(y[:, :2], X[:, :2])
    assert_array_equal(y[:, 2:7], params["table"][codes[:, 0]])
    assert_array_equal(y[:, 7:], params["table"][3 + codes[:, 1]])
    params, y = run(Embedding((3, 2), width=1), numpy.array([[7.0, -3.0], [1.2, 0.9]]))
    assert_array_equal(y, params["table"][[[2, 3], [1, 4]], 0])


def test_rows_that_share_a_code_add_up_and_absent_codes_have_no_gradient():
    layer = Embedding((4,), width=2, rate=0.3)
    parameters, bound, y_shape = bind(layer, (2,), 3)
    x, dy = numpy.array([[5.0, 1], [6, 3], [7, 1]]), numpy.arange(9.0).reshape(3, 3)
    y, dx = numpy.empty(y_shape), numpy.full((3, 2), numpy.nan)
    layer.forward(bound, x, y)
    parameters.grad.fill(numpy.nan)
    layer.backward(bound, x, y, dy, dx)
    assert_array_equal(bound.grads["table"], [[0, 0], [8, 10], [0, 0], [4, 5]])
    assert_array_equal(dx, [[0, 0], [3, 0], [6, 0]])
    assert specs(layer)["table"].rate == 0.3


def test_piecewise_linear_fills_bin_after_bin():
    layer = PiecewiseLinear(((0.0, 1.0, 3.0), (-1.0, 1.0)))
    x = numpy.array([[-0.5, 0.0, 7.0], [0.25, 1.0, 8.0], [2.0, -1.0, 9.0], [4.0, 2.0, 0.0]])
    _, y = run(layer, x)
    assert_array_equal(y, [[-0.5, 0, 0.5, 7], [0.25, 0, 1, 8], [1, 0.5, 0, 9], [1, 1.5, 1.5, 0]])


def test_quantile_edges_hold_as_many_rows_each_and_no_bin_is_empty():
    x = numpy.column_stack([numpy.arange(9.0), [0] * 6 + [1, 1, 2], [5.0] * 9])
    assert quantile_edges(x, 4) == ((0, 2, 4, 6, 8), (0, 1, 2), (5, 6))
