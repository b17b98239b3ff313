"""Losses on pairs of boxes and their gradients."""

from functools import partial

import numpy
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.detection.box_losses import ciou_loss, giou_loss, smooth_l1
from skann.engine.detection.boxes import generalized_box_iou

from ..harness import numerical_gradient
from .conftest import BOXES, PROPERTY, draw_boxes

LOSSES = [giou_loss, ciou_loss, partial(smooth_l1, beta=5.0)]
OF_OVERLAPS = [giou_loss, ciou_loss]


def pairs(n=40, dtype="float64"):
    """Return boxes, and targets of which some meet them, some contain them, and some are far away."""
    boxes, targets = draw_boxes(n, dtype, extent=40), draw_boxes(n, dtype, seed=1, extent=40)
    targets[:5, :2], targets[:5, 2:] = boxes[:5, :2] - 3, boxes[:5, 2:] + 4
    targets[5:10] += 200
    return boxes, targets


def constant_alpha(boxes, targets):
    """Return a function of moved boxes whose value is CIoU's with the alpha of ``boxes``."""

    def shape_difference(of):
        angle = [numpy.arctan2(x[:, 2] - x[:, 0], x[:, 3] - x[:, 1]) for x in (of, targets)]
        return 4 / numpy.pi**2 * (angle[1] - angle[0]) ** 2

    def alpha(of):
        losses, v = ciou_loss(numpy, of, targets)[0], shape_difference(of)
        # of loss = base + v^2 / (1 - IoU + v + e) only the IoU is missing
        common = numpy.maximum(numpy.minimum(of, targets)[:, 2:] - numpy.maximum(of, targets)[:, :2], 0).prod(axis=1)
        union = sum((x[:, 2:] - x[:, :2]).prod(axis=1) for x in (of, targets)) - common
        return v / (1 - common / (union + 1e-7) + v + 1e-7), losses

    fixed, _ = alpha(boxes.copy())

    def value():
        now, losses = alpha(boxes)
        return (losses + (fixed - now) * shape_difference(boxes)).sum()

    return value


@pytest.mark.parametrize("loss", LOSSES, ids=["giou", "ciou", "smooth_l1"])
def test_gradients(loss):
    boxes, targets = pairs()
    _, gradient = loss(numpy, boxes, targets)
    value = constant_alpha(boxes, targets) if loss is ciou_loss else lambda: loss(numpy, boxes, targets)[0].sum()
    assert_allclose(gradient, numerical_gradient(value, boxes, 1e-5), rtol=0, atol=1e-6)
    assert (numpy.abs(gradient).max(axis=1) > 1e-6).all()


def test_giou_is_that_of_the_boxes():
    boxes, targets = pairs()
    losses, _ = giou_loss(numpy, boxes, targets)
    assert_allclose(losses, 1 - generalized_box_iou(boxes, targets).diagonal(), atol=1e-8)


def test_ciou_by_hand():
    boxes, targets = numpy.array([[0.0, 0, 2, 2], [0, 0, 2, 2]]), numpy.array([[4.0, 0, 6, 2], [0, 0, 2, 1]])
    losses, _ = ciou_loss(numpy, boxes, targets)
    v = 4 / numpy.pi**2 * (numpy.arctan(2) - numpy.arctan(1)) ** 2
    assert_allclose(losses, [1 + 16 / 40, 0.5 + 0.25 / 8 + v * v / (0.5 + v)], rtol=1e-6)


def test_smooth_l1_by_hand():
    losses, gradient = smooth_l1(numpy, numpy.array([[1.0, 0, -3]]), numpy.array([[0.0, 0.5, 0]]), 2.0)
    assert_allclose(losses, [1 / 4 + 0.25 / 4 + 2])
    assert_allclose(gradient, [[0.5, -0.25, -1]])


@pytest.mark.parametrize("loss", LOSSES, ids=["giou", "ciou", "smooth_l1"])
def test_equal_boxes(loss):
    boxes = draw_boxes(5)
    losses, gradient = loss(numpy, boxes, boxes)
    assert_allclose(losses, 0, atol=1e-8)
    assert_allclose(gradient, 0, atol=1e-8)


@PROPERTY
@given(BOXES)
def test_degenerate_boxes(boxes):
    for dtype in ("float32", "float64"):
        a, b = boxes.astype(dtype), boxes[::-1].astype(dtype)
        for loss in LOSSES:
            losses, gradient = loss(numpy, a, b)
            assert losses.shape == (len(a),)
            assert gradient.shape == a.shape
            assert losses.dtype == gradient.dtype == dtype
            assert numpy.isfinite(losses).all()
            assert numpy.isfinite(gradient).all()


@pytest.mark.parametrize("loss", OF_OVERLAPS)
def test_scale_does_not_matter(loss):
    boxes, targets = pairs()
    losses, gradient = loss(numpy, boxes, targets)
    larger, smaller_gradient = loss(numpy, 16 * boxes, 16 * targets)
    assert_allclose(larger, losses, atol=1e-8)
    assert_allclose(16 * smaller_gradient, gradient, atol=1e-7)


@pytest.mark.parametrize("loss", OF_OVERLAPS)
def test_a_step_against_the_gradient_lowers_the_loss(loss):
    boxes, targets = pairs()
    losses, gradient = loss(numpy, boxes, targets)
    lower, _ = loss(numpy, boxes - 0.01 * gradient, targets)
    assert (lower < losses).all()


@pytest.mark.parametrize("loss", LOSSES, ids=["giou", "ciou", "smooth_l1"])
def test_on_a_device(device, loss):
    boxes, targets = pairs(6)
    for here, there in zip(
        loss(numpy, boxes, targets), loss(device, device.asarray(boxes), device.asarray(targets)), strict=True
    ):
        assert_allclose(device.asnumpy(there), here, rtol=1e-9, atol=1e-12)


def test_no_pairs():
    for loss in LOSSES:
        losses, gradient = loss(numpy, numpy.empty((0, 4)), numpy.empty((0, 4)))
        assert_array_equal(losses.shape, (0,))
        assert_array_equal(gradient.shape, (0, 4))
