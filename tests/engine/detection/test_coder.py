"""Coders of boxes."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.detection.coder import DeltaCoder, DistanceCoder

from .conftest import draw_boxes

POINTS, STRIDES = numpy.array([[10.0, 20], [30, 5], [8, 8]]), numpy.array([4.0, 8, 16])
DISTANCES = numpy.array([[3.0, 5, 2, 7], [1, 2, 30, 1], [8, 8, 9, 1]])
AROUND = numpy.concatenate([POINTS - DISTANCES[:, :2], POINTS + DISTANCES[:, 2:]], axis=1)


def test_deltas_by_hand():
    box, anchor = numpy.array([[0.0, 0, 20, 10]]), numpy.array([[5.0, 0, 15, 20]])
    assert_allclose(DeltaCoder().encode(box, anchor), [[0, -2.5, 5 * numpy.log(2), 5 * numpy.log(0.5)]])
    assert_allclose(DeltaCoder((1, 1, 1, 1)).encode(box, anchor), [[0, -0.25, numpy.log(2), numpy.log(0.5)]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_deltas_there_and_back(dtype):
    boxes, anchors = draw_boxes(30, dtype), draw_boxes(30, dtype, seed=1)
    deltas = DeltaCoder().encode(boxes, anchors)
    decoded = DeltaCoder().decode(deltas, anchors)
    assert deltas.dtype == decoded.dtype == dtype
    assert_allclose(decoded, boxes, rtol=0, atol=1e-4 if dtype == "float32" else 1e-12)


def test_deltas_of_any_size_give_finite_boxes():
    anchors = numpy.array([[0, 0, 16, 32]], "f4")
    boxes = DeltaCoder().decode(numpy.array([[0, 0, 1e30, 1e30], [0, 0, -1e30, -1e30]], "f4"), anchors)
    assert_allclose(boxes[0, 2:] - boxes[0, :2], [1000, 2000], rtol=1e-5)
    assert_array_equal(boxes[1, 2:], boxes[1, :2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_distances_there_and_back(dtype):
    boxes, points, strides = (array.astype(dtype) for array in (AROUND, POINTS, STRIDES))
    distances = DistanceCoder().encode(boxes, points, strides)
    assert_allclose(distances, DISTANCES / STRIDES[:, None], rtol=1e-5)
    decoded = DistanceCoder().decode(numpy.log(distances), points, strides)
    assert distances.dtype == decoded.dtype == dtype
    assert_allclose(decoded, boxes, rtol=0, atol=1e-4 if dtype == "float32" else 1e-12)


def test_distances_of_any_size_are_finite():
    raw = numpy.array([[1e30, 1e30, 1e30, 1e30], [-1e30, -1e30, -1e30, -1e30]], "f4")
    boxes = DistanceCoder().decode(raw, numpy.zeros((2, 2), "f4"), numpy.full(2, 64, "f4"))
    assert numpy.isfinite(boxes).all()
    assert (boxes[0, 2:] > 1e6).all()
    assert (boxes[1, 2:] > boxes[1, :2]).all()


def test_a_side_beyond_the_point_has_a_negative_distance():
    distances = DistanceCoder().encode(numpy.array([[1.0, 0, 3, 2]]), numpy.array([[0.0, 0]]), numpy.array([8.0]))
    assert_allclose(distances, [[-1 / 8, 0, 3 / 8, 2 / 8]])


def test_on_a_device(device):
    boxes, anchors = draw_boxes(4), draw_boxes(4, seed=1)
    for coder, given in ((DeltaCoder(), (boxes, anchors)), (DistanceCoder(), (AROUND, POINTS, STRIDES))):
        there = [device.asarray(array) for array in given]
        code = coder.encode(*there)
        assert_allclose(device.asnumpy(code), coder.encode(*given), rtol=1e-12)
        raw = device.log(code) if isinstance(coder, DistanceCoder) else code
        assert_allclose(device.asnumpy(coder.decode(raw, *there[1:])), given[0], rtol=1e-9)
