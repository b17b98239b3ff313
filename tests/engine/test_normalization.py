"""Normalisation: what enters the statistics, how they run, what prediction makes of them."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import Maxout, PReLU, ReLU, Tanh
from skann.engine.layers import BatchNorm, LayerNorm
from skann.engine.network import Network

from .harness import bind, case_id, criterion, random_target, small_network

KEY = "hidden_0_normalization"


def run(layer, x, dy, weight=None):
    """Return output, gradient of the input, gradients of the parameters and state of a layer on one batch."""
    _, bound, y_shape = bind(layer, x.shape[1:], len(x))
    bound.weight = weight
    y, dx = numpy.empty(y_shape), numpy.empty_like(x)
    layer.forward(bound, x, y)
    layer.backward(bound, x, y.copy(), dy.copy(), dx)
    return y, dx, bound.grads, bound.state


def predict(layer, x, state):
    """Return a layer's output in prediction, with the given state."""
    _, bound, y_shape = bind(layer, x.shape[1:], len(x))
    bound.training, bound.state = False, state
    y = numpy.empty(y_shape)
    layer.forward(bound, x, y)
    return y


def test_a_weight_is_a_number_of_repetitions():
    """The same output and statistics, and gradients that add up over a row's copies; 0 is no row."""
    rng = numpy.random.RandomState(0)
    x, dy, times = rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), numpy.array([2, 1, 0, 3, 1, 1])
    dy[times == 0] = 0
    rows = numpy.repeat(numpy.arange(6), times)
    y, dx, grads, state = run(BatchNorm(), x, dy, 0.1 * times)
    many_y, many_dx, many_grads, many_state = run(BatchNorm(), x[rows], (dy / numpy.maximum(times, 1)[:, None])[rows])
    assert_allclose(y[rows], many_y, rtol=1e-12)
    assert_allclose(dx, [many_dx[rows == i].sum(axis=0) for i in range(6)], atol=1e-12)
    for name in ("gamma", "beta"):
        assert_allclose(grads[name], many_grads[name], atol=1e-12)
    for name in ("mean", "variance"):
        assert_allclose(state[name], many_state[name], rtol=1e-12)


@pytest.mark.parametrize("activation", [Tanh(), Maxout()], ids=case_id)
def test_a_weight_is_a_number_of_repetitions_for_a_network(activation):
    rng = numpy.random.RandomState(0)
    x, target, times = rng.normal(size=(6, 4)), random_target(rng, "multiclass", 6, 4), numpy.array([2, 1, 0, 3, 1, 1])
    rows = numpy.repeat(numpy.arange(6), times)
    graph, objective, parameters = small_network([activation, activation], normalization=BatchNorm())
    many = parameters.snapshot()
    network, other = criterion(graph, objective, parameters, 6), criterion(graph, objective, many, 8)
    for _ in range(2):  # the second batch has no weights to forget, or to keep by mistake
        loss = network.loss_and_grad(x, target, times.astype(float))
        assert_allclose(loss, other.loss_and_grad(x[rows], target[rows], 1.0))
        assert_allclose(parameters.grad, many.grad, atol=1e-12)
        rows = numpy.arange(6)
        times = numpy.ones(6)
    assert network.loss_and_grad(x, target, 1.0) == other.loss_and_grad(x, target, 1.0)
    assert_allclose(parameters.grad, many.grad, atol=1e-12)


def test_a_batch_without_weight_counts_its_rows_alike_and_moves_no_statistic():
    rng = numpy.random.RandomState(0)
    x, target = rng.normal(size=(6, 4)), random_target(rng, "multiclass", 6, 4)
    graph, objective, parameters = small_network([ReLU(), ReLU()], normalization=BatchNorm())
    network = criterion(graph, objective, parameters, 6)
    for _ in range(2):  # before any other batch, and after one
        before = parameters.snapshot()
        assert network.loss_and_grad(x, target, numpy.zeros(6)) == 0
        assert not parameters.grad.any()
        for key, array in before.states.items():
            assert_array_equal(parameters.states[key], array)
        raw = network.forward(x, numpy.zeros(6)).copy()
        assert_array_equal(network.forward(x), raw)
    assert parameters.states[KEY, "rows"] > 0


def test_running_statistics_average_the_rows_of_all_batches_with_older_ones_discounted():
    """In closed form, from the first batch on, for batches of any size, weighted or not."""
    rng, layer = numpy.random.RandomState(0), BatchNorm(momentum=0.3)
    batches = [rng.normal(5, 2, size=(n, 3)) for n in (6, 6, 1, 9, 2)]
    weights = [None, *[rng.uniform(size=len(batch)) for batch in batches[1:]]]
    state = bind(layer, (3,), 1)[1].state
    means, variances, rows = [], [], numpy.zeros(0)
    for x, weight in zip(batches, weights, strict=True):
        _, bound, _ = bind(layer, (3,), len(x))
        bound.weight, bound.state = weight, state
        layer.forward(bound, x, numpy.empty_like(x))
        means.append(numpy.average(x, axis=0, weights=weight))
        variances.append(numpy.average((x - means[-1]) ** 2, axis=0, weights=weight))
        rows = numpy.append(0.7 * rows, len(x))
        assert_allclose(state["mean"], numpy.average(means, axis=0, weights=rows))
        assert_allclose(state["variance"], numpy.average(variances, axis=0, weights=rows))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_statistics_converge_to_those_of_the_data(dtype):
    """Those of what the layer sees: an affine function of rows with known mean and covariance."""
    graph, objective, parameters = small_network([ReLU()], normalization=BatchNorm(momentum=0.01), dtype=dtype)
    network = criterion(graph, objective, parameters, 50)
    rng = numpy.random.RandomState(0)
    for _ in range(600):
        x = rng.normal(3, 2, size=(50, 4)).astype(dtype)
        # the weights are those of rows with the mean 2, as exp(-(x - 2)^2 / 8) is to exp(-(x - 3)^2 / 8)
        weight = numpy.exp((5 - 2 * x[:, 0]) / 8).astype(dtype)
        network.loss_and_grad(x, random_target(rng, "multiclass", 50, 4), weight)
    W, b = parameters.values["hidden_0", "W"], parameters.values["hidden_0", "b"]
    mean, variance = parameters.states[KEY, "mean"], parameters.states[KEY, "variance"]
    assert mean.dtype == dtype
    assert_allclose(mean, numpy.array([2, 3, 3, 3]) @ W + b, atol=0.15)
    assert_allclose(variance, 4 * (W**2).sum(axis=0), rtol=0.1)


def test_prediction_takes_the_running_statistics_and_leaves_them():
    rng = numpy.random.RandomState(0)
    graph, objective, parameters = small_network([Tanh()], normalization=BatchNorm())
    x, target = rng.normal(size=(20, 4)), random_target(rng, "multiclass", 20, 4)
    trained = criterion(graph, objective, parameters, 20)
    for start in (0, 10):
        trained.loss_and_grad(x[start : start + 10], target[start : start + 10], 0.1)
    before = parameters.snapshot()
    network, values = Network(graph, parameters, 20), parameters.values
    raw = network.forward(x)[0].copy()
    z = x @ values["hidden_0", "W"] + values["hidden_0", "b"]
    z = (z - parameters.states[KEY, "mean"]) / numpy.sqrt(parameters.states[KEY, "variance"] + 1e-5)
    h = numpy.tanh(z * values[KEY, "gamma"] + values[KEY, "beta"])
    assert_allclose(raw, h @ values["output", "W"] + values["output", "b"])
    assert numpy.abs(trained.forward(x) - raw).max() > 0.01
    parameters.restore(before)
    for i in range(20):
        assert_allclose(network.forward(x[i : i + 1])[0][0], raw[i], rtol=1e-12)
    for key, array in before.states.items():
        assert_array_equal(parameters.states[key], array)


def test_a_row_is_predicted_to_the_bit_as_if_alone():
    x = numpy.random.RandomState(0).normal(size=(9, 4))
    *_, state = run(BatchNorm(), x, x)
    y = predict(BatchNorm(), x, state)
    assert_array_equal(predict(BatchNorm(), x[4:5], state), y[4:5])
    assert numpy.abs(run(BatchNorm(), x[4:6], x[4:6])[0] - y[4:6]).max() > 0.01  # in training the others matter


def test_before_any_batch_prediction_changes_nothing_but_by_gamma_and_beta():
    parameters, bound, _ = bind(BatchNorm(), (4,), 6)
    x = numpy.random.RandomState(0).normal(size=(6, 4))
    expected = x * parameters.values["layer", "gamma"] + parameters.values["layer", "beta"]
    assert_allclose(predict(BatchNorm(), x, bound.state), expected, rtol=1e-4)


def test_layer_norm_sees_one_row_at_a_time_and_does_the_same_in_training():
    x, dy = numpy.random.RandomState(0).normal(size=(2, 9, 4))
    y, dx, *_ = run(LayerNorm(), x, dy)
    assert_allclose(predict(LayerNorm(), x, {}), y, rtol=1e-12)
    for i in range(9):
        alone_y, alone_dx, *_ = run(LayerNorm(), x[i : i + 1], dy[i : i + 1])
        assert_allclose(alone_y[0], y[i], rtol=1e-12)
        assert_allclose(alone_dx[0], dx[i], atol=1e-12)


@pytest.mark.parametrize("layer", [BatchNorm(), LayerNorm()], ids=case_id)
@pytest.mark.parametrize(
    "x",
    [numpy.full((6, 4), 7.0), numpy.arange(4.0)[None], numpy.arange(6.0)[:, None]],
    ids=["constant", "one row", "one feature"],
)
def test_what_does_not_vary_stays_finite(layer, x):
    dy = numpy.random.RandomState(0).normal(size=x.shape)
    y, dx, grads, state = run(layer, x, dy)
    for array in (y, dx, *grads.values(), *state.values()):
        assert numpy.isfinite(array).all()
    still = x.std(axis=0 if layer.mixes_rows else 1) == 0
    assert_allclose(y[:, still] if layer.mixes_rows else y[still], 0, atol=0.5)  # beta, which bind draws near 0


@pytest.mark.parametrize("normalization", [BatchNorm(), LayerNorm()], ids=case_id)
def test_it_stands_between_the_weights_and_the_activation(normalization):
    graph, _, parameters = small_network([Tanh(), Maxout(), PReLU()], normalization=normalization)
    assert list(graph.nodes) == [
        "hidden_0",
        "hidden_0_normalization",
        "hidden_0_1",
        "hidden_1",
        "hidden_1_1",
        "hidden_1_normalization",
        "hidden_2",
        "hidden_2_normalization",
        "hidden_2_1",
        "output",
    ]
    assert graph.with_role("hidden") == ["hidden_0_1", "hidden_1_normalization", "hidden_2_1"]
    plain, _, _ = small_network([Tanh(), Maxout(), PReLU()])
    added = {(f"hidden_{i}_normalization", name) for i in range(3) for name in ("gamma", "beta")}
    assert set(parameters.values) == set(plain.layout().shapes()) | added
    assert [key for key in parameters.values if key[1] == "W"] == [
        key for key in plain.layout().shapes() if key[1] == "W"
    ]
    assert graph.mixes_rows == (normalization == BatchNorm())
    assert not graph.is_noisy
    assert not plain.mixes_rows


def test_torch_agrees():
    torch = pytest.importorskip("torch")
    rng = numpy.random.RandomState(0)
    x, dy = rng.normal(1, 2, size=(2, 7, 4))
    for layer, other in ((BatchNorm(), torch.nn.BatchNorm1d(4)), (LayerNorm(), torch.nn.LayerNorm(4))):
        other.double()
        parameters, _, _ = bind(layer, (4,), 7)
        with torch.no_grad():
            other.weight[:] = torch.tensor(parameters.values["layer", "gamma"])
            other.bias[:] = torch.tensor(parameters.values["layer", "beta"])
        y, dx, grads, _ = run(layer, x, dy)
        tensor = torch.tensor(x, requires_grad=True)
        out = other(tensor)
        out.backward(torch.tensor(dy))
        assert_allclose(y, out.detach().numpy(), atol=1e-12)
        assert_allclose(dx, tensor.grad.numpy(), atol=1e-12)
        assert_allclose(grads["gamma"], other.weight.grad.numpy(), atol=1e-12)
        assert_allclose(grads["beta"], other.bias.grad.numpy(), atol=1e-12)
