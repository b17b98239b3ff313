"""Convolution: equal to PyTorch's, in any blocks, with the shapes of its formula, and errors that say what to do."""

from itertools import product

import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skann.engine.functions import convolution, depthwise, patches, products
from skann.engine.functions.geometry import Geometry
from skann.engine.functions.pairs import padding_for
from skann.engine.graph import chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import Conv2D, ConvTranspose2D
from skann.engine.network import Network
from skann.engine.parameters import Parameters

from .harness import bind

INIT = GlorotUniform()
TOLERANCES = {"float32": 1e-5, "float64": 1e-10}

# layer, shape of an image
CASES = {
    "3x3": (Conv2D(4, INIT), (7, 6, 3)),
    "one channel": (Conv2D(5, INIT), (9, 8, 1)),
    "valid": (Conv2D(4, INIT, padding="valid"), (7, 6, 3)),
    "numbers": (Conv2D(4, INIT, (3, 5), padding=(2, 1)), (6, 7, 3)),
    "more padding than image": (Conv2D(2, INIT, padding=4), (2, 3, 2)),
    "even kernel": (Conv2D(3, INIT, (2, 4)), (5, 6, 2)),
    "stride": (Conv2D(4, INIT, stride=2), (8, 7, 3)),
    "stride beyond the kernel": (Conv2D(3, INIT, 2, stride=3, padding="valid"), (9, 10, 2)),
    "strides": (Conv2D(4, INIT, stride=(3, 1), padding=1), (8, 7, 3)),
    "dilation": (Conv2D(4, INIT, dilation=2), (7, 9, 2)),
    "dilation and stride": (Conv2D(3, INIT, stride=2, dilation=(2, 3), padding=(1, 3)), (8, 7, 2)),
    "groups": (Conv2D(6, INIT, groups=2), (5, 6, 4)),
    "groups with stride": (Conv2D(6, INIT, stride=2, groups=3), (7, 6, 3)),
    "depthwise": (Conv2D(5, INIT, groups=5), (6, 7, 5)),
    "depthwise with stride and dilation": (Conv2D(3, INIT, stride=2, dilation=2, groups=3), (9, 8, 3)),
    "depthwise with a multiplier": (Conv2D(6, INIT, groups=3), (5, 6, 3)),
    "1x1": (Conv2D(4, INIT, 1), (5, 6, 3)),
    "1x1 with stride": (Conv2D(4, INIT, 1, stride=2), (5, 6, 3)),
    "1x1 with padding": (Conv2D(4, INIT, 1, padding=1), (5, 6, 3)),
    "1x1 in groups": (Conv2D(4, INIT, 1, groups=2), (5, 6, 2)),
    "whole image": (Conv2D(4, INIT, (5, 6), padding="valid"), (5, 6, 3)),
    "without bias": (Conv2D(4, INIT, bias=False), (5, 6, 3)),
    "signal": (Conv2D(4, INIT, (1, 5)), (1, 20, 3)),
    "signal with stride": (Conv2D(4, INIT, (1, 4), stride=(1, 3), dilation=(1, 2)), (1, 21, 2)),
}
TRANSPOSED_CASES = {
    "3x3": (ConvTranspose2D(4, INIT), (5, 6, 3)),
    "stride": (ConvTranspose2D(4, INIT, stride=2), (4, 5, 3)),
    "even kernel": (ConvTranspose2D(3, INIT, 4, stride=2), (4, 5, 2)),
    "even kernel without stride": (ConvTranspose2D(3, INIT, (2, 4)), (4, 5, 2)),
    "strides": (ConvTranspose2D(4, INIT, (5, 3), stride=(3, 1)), (3, 5, 2)),
    "stride beyond the kernel": (ConvTranspose2D(2, INIT, 2, stride=3), (3, 4, 2)),
    "valid": (ConvTranspose2D(4, INIT, (3, 2), stride=(2, 3), padding="valid"), (4, 3, 2)),
    "numbers": (ConvTranspose2D(4, INIT, stride=2, padding=(1, 2)), (4, 5, 3)),
    "more padding than kernel": (ConvTranspose2D(2, INIT, 2, padding=2), (6, 7, 3)),
    "1x1": (ConvTranspose2D(4, INIT, 1), (4, 5, 3)),
    "one channel": (ConvTranspose2D(1, INIT, stride=2), (4, 5, 1)),
    "without bias": (ConvTranspose2D(2, INIT, bias=False), (4, 5, 3)),
    "signal": (ConvTranspose2D(4, INIT, (1, 4), stride=(1, 2)), (1, 9, 3)),
}
BOTH = {**CASES, **{f"transposed, {name}": case for name, case in TRANSPOSED_CASES.items()}}
CASE = pytest.mark.parametrize("case", CASES)


def passes(layer, in_shape, dtype="float64", n_images=5):
    """Return the arrays of a forward and a backward pass by name."""
    parameters, bound, y_shape = bind(layer, in_shape, n_images, dtype=dtype)
    rng = numpy.random.RandomState(1)
    x, dy = rng.normal(size=(n_images, *in_shape)).astype(dtype), rng.normal(size=y_shape).astype(dtype)
    y, dx = numpy.full(y_shape, numpy.nan, dtype), numpy.full(x.shape, numpy.nan, dtype)
    parameters.grad.fill(numpy.nan)
    for array in (x, dy, parameters.theta):
        array.flags.writeable = False
    layer.forward(bound, x, y)
    layer.backward(bound, x, y, dy, dx)
    gradients = {f"d{name}": grad for name, grad in bound.grads.items()}
    return {"x": x, "dy": dy, "y": y, "dx": dx, **bound.params, **gradients}


def assert_same(arrays, others, tolerance):
    for name, other in others.items():
        assert_allclose(arrays[name], other, rtol=0, atol=tolerance * numpy.abs(other).max(), err_msg=name)


def zeros_around(layer, in_shape):
    """Return the zero columns before and after an image, then the rows, as PyTorch's ``pad`` takes them."""
    if layer.padding == "valid":
        return 0, 0, 0, 0
    if layer.padding != "same":
        rows, columns = numpy.broadcast_to(layer.padding, 2).tolist()
        return columns, columns, rows, rows
    zeros = []
    for axis in (1, 0):
        kernel, stride, dilation = (
            numpy.broadcast_to(value, 2)[axis].item() for value in (layer.kernel_size, layer.stride, layer.dilation)
        )
        n_outputs = -(-in_shape[axis] // stride)
        total = max((n_outputs - 1) * stride + (kernel - 1) * dilation + 1 - in_shape[axis], 0)
        zeros += total // 2, total - total // 2
    return zeros


def assert_equals_pytorch(torch, layer, in_shape, dtype, function):
    """Assert that the passes of a layer equal those of a function of images, weights and bias of PyTorch."""
    arrays = passes(layer, in_shape, dtype)
    images = torch.tensor(arrays["x"]).permute(0, 3, 1, 2).requires_grad_()
    weights = torch.tensor(arrays["W"]).permute(3, 2, 0, 1).requires_grad_()
    bias = torch.tensor(arrays["b"]).requires_grad_() if layer.bias else None
    y = function(images, weights, bias)
    y.backward(torch.tensor(arrays["dy"]).permute(0, 3, 1, 2))
    others = {
        "y": y.detach().permute(0, 2, 3, 1),
        "dx": images.grad.permute(0, 2, 3, 1),
        "dW": weights.grad.permute(2, 3, 1, 0),
    } | ({"db": bias.grad} if layer.bias else {})
    assert_same(arrays, {name: tensor.numpy() for name, tensor in others.items()}, TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", TOLERANCES)
@CASE
def test_equals_pytorch(case, dtype):
    torch = pytest.importorskip("torch")
    layer, in_shape = CASES[case]

    def conv2d(images, weights, bias):
        padded = torch.nn.functional.pad(images, tuple(zeros_around(layer, in_shape)))
        return torch.nn.functional.conv2d(
            padded, weights, bias, stride=layer.stride, dilation=layer.dilation, groups=layer.groups
        )

    assert_equals_pytorch(torch, layer, in_shape, dtype, conv2d)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", TRANSPOSED_CASES)
def test_transposed_equals_pytorch(case, dtype):
    torch = pytest.importorskip("torch")
    layer, in_shape = TRANSPOSED_CASES[case]

    def conv_transpose2d(images, weights, bias):
        whole = torch.nn.functional.conv_transpose2d(images, weights, stride=layer.stride)
        left_out = []
        for axis in (1, 0):
            kernel, stride = (numpy.broadcast_to(value, 2)[axis].item() for value in (layer.kernel_size, layer.stride))
            if layer.padding == "same":
                left_out += max(kernel - stride, 0) // 2, kernel - stride - max(kernel - stride, 0) // 2
            else:
                left_out += [0 if layer.padding == "valid" else numpy.broadcast_to(layer.padding, 2)[axis].item()] * 2
        y = torch.nn.functional.pad(whole, [-count for count in left_out])  # cuts off, and adds zeros
        return y if bias is None else y + bias[:, None, None]

    assert_equals_pytorch(torch, layer, in_shape, dtype, conv_transpose2d)


@pytest.fixture
def small_blocks(monkeypatch):
    """Return a function that sets the size of a block."""

    def set_size(size):
        for module in (patches, products, depthwise):
            monkeypatch.setattr(module, "_BLOCK", size)
        monkeypatch.setattr(patches, "_POSITIONS", 0)
        convolution._form.cache_clear()

    yield set_size
    monkeypatch.undo()
    convolution._form.cache_clear()


@pytest.mark.parametrize("blocks", ["images", "bands", "rows"])
@pytest.mark.parametrize("case", BOTH)
def test_blocks_change_nothing(case, blocks, small_blocks):
    layer, in_shape = BOTH[case]
    geometry = layer.geometry(in_shape)
    whole = passes(layer, in_shape)
    per_row = geometry.out_shape[1] * geometry.n_terms * geometry.groups
    per_image = per_row * geometry.out_shape[0]
    small_blocks({"images": 2 * per_image, "bands": max(per_row, per_image // 2), "rows": 1}[blocks])
    assert_same(
        passes(layer, in_shape), {name: whole[name] for name in whole if name in ("y", "dx", "dW", "db")}, 1e-13
    )


def test_there_are_blocks_of_images_and_bands_of_rows(small_blocks):
    geometry = Geometry((6, 4, 2), 3, (3, 3), padding=((1, 1), (1, 1)))
    per_row = 4 * 18
    for size, n_blocks in ((12 * per_row, 3), (6 * per_row, 5), (4 * per_row, 10), (1, 30)):
        small_blocks(size)
        blocks = list(products.PatchProducts(geometry).split(5))
        assert len(blocks) == n_blocks
        seen = numpy.zeros((5, 6), int)
        for images, rows in blocks:
            seen[images, rows] += 1
        assert (seen == 1).all()


@pytest.mark.parametrize("block", [1, 2**26], ids=["blocks", "one block"])
@pytest.mark.parametrize("case", BOTH)
def test_a_device_gives_the_same(case, block, device, small_blocks, monkeypatch):
    layer, in_shape = BOTH[case]
    here = passes(layer, in_shape)
    small_blocks(1)
    monkeypatch.setattr(convolution, "_DEVICE_BLOCK", block)
    graph = chain([("layer", layer)], in_shape)
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(0), here["x"].dtype)
    for name in ("W", "b"):
        if name in here:
            parameters.values["layer", name][...] = here[name]
    there = Network(graph, parameters.on(device), 5, training=True, input_gradients=True)
    (y,) = there.forward(device.asarray(here["x"]))
    y = device.asnumpy(y)
    (dx,) = there.backward({"layer": device.asarray(here["dy"])}, inputs=True)
    grads = there.parameters.grads_by_layer["layer"]
    results = {"y": y, "dx": device.asnumpy(dx), **{f"d{name}": device.asnumpy(grads[name]) for name in grads}}
    assert_same(results, {name: here[name] for name in results}, 1e-12)


sizes, taps, steps = st.integers(1, 12), st.integers(1, 5), st.integers(1, 4)


@given(size=sizes, kernel=taps, dilation=steps, stride=steps)
def test_same_padding_gives_an_output_per_stride(size, kernel, dilation, stride):
    span = (kernel - 1) * dilation + 1
    (before, after), _ = padding = padding_for("same", (size, 1), (span, 1), (stride, 1))
    assert 0 <= after - before <= 1
    geometry = Geometry((size, 1, 1), 1, (kernel, 1), (stride, 1), padding, (dilation, 1))
    assert geometry.out_shape == (-(-size // stride), 1, 1)


@given(size=sizes, kernel=taps, dilation=steps, stride=steps, before=st.integers(0, 5), after=st.integers(0, 5))
def test_an_output_stands_wherever_a_window_fits(size, kernel, dilation, stride, before, after):
    padded = before + size + after
    assume((kernel - 1) * dilation < padded)
    starts = [start for start in range(0, padded, stride) if start + (kernel - 1) * dilation < padded]
    geometry = Geometry((1, size, 1), 2, (1, kernel), (1, stride), ((0, 0), (before, after)), (1, dilation))
    assert geometry.out_shape == (1, len(starts), 2)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_transposed_with_same_padding_gives_stride_outputs_per_input(kernel, stride):
    assert ConvTranspose2D(4, INIT, kernel, stride).declare((3, 5, 2)).shape == (3 * stride, 5 * stride, 4)


@pytest.mark.parametrize(
    ("layer", "in_shape", "message"),
    [
        (Conv2D(4, INIT, 5, padding=0), (3, 9, 2), r"window of 5 x 5 exceeds an image of 3 x 9.*smaller kernel_size"),
        (Conv2D(4, INIT, 3, dilation=3, padding="valid"), (7, 6, 2), r"7 x 7 exceeds an image of 7 x 6.*dilation"),
        (Conv2D(4, INIT, groups=2), (5, 5, 3), "groups=2 must divide the 3 channels of the input and the 4"),
        (Conv2D(3, INIT, groups=2), (5, 5, 4), "groups=2 must divide the 4 channels of the input and the 3"),
        (ConvTranspose2D(4, INIT, padding=3), (3, 4, 2), r"padding=3 leaves no output of 3 positions.*less padding"),
        (ConvTranspose2D(4, INIT), (5, 4), r"ConvTranspose2D.* takes images of shape .* Got the shape \(5, 4\)"),
        (Conv2D(4, INIT), (5, 5), r"takes images of shape \(height, width, channels\). Got the shape \(5, 5\)"),
        (Conv2D(4, INIT), (5, 5, 3, 2), r"takes images of shape .* Got the shape \(5, 5, 3, 2\)"),
    ],
)
def test_shapes_that_do_not_fit(layer, in_shape, message):
    with pytest.raises(ValueError, match=message):
        layer.declare(in_shape)


def test_pairs_may_be_lists():
    layer = Conv2D(3, INIT, [3, 2], stride=[1, 2], padding=[1, 0], dilation=[2, 1])
    assert layer.geometry((7, 6, 2)) == Conv2D(3, INIT, (3, 2), (1, 2), (1, 0), (2, 1)).geometry((7, 6, 2))
    layer = ConvTranspose2D(3, INIT, [3, 2], stride=[1, 2], padding=[1, 0])
    assert layer.geometry((7, 6, 2)) == ConvTranspose2D(3, INIT, (3, 2), (1, 2), (1, 0)).geometry((7, 6, 2))


WRONG = [
    *product(["filters", "groups"], [0, -1, 1.5, True, None, (2, 2)], ["must be an int of at least 1"]),
    *product(
        ["kernel_size", "stride", "dilation"],
        [0, -3, 2.0, (3, 0), (3, 1.5), (3, 3, 3), "3", None],
        ["must be an int of at least 1, or two"],
    ),
    *product(["padding"], ["full", -1, 0.5, (1, -1), (1, 2, 3), None], ['must be "same", "valid", an int of at least']),
]


@pytest.mark.parametrize(
    ("layer", "name", "value", "message"),
    [(layer, *case) for layer in (Conv2D, ConvTranspose2D) for case in WRONG if case[0] in vars(layer(4, INIT))],
    ids=str,
)
def test_arguments_out_of_range(layer, name, value, message):
    with pytest.raises(ValueError, match=rf"^{name} {message}.*Got ") as error:
        layer(**{"filters": 4, "init": INIT, name: value})
    assert f"Got {value!r}." in str(error.value)


def test_integers_of_numpy_count():
    layer = Conv2D(numpy.int64(4), INIT, numpy.int64(3), stride=(numpy.int64(2), 1), padding=numpy.int64(1))
    assert layer.geometry((6, 6, 2)).out_shape == (3, 6, 4)
