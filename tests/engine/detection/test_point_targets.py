"""The targets of points: there and back, the level of each object, and at least one point for every object."""

import numpy
import pytest
from hypothesis import given, settings, strategies
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.data.spatial import PADDING, PROPOSAL
from skann.engine.detection.point_targets import PointTargets

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
SIDE, CLASSES = 64, 3
TARGETS = PointTargets.of_levels([(16, 16), (8, 8), (4, 4)], [4, 8, 16], CLASSES)
BOX = strategies.tuples(
    strategies.floats(0, SIDE - 2),
    strategies.floats(0, SIDE - 2),
    strategies.floats(1, SIDE),
    strategies.floats(1, SIDE),
).map(lambda sides: (*sides[:2], min(sides[0] + sides[2], SIDE), min(sides[1] + sides[3], SIDE)))


def padded(boxes, codes=None, extra=2):
    """Return the objects of one image, with further rows without a box."""
    target = numpy.full((1, len(boxes) + extra, 5), 7.0)
    target[..., 4] = PADDING
    if extra:
        target[0, -1, 4] = PROPOSAL
    target[0, : len(boxes), :4] = numpy.reshape(boxes, (-1, 4))
    target[0, : len(boxes), 4] = numpy.arange(len(boxes)) % CLASSES if codes is None else codes
    return target


def encoded_points(boxes):
    """Return the points of an image that predict these boxes, the codes of their classes, and the distances."""
    encoded = TARGETS(padded(boxes), numpy.dtype(float))[0]
    (chosen,) = numpy.nonzero(encoded[:, :CLASSES].any(axis=1))
    assert_array_equal(encoded[chosen, :CLASSES].sum(axis=1), 1)
    return chosen, encoded[chosen, :CLASSES].argmax(axis=1), encoded[chosen, CLASSES:-1]


@PROPERTY
@given(strategies.lists(BOX, min_size=1, max_size=8, unique=True))
def test_there_and_back(boxes):
    """The boxes around the points are those of the objects, every one of which has a point."""
    boxes = numpy.array(boxes)
    chosen, codes, distances = encoded_points(boxes)
    sides = distances * TARGETS.strides[chosen, None]
    around = numpy.concatenate([TARGETS.points[chosen] - sides[:, :2], TARGETS.points[chosen] + sides[:, 2:]], axis=1)
    difference = numpy.abs(boxes[:, None] - around).max(axis=2)
    assert difference.min(axis=0).max() < 1e-9
    for i in range(len(boxes)):
        assert (codes[difference[i] < 1e-9] == i % CLASSES).any()
    inside = numpy.flatnonzero((distances > 0).all(axis=1))
    raw = numpy.zeros((len(TARGETS.points), CLASSES + 4))
    raw[chosen[inside], CLASSES:] = numpy.log(distances[inside])
    assert_allclose(TARGETS.decode(raw, chosen[inside]), around[inside], atol=1e-2)  # e^-10 strides are the least


def test_every_object_has_a_point_even_among_many_of_one_place():
    _, codes, _ = encoded_points(numpy.repeat([[10.0, 10, 18, 20]], 40, axis=0))
    assert (numpy.bincount(codes) >= [14, 13, 13]).all()


def test_more_objects_than_points_is_no_error():
    few = PointTargets.of_levels([(1, 2)], [32], 1)
    encoded = few(padded(numpy.repeat([[0.0, 0, 30, 30]], 5, axis=0), codes=0), numpy.dtype("float32"))
    assert_array_equal(encoded[0, :, 0], 1)


def test_the_size_of_an_object_decides_on_its_level():
    for box, strides in (([20, 20, 30, 30], {4}), ([4, 4, 44, 40], {8, 16}), ([0, 0, 64, 64], {16})):
        chosen, _, distances = encoded_points(numpy.array([box], float))
        assert set(TARGETS.strides[chosen]) == strides
        farthest = distances.max(axis=1) * TARGETS.strides[chosen]
        low, high = TARGETS.ranges[chosen].T
        assert ((farthest > low) & (farthest <= high)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_form_of_the_target(dtype):
    target = numpy.concatenate([padded([[0, 0, 20, 20]]), padded([], extra=3)])
    encoded = TARGETS(target, numpy.dtype(dtype))
    assert encoded.dtype == dtype
    assert encoded.shape == (2, 16 * 16 + 8 * 8 + 4 * 4, CLASSES + 5)
    assert_array_equal(encoded[..., -1], 1)
    assert encoded[0, :, :CLASSES].any()
    assert not encoded[1, :, :-1].any()
    assert_allclose(TARGETS.points[[0, 1, 16, 256, 320]], [[2, 2], [6, 2], [2, 6], [4, 4], [8, 8]])
