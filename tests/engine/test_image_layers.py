"""Layers for images: equal to PyTorch's where it is installed; ties, padding and channels; memory, devices, errors."""

import tracemalloc

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.arrays.random_bits import noise_generator
from skann.engine.functions.windows import slide
from skann.engine.graph import GraphBuilder, chain
from skann.engine.kernels import with_loops
from skann.engine.layers import (
    Add,
    AveragePool2D,
    BatchNorm,
    Canvas2D,
    Concatenate,
    Flatten,
    GlobalAveragePool2D,
    GlobalMaxPool2D,
    JoinPositions,
    MaxPool2D,
    SpatialDropout,
    Upsample2D,
)
from skann.engine.network import Network
from skann.engine.parameters import Parameters

from .harness import bind
from .test_gradients import IMAGE_CASES

SHAPE = (7, 9, 3)
POOLS = [(2, None, 0), (2, 1, 0), (3, 2, 1), (3, 1, 1), ((2, 3), (1, 2), 0), (2, 3, 1), ((4, 2), (4, 1), (2, 0))]
FACTORS = [2, 3, (1, 4), 5]
TOLERANCES = {"float32": 1e-5, "float64": 1e-10}

dtypes = pytest.mark.parametrize("dtype", TOLERANCES)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def network_of(graph, dtype="float64", n_rows=6):
    """Return a network in training, with the parameters at random."""
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(0), numpy.dtype(dtype))
    parameters.theta += 0.3 * numpy.random.RandomState(1).normal(size=parameters.theta.size)
    return Network(graph, parameters, n_rows, training=True, input_gradients=True, generator=noise_generator(0))


def passes(network, *xs):
    """Return the output, a cotangent of it, and the gradients of the inputs."""
    (y,) = (array.copy() for array in network.forward(*xs))
    dy = numpy.random.RandomState(2).normal(size=y.shape).astype(y.dtype)
    dxs = network.backward({network.graph.outputs[0]: dy.copy()}, inputs=True)
    return y, dy, [dx.copy() for dx in dxs]


def images(dtype, shape=SHAPE, seed=0):
    return numpy.random.RandomState(seed).normal(size=(6, *shape)).astype(dtype)


def tensor_of(torch, array):
    """Return the images as PyTorch's, channels first, with a gradient."""
    return torch.tensor(numpy.moveaxis(array, -1, 1).copy(), requires_grad=True)


def assert_equals_torch(got, tensor):
    """Assert that images, or rows, equal PyTorch's within the tolerance of their dtype."""
    expected = tensor.detach().numpy()
    expected = numpy.moveaxis(expected, 1, -1) if expected.ndim == 4 else expected
    assert got.dtype == expected.dtype
    assert_allclose(got, expected, rtol=0, atol=TOLERANCES[str(got.dtype)] * numpy.abs(expected).max())


def compare(torch, layer, function, x):
    """Assert that a layer's output and gradient equal those of a function of PyTorch."""
    y, dy, (dx,) = passes(network_of(chain([("layer", layer)], x.shape[1:]), x.dtype), x)
    tensor = tensor_of(torch, x)
    other = function(tensor)
    other.backward(torch.tensor(numpy.moveaxis(dy, -1, 1) if dy.ndim == 4 else dy))
    assert_equals_torch(y, other)
    assert_equals_torch(dx, tensor.grad)


# --- pooling


@dtypes
@pytest.mark.parametrize(("size", "stride", "padding"), POOLS)
def test_max_pool(torch, size, stride, padding, dtype):
    def function(x):
        return torch.nn.functional.max_pool2d(x, size, stride, padding)

    compare(torch, MaxPool2D(size, stride, padding), function, images(dtype))
    compare(torch, MaxPool2D(size, stride, padding), function, numpy.rint(images(dtype)))  # ties


@dtypes
@pytest.mark.parametrize(("size", "stride", "padding"), POOLS)
def test_average_pool(torch, size, stride, padding, dtype):
    def function(x):
        return torch.nn.functional.avg_pool2d(x, size, stride, padding)

    compare(torch, AveragePool2D(size, stride, padding), function, images(dtype))


@pytest.mark.parametrize(
    ("shape", "size", "stride", "pads"),  # left, right, above, below
    [((6, 8, 3), 3, 2, (0, 1, 0, 1)), ((4, 7, 3), (3, 2), (1, 3), (0, 1, 1, 1)), ((5, 6, 2), 4, 1, (1, 2, 1, 2))],
)
def test_same_padding_gives_a_window_per_stride(torch, shape, size, stride, pads):
    """The odd row or column is added at the end; in an average it counts as zeros."""
    pad, x = torch.nn.functional.pad, images("float64", shape)
    for layer, pool, value in (
        (MaxPool2D(size, stride, "same"), torch.nn.functional.max_pool2d, -numpy.inf),
        (AveragePool2D(size, stride, "same"), torch.nn.functional.avg_pool2d, 0.0),
    ):
        compare(torch, layer, lambda x, pool=pool, value=value: pool(pad(x, pads, value=value), size, stride), x)


@dtypes
def test_global_pools(torch, dtype):
    for x in (images(dtype), numpy.rint(images(dtype)), images(dtype, (20, 30, 2))):
        compare(torch, GlobalAveragePool2D(), lambda x: x.mean(dim=(2, 3)), x)
        compare(torch, GlobalMaxPool2D(), lambda x: torch.nn.functional.adaptive_max_pool2d(x, 1).flatten(1), x)


@dtypes
def test_a_signal_is_an_image_of_one_row(torch, dtype):
    functional, x = torch.nn.functional, images(dtype, (1, 11, 4))
    for layer, pool in (
        (MaxPool2D((1, 3), (1, 2), (0, 1)), lambda x: functional.max_pool1d(x, 3, 2, 1)),
        (AveragePool2D((1, 3), (1, 2), (0, 1)), lambda x: functional.avg_pool1d(x, 3, 2, 1)),
        (Upsample2D((1, 3)), lambda x: functional.interpolate(x, scale_factor=3)),
        (Upsample2D((1, 3), "bilinear"), lambda x: functional.interpolate(x, scale_factor=3, mode="linear")),
    ):
        compare(torch, layer, lambda x, pool=pool: pool(x[:, :, 0])[:, :, None], x)


def test_the_first_maximum_receives_the_gradient():
    x = numpy.zeros((1, 4, 4, 1))
    _, _, (dx,) = passes(network_of(chain([("pool", MaxPool2D(2))], x.shape[1:])), x)
    assert_array_equal(numpy.argwhere(dx[0, :, :, 0]), [[0, 0], [0, 2], [2, 0], [2, 2]])


@pytest.mark.parametrize("value", [-numpy.inf, numpy.nan])
def test_windows_without_a_largest_number_leave_the_gradient_inside_the_image(value):
    x = numpy.full((1, 5, 5, 2), value)
    y, dy, (dx,) = passes(network_of(chain([("pool", MaxPool2D(3, 2, 1))], x.shape[1:])), x)
    assert_array_equal(y, numpy.full_like(y, value))
    assert_allclose(dx.sum(axis=(1, 2)), dy.sum(axis=(1, 2)))


@pytest.mark.parametrize("layer", [case for case in IMAGE_CASES if not case.only_in_training], ids=repr)
def test_prediction_gives_the_same(layer):
    x = images("float32")
    graph = chain([("layer", layer)], SHAPE)
    network = network_of(graph, "float32")
    (trained,) = network.forward(x)
    (predicted,) = Network(graph, network.parameters, 6).forward(x)
    assert_array_equal(predicted, trained)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_windows(n, size, stride):
    """Taps, and what is said of padding and overlap, against the pixels of each window."""
    for padding in ["valid", "same", *((pad, pad) for pad in range(size // 2 + 1))]:
        windows = slide((n, n), (size, size), (stride, stride), padding)
        if windows.out_shape == (0, 0):
            assert n + 2 * windows.before[0] < size
            continue
        starts = numpy.arange(windows.out_shape[0]) * stride - windows.before[0]
        cells = starts[:, None] + numpy.arange(size)
        inside = (cells >= 0) & (cells < n)
        counts = numpy.bincount(cells[inside], minlength=n)
        assert windows.is_padded == (not inside.all())
        assert windows.overlaps >= (counts > 1).any()
        assert windows.is_partition <= (counts == 1).all()
        if padding == "valid":
            assert windows.overlaps == (counts > 1).any()
            assert windows.is_partition == (size == stride and (counts == 1).all())
        seen = numpy.zeros_like(inside)
        for index, (_, rows, columns), (_, pixel_rows, pixel_columns) in windows.taps:
            for cell, own, pixels in ((index // size, rows, pixel_rows), (index % size, columns, pixel_columns)):
                assert_array_equal(cells[own, cell], numpy.arange(n)[pixels])
            seen[rows, index // size] = True
        assert_array_equal(seen, inside)
        assert windows.first_cells(0) == [(i, -start) for i, start in enumerate(starts) if start < 0]


# --- upsampling, and layers that work on each position


@dtypes
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_upsampling(torch, mode, factor, dtype):
    def function(x):
        return torch.nn.functional.interpolate(x, scale_factor=factor, mode=mode)

    compare(torch, Upsample2D(factor, mode), function, images(dtype))
    compare(torch, Upsample2D(factor, mode), function, images(dtype, (1, 1, 3)))


@dtypes
def test_flatten_keeps_the_channels_last(torch, dtype):
    compare(torch, Flatten(), lambda x: x.permute(0, 2, 3, 1).flatten(1), images(dtype))


@dtypes
def test_batch_normalization_is_per_channel(torch, dtype):
    graph, x = chain([("norm", BatchNorm())], SHAPE), 2 * images(dtype) + 1
    network = network_of(graph, dtype)
    other = torch.nn.BatchNorm2d(3, dtype=getattr(torch, dtype))
    with torch.no_grad():
        for name, tensor in (("gamma", other.weight), ("beta", other.bias)):
            tensor.copy_(torch.tensor(network.parameters.values["norm", name]))
    y, dy, (dx,) = passes(network, x)
    grads, states = network.parameters.grads_by_layer["norm"], network.parameters.states_by_layer["norm"]
    tensor = tensor_of(torch, x)
    expected = other(tensor)
    expected.backward(torch.tensor(numpy.moveaxis(dy, -1, 1)))
    gradients = ((dx, tensor.grad), (grads["gamma"], other.weight.grad), (grads["beta"], other.bias.grad))
    for got, right in ((y, expected), *gradients):
        assert_equals_torch(got, right)

    # the first batch sets the running statistics, where PyTorch's start from 0 and 1: they are given
    with torch.no_grad():
        other.running_mean.copy_(torch.tensor(states["mean"]))
        other.running_var.copy_(torch.tensor(states["variance"]))
    (y,) = Network(graph, network.parameters, 6).forward(x)
    assert_equals_torch(y, other.eval()(tensor))


@dtypes
@pytest.mark.parametrize("layer", [Add(), Concatenate()], ids=repr)
def test_merging_images(torch, layer, dtype):
    widths = (3, 3) if isinstance(layer, Add) else (3, 2)
    xs = [images(dtype, (4, 5, width), seed) for seed, width in enumerate(widths)]
    builder = GraphBuilder(a=xs[0].shape[1:], b=xs[1].shape[1:])
    y, dy, dxs = passes(network_of(builder.build(builder.add(layer, "a", "b")), dtype), *xs)
    tensors = [tensor_of(torch, x) for x in xs]
    expected = tensors[0] + tensors[1] if isinstance(layer, Add) else torch.cat(tensors, dim=1)
    expected.backward(torch.tensor(numpy.moveaxis(dy, -1, 1)))
    assert_equals_torch(y, expected)
    for dx, tensor in zip(dxs, tensors, strict=True):
        assert_equals_torch(dx, tensor.grad)


def test_the_positions_of_maps_follow_one_another():
    xs = [images("float64", (*size, 2), seed) for seed, size in enumerate([(4, 5), (1, 3), (2, 2)])]
    builder = GraphBuilder(a=xs[0].shape[1:], b=xs[1].shape[1:], c=xs[2].shape[1:])
    y, dy, dxs = passes(network_of(builder.build(builder.add(JoinPositions(), "a", "b", "c"))), *xs)
    assert_array_equal(y, numpy.concatenate([x.reshape(6, -1, 2) for x in xs], axis=1))
    for x, dx, part in zip(xs, dxs, numpy.split(dy, [20, 23], axis=1), strict=True):
        assert_array_equal(dx, part.reshape(x.shape))


def test_the_channels_of_a_position_are_divided_into_pieces():
    xs = [images("float64", (*size, 6), seed) for seed, size in enumerate([(4, 5), (1, 3)])]
    builder = GraphBuilder(a=xs[0].shape[1:], b=xs[1].shape[1:])
    y, dy, dxs = passes(network_of(builder.build(builder.add(JoinPositions(3), "a", "b"))), *xs)
    assert_array_equal(y, numpy.concatenate([x.reshape(6, -1, 2) for x in xs], axis=1))
    for x, dx, part in zip(xs, dxs, numpy.split(dy, [60], axis=1), strict=True):
        assert_array_equal(dx, part.reshape(x.shape))


@pytest.mark.parametrize("size", [(9, 12), (3, 4), (5, 11), (10, 2), (7, 9)])
def test_a_canvas_holds_the_upper_left_corner(size):
    x = images("float64")
    y, dy, (dx,) = passes(network_of(chain([("canvas", Canvas2D(size))], SHAPE)), x)
    both = numpy.pad(x, ((0, 0), (0, 20), (0, 20), (0, 0)))
    assert_array_equal(y, both[:, : size[0], : size[1]])
    back = numpy.pad(dy, ((0, 0), (0, 20), (0, 20), (0, 0)))
    assert_array_equal(dx, back[:, : SHAPE[0], : SHAPE[1]])


# --- spatial dropout


def test_spatial_dropout_drops_channels_of_images():
    layer, shape = SpatialDropout(0.3), (400, 5, 6, 30)
    _, bound, _ = bind(layer, shape[1:], shape[0])
    y, dx = numpy.empty(shape), numpy.empty(shape)
    layer.forward(bound, numpy.ones(shape), y)
    assert_array_equal(y, numpy.broadcast_to(y[:, :1, :1], shape))
    dropped = y[:, 0, 0] == 0
    assert abs(dropped.mean() - 0.3) < 5 * numpy.sqrt(0.3 * 0.7 / dropped.size)
    assert dropped.mean(axis=0).min() > 0.1
    assert dropped.mean(axis=0).max() < 0.5
    assert_allclose(y[:, 0, 0][~dropped], 1 / 0.7, rtol=1e-4)
    layer.backward(bound, None, None, numpy.full(shape, 3.0), dx)
    assert_allclose(dx, 3 * y)


# --- memory, devices, errors


@pytest.mark.parametrize("library", dict.fromkeys([numpy, with_loops(numpy)]), ids=lambda xp: type(xp).__name__)
@pytest.mark.parametrize("layer", IMAGE_CASES, ids=repr)
def test_a_steady_pass_allocates_nothing(layer, library):
    graph = chain([("layer", layer)], (40, 40, 16))
    network = network_of(graph, "float32", n_rows=32)
    network.xp = library
    rng = numpy.random.default_rng(0)
    x, dy = (rng.random((32, *shape), "float32") for shape in graph.shapes.values())
    for _ in range(2):
        network.forward(x)
        network.backward({"layer": dy}, inputs=True)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    network.forward(x)
    network.backward({"layer": dy}, inputs=True)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 4_000
    # NumPy itself may take a buffer for each operand, together a thirtieth of x
    assert peak - before < 3 * 4 * numpy.getbufsize() + 4_000


@pytest.mark.parametrize("layer", IMAGE_CASES, ids=repr)
def test_a_device_gives_the_same(device, layer):
    graph, x = chain([("layer", layer)], SHAPE), numpy.rint(2 * images("float64"))
    here = network_of(graph)
    there = Network(
        graph, here.parameters.on(device), 6, training=True, input_gradients=True, generator=noise_generator(0)
    )
    y, dy, (dx,) = passes(here, x)
    (other,) = there.forward(device.asarray(x))
    assert_allclose(device.asnumpy(other), y, rtol=1e-9, atol=1e-12)
    (other,) = there.backward({"layer": device.asarray(dy)}, inputs=True)
    assert_allclose(device.asnumpy(other), dx, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: MaxPool2D(0),
            r"'size' parameter of MaxPool2D must be an int of at least 1, or two of them.* Got 0",
        ),
        (lambda: MaxPool2D(2.0), "'size' parameter of MaxPool2D"),
        (lambda: MaxPool2D(True), "'size' parameter of MaxPool2D"),
        (lambda: AveragePool2D((2, 2, 2)), r"'size' parameter of AveragePool2D .* Got \(2, 2, 2\)"),
        (lambda: AveragePool2D(2, stride=0), "'stride' parameter of AveragePool2D must be an int of at least 1"),
        (lambda: AveragePool2D(2, stride=(1, -1)), "'stride' parameter of AveragePool2D"),
        (lambda: MaxPool2D(2, padding="full"), '\'padding\' parameter of MaxPool2D must be "same", "valid", an int'),
        (lambda: MaxPool2D(2, padding=-1), "'padding' parameter of MaxPool2D must .* Got -1"),
        (lambda: MaxPool2D(3, padding=2), "'padding' parameter of MaxPool2D must be at most half of size=3.* Got 2"),
        (lambda: Upsample2D(0), "'factor' parameter of Upsample2D must be an int of at least 1"),
        (
            lambda: Upsample2D(mode="cubic"),
            "'mode' parameter of Upsample2D must be 'nearest' or 'bilinear'. Got 'cubic'",
        ),
        (
            lambda: chain([("pool", MaxPool2D((8, 2)))], SHAPE),
            "of 8 x 2 pixels, are larger than the images, of 7 x 9 pixels, .*Use a smaller size, or padding='same'",
        ),
        (lambda: chain([("pool", AveragePool2D())], (1, 9, 3)), "are larger than the images"),
        (lambda: chain([("pool", MaxPool2D())], (9, 3)), r"MaxPool2D takes images .* Got \(9, 3\). Give grey"),
        (lambda: chain([("pool", GlobalMaxPool2D())], (3,)), "GlobalMaxPool2D takes images"),
        (lambda: chain([("pool", GlobalAveragePool2D())], (0, 4, 3)), "GlobalAveragePool2D takes images"),
        (lambda: chain([("up", Upsample2D())], (4, 4, 4, 4)), "Upsample2D takes images"),
        (lambda: Canvas2D((0, 3)), "'size' parameter of Canvas2D must be an int of at least 1"),
        (lambda: chain([("canvas", Canvas2D((2, 3)))], (4, 4)), "Canvas2D takes images"),
        (
            lambda: JoinPositions().declare([(2, 2, 3), (2, 2, 4)]),
            "JoinPositions takes inputs of the same number of channels",
        ),
        (lambda: JoinPositions(4).declare([(2, 2, 6)]), "JoinPositions cannot divide 6 channels into 4 pieces"),
    ],
)
def test_errors_name_what_came_and_the_way_out(make, words):
    with pytest.raises(ValueError, match=words):
        make()
