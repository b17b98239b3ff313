"""RoI align and its gradient."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.detection import roi_align as module
from skann.engine.detection.roi_align import roi_align, roi_align_backward

REGIONS = numpy.array(
    [
        [3.0, 5, 60, 40],
        [0, 0, 96, 80],
        [10, 10, 11, 11],
        [-30, -20, 20, 30],
        [70, 60, 140, 120],
        [300, 300, 400, 400],
        [20, 30, 20, 30],
        [50, 40, 20, 10],
    ]
)
IMAGE_OF = numpy.array([0, 1, 1, 0, 2, 0, 1, 2])
SHAPE = 3, 10, 12, 5


@pytest.fixture
def adding_device(device, monkeypatch):
    """The device, with the method ``at`` of CuPy's add, which the stand-in lacks."""
    if not isinstance(device.add, numpy.ufunc) and not hasattr(device.add, "at"):
        plain = device.add

        def add(*args, **kwargs):
            return plain(*args, **kwargs)

        add.at = lambda a, indices, b: numpy.add.at(a.hidden, indices.hidden, b.hidden)
        monkeypatch.setattr(device, "add", add, raising=False)
    return device


def cases(dtype="float64"):
    """Return features, regions, the gradient of the output and an output full of NaN."""
    rng = numpy.random.default_rng(0)
    features, dout = rng.standard_normal(SHAPE), rng.standard_normal((len(REGIONS), 4, 3, SHAPE[3]))
    return features.astype(dtype), REGIONS.astype(dtype), dout.astype(dtype), numpy.full(dout.shape, numpy.nan, dtype)


def forward(xp, features, regions, image_of, out, sampling_ratio=2):
    roi_align(xp, features, regions, image_of, 1 / 8, out, sampling_ratio)
    return out


def backward(xp, dout, regions, image_of, dfeatures, sampling_ratio=2):
    roi_align_backward(xp, dout, regions, image_of, 1 / 8, dfeatures, sampling_ratio)
    return dfeatures


def test_by_hand():
    """On a ramp, the average over a cell is the value at its centre; the first pixel's centre is at half a pixel."""
    y, x = numpy.mgrid[:8, :8] + 0.5
    features, out = numpy.stack([x, y], axis=-1)[None], numpy.empty((2, 2, 2, 2))
    roi_align(numpy, features, numpy.array([[4.0, 6, 12, 10], [2, 2, 3, 3]]), numpy.zeros(2, int), 0.5, out)
    assert_allclose(out[0, :, :, 0], [[3, 5], [3, 5]])
    assert_allclose(out[0, :, :, 1], [[3.5, 3.5], [4.5, 4.5]])
    assert_allclose(out[1, 0, :, 0], [1.125, 1.375])


def test_outside():
    """A sample up to one pixel outside takes the value at the edge, and beyond counts as 0."""
    features, out = numpy.full((1, 4, 4, 1), 3.0), numpy.empty((1, 1, 4, 1))
    roi_align(numpy, features, numpy.array([[-2.0, 1, 2, 2]]), numpy.zeros(1, int), 1.0, out, 1)
    assert_allclose(out[0, 0, :, 0], [0, 3, 3, 3])
    roi_align(numpy, features, numpy.array([[2.0, 1, 6, 2]]), numpy.zeros(1, int), 1.0, out, 1)
    assert_allclose(out[0, 0, :, 0], [3, 3, 3, 0])
    regions = numpy.array([[numpy.nan, 0, 1, 1], [1e30, 0, 2e30, 1]])
    out = numpy.empty((2, 2, 2, 1))
    roi_align(numpy, features, regions, numpy.zeros(2, int), 1.0, out)
    assert_array_equal(out, 0)


@pytest.mark.parametrize("sampling_ratio", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loops(library, dtype, sampling_ratio):
    features, regions, dout, out = cases(dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    expected = forward(numpy, features, regions, IMAGE_OF, out.copy(), sampling_ratio)
    assert_allclose(forward(library, features, regions, IMAGE_OF, out, sampling_ratio), expected, atol=tolerance)
    assert numpy.isfinite(expected).all()
    expected = backward(numpy, dout, regions, IMAGE_OF, numpy.full_like(features, numpy.nan), sampling_ratio)
    found = backward(library, dout, regions, IMAGE_OF, numpy.full_like(features, numpy.nan), sampling_ratio)
    assert_allclose(found, expected, atol=10 * tolerance)


@pytest.mark.parametrize("block", [1, module.BLOCK])
def test_on_a_device(adding_device, block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    features, regions, dout, out = cases()
    expected = forward(numpy, features, regions, IMAGE_OF, out.copy())
    there = [adding_device.asarray(array) for array in (regions, IMAGE_OF)]
    found = forward(adding_device, adding_device.asarray(features), *there, adding_device.asarray(out))
    assert_allclose(adding_device.asnumpy(found), expected, atol=1e-14)
    expected = backward(numpy, dout, regions, IMAGE_OF, features.copy())
    found = backward(adding_device, adding_device.asarray(dout), *there, adding_device.asarray(features))
    assert_allclose(adding_device.asnumpy(found), expected, atol=1e-13)


def test_backward_is_the_adjoint(library):
    features, regions, dout, out = cases()
    for xp in (numpy, library):
        forward(xp, features, regions, IMAGE_OF, out)
        dfeatures = backward(xp, dout, regions, IMAGE_OF, numpy.full_like(features, numpy.nan))
        assert_allclose(numpy.vdot(out, dout), numpy.vdot(features, dfeatures), rtol=1e-12)


def test_order_of_the_regions_does_not_matter():
    features, regions, _, out = cases()
    expected = forward(numpy, features, regions, IMAGE_OF, out.copy())[::-1]
    assert_allclose(forward(numpy, features, regions[::-1], IMAGE_OF[::-1], out), expected, atol=1e-14)


def test_small_integers_count_many_images(library):
    """The product of an image's index and the number of its pixels needs more bits than the index."""
    features, out = numpy.arange(200.0 * 4).reshape(200, 2, 2, 1), numpy.empty((1, 1, 1, 1))
    for xp in (numpy, library):
        forward(xp, features, numpy.array([[0.0, 0, 16, 16]]), numpy.array([199], "u1"), out)
        assert_allclose(out, 4 * 199 + 1.5)


def test_no_regions(library):
    features, regions, dout, out = cases()
    for xp in (numpy, library):
        assert forward(xp, features, regions[:0], IMAGE_OF[:0], out[:0]).size == 0
        assert_array_equal(backward(xp, dout[:0], regions[:0], IMAGE_OF[:0], features.copy()), 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image_of": IMAGE_OF + 1}, r"image_of must be in \[0, 3\).* Got values from 1 to 3"),
        ({"image_of": IMAGE_OF - 1}, "Got values from -1 to 1"),
        ({"image_of": IMAGE_OF[:3]}, r"image_of of shape \(3,\) do not match"),
        ({"image_of": IMAGE_OF * 1.0}, "image_of must be integers. Got float64"),
        ({"regions": REGIONS[:, :3]}, r"Regions of shape \(8, 3\)"),
        ({"features": numpy.zeros((3, 10, 12, 4))}, r"features of shape \(3, 10, 12, 4\)"),
        ({"features": numpy.zeros((3, 0, 12, 5))}, r"features of shape \(3, 0, 12, 5\)"),
    ],
)
def test_wrong_arguments(change, words):
    features, regions, _, out = cases()
    arguments = {"features": features, "regions": regions, "image_of": IMAGE_OF, "out": out} | change
    with pytest.raises(ValueError, match=words):
        forward(numpy, **arguments)
    arguments["dfeatures"], arguments["dout"] = arguments.pop("features"), arguments.pop("out")
    with pytest.raises(ValueError, match=words):
        backward(numpy, **arguments)
