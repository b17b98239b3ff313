"""One flat vector, its layout, and how it is first filled."""

import pickle

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import Maxout, PReLU, ReLU
from skann.engine.initializers import INITIALIZERS, Fill, Normal, SklearnDraw, Uniform
from skann.engine.layers import BatchNorm, LayerNorm
from skann.engine.parameters import Layout, Parameters, ParameterSpec

from .harness import small_network


def test_decayed_weights_lie_first_and_everything_is_a_view():
    _, _, parameters = small_network([PReLU(), Maxout(3)])
    layout = parameters.layout
    decayed = numpy.zeros(layout.size, bool)
    for key, spec in layout.specs.items():
        decayed[layout.slices[key]] = spec.decays
        for view in (parameters.values[key], parameters.grads[key]):
            assert view.flags.c_contiguous
            assert view.base is not None
    assert decayed[: parameters.n_decayed].all()
    assert not decayed[parameters.n_decayed :].any()
    assert {name for (_, name), spec in layout.specs.items() if spec.decays} == {"W"}
    parameters.values["output", "b"][...] = 7
    assert (parameters.theta == 7).sum() == 4
    assert parameters.values["hidden_1", "W"].shape == (5, 3, 5)


def test_layouts_compare_by_what_they_lay_out():
    layout = small_network([ReLU()])[0].layout()
    assert layout == small_network([ReLU()], dropout=[0.5, 0.5])[0].layout()
    assert layout != small_network([ReLU(), ReLU()])[0].layout()
    assert layout != small_network([Maxout()])[0].layout()
    per_batch, again, per_row = (
        small_network([ReLU()], normalization=normalization)[0].layout()
        for normalization in (BatchNorm(), BatchNorm(momentum=0.5), LayerNorm())
    )
    assert per_batch == again
    assert per_batch.shapes() == per_row.shapes()
    assert per_batch != per_row  # by the running statistics alone


def test_the_layout_gathers_equal_learning_rate_factors_behind_the_decay():
    def spec(size, decays, rate):
        return ParameterSpec((size,), Fill(), decays=decays, rate=rate)

    layout = Layout(
        [
            ("a", "s", spec(1, False, 6.0)),
            ("a", "W", spec(2, True, 1.0)),
            ("a", "b", spec(3, False, 0.1)),
            ("b", "W", spec(4, True, 0.5)),
            ("b", "s", spec(5, False, 6.0)),
            ("c", "W", spec(6, True, 1.0)),
            ("c", "b", spec(7, False, 0.1)),
        ]
    )
    order = [key for key, _ in sorted(layout.slices.items(), key=lambda item: item[1].start)]
    assert order == [("a", "W"), ("c", "W"), ("b", "W"), ("a", "s"), ("b", "s"), ("a", "b"), ("c", "b")]
    assert layout.n_decayed == 12
    assert layout.segments == [
        (slice(0, 8), 1.0),
        (slice(8, 12), 0.5),
        (slice(12, 18), 6.0),
        (slice(18, 28), 0.1),
    ]
    assert small_network([PReLU(), Maxout(3)])[2].layout.segments == [(slice(0, 144), 1.0)]


def test_a_pickle_holds_theta_once():
    _, _, parameters = small_network([ReLU()], n_features=2000)
    parameters.grads, parameters.values  # noqa: B018 - makes gradient and views
    data = pickle.dumps(parameters)
    assert len(data) < 1.1 * parameters.theta.nbytes
    again = pickle.loads(data)
    assert_array_equal(again.theta, parameters.theta)
    assert again.values["output", "b"].base is not None


def test_other_precision():
    _, _, parameters = small_network([ReLU()])
    single = parameters.astype("float32")
    assert single.theta.dtype == "float32"
    assert parameters.astype("float64").theta is not parameters.theta
    assert parameters.astype("float64", copy=False).theta is parameters.theta


def moved_parameters(dtype="float64"):
    """Return parameters whose state is no longer the initial one."""
    _, _, parameters = small_network([ReLU()], normalization=BatchNorm(), dtype=dtype)
    for i, array in enumerate(parameters.states.values()):
        array += i + 0.5
    return parameters


def assert_same_state(parameters, expected):
    assert list(parameters.states) == list(expected)
    for key, array in parameters.states.items():
        assert isinstance(array, numpy.ndarray)
        assert array.dtype == parameters.theta.dtype
        assert_array_equal(array, expected[key])


def test_state_starts_as_declared_and_is_drawn_from_no_generator():
    graph, _, parameters = small_network([ReLU()], normalization=BatchNorm())
    key = "hidden_0_normalization"
    assert_same_state(
        parameters, {(key, "mean"): numpy.zeros(5), (key, "variance"): numpy.ones(5), (key, "rows"): numpy.zeros(())}
    )
    plain = small_network([ReLU()])[0].layout()
    drawn = Parameters.draw(graph.layout(), numpy.random.RandomState(3), numpy.dtype(float))
    for name, values in Parameters.draw(plain, numpy.random.RandomState(3), numpy.dtype(float)).values.items():
        assert_array_equal(drawn.values[name], values)
    assert (drawn.values[key, "gamma"] == 1).all()
    assert (drawn.values[key, "beta"] == 0).all()
    assert drawn.n_decayed == plain.n_decayed


def test_a_pickle_holds_the_state():
    parameters = moved_parameters("float32")
    assert_same_state(pickle.loads(pickle.dumps(parameters)), parameters.states)


def test_state_in_other_precision():
    parameters = moved_parameters()
    assert_same_state(parameters.astype("float32"), parameters.states)
    shared, copied = parameters.astype("float64", copy=False), parameters.astype("float64")
    for key, array in parameters.states.items():
        assert numpy.shares_memory(shared.states[key], array)
        assert not numpy.shares_memory(copied.states[key], array)


def test_a_snapshot_restores_theta_and_state_in_place():
    parameters = moved_parameters()
    theta, view = parameters.theta.copy(), parameters.values["output", "W"]
    state = {key: array.copy() for key, array in parameters.states.items()}
    held = list(parameters.states.values())
    snapshot = parameters.snapshot()
    parameters.theta += 1
    for array in held:
        array += 1
    assert_array_equal(snapshot.theta, theta)
    parameters.restore(snapshot)
    assert_array_equal(parameters.theta, theta)
    assert_same_state(parameters, state)
    assert view.base is parameters.theta
    assert all(a is b for a, b in zip(held, parameters.states.values(), strict=True))


VARIANCES = {
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "lecun_normal": 1 / 300,
    "orthogonal": 1 / 300,
}


@pytest.mark.parametrize("name", INITIALIZERS.names())
def test_initializers_have_their_variance_and_zero_biases(name):
    initializer = INITIALIZERS.get(name)
    W = initializer.weights(numpy.random.RandomState(0), (300, 200), 300, 200)
    assert W.shape == (300, 200)
    assert abs(W.mean()) < 0.001
    assert_allclose(W.var(), VARIANCES[name], rtol=0.03)
    assert not initializer.biases(numpy.random.RandomState(0), (200,), 300, 200).any()
    if name.endswith("uniform"):
        assert numpy.abs(W).max() <= numpy.sqrt(3 * VARIANCES[name])


@pytest.mark.parametrize(("init", "deviation"), [(Normal(), 1), (Normal(0.2), 0.2), (Uniform(3.0), numpy.sqrt(3))])
def test_initializers_of_one_scale_draw_biases_too(init, deviation):
    for draw in (init.weights, init.biases):
        values = draw(numpy.random.RandomState(0), (300, 20), 300, 20)
        assert abs(values.mean()) < 0.05 * deviation
        assert_allclose(values.std(), deviation, rtol=0.03)
    if isinstance(init, Uniform):
        assert 0.99 * init.bound < numpy.abs(values).max() <= init.bound


def test_orthogonal_columns_or_rows():
    draw = INITIALIZERS.get("orthogonal").weights
    tall = draw(numpy.random.RandomState(0), (30, 20), 30, 20)
    assert_allclose(tall.T @ tall, numpy.eye(20), atol=1e-12)
    wide = draw(numpy.random.RandomState(0), (20, 3, 30), 20, 30).reshape(20, 90)
    assert_allclose(wide @ wide.T, numpy.eye(20), atol=1e-12)


def test_draws_come_in_the_layers_order():
    """Weights, then biases, layer by layer: scikit-learn's order, whatever the layout."""
    graph, _, _ = small_network([ReLU(), ReLU()])
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(3), numpy.dtype(float))
    rng, init = numpy.random.RandomState(3), SklearnDraw()
    for layer, fan_in in (("hidden_0", 4), ("hidden_1", 5)):
        assert_array_equal(parameters.values[layer, "W"], init.weights(rng, (fan_in, 5), fan_in, 5))
        assert_array_equal(parameters.values[layer, "b"], init.biases(rng, (5,), fan_in, 5))
