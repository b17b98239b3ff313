"""Dropout: probability of dropping, expectation, independence of draws."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.arrays.random_bits import fill_random_bits, noise_generator
from skann.engine.layers import Dropout

from .harness import bind

SHAPE = (400, 300)


def drop(rate, generator, noise=1.0):
    _, bound, _ = bind(Dropout(rate), SHAPE[1:], SHAPE[0])
    bound.generator, bound.noise = generator, noise
    x, y = numpy.ones(SHAPE), numpy.empty(SHAPE)
    Dropout(rate).forward(bound, x, y)
    return y


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_rate_is_the_probability_of_dropping_and_the_expectation_stays(rate):
    y = drop(rate, noise_generator(0))
    dropped = y == 0
    spread = 5 * numpy.sqrt(rate * (1 - rate) / y.size)
    assert abs(dropped.mean() - rate) < spread
    assert_allclose(y[~dropped], 1 / (1 - rate), rtol=0.01)
    assert abs(y.mean() - 1) < spread / (1 - rate) + 1e-6
    assert abs(dropped.mean(axis=0) - rate).max() < 6 * numpy.sqrt(rate * (1 - rate) / SHAPE[0]) + 0.01


@pytest.mark.parametrize("rate", [1e-9, 1 - 1e-9])
def test_extreme_rates_stay_finite(rate):
    assert numpy.isfinite(drop(rate, noise_generator(0))).all()


def test_training_may_lower_the_rate():
    assert_array_equal(drop(0.4, noise_generator(0), noise=0.5), drop(0.2, noise_generator(0)))
    assert_allclose(drop(0.4, noise_generator(0), noise=0.0).mean(), 1, rtol=1e-3)


def test_each_batch_draws_anew_and_the_seed_repeats_it():
    generator = noise_generator(0)
    first, second = drop(0.5, generator), drop(0.5, generator)
    assert 0.45 < (first != second).mean() < 0.55
    assert_array_equal(drop(0.5, noise_generator(0)), first)


def test_backward_uses_the_mask_of_the_forward_pass():
    layer = Dropout(0.5)
    _, bound, _ = bind(layer, SHAPE[1:], SHAPE[0])
    y, dx = numpy.empty(SHAPE), numpy.empty(SHAPE)
    layer.forward(bound, numpy.ones(SHAPE), y)
    layer.backward(bound, None, None, numpy.full(SHAPE, 3.0), dx)
    assert_allclose(dx, 3 * y)


def test_random_bits_are_uniform_for_any_length():
    for size in (1, 3, 100_003):
        bits = numpy.zeros(size, numpy.uint16)
        fill_random_bits(numpy, noise_generator(1), bits)
    counts = numpy.bincount(bits >> 12, minlength=16)
    assert abs(counts - size / 16).max() < 6 * numpy.sqrt(size / 16)
