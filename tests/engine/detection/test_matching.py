"""The assignment of anchors and points to boxes."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skann.engine.detection import matching
from skann.engine.detection.anchors import points
from skann.engine.detection.boxes import areas, box_iou
from skann.engine.detection.matching import match_by_centre, match_by_iou
from skann.engine.kernels import NumPyWithLoops, compiling

from .conftest import BOXES, PROPERTY, draw_boxes

AS_WRITTEN = NumPyWithLoops(compiling.find_loop)
LEVELS = [((8, 8), 8.0, (0, 16)), ((4, 4), 16.0, (16, numpy.inf))]
POINTS = numpy.concatenate([points(shape, stride) for shape, stride, _ in LEVELS])
STRIDES = numpy.concatenate([numpy.full(shape[0] * shape[1], stride) for shape, stride, _ in LEVELS])
RANGES = numpy.concatenate([numpy.tile(bounds, (shape[0] * shape[1], 1)) for shape, _, bounds in LEVELS])


def assigned(boxes, **options):
    return match_by_centre(numpy.array(boxes, float).reshape(-1, 4), POINTS, STRIDES, RANGES, **options)


# --- by IoU


def test_by_hand():
    boxes = numpy.array([[0.0, 0, 4, 4], [10, 10, 14, 14]])
    anchors = numpy.array([[0.0, 0, 4, 3], [0, 0, 4, 2], [0, 0, 1, 1], [11, 11, 12, 12], [50, 50, 60, 60]])
    assert_array_equal(match_by_iou(numpy, boxes, anchors, 0.7, 0.3), [0, -2, -1, 1, -1])
    assert_array_equal(match_by_iou(numpy, boxes, anchors, 0.7, 0.3, keep_best=False), [0, -2, -1, -1, -1])
    assert_array_equal(match_by_iou(numpy, boxes, anchors, 0.75, 0.5, keep_best=False), [0, -2, -1, -1, -1])


def test_the_best_anchor_of_a_box_may_be_nearer_to_another():
    boxes = numpy.array([[0.0, 0, 10, 10], [0, 0, 10, 4]])
    anchors = numpy.array([[0.0, 0, 10, 10], [0, 0, 10, 8]])
    assert_array_equal(match_by_iou(numpy, boxes, anchors, 0.9, 0.3), [0, 0])
    assert_array_equal(match_by_iou(numpy, boxes[1:], anchors, 0.9, 0.3), [-2, 0])


def test_a_box_that_overlaps_no_anchor_matches_none(library):
    boxes, anchors = numpy.array([[50.0, 50, 60, 60], [3, 3, 3, 3]]), draw_boxes(5, extent=10)
    for xp in (numpy, library):
        assert_array_equal(match_by_iou(xp, boxes, anchors, 0.7, 0.3), -1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keep_best", [True, False])
def test_loops(library, dtype, keep_best, monkeypatch):
    boxes, anchors = draw_boxes(9, dtype), draw_boxes(200, dtype, seed=1)
    boxes[3], boxes[8], boxes[4, 2:], anchors[7] = boxes[2], boxes[2], boxes[4, :2], anchors[6]
    expected = match_by_iou(numpy, boxes, anchors, 0.5, 0.3, keep_best)
    assert set(numpy.unique(expected)) > {-1, -2}
    assert_array_equal(match_by_iou(library, boxes, anchors, 0.5, 0.3, keep_best), expected)
    monkeypatch.setattr(matching, "BLOCK", 401)
    assert_array_equal(match_by_iou(numpy, boxes, anchors, 0.5, 0.3, keep_best), expected)


@PROPERTY
@given(BOXES, BOXES)
def test_thresholds_and_best(boxes, anchors):
    found = match_by_iou(numpy, boxes, anchors, 0.6, 0.2)
    assert_array_equal(match_by_iou(AS_WRITTEN, boxes, anchors, 0.6, 0.2), found)
    overlap = box_iou(boxes, anchors)
    best = overlap.max(axis=0, initial=0)
    of_some_box = ((overlap == overlap.max(axis=1, initial=0)[:, None]) & (overlap > 0)).any(axis=0)
    assert_array_equal(found >= 0, (best >= 0.6) | of_some_box)
    assert_array_equal(found == -1, (best < 0.2) & ~of_some_box)
    for anchor in numpy.flatnonzero(found >= 0):
        assert found[anchor] == overlap[:, anchor].argmax()


@pytest.mark.parametrize("shapes", [(0, 3), (3, 0), (0, 0)])
def test_none(library, shapes):
    for xp in (numpy, library):
        found = match_by_iou(xp, *map(draw_boxes, shapes), 0.7, 0.3)
        assert_array_equal(found, numpy.full(shapes[1], -1))


def test_on_a_device(device):
    boxes, anchors = draw_boxes(5), draw_boxes(60, seed=1)
    found = match_by_iou(device, device.asarray(boxes), device.asarray(anchors), 0.5, 0.3)
    assert_array_equal(device.asnumpy(found), match_by_iou(numpy, boxes, anchors, 0.5, 0.3))


# --- by centre


def test_points_near_the_centre():
    """Of the first level only the point at the centre, 28, 28, is at most 16 pixels from all sides."""
    first, second = numpy.split(assigned([[14, 14, 42, 42]]), [64])
    assert_array_equal(numpy.flatnonzero(first >= 0), [3 * 8 + 3])
    assert_array_equal(numpy.flatnonzero(second >= 0), [1 * 4 + 1, 1 * 4 + 2, 2 * 4 + 1, 2 * 4 + 2])


def test_ranges_choose_the_level():
    first, second = numpy.split(assigned([[18, 18, 36, 36]]), [64])
    assert (first >= 0).sum() == 4
    assert (second >= 0).sum() == 0
    first, second = numpy.split(assigned([[0, 0, 64, 64]]), [64])
    assert (first >= 0).sum() == 0
    assert (second >= 0).sum() == 4


def test_the_radius():
    box = [[0, 0, 64, 64]]
    assert (assigned(box, radius=2.0)[64:] == 0).sum() == 16
    assert (assigned(box, radius=0.6)[64:] == 0).sum() == 4
    assert (assigned(box, radius=0.1) == 0).sum() == 1  # the nearest, as no point is so near
    first, second = numpy.split(assigned([[8, 8, 40, 40]], radius=0.1), [64])
    assert ((first >= 0).sum(), (second >= 0).sum()) == (1, 0)  # half of a side, 16, is still in the first range


def test_the_smallest_box_wins():
    boxes = [[0, 0, 64, 64], [8, 8, 56, 56], [0, 0, 60, 60]]
    shared = assigned(boxes)[64:]
    assert [(shared == index).sum() for index in range(3)] == [1, 4, 5]  # the first has the nearest that was free


def test_tiny_boxes_get_the_nearest_point():
    matches = assigned([[8, 8, 9, 9], [8, 8, 9.5, 9.5], [40, 40, 40, 40]])
    assert matches[9] == 0
    assert {matches[8], matches[1], matches[0]} == {1, -1}
    assert (matches == 1).sum() == (matches == 2).sum() == 1


def may_predict(x, y, stride, low, high, box):
    """Tell whether a point may predict a box, in plain Python."""
    x0, y0, x1, y1 = box
    distances = x - x0, y - y0, x1 - x, y1 - y
    is_near = max(abs(x - (x0 + x1) / 2), abs(y - (y0 + y1) / 2)) < 1.5 * stride
    return min(distances) > 0 and is_near and low < max(distances) <= high


@PROPERTY
@given(st.lists(st.tuples(*[st.integers(0, 63)] * 2, *[st.integers(1, 64)] * 2), max_size=12))
def test_every_point_has_the_smallest_box_and_every_box_a_point(rows):
    boxes = numpy.array(rows, float).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    matches, sizes, first_choice = assigned(boxes), areas(boxes), []
    for (x, y), stride, (low, high) in zip(POINTS, STRIDES, RANGES, strict=True):
        possible = [index for index, box in enumerate(boxes) if may_predict(x, y, stride, low, high, box)]
        first_choice.append(min(possible, key=lambda index: sizes[index], default=-1))
    others = numpy.flatnonzero(matches != first_choice)
    without = set(range(len(boxes))) - set(first_choice)
    assert all(first_choice[point] == -1 for point in others)  # only free points were given to others
    assert sorted(matches[others]) == sorted(without)


def test_order_does_not_matter():
    boxes = draw_boxes(12, extent=64)
    order = numpy.random.default_rng(0).permutation(12)
    found, expected = assigned(boxes[order]), assigned(boxes)
    assert_array_equal(numpy.where(found >= 0, order[found], -1), expected)


def test_no_boxes_or_points():
    assert_array_equal(assigned([]), numpy.full(len(POINTS), -1))
    empty = numpy.empty((0, 2))
    assert match_by_centre(draw_boxes(3), empty, empty[:, 0], empty).shape == (0,)
