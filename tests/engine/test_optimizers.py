"""Optimizers from their registry: by formula, on a parabola and on Rosenbrock's valley, in blocks."""

import copy

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import rosen, rosen_der

from skann.engine.optimizers import SGD, Adagrad, Adam, AdamW, Nadam, RMSprop
from skann.engine.parameters import BLOCK

from .harness import OPTIMIZERS

# optimizer, its rate on the parabola, its rate in the valley
CASES = [
    (SGD(), 0.05, 2e-4),
    (SGD(nesterovs_momentum=False), 0.05, 2e-4),
    (SGD(momentum=0.0), 0.1, 1e-3),
    (Adam(), 0.1, 0.02),
    (AdamW(), 0.1, 0.02),
    (Nadam(), 0.1, 0.02),
    (RMSprop(), 0.01, 1e-3),
    (Adagrad(), 0.5, 0.5),
]


def minimize(optimizer, gradient, start, rate, n_steps):
    theta = numpy.array(start, dtype=float)
    state = optimizer.init(numpy, theta)
    for _ in range(n_steps):
        optimizer.update(numpy, theta, numpy.array(gradient(theta)), state, rate, numpy.full(theta.size, numpy.nan))
    return theta


def test_every_optimizer_has_a_case():
    assert set(OPTIMIZERS.values()) == {type(optimizer) for optimizer, *_ in CASES}


@pytest.mark.parametrize(("optimizer", "rate", "_"), CASES, ids=repr)
def test_parabola(optimizer, rate, _):
    theta = minimize(optimizer, lambda theta: 2 * (theta - [1, -2]) * [1, 3], [0, 0], rate, 2000)
    assert_allclose(theta, [1, -2], atol=1e-4)


@pytest.mark.parametrize(("optimizer", "_", "rate"), CASES, ids=repr)
def test_rosenbrock(optimizer, _, rate):
    theta = minimize(optimizer, rosen_der, [-0.5, 0.5], rate, 40_000)
    assert rosen(theta) < 1e-3


def test_sgd_formula():
    g = numpy.array([1.0, -2.0])
    assert_allclose(minimize(SGD(0.5, False), lambda _: g, [0, 0], 0.1, 2), -(0.1 + 0.15) * g)
    # Nesterov: theta moves by momentum v - rate g, with v -0.1 g, then -0.15 g
    assert_allclose(minimize(SGD(0.5, True), lambda _: g, [0, 0], 0.1, 2), -(0.15 + 0.175) * g)


def test_adam_formula():
    gradients = iter(numpy.array([[1.0, -2.0], [0.5, 3.0]]))
    theta = minimize(Adam(0.9, 0.99, 1e-3), lambda _: next(gradients), [0, 0], 0.1, 2)
    m = v = expected = numpy.zeros(2)
    for t, g in enumerate([numpy.array([1.0, -2.0]), numpy.array([0.5, 3.0])], start=1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        expected = expected - 0.1 * numpy.sqrt(1 - 0.99**t) / (1 - 0.9**t) * m / (numpy.sqrt(v) + 1e-3)
    assert_allclose(theta, expected)


@pytest.mark.parametrize(("optimizer", "rate", "_"), CASES, ids=repr)
def test_blocks_make_no_difference(optimizer, rate, _):
    rng = numpy.random.RandomState(0)
    n = 2 * BLOCK + 10
    grad, start = rng.normal(size=n), rng.normal(size=n)
    whole, state = start.copy(), optimizer.init(numpy, start)
    work = numpy.empty(BLOCK)
    for _ in range(2):
        optimizer.update(numpy, whole, grad.copy(), state, rate, work)
    tail = slice(2 * BLOCK - 5, None)
    part = minimize(optimizer, lambda _: grad[tail], start[tail], rate, 2)
    assert_array_equal(whole[tail], part)


def test_state_copies_deeply():
    theta = numpy.ones(3)
    state = Adam().init(numpy, theta)
    Adam().update(numpy, theta, numpy.ones(3), state, 0.1, numpy.empty(3))
    other = copy.deepcopy(state)
    Adam().update(numpy, theta, numpy.ones(3), state, 0.1, numpy.empty(3))
    assert (other.step, state.step) == (1, 2)
    assert_allclose(other.moments["first"], 1.0)


@pytest.mark.parametrize(("optimizer", "rate", "_"), CASES, ids=repr)
def test_a_stretchs_factor_multiplies_its_rate(optimizer, rate, _):
    rng = numpy.random.RandomState(0)
    n = BLOCK + 100
    grad, start = rng.normal(size=n), rng.normal(size=n)
    segments = [(slice(0, BLOCK + 10), 1.0), (slice(BLOCK + 10, n), 0.1)]
    theta, state = start.copy(), optimizer.init(numpy, start)
    for _ in range(2):
        optimizer.update(numpy, theta, grad.copy(), state, rate, numpy.empty(BLOCK), segments=segments)
    for segment, factor in segments:
        alone = minimize(optimizer, lambda _, s=segment: grad[s][-90:], start[segment][-90:], factor * rate, 2)
        assert_allclose(theta[segment][-90:], alone, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [Adam, AdamW, Nadam, RMSprop, Adagrad])
def test_a_tiny_epsilon_divides_by_no_zero(optimizer, dtype):
    """Zero gradients move nothing, and where the square of a gradient underflows the step stays short."""
    theta = numpy.ones(3, dtype)
    optimizer, tiny = optimizer(epsilon=1e-320), numpy.finfo(dtype).tiny
    state = optimizer.init(numpy, theta)
    for _ in range(3):
        grad = numpy.array([0, tiny, 1], dtype)
        optimizer.update(numpy, theta, grad, state, 0.01, numpy.full(3, numpy.nan, dtype))
    assert_array_equal(theta[:2], 1)
    assert 0 < theta[2] < 1
