"""Gaussian noise: its distribution, its units, where it stands, when it acts."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import ReLU
from skann.engine.arrays.random_bits import fill_normal, noise_generator
from skann.engine.layers import GaussianNoise
from skann.engine.network import Network

from .harness import bind, criterion, random_target, small_network

SHAPE = (400, 300)


def disturb(x, scale, generator):
    _, bound, _ = bind(GaussianNoise(scale), SHAPE[1:], SHAPE[0])
    bound.generator = generator
    y = numpy.empty(SHAPE)
    GaussianNoise(scale).forward(bound, x, y)
    return y - x


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_the_noise_is_normal_with_the_scale_as_standard_deviation_whatever_the_input(scale):
    x = 100 * numpy.random.RandomState(0).uniform(size=SHAPE)
    noise = disturb(x, scale, noise_generator(0)) / scale
    spread = 5 / numpy.sqrt(noise.size)
    assert abs(noise.mean()) < spread
    assert_allclose(noise.std(), 1, atol=spread)
    assert_allclose((noise**4).mean(), 3, atol=20 * spread)
    assert abs(numpy.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 5 / numpy.sqrt(SHAPE[0])
    assert abs(numpy.corrcoef(noise.ravel(), x.ravel())[0, 1]) < spread


def test_each_batch_draws_anew_and_the_seed_repeats_it():
    generator, x = noise_generator(0), numpy.zeros(SHAPE)
    first, second = disturb(x, 1.0, generator), disturb(x, 1.0, generator)
    assert (first != second).mean() > 0.99
    assert_array_equal(disturb(x, 1.0, noise_generator(0)), first)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_come_in_the_buffers_precision(dtype):
    out = numpy.zeros(10_000, dtype)
    fill_normal(numpy, noise_generator(1), out)
    assert abs(out.std() - 1) < 0.04
    assert len(numpy.unique(out)) > 9_900


def test_noise_stands_before_dropout_and_only_in_training():
    graph, objective, parameters = small_network([ReLU()], dropout=[0.5, 0], noise=0.1)
    assert list(graph.nodes)[:3] == ["input_noise", "input_dropout", "hidden_0"]
    assert graph.is_noisy
    assert not graph.mixes_rows
    assert not small_network([ReLU()], noise=0.0)[0].is_noisy
    x = numpy.ones((50, 4))
    network = criterion(graph, objective, parameters, 50, generator=noise_generator(0))
    network.loss_and_grad(x, random_target(numpy.random.RandomState(0), "multiclass", 50, 4), 1.0)
    seen = dict(network.bound_layers(50))["input_dropout"].y
    assert set(numpy.unique(seen == 0)) == {False, True}  # what is dropped is zero, not noise
    assert len(numpy.unique(seen)) > 50
    calm = Network(graph, parameters, 50)
    assert_array_equal(*calm.forward(x)[0][:2])
