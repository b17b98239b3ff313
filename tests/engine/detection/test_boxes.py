"""Areas and overlaps of boxes."""

import numpy
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.detection.boxes import (
    areas,
    box_iou,
    clip_boxes,
    generalized_box_iou,
    intersections,
    paired_iou,
)

from .conftest import BOXES, PROPERTY, draw_boxes

PAIRWISE = [intersections, box_iou, generalized_box_iou]


def test_by_hand():
    a, b = numpy.array([[0.0, 0, 4, 2]]), numpy.array([[2.0, 1, 6, 3], [4, 0, 5, 2], [6, 0, 8, 2]])
    assert_array_equal(areas(b), [8, 2, 4])
    assert_array_equal(intersections(a, b), [[2, 0, 0]])
    assert_allclose(box_iou(a, b), [[2 / 14, 0, 0]])
    assert_allclose(generalized_box_iou(a, b), [[2 / 14 - 4 / 18, 0, -4 / 16]])


def test_boxes_without_area():
    flat = numpy.array([[1.0, 1, 1, 5], [3, 2, 1, 4], [0, 0, 0, 0]])
    boxes = numpy.concatenate([flat, [[0, 0, 4, 4]]])
    assert_array_equal(areas(flat), 0)
    assert_array_equal(box_iou(boxes, boxes)[:, :3], 0)
    assert_array_equal(paired_iou(boxes, boxes), [0, 0, 0, 1])
    assert numpy.isfinite(generalized_box_iou(boxes, boxes)).all()


@pytest.mark.parametrize("overlap", PAIRWISE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shapes_and_dtypes(overlap, dtype):
    empty, boxes = numpy.empty((0, 4), dtype), draw_boxes(3, dtype)
    for a, b in ((empty, boxes), (boxes, empty), (empty, empty), (boxes, boxes)):
        found = overlap(a, b)
        assert found.shape == (len(a), len(b))
        assert found.dtype == dtype
    for found in (areas(boxes), paired_iou(boxes, boxes), clip_boxes(boxes, 9, 9), clip_boxes(empty, 9, 9)):
        assert found.dtype == dtype


@PROPERTY
@given(BOXES, BOXES)
def test_symmetry_and_bounds(a, b):
    for overlap in PAIRWISE:
        assert_allclose(overlap(a, b), overlap(b, a).T, atol=1e-15)
    iou, generalized, common = box_iou(a, b), generalized_box_iou(a, b), intersections(a, b)
    assert ((iou >= 0) & (iou <= 1)).all()
    assert ((generalized >= -1) & (generalized <= iou)).all()
    assert (common <= numpy.minimum(areas(a)[:, None], areas(b))).all()


@PROPERTY
@given(BOXES)
def test_pairs_are_the_diagonal(boxes):
    assert_array_equal(paired_iou(boxes, boxes[::-1]), box_iou(boxes, boxes[::-1]).diagonal())
    assert_array_equal(paired_iou(boxes, boxes), areas(boxes) > 0)


@PROPERTY
@given(BOXES)
def test_clipping(boxes):
    image, clipped = numpy.array([[0.0, 0, 2, 1]]), clip_boxes(boxes, height=1, width=2)
    assert_array_equal(areas(clipped), intersections(boxes, image)[:, 0])
    assert_array_equal(clip_boxes(clipped, 1, 2), clipped)


def test_counted_pixels():
    """Areas of boxes with whole corners are numbers of pixels."""
    rng, y, x = numpy.random.default_rng(0), *numpy.mgrid[:9, :9]
    low = rng.integers(0, 5, (2, 6, 2))
    a, b = numpy.concatenate([low, low + rng.integers(0, 5, (2, 6, 2))], axis=2)
    of_a, of_b = (
        numpy.array([(x >= x0) & (x < x1) & (y >= y0) & (y < y1) for x0, y0, x1, y1 in boxes]) for boxes in (a, b)
    )
    common, union = ((of_a[:, None] & of_b).sum((2, 3)), (of_a[:, None] | of_b).sum((2, 3)))
    assert_array_equal(intersections(a.astype(float), b.astype(float)), common)
    assert_allclose(box_iou(a.astype(float), b.astype(float)), common / numpy.maximum(union, 1))


def test_on_a_device(device):
    boxes = draw_boxes(4)
    there = device.asarray(boxes)
    for overlap in PAIRWISE:
        assert_allclose(device.asnumpy(overlap(there, there[:2])), overlap(boxes, boxes[:2]), rtol=1e-12)
    assert_array_equal(device.asnumpy(clip_boxes(there, 30, 40)), clip_boxes(boxes, 30, 40))
