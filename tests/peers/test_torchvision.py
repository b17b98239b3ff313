"""The pieces of object detection equal torchvision's, where that is installed."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from skann.engine.detection.anchors import anchors  # noqa: E402 - after the skip
from skann.engine.detection.box_losses import ciou_loss, giou_loss, smooth_l1  # noqa: E402
from skann.engine.detection.boxes import box_iou, clip_boxes, generalized_box_iou  # noqa: E402
from skann.engine.detection.coder import DeltaCoder  # noqa: E402
from skann.engine.detection.matching import match_by_iou  # noqa: E402
from skann.engine.detection.nms import class_wise_nms, non_maximum_suppression  # noqa: E402
from skann.engine.detection.roi_align import roi_align, roi_align_backward  # noqa: E402
from skann.engine.kernels import with_loops  # noqa: E402

from ..engine.detection.conftest import draw_boxes  # noqa: E402

ops = torchvision.ops
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
LIBRARIES = pytest.mark.parametrize(
    "library", dict.fromkeys([numpy, with_loops(numpy)]), ids=lambda xp: type(xp).__name__
)


def assert_equal(array, tensor):
    """Check that results are equal to rounding, relative to the largest."""
    expected = tensor.detach().numpy()
    tolerance = 1e-5 if array.dtype == "float32" else 1e-10
    assert_allclose(array, expected, rtol=0, atol=tolerance * numpy.abs(expected).max(initial=0))


@DTYPES
def test_overlaps(dtype):
    a, b = draw_boxes(30, dtype), draw_boxes(40, dtype, seed=1)
    there = torch.from_numpy(a), torch.from_numpy(b)
    assert_equal(box_iou(a, b), ops.box_iou(*there))
    assert_equal(generalized_box_iou(a, b), ops.generalized_box_iou(*there))
    assert_equal(clip_boxes(a, 50, 70), ops.clip_boxes_to_image(there[0], (50, 70)))


@DTYPES
@LIBRARIES
@pytest.mark.parametrize("grid", [None, 4])
@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
def test_non_maximum_suppression(dtype, library, grid, threshold):
    """On a grid many scores are equal, and many overlaps are the threshold."""
    boxes, scores = draw_boxes(400, dtype), numpy.random.default_rng(1).random(400).astype(dtype)
    if grid:
        boxes, scores = (numpy.rint(boxes / grid) * grid).astype(dtype), numpy.rint(10 * scores)
    labels = numpy.random.default_rng(2).integers(0, 3, 400)
    tensors = torch.from_numpy(boxes), torch.from_numpy(scores)
    kept = non_maximum_suppression(library, boxes, scores, threshold)
    assert_array_equal(kept, ops.nms(*tensors, threshold))
    kept = class_wise_nms(library, boxes, scores, labels, threshold)
    of_classes = [ops.nms(*(tensor[labels == label] for tensor in tensors), threshold) for label in range(3)]
    expected = numpy.sort(
        numpy.concatenate([numpy.flatnonzero(labels == label)[part] for label, part in enumerate(of_classes)])
    )
    assert_array_equal(kept, expected[numpy.argsort(-scores[expected], kind="stable")])


@DTYPES
@LIBRARIES
@pytest.mark.parametrize("sampling_ratio", [1, 2, 3])
def test_roi_align(dtype, library, sampling_ratio):
    rng = numpy.random.default_rng(0)
    features = rng.standard_normal((3, 13, 17, 4)).astype(dtype)
    regions, image_of = draw_boxes(50, dtype, extent=140), rng.integers(0, 3, 50)
    regions[:3, 2:] = regions[:3, :2] + [[0, 0], [-9, 5], [300, 300]]
    dout = rng.standard_normal((50, 7, 5, 4)).astype(dtype)
    tensor = torch.from_numpy(features).permute(0, 3, 1, 2).contiguous().requires_grad_()
    with_image = torch.from_numpy(numpy.concatenate([image_of[:, None].astype(dtype), regions], axis=1))
    expected = ops.roi_align(tensor, with_image, (7, 5), 0.125, sampling_ratio, aligned=True)
    expected.backward(torch.from_numpy(dout).permute(0, 3, 1, 2))
    out, dfeatures = numpy.full_like(dout, numpy.nan), numpy.full_like(features, numpy.nan)
    roi_align(library, features, regions, image_of, 0.125, out, sampling_ratio)
    roi_align_backward(library, dout, regions, image_of, 0.125, dfeatures, sampling_ratio)
    assert_equal(out, expected.permute(0, 2, 3, 1))
    assert_equal(dfeatures, tensor.grad.permute(0, 2, 3, 1))


@DTYPES
def test_deltas(dtype):
    coder = torchvision.models.detection._utils.BoxCoder((10, 10, 5, 5))
    boxes, nearby = draw_boxes(30, dtype), draw_boxes(30, dtype, seed=1)
    deltas = DeltaCoder().encode(boxes, nearby)
    assert_equal(deltas, coder.encode_single(torch.from_numpy(boxes), torch.from_numpy(nearby)))
    deltas[0] = 100
    assert_equal(
        DeltaCoder().decode(deltas, nearby),
        coder.decode_single(torch.from_numpy(deltas), torch.from_numpy(nearby)),
    )


def test_anchors():
    """Torchvision's are rounded, ordered by ratio first, and centred on corners of the cells."""
    generator = torchvision.models.detection.anchor_utils.AnchorGenerator()
    base = generator.generate_anchors([32.0, 64.0], [0.5, 1.0, 2.0], torch.float64).numpy()
    found = anchors((1, 1), 16, [32, 64], [0.5, 1, 2]).reshape(2, 3, 4).transpose(1, 0, 2).reshape(-1, 4) - 8
    assert_array_equal(numpy.rint(found), base)


@DTYPES
@LIBRARIES
@pytest.mark.parametrize("keep_best", [True, False])
def test_matching(dtype, library, keep_best):
    boxes, candidates = draw_boxes(12, dtype), draw_boxes(500, dtype, seed=1)
    candidates[20] = candidates[21]
    matcher = torchvision.models.detection._utils.Matcher(0.7, 0.3, keep_best)
    expected = matcher(ops.box_iou(torch.from_numpy(boxes), torch.from_numpy(candidates)))
    assert_array_equal(match_by_iou(library, boxes, candidates, 0.7, 0.3, keep_best), expected)


@DTYPES
@pytest.mark.parametrize("loss", ["giou", "ciou", "smooth_l1"])
def test_losses(dtype, loss):
    own, other = {
        "giou": (giou_loss, ops.generalized_box_iou_loss),
        "ciou": (ciou_loss, ops.complete_box_iou_loss),
        "smooth_l1": (
            lambda xp, boxes, targets: smooth_l1(xp, boxes, targets, 4.0),
            lambda boxes, targets: torch.nn.functional.smooth_l1_loss(boxes, targets, reduction="none", beta=4.0).sum(
                1
            ),
        ),
    }[loss]
    boxes, targets = draw_boxes(60, dtype, extent=60), draw_boxes(60, dtype, seed=1, extent=60)
    targets[0] = boxes[0]
    targets[1, ::2] = boxes[1, ::2]  # common sides
    targets[2:8] += 100
    tensor = torch.from_numpy(boxes).requires_grad_()
    expected = other(tensor, torch.from_numpy(targets))
    expected.sum().backward()
    losses, gradient = own(numpy, boxes, targets)
    assert_equal(losses, expected)
    assert_equal(gradient, tensor.grad)
