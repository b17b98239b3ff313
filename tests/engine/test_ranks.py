"""Layers, activations and losses at several positions per row: their gradients, and that positions are like rows."""

import numpy
import pytest
from numpy.testing import assert_allclose

from skann.engine.arrays.random_bits import noise_generator
from skann.engine.data.device_reader import DeviceReader
from skann.engine.data.rows import Rows
from skann.engine.graph import chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import Dense
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.engine.parameters import Parameters

from .harness import LOSS_CASES, assert_gradient_along, case_id, criterion, random_target
from .test_gradients import LAYER_CASES

RANKS = pytest.mark.parametrize("positions", [(2,), (2, 3)], ids=["rank 3", "rank 4"])


def drawn(graph, seed):
    """Return parameters in which no two numbers are equal."""
    rng = numpy.random.RandomState(seed)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(float))
    parameters.theta += 0.1 * rng.normal(size=parameters.theta.size)
    return parameters


def passes(network, x, dy):
    """Return output, gradient of the parameters and gradient of the input, all as rows of positions."""
    network.generator.state = noise_generator(0).state
    (y,) = network.forward(x)
    y = y.copy()
    (dx,) = network.backward({"layer": dy.copy()}, inputs=True)
    return y.reshape(-1, y.shape[-1]), network.parameters.grad.copy(), dx.reshape(-1, dx.shape[-1]).copy()


@RANKS
@pytest.mark.parametrize("layer", LAYER_CASES, ids=case_id)
def test_layers(layer, positions):
    """Positions are treated as rows are, and the gradients are those of the formula."""
    for seed in range(20):
        rng = numpy.random.RandomState(seed)
        graphs = chain([("layer", layer)], (*positions, 4)), chain([("layer", layer)], (4,))
        n = 3 * numpy.prod(positions)
        parameters = [drawn(graph, seed) for graph in graphs]
        options = {"training": True, "input_gradients": True}
        many, flat = (
            Network(graph, own, size, generator=noise_generator(0), **options)
            for graph, own, size in zip(graphs, parameters, (3, n), strict=True)
        )
        x, dy = rng.normal(size=(3, *positions, 4)), rng.normal(size=(3, *graphs[0].shapes["layer"]))
        of_positions, of_rows = passes(many, x, dy), passes(flat, x.reshape(n, 4), dy.reshape(n, -1))
        for got, expected in zip(of_positions, of_rows, strict=True):
            assert_allclose(got, expected, rtol=1e-10, atol=1e-12)

        def objective(x=x, dy=dy, many=many):
            return float((passes(many, x, dy)[0] * dy.reshape(-1, dy.shape[-1])).sum())

        theta, grad = parameters[0].theta, of_positions[1]
        if assert_gradient_along(objective, x, of_positions[2].reshape(x.shape), rng) and (
            not theta.size or assert_gradient_along(objective, theta, grad, rng)
        ):
            return
    pytest.fail("every point drawn lies near a kink")


@RANKS
@pytest.mark.parametrize("weighting", ["number", "rows", "positions"])
@pytest.mark.parametrize("loss_case", LOSS_CASES, ids=case_id)
def test_losses(loss_case, weighting, positions):
    """A loss per position, with a weight per row or per position, and the gradient of the loss that is reported."""
    loss, task, n_outputs, beta = loss_case
    graphs = [chain([("out", Dense(n_outputs, GlorotUniform()))], shape) for shape in ((*positions, 4), (4,))]
    objective, n = Objective.of("out", loss, loss.link(task, beta)), 3 * numpy.prod(positions)
    for seed in range(20):
        rng = numpy.random.RandomState(seed)
        parameters = drawn(graphs[0], seed)
        many, flat = criterion(graphs[0], objective, parameters, 3), criterion(graphs[1], objective, parameters, n)
        x, target = rng.normal(size=(n, 4)), random_target(rng, task, n, n_outputs)
        weight = {"number": 0.3, "rows": rng.uniform(size=3), "positions": rng.uniform(size=(3, *positions))}[weighting]
        of_positions = weight if weighting == "number" else numpy.broadcast_to(weight.T, (*positions[::-1], 3)).T
        inputs = x.reshape(3, *positions, 4), target.reshape(3, *positions, -1), weight
        expected = flat.loss_and_grad(x, target, 0.3 if weighting == "number" else of_positions.reshape(-1))
        grad = parameters.grad.copy()

        def reported(many=many, inputs=inputs):
            return many.loss_and_grad(*inputs)

        assert reported() == pytest.approx(expected, rel=1e-10)
        assert_allclose(parameters.grad, grad, rtol=1e-10, atol=1e-12)
        if assert_gradient_along(reported, parameters.theta, grad, rng):
            return
    pytest.fail("every point drawn lies near a kink")


def test_a_device_reads_rows_of_any_rank(device, monkeypatch):
    """The memory that a row takes is that of all its axes: here windows of 4 rows, 16 numbers each."""
    monkeypatch.setattr("skann.engine.data.device_reader.free_memory", lambda xp: 2 * 4 * 16 * 8)
    X = numpy.random.RandomState(0).normal(size=(10, 2, 2, 4))
    reader = DeviceReader(Rows(X), numpy.dtype(float), 2, device)
    assert not reader.holds_all
    assert reader._window.X.shape == (4, 2, 2, 4)
    reader.begin(None)
    for start in range(0, 10, 2):
        x, _, _ = reader.read(slice(start, start + 2))
        assert_allclose(device.asnumpy(x), X[start : start + 2])
