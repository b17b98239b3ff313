"""Non-maximum suppression."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.detection.boxes import box_iou
from skann.engine.detection.nms import class_wise_nms, non_maximum_suppression, soft_nms
from skann.engine.kernels import NumPyWithLoops, compiling

from .conftest import BOXES, PROPERTY, draw_boxes

AS_WRITTEN = NumPyWithLoops(compiling.find_loop)
BOXES_OF_CLASSES = numpy.array([[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 10], [20, 20, 30, 30], [0, 1, 10, 10]])
SCORES_OF_CLASSES = numpy.array([0.5, 0.9, 0.7, 0.1, 0.9])
LABELS = numpy.array([1, 1, 2, 2, 1])


def test_by_hand():
    boxes = numpy.array([[0.0, 0, 4, 4], [0, 0, 4, 3], [0, 2, 4, 6], [9, 9, 10, 10]])
    scores = numpy.array([0.8, 0.9, 0.7, 0.1])
    assert_array_equal(non_maximum_suppression(numpy, boxes, scores, 0.5), [1, 2, 3])
    assert_array_equal(non_maximum_suppression(numpy, boxes, scores, 0.75), [1, 0, 2, 3])  # not above the threshold
    assert_array_equal(non_maximum_suppression(numpy, boxes, scores, 0.1), [1, 3])


def test_a_box_suppressed_suppresses_none():
    boxes = numpy.array([[0.0, 0, 4, 1], [2, 0, 6, 1], [4, 0, 8, 1]])
    assert_array_equal(non_maximum_suppression(numpy, boxes, numpy.array([3.0, 2, 1]), 0.3), [0, 2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
def test_loops(library, dtype, threshold):
    boxes = numpy.concatenate([draw_boxes(150, dtype), [[3, 3, 3, 9], [9, 9, 1, 1]]]).astype(dtype)
    scores = numpy.random.default_rng(1).integers(0, 40, 152).astype(dtype)
    kept = non_maximum_suppression(numpy, boxes, scores, threshold)
    assert len(kept) > 0
    assert_array_equal(non_maximum_suppression(library, boxes, scores, threshold), kept)


@PROPERTY
@given(BOXES, st.randoms(), st.sampled_from([0, 0.25, 0.5, 1]))
def test_what_is_kept(boxes, random, threshold):
    scores = numpy.array([random.randrange(4) for _ in boxes], float)
    kept = non_maximum_suppression(numpy, boxes, scores, threshold)
    assert_array_equal(non_maximum_suppression(AS_WRITTEN, boxes, scores, threshold), kept)
    assert sorted(kept, key=lambda i: (-scores[i], i)) == kept.tolist()
    overlaps = box_iou(boxes, boxes) > threshold
    assert not numpy.triu(overlaps[numpy.ix_(kept, kept)], 1).any()
    for dropped in set(range(len(boxes))) - set(kept):
        assert any(overlaps[i, dropped] and (-scores[i], i) < (-scores[dropped], dropped) for i in kept)


@PROPERTY
@given(BOXES, st.randoms())
def test_order_does_not_matter(boxes, random):
    scores, order = numpy.arange(len(boxes)) / 10, list(range(len(boxes)))
    random.shuffle(order)
    order = numpy.array(order, int)
    kept = non_maximum_suppression(numpy, boxes[order], scores[order], 0.4)
    assert_array_equal(order[kept], non_maximum_suppression(numpy, boxes, scores, 0.4))


def test_thresholds_that_are_no_float32(library):
    """An IoU of float32(0.3), more than 0.3, is above a threshold of 0.3."""
    boxes, scores = numpy.array([[0, 0, 10, 1], [0, 0, 3, 1]], "f4"), numpy.array([2, 1], "f4")
    for xp in (numpy, library):
        assert_array_equal(non_maximum_suppression(xp, boxes, scores, 0.3), [0])
        assert_array_equal(non_maximum_suppression(xp, boxes.astype(float), scores, 0.3), [0, 1])


def test_classes(library):
    for xp in (numpy, library):
        assert_array_equal(class_wise_nms(xp, BOXES_OF_CLASSES, SCORES_OF_CLASSES, LABELS, 0.5), [1, 2, 3])
        one_class = class_wise_nms(xp, BOXES_OF_CLASSES, SCORES_OF_CLASSES, numpy.zeros(5), 0.5)
        assert_array_equal(one_class, non_maximum_suppression(numpy, BOXES_OF_CLASSES, SCORES_OF_CLASSES, 0.5))


def test_many_classes_keep_the_precision_of_float32():
    """An offset of the boxes per class would need 24 bits for coordinates of 1e6."""
    boxes = numpy.array([[0, 0, 1, 1], [0, 0.3, 1, 1.3]], "f4")
    scores, labels = numpy.array([0.5, 0.6], "f4"), numpy.array([10**8, 10**8])
    assert_array_equal(class_wise_nms(numpy, boxes, scores, labels, 0.53), [1])
    assert_array_equal(class_wise_nms(numpy, boxes, scores, labels, 0.54), [1, 0])


def test_soft_suppression_by_hand():
    boxes = numpy.array([[0.0, 0, 4, 4], [0, 0, 4, 2], [9, 9, 10, 10], [0, 0, 4, 4]])
    kept, scores = soft_nms(boxes, numpy.array([0.9, 0.8, 0.5, 0.004]))
    assert_array_equal(kept, [0, 2, 1])
    assert_allclose(scores, [0.9, 0.5, 0.8 * numpy.exp(-0.25 / 0.5)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_soft_suppression(dtype):
    boxes, scores = draw_boxes(40, dtype), numpy.random.default_rng(1).random(40).astype(dtype)
    kept, lowered = soft_nms(boxes, scores)
    assert lowered.dtype == dtype
    assert len(set(kept)) == len(kept) > 20
    assert (numpy.diff(lowered) <= 0).all()
    assert (lowered <= scores[kept]).all()
    overlap = box_iou(boxes, boxes)
    for place, index in enumerate(kept):
        factor = numpy.exp(-(overlap[index, kept[:place]] ** 2) / 0.5).prod()
        assert_allclose(lowered[place], scores[index] * factor, rtol=1e-5)
    hard = non_maximum_suppression(numpy, boxes, scores, 0)
    assert_array_equal(soft_nms(boxes, scores, sigma=1e-9)[0], hard[scores[hard] > 1e-3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_none(library, dtype):
    boxes, scores = numpy.empty((0, 4), dtype), numpy.empty(0, dtype)
    for xp in (numpy, library):
        for kept in (
            non_maximum_suppression(xp, boxes, scores, 0.5),
            class_wise_nms(xp, boxes, scores, numpy.empty(0, int), 0.5),
            soft_nms(boxes, scores)[0],
        ):
            assert kept.shape == (0,)
            assert kept.dtype.kind == "i"


def test_on_a_device(device):
    there = [device.asarray(array) for array in (BOXES_OF_CLASSES, SCORES_OF_CLASSES, LABELS)]
    assert_array_equal(device.asnumpy(class_wise_nms(device, *there, 0.5)), [1, 2, 3])
    assert_array_equal(device.asnumpy(non_maximum_suppression(device, *there[:2], 0.5)), [1, 3])
