"""Matching, precision, recall and the overlap of masks; tests/peers compares them with pycocotools."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.detection import mask_overlaps
from skann.engine.detection.boxes import box_iou
from skann.engine.detection.evaluation import COCO_THRESHOLDS, Objects, find_correct, precision_recall_curves
from skann.engine.detection.mask_overlaps import mask_intersections, mask_iou

FAR = [900.0, 900, 910, 910]


def objects(codes, boxes, scores=None):
    boxes = numpy.array(boxes, float).reshape(-1, 4)
    return Objects(numpy.array(codes, int), boxes, None if scores is None else numpy.array(scores, float))


def test_each_detection_takes_the_best_object_that_is_left():
    overlaps = numpy.array([[0.6, 0.9], [0.2, 0.95], [0.55, 0.1]])
    assert_array_equal(find_correct(overlaps, [0.5]), [[True, False, True]])
    assert_array_equal(find_correct(overlaps, [0.5, 0.7]), [[True, False, True], [True, False, False]])


def test_of_equal_overlaps_the_last_object_is_taken():
    # the second detection overlaps the first object only
    overlaps = numpy.array([[0.8, 0.8], [0.8, 0.0]])
    assert_array_equal(find_correct(overlaps, [0.5]), [[True, True]])


def test_an_overlap_at_the_threshold_is_correct():
    assert_array_equal(find_correct(numpy.array([[0.5], [0.5]]), [0.5]), [[True, False]])
    assert_array_equal(find_correct(numpy.array([[1 - 1e-15]]), [1.0]), [[True]])


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_match(shape):
    assert not find_correct(numpy.ones(shape), COCO_THRESHOLDS).any()


@given(st.integers(0, 8), st.integers(0, 8), st.randoms(use_true_random=False))
def test_matching_is_one_to_one_and_above_the_threshold(n, m, random):
    overlaps = numpy.array([random.choice([0, 0.3, 0.5, 0.7, 1]) for _ in range(n * m)], float).reshape(n, m)
    correct = find_correct(overlaps, COCO_THRESHOLDS)
    for row, threshold in zip(correct, COCO_THRESHOLDS, strict=True):
        assert row.sum() <= m
        assert (overlaps[row].max(axis=1, initial=0) >= threshold).all()
    assert (numpy.diff(correct.sum(axis=1)) <= 0).all()


def test_precision_and_recall_by_hand():
    true = [objects([0, 0, 1], [[0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 10, 10]]), objects([], [])]
    detected = [
        objects([0, 0, 0], [[20, 0, 30, 10], FAR, [0, 0, 10, 10]], [0.6, 0.7, 0.9]),
        objects([0, 1], [[0, 0, 1, 1], [0, 0, 9, 9]], [0.8, 0.5]),
    ]
    curve, other, none = precision_recall_curves(true, detected, 3, box_iou, [0.5])
    assert curve.n_objects == 2
    assert_array_equal(curve.scores, [0.9, 0.8, 0.7, 0.6])
    assert_allclose(curve.precision, [[1, 1 / 2, 1 / 3, 1 / 2]])
    assert_array_equal(curve.recall, [[0.5, 0.5, 0.5, 1]])
    # recall up to 0.5 is reached with precision 1, the rest with 1/2
    assert_allclose(curve.average_precision, (51 * 1 + 50 * 0.5) / 101)
    assert other.average_precision == 0
    assert none.n_objects == 0
    assert numpy.isnan(none.average_precision).all()


def test_recall_that_is_not_reached_counts_as_precision_0():
    curves = precision_recall_curves(
        [objects([0, 0], [[0, 0, 10, 10], FAR])], [objects([0], [[0, 0, 10, 10]], [1])], 1, box_iou, [0.5]
    )
    assert_allclose(curves[0].average_precision, 51 / 101)


def test_the_best_100_of_each_image_and_class_count():
    boxes = [FAR] * 100 + [[0, 0, 10, 10]]
    detected = [objects([0] * 101 + [1], [*boxes, [0, 0, 10, 10]], [*numpy.linspace(1, 0.5, 101), 0.1])]
    true = [objects([0, 1], [[0, 0, 10, 10]] * 2)]
    first, second = precision_recall_curves(true, detected, 2, box_iou)
    assert len(first.scores) == 100
    assert first.average_precision.max() == 0
    assert_allclose(second.average_precision, 1)


@pytest.mark.parametrize("block", [1, 7, 1 << 22])
def test_the_overlaps_of_masks(block, monkeypatch):
    monkeypatch.setattr(mask_overlaps, "BLOCK", block)
    rng = numpy.random.default_rng(0)
    a, b = rng.random((3, 5, 4)) < 0.5, rng.random((2, 5, 4)) < 0.5
    shared = numpy.array([[(p & q).sum() for q in b] for p in a])
    together = numpy.array([[(p | q).sum() for q in b] for p in a])
    assert_array_equal(mask_intersections(a, b), shared)
    assert_array_equal(mask_iou(a, b), shared / together)


def test_the_overlaps_of_empty_masks_are_0():
    a = numpy.zeros((2, 3, 3), bool)
    assert_array_equal(mask_iou(a, a), numpy.zeros((2, 2)))
    assert mask_iou(a[:0], a).shape == (0, 2)
    assert mask_iou(numpy.zeros((0, 0, 0), bool), numpy.zeros((0, 0, 0), bool)).shape == (0, 0)


def test_large_masks_are_counted_exactly():
    a = numpy.ones((1, 4097, 4097), bool)  # more pixels than float32 counts one by one
    assert mask_intersections(a, a) == 4097**2
