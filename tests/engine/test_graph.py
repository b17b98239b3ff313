"""Graphs: what branches, merges, is tapped or frozen has the gradients of its formula, in memory that is shared."""

import tracemalloc

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import ReLU, Softmax, Tanh
from skann.engine.arrays.backend import namespace
from skann.engine.arrays.random_bits import noise_generator
from skann.engine.criterion import Criterion
from skann.engine.graph import Graph, GraphBuilder, Node, chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import (
    ActivationLayer,
    Add,
    AveragePool2D,
    BatchNorm,
    Concatenate,
    Conv2D,
    ConvTranspose2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    JoinPositions,
    LayerNorm,
    MaxoutLayer,
    MaxPool2D,
    PReLULayer,
    Scaling,
    SpatialDropout,
    Upsample2D,
)
from skann.engine.losses import LogLoss, SquaredError
from skann.engine.memory import plan_memory
from skann.engine.network import Network
from skann.engine.objective import Head, Objective
from skann.engine.parameters import Parameters

from .harness import assert_gradient, assert_gradient_along, random_target

INIT = GlorotUniform()


def dense(units):
    return Dense(units, INIT)


def tanh():
    return ActivationLayer(Tanh())


def residual(builder, x, units):
    return builder.add(Add(), builder.chain([dense(units), tanh(), dense(units)], x), x)


def residual_blocks():
    builder = GraphBuilder(x=(4,))
    last = builder.chain([dense(6), tanh()], "x")
    for _ in range(3):
        last = residual(builder, last, 6)
    return builder.build(builder.add(dense(2), last))


def skip_by_concatenation():
    builder = GraphBuilder(x=(4,))
    skip = builder.chain([dense(5), tanh()], "x")
    deep = builder.chain([dense(3), BatchNorm(), ActivationLayer(ReLU()), dense(4)], skip)
    return builder.build(builder.add(dense(2), builder.add(Concatenate(), deep, skip, skip)))


def two_heads():
    builder = GraphBuilder(x=(4,))
    trunk = builder.chain([dense(6), LayerNorm(), tanh()], "x")
    return builder.build(builder.add(dense(3), trunk), builder.chain([dense(5), PReLULayer(0.2), dense(2)], trunk))


def tap():
    """The middle of a chain is an output too."""
    builder = GraphBuilder(x=(4,))
    middle = builder.chain([dense(5), tanh()], "x")
    return builder.build(builder.chain([Scaling(), dense(3)], middle), middle)


def two_inputs():
    builder = GraphBuilder(x=(4,), z=(3,))
    both = builder.add(Concatenate(), builder.add(dense(4), "x"), "z")
    return builder.build(builder.chain([Dense(3, INIT, pieces=2), MaxoutLayer(2), dense(2)], both))


def input_read_twice():
    builder = GraphBuilder(x=(4,))
    return builder.build(builder.add(Add(), "x", builder.chain([dense(4), tanh()], "x")))


def dead_end():
    """A branch that leads to no output takes part in no gradient."""
    builder = GraphBuilder(x=(4,))
    trunk = builder.chain([dense(5), tanh()], "x")
    builder.add(dense(7), trunk)
    return builder.build(builder.add(dense(2), trunk))


def in_place_after_branch():
    """ReLU and Add would work in place, were their inputs not read again."""
    builder = GraphBuilder(x=(4,))
    a = builder.add(dense(5), "x")
    b = builder.add(ActivationLayer(Softmax()), a)
    c = builder.chain([ActivationLayer(ReLU()), Dropout(0.3)], a)
    return builder.build(builder.add(Add(), a, b, c))


def images():
    """Down and up again, with a skip connection; what is pooled, normalized and dropped runs in place."""
    builder = GraphBuilder(x=(4, 6, 2))
    skip = builder.chain([dense(3), BatchNorm(), tanh()], "x")
    deep = builder.chain([MaxPool2D(3, 2, 1), BatchNorm(), SpatialDropout(0.3), Upsample2D(mode="bilinear")], skip)
    both = builder.add(Concatenate(), skip, deep)
    pooled = builder.add(GlobalMaxPool2D(), both)
    return builder.build(builder.chain([AveragePool2D(), Flatten(), dense(2)], both), pooled)


def convolutions():
    """A residual block of convolutions, the shortcut of which projects, and one that keeps its shape."""
    builder = GraphBuilder(x=(4, 6, 2))
    x = builder.chain([Conv2D(3, INIT, bias=False), BatchNorm(), tanh()], "x")
    for filters, stride in ((4, 2), (4, 1)):
        deep = builder.chain(
            [Conv2D(filters, INIT, stride=stride, bias=False), BatchNorm(), tanh(), Conv2D(filters, INIT, groups=2)], x
        )
        shortcut = x if stride == 1 else builder.add(Conv2D(filters, INIT, 1, stride=stride), x)
        x = builder.chain([tanh()], builder.add(Add(), deep, shortcut))
    return builder.build(builder.add(GlobalAveragePool2D(), x), builder.add(ConvTranspose2D(2, INIT, stride=2), x))


def scales():
    """The positions of maps of three sizes, of which one is read again."""
    builder = GraphBuilder(x=(4, 6, 2))
    fine = builder.chain([dense(3), tanh()], "x")
    coarse = builder.chain([MaxPool2D(2), dense(3)], fine)
    row = builder.chain([AveragePool2D((4, 2)), Upsample2D((1, 2))], fine)
    joined, divided = builder.add(JoinPositions(), fine, coarse, row), builder.add(JoinPositions(3), coarse, fine)
    return builder.build(builder.chain([tanh(), dense(2)], joined), builder.chain([tanh()], divided), coarse)


GRAPHS = [
    residual_blocks,
    skip_by_concatenation,
    two_heads,
    tap,
    two_inputs,
    input_read_twice,
    dead_end,
    in_place_after_branch,
]


def draw(graph, seed=0):
    rng = numpy.random.RandomState(seed)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(float))
    parameters.theta += 0.2 * rng.normal(size=parameters.theta.size)
    return parameters


def train_network(graph, parameters, n_rows=6, **options):
    return Network(
        graph, parameters, n_rows, training=True, input_gradients=True, generator=noise_generator(0), **options
    )


def poison(network):
    """Fill all memory with NaN, or the largest values."""
    for array in [*network._slots, *(array for lent in network._scratch.values() for array in lent.values())]:
        array.view(numpy.uint8).fill(255)


def weighted_sum(graph, parameters, xs, cotangents):
    """Return a function that gives the sum of the outputs times the cotangents, from a network of its own."""
    network = train_network(graph, parameters)

    def value():
        network.generator.state = noise_generator(0).state
        outputs = network.forward(*xs)
        return float(sum((y * c).sum() for y, c in zip(outputs, cotangents, strict=True)))

    return value


def problem(graph, seed=0):
    """Return inputs, and a cotangent for each output, for six rows."""
    rng = numpy.random.RandomState(seed)
    xs = [rng.normal(size=(6, *shape)) for shape in graph.inputs.values()]
    return xs, [rng.normal(size=(6, *graph.shapes[name])) for name in graph.outputs]


def with_positions(graph, positions):
    """Return the graph on inputs with more axes."""
    inputs = {name: (*positions, *shape) for name, shape in graph.inputs.items()}
    return Graph(graph.nodes.values(), inputs, graph.outputs)


@pytest.mark.parametrize(
    ("make", "positions"),
    [(make, axes) for make in GRAPHS for axes in ((), (2,), (2, 3))] + [(images, ()), (convolutions, ()), (scales, ())],
)
def test_gradients_of_parameters_and_inputs(make, positions):
    graph = with_positions(make(), positions)
    for seed in range(20):
        parameters = draw(graph, seed)
        xs, cotangents = problem(graph, seed=seed)
        network = train_network(graph, parameters)
        network.forward(*xs)
        poison(network)  # what no pass has written is NaN, and other sizes have left
        network._passes.clear()
        network.generator = noise_generator(0)
        parameters.grad.fill(numpy.nan)
        network.forward(*xs)
        given = dict(zip(graph.outputs, map(numpy.copy, cotangents), strict=True))
        dxs = [dx.copy() for dx in network.backward(given, inputs=True)]
        grad = parameters.grad.copy()
        if make is dead_end:
            assert numpy.isnan(grad).sum() == 5 * 7 + 7
            grad = numpy.nan_to_num(grad)
        value = weighted_sum(graph, parameters, xs, cotangents)
        checked = [assert_gradient(value, parameters.theta, grad)]
        checked += [assert_gradient(value, x, dx) for x, dx in zip(xs, dxs, strict=True)]
        if all(checked):
            return
    pytest.fail("every point drawn lies near a kink")


@pytest.mark.parametrize("make", [*GRAPHS, images, convolutions, scales])
def test_gradients_of_the_inputs_alone_leave_those_of_the_parameters(make):
    graph = make()
    parameters, (xs, cotangents) = draw(graph), problem(graph)
    both, alone = train_network(graph, parameters), train_network(graph, parameters)
    given = dict(zip(graph.outputs, cotangents, strict=True))
    both.forward(*xs)
    expected = [dx.copy() for dx in both.backward({k: v.copy() for k, v in given.items()}, inputs=True)]
    parameters.grad.fill(7)
    alone.forward(*xs)
    for dx, other in zip(alone.backward(given, parameters=False, inputs=True), expected, strict=True):
        assert_array_equal(dx, other)
    assert_array_equal(parameters.grad, 7)


def test_a_frozen_part_writes_no_gradients_and_none_flow_through_it_in_vain():
    graph = residual_blocks()
    names = list(graph.nodes)
    frozen = Graph(
        [Node(n.name, n.layer, n.inputs, n.role, frozen=i < 6) for i, n in enumerate(graph.nodes.values())],
        graph.inputs,
        graph.outputs,
    )
    parameters, (xs, cotangents) = draw(graph), problem(graph)
    network = Network(graph, parameters, 6, training=True)
    network.forward(*xs)
    network.backward({graph.outputs[0]: cotangents[0].copy()})
    expected = {key: grad.copy() for key, grad in parameters.grads.items()}
    held = Parameters(frozen.layout(), numpy.empty(frozen.layout().size))
    for key, value in held.values.items():
        value[...] = parameters.values[key]
    held.grad.fill(7)
    network = Network(frozen, held, 6, training=True)
    network.forward(*xs)
    network.backward({frozen.outputs[0]: cotangents[0].copy()})
    for (name, key), grad in held.grads.items():
        if names.index(name) < 6:
            assert_array_equal(grad, 7)
        else:
            assert_array_equal(grad, expected[name, key])
    assert {rate for _, rate in frozen.layout().segments} == {0.0, 1.0}
    assert sum(len(step) for step in plan_memory(frozen, training=True).slot_of if step[0] == "dy") < sum(
        len(step) for step in plan_memory(graph, training=True).slot_of if step[0] == "dy"
    )


def test_two_networks_on_one_parameters():
    """A trunk and a head, each a graph of its own: the chain rule passes from one to the other."""
    whole = chain([("a", dense(5)), ("b", tanh()), ("c", dense(3))], (4,))
    trunk, head = whole.up_to("b"), chain([("c", dense(3))], (5,))
    parameters, (xs, cotangents) = draw(whole), problem(whole)
    network = Network(whole, parameters, 6, training=True)
    network.forward(*xs)
    network.backward({"c": cotangents[0].copy()})
    expected = parameters.grad.copy()
    parameters.grad.fill(numpy.nan)
    first = Network(trunk, parameters, 6, training=True)
    second = Network(head, parameters, 6, training=True, input_gradients=True)
    second.forward(*first.forward(*xs))
    (dx,) = second.backward({"c": cotangents[0].copy()}, inputs=True)
    first.backward({"b": dx})
    assert_array_equal(parameters.grad, expected)


def test_arrays_that_are_not_needed_together_share_memory():
    graph = chain([(str(i), layer) for i, layer in enumerate([dense(10), tanh()] * 8)], (10,))
    assert plan_memory(graph, training=False).slots == [10, 10]
    # what tanh keeps, which lies over the dense layer's output, and a gradient: others lie where outputs are used up
    assert sum(plan_memory(graph, training=True).slots) == 10 * (8 + 1)
    residuals = residual_blocks()
    without = sum(2 * numpy.prod(shape) for name, shape in residuals.shapes.items() if name in residuals.nodes)
    assert sum(plan_memory(residuals, training=True).slots) < 0.75 * without


def test_nodes_that_go_together_badly_are_named():
    for nodes, words in (
        ([Node("a", dense(2), ("y",))], "reads 'y', which is neither"),
        ([Node("a", dense(2), ("x",)), Node("a", dense(2), ("x",))], "'a' stands twice"),
        ([Node("x", dense(2), ("x",))], "'x' stands twice"),
        ([Node("a", dense(2), ("x", "x"))], "layer of one input"),
        ([Node("a", dense(2), ("x",)), Node("b", Add(), ("a", "x"))], "inputs of one shape"),
    ):
        with pytest.raises(ValueError, match=words):
            Graph(nodes, {"x": (4,)}, ["a"])
    with pytest.raises(ValueError, match="names of its nodes"):
        Graph([], {"x": (4,)}, ["x"])
    with pytest.raises(ValueError, match="agree in all axes but the last"):
        Graph([Node("a", Concatenate(), ("x", "z"))], {"x": (2, 4), "z": (3, 4)}, ["a"])


def test_a_steady_pass_allocates_nothing():
    graph = with_positions(skip_by_concatenation(), (500,))
    parameters = draw(graph)
    network = train_network(graph, parameters, 20)
    rng = numpy.random.RandomState(0)
    x, dy = rng.normal(size=(20, 500, 4)), rng.normal(size=(20, 500, 2))
    for _ in range(2):
        network.forward(x)
        network.backward({graph.outputs[0]: dy})
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    network.forward(x)
    network.backward({graph.outputs[0]: dy})
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 4_000
    assert peak - before < 20 * 500 * 8


def test_the_weights_of_rows_count_at_every_position():
    graph = with_positions(chain([("norm", BatchNorm())], (3,)), (2,))
    parameters = draw(graph)
    x, weight = numpy.random.RandomState(0).normal(size=(6, 2, 3)), numpy.array([1.0, 1, 1, 0, 0, 0])
    (y,) = Network(graph, parameters, 6, training=True).forward(x, weight=weight)
    fresh = draw(graph)
    (part,) = Network(graph, fresh, 6, training=True).forward(x[:3])
    assert_allclose(y[:3], part)


def test_prediction_leaves_noise_out():
    graph = in_place_after_branch()
    parameters, (xs, _) = draw(graph), problem(graph)
    plain = Network(graph, parameters, 6)
    (y,) = plain.forward(*xs)
    a = xs[0] @ parameters.values["dense_0", "W"] + parameters.values["dense_0", "b"]
    assert_allclose(y, a + Softmax()(a) + numpy.maximum(a, 0))


@pytest.mark.parametrize("weighting", ["number", "rows"])
def test_two_heads_with_losses_of_their_own(weighting):
    """The objective is the weighted sum of the heads' losses, and the gradient is that of the loss reported."""
    graph = two_heads()
    first, second = graph.outputs
    squared, log = SquaredError(), LogLoss()
    heads = {first: Head(squared, squared.link("regression"), weight=0.5), second: Head(log, log.link("multiclass"))}
    rng = numpy.random.RandomState(0)
    parameters, x = draw(graph), rng.normal(size=(6, 4))
    targets = rng.normal(size=(6, 3)), random_target(rng, "multiclass", 6, 2)
    weight = 0.3 if weighting == "number" else rng.uniform(size=6)
    both = Criterion(Objective(heads), Network(graph, parameters, 6, training=True))

    def loss():
        return both.loss_and_grad(x, targets, weight)

    total, grad, alone = loss(), parameters.grad.copy(), 0.0
    for (name, head), target in zip(heads.items(), targets, strict=True):
        part = Criterion(Objective({name: head}), Network(graph.up_to(name), parameters, 6, training=True))
        alone += part.loss_and_grad(x, target, weight)
    assert total == pytest.approx(alone)
    assert assert_gradient_along(loss, parameters.theta, grad, rng)


@pytest.mark.parametrize(
    "make", [residual_blocks, skip_by_concatenation, two_heads, tap, two_inputs, images, convolutions, scales]
)
def test_a_device_gives_the_same(device, make):
    graph = make()
    here, (xs, cotangents) = draw(graph), problem(graph)
    given = dict(zip(graph.outputs, cotangents, strict=True))
    results = []
    for parameters, to in ((here, lambda array: array.copy()), (here.on(device), device.asarray)):
        network = train_network(graph, parameters)
        outputs = [array.copy() for array in network.forward(*map(to, xs))]
        dxs = network.backward({name: to(dy) for name, dy in given.items()}, inputs=True)
        results.append([*outputs, parameters.grad, *dxs])
    for one, other in zip(*results, strict=True):
        assert namespace(other) is device
        assert_allclose(device.asnumpy(other), one, rtol=1e-9, atol=1e-12)
