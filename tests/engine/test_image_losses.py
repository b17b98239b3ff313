"""Losses of all positions of an image together: their values, their gradients, positions without a label, parts."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from skann.engine.activations import Identity, Logistic, Softmax
from skann.engine.arrays.backend import ignore_overflow
from skann.engine.criterion import Criterion
from skann.engine.detection.box_losses import ciou_loss, giou_loss, smooth_l1
from skann.engine.graph import chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import Dense
from skann.engine.losses import AnchorLoss, Dice, Focal, LogLoss, Lovasz, PixelLoss, PointLoss, segmentation
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.engine.parameters import Parameters

from .harness import PIXEL_LOSS_CASES, assert_gradient, assert_gradient_along, case_id, poisoned

N, POSITIONS = 3, 7
DETECTION_LOSSES = [
    PointLoss(2, 1.0),
    PointLoss(1, 2.5),
    PointLoss(3, 4.0, "ciou"),
    AnchorLoss(),
    AnchorLoss(beta=0.3),
]
DETECTION_CASES = [(loss, "detection", loss.n_classes + 4, 1.0) for loss in DETECTION_LOSSES]
CASES = [*PIXEL_LOSS_CASES, *DETECTION_CASES]

cases = pytest.mark.parametrize("case", CASES, ids=case_id)


def one_hot_pixels(rng, n_classes, n=N, positions=POSITIONS):
    """Return one-hot rows, of which every fourth has no label."""
    target = numpy.eye(n_classes)[rng.randint(n_classes, size=(n, positions))]
    target[:, 1::4] = 0
    return target


def objects(rng, n_classes, n=N, positions=POSITIONS):
    """Return rows of detectors: half with an object, some of them of weight 0."""
    target = numpy.zeros((n, positions, n_classes + 5))
    target[:, ::2, :n_classes] = numpy.eye(n_classes)[rng.randint(n_classes, size=(n, (positions + 1) // 2))]
    target[..., n_classes:-1] = numpy.exp(0.5 * rng.normal(size=(n, positions, 4)))
    target[..., -1] = rng.uniform(size=(n, positions)) > 0.2
    return target


def problem(case, seed=0):
    """Return raw outputs and a target."""
    loss, task, n_outputs, _ = case
    rng = numpy.random.RandomState(seed)
    if task == "segmentation":
        return rng.normal(size=(N, POSITIONS, n_outputs)), one_hot_pixels(rng, n_outputs)
    target = objects(rng, loss.n_classes)
    raw = rng.normal(size=(N, POSITIONS, n_outputs))
    if getattr(loss, "box_loss", "") == "ciou":  # of the same proportions, where the constant in its slope is 0
        raw[..., loss.n_classes :] = numpy.log(target[..., loss.n_classes : -1]) + rng.normal(size=(N, POSITIONS, 1))
    return raw, target


def evaluate(case, raw, target, dtype=float):
    """Return the loss of each image, or of each part of it, and the gradient, from buffers full of NaN."""
    loss, task, _, beta = case
    raw, target = raw.astype(dtype), target.astype(dtype)
    losses = poisoned((len(loss.parts), len(raw)) if loss.parts else len(raw), dtype)
    gradient, work = poisoned(raw.shape, dtype), poisoned((2, *raw.shape), dtype)
    with ignore_overflow():  # as in training
        assert loss.evaluate(numpy, loss.link(task, beta), raw, target, losses, gradient, work) is None
    return losses, gradient


def value_of(loss, raw, target):
    return evaluate((loss, "segmentation", raw.shape[-1], 1.0), raw, target)[0]


# --- what all have in common


@cases
def test_gradients(case):
    for seed in range(20):
        raw, target = problem(case, seed)
        _, gradient = evaluate(case, raw, target)

        def value(case=case, raw=raw, target=target):
            return float(evaluate(case, raw, target)[0].sum())

        if assert_gradient(value, raw, gradient):
            return
    pytest.fail("every point drawn lies near a kink")


def criterion_of(case, seed=0, positions=(POSITIONS,)):
    """Return the criterion of a dense layer at each position, and its parameters."""
    loss, task, n_outputs, beta = case
    graph = chain([("out", Dense(n_outputs, GlorotUniform()))], (*positions, 5))
    rng = numpy.random.RandomState(seed)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(float))
    parameters.theta += 0.1 * rng.normal(size=parameters.theta.size)
    objective = Objective.of("out", loss, loss.link(task, beta))
    return Criterion(objective, Network(graph, parameters, N, training=True)), parameters


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("case", [case for case in CASES if "ciou" not in repr(case)], ids=case_id)
def test_the_gradient_is_that_of_the_loss_reported(case, weighted):
    """Of a batch, with a weight for each image; the complete IoU has a constant in its slope."""
    for seed in range(20):
        criterion, parameters = criterion_of(case, seed)
        rng = numpy.random.RandomState(seed)
        _, target = problem(case, seed)
        x, weight = rng.normal(size=(N, POSITIONS, 5)), rng.uniform(size=N) if weighted else 0.3

        def reported(criterion=criterion, x=x, target=target, weight=weight):
            return float(criterion.loss_and_grad(x, target, weight))

        total = reported()
        grad = parameters.grad.copy()
        (raw,) = criterion.network.forward(x)
        losses, _ = evaluate(case, raw.copy(), target)
        assert total == pytest.approx((losses * weight).sum())
        if assert_gradient_along(reported, parameters.theta, grad, rng):
            return
    pytest.fail("every point drawn lies near a kink")


@pytest.mark.parametrize("case", PIXEL_LOSS_CASES, ids=case_id)
def test_pixels_of_an_image_are_its_positions(case):
    """The target of a map of pixels is one of the same map, which the criterion puts on one axis."""
    flat, parameters = criterion_of(case, positions=(6,))
    x, target = numpy.random.RandomState(0).normal(size=(N, 6, 5)), one_hot_pixels(numpy.random, case[2], positions=6)
    expected, grad = flat.loss_and_grad(x, target, 0.5), parameters.grad.copy()
    square, parameters = criterion_of(case, positions=(2, 3))
    got = square.loss_and_grad(x.reshape(N, 2, 3, 5), target.reshape(N, 2, 3, -1), 0.5)
    assert got == pytest.approx(expected)
    assert_allclose(parameters.grad, grad, rtol=1e-12)


@cases
def test_images_do_not_influence_one_another(case):
    raw, target = problem(case)
    losses, gradient = evaluate(case, raw, target)
    for i in range(N):
        own, slope = evaluate(case, raw[[i]], target[[i]])
        assert_allclose(own[..., 0], losses[..., i], rtol=1e-12)
        assert_allclose(slope[0], gradient[i], rtol=1e-12, atol=1e-15)


@cases
def test_inputs_are_left_alone(case):
    raw, target = problem(case)
    loss, task, _, beta = case
    for array in (raw, target):
        array.flags.writeable = False
    losses = numpy.empty((max(1, len(loss.parts)), N))
    losses = losses if loss.parts else losses[0]
    loss.evaluate(
        numpy, loss.link(task, beta), raw, target, losses, numpy.empty(raw.shape), numpy.empty((2, *raw.shape))
    )
    assert numpy.isfinite(losses).all()


@cases
def test_single_precision(case):
    raw, target = problem(case)
    for single, double in zip(evaluate(case, raw, target, "float32"), evaluate(case, raw, target), strict=True):
        assert single.dtype == "float32"
        assert_allclose(single, double, rtol=1e-4, atol=1e-5)


@cases
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_outputs_are_finite(case, size):
    raw, target = problem(case)
    for dtype in ("float32", "float64"):
        for result in evaluate(case, size * raw, target, dtype):
            assert numpy.isfinite(result).all()


# --- segmentation


@pytest.mark.parametrize("case", PIXEL_LOSS_CASES, ids=case_id)
def test_pixels_without_a_label_do_not_count(case):
    raw, target = problem(case)
    losses, gradient = evaluate(case, raw, target)
    labelled = target[0].sum(axis=-1) > 0
    assert 0 < labelled.sum() < POSITIONS
    assert_array_equal(gradient[:, ~labelled], 0)
    alone, slope = evaluate(case, raw[:, labelled], target[:, labelled])
    assert_allclose(alone, losses, rtol=1e-12)
    assert_allclose(slope, gradient[:, labelled], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", PIXEL_LOSS_CASES, ids=case_id)
def test_an_image_without_any_label_has_no_loss(case):
    raw, target = problem(case)
    target[1] = 0
    losses, gradient = evaluate(case, raw, target)
    assert_allclose(losses[1], 0, atol=1e-12)
    assert_array_equal(gradient[1], 0)
    assert numpy.isfinite(losses).all()


def test_the_loss_of_pixels_is_a_mean():
    raw, target = problem(PIXEL_LOSS_CASES[0])
    labelled = target.sum(axis=-1) > 0
    p = (special.softmax(raw, axis=-1) * target).sum(axis=-1)
    for loss, terms in ((LogLoss(), lambda p: -numpy.log(p)), (Focal(), lambda p: -((1 - p) ** 2) * numpy.log(p))):
        expected = [terms(own[mask]).mean() for own, mask in zip(p, labelled, strict=True)]
        assert_allclose(value_of(PixelLoss(loss), raw, target), expected)


@pytest.mark.parametrize("block", [1, 13, 24])
def test_the_loss_of_pixels_in_several_blocks(block, monkeypatch):
    case = PIXEL_LOSS_CASES[0]
    whole = evaluate(case, *problem(case))
    monkeypatch.setattr(segmentation, "_BLOCK", block)
    for got, expected in zip(evaluate(case, *problem(case)), whole, strict=True):
        assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("smooth", [1.0, 0.2])
def test_dice_is_its_formula(smooth):
    raw, target = problem(PIXEL_LOSS_CASES[0])
    p = special.softmax(raw, axis=-1) * target.any(axis=-1, keepdims=True)
    quotients = (2 * (p * target).sum(axis=1) + smooth) / (p.sum(axis=1) + target.sum(axis=1) + smooth)
    assert_allclose(value_of(Dice(smooth), raw, target), 1 - quotients.mean(axis=1))


@pytest.mark.parametrize("loss", [Dice(), Lovasz()], ids=repr)
def test_a_perfect_prediction_has_no_loss_and_a_wrong_one_the_largest(loss):
    target = numpy.eye(2)[numpy.array([[0, 1, 1, 0], [1, 1, 1, 1]])]
    assert_allclose(value_of(loss, 1e3 * target, target), 0, atol=1e-12)
    wrong = value_of(loss, -1e3 * target, target)
    # with the term s = 1, classes of n pixels, all of them missed, have 1 / (n + n' + 1)
    expected = [1 - 1 / 5, 1 - 1 / 5] if isinstance(loss, Dice) else [1, 1]
    assert_allclose(wrong, expected)


def lovasz(p, truth):
    """Return the Lovasz extension of the Jaccard loss of one class, by its definition."""
    errors, indices, before, total = numpy.abs(truth - p), set(), 0.0, 0.0
    foreground = set(numpy.flatnonzero(truth))
    for i in numpy.argsort(-errors):
        indices = indices | {i}
        jaccard_loss = len(indices) / len(foreground | indices)
        total += errors[i] * (jaccard_loss - before)
        before = jaccard_loss
    return total


def test_lovasz_is_its_definition():
    rng = numpy.random.RandomState(0)
    raw, target = 2 * rng.normal(size=(6, 20, 4)), one_hot_pixels(rng, 4, 6, 20)
    target[0, :, 2] = 0  # one class is missing in the first image, and pixels lose their label
    losses = value_of(Lovasz(), raw, target)
    for own, truth, loss in zip(special.softmax(raw, axis=-1), target, losses, strict=True):
        labelled = truth.any(axis=-1)
        present = numpy.flatnonzero(truth.any(axis=0))
        assert loss == pytest.approx(numpy.mean([lovasz(own[labelled, k], truth[labelled, k]) for k in present]))


def test_lovasz_of_predictions_without_doubt_is_one_minus_iou():
    truth, found = numpy.array([0, 0, 0, 1, 1, 1, 1, 2]), numpy.array([0, 0, 1, 1, 1, 1, 2, 2])
    loss = value_of(Lovasz(), 1e3 * numpy.eye(3)[found][None], numpy.eye(3)[truth][None])
    assert_allclose(loss, 1 - numpy.mean([2 / 3, 3 / 5, 1 / 2]))


def test_segmentation_has_softmax_as_link():
    for loss in (Dice(), Lovasz(), PixelLoss(LogLoss()), PixelLoss(Focal())):
        assert loss.link("segmentation", 2.0) == Softmax(2.0)
    for loss in DETECTION_LOSSES:
        assert loss.link("detection") == Identity()


@pytest.mark.parametrize("link", [Softmax(1.5), Logistic(scale=-2.0), Identity()], ids=repr)
def test_links_write_maps_of_pixels(link):
    """Into an array of the caller's, each position as a row."""
    raw = numpy.random.RandomState(0).normal(size=(2, 3, 4, 5)).astype("float32")
    y = poisoned(raw.shape, "float32")
    link.write(raw, y)
    assert_array_equal(y.reshape(-1, 5), link(raw.reshape(-1, 5)))


@pytest.mark.parametrize("smooth", [0.0, -1.0, "1", None])
def test_bad_smoothing(smooth):
    with pytest.raises(ValueError, match=r"'smooth' parameter of Dice must be"):
        Dice(smooth)


def test_a_loss_that_returns_its_result_is_told_to_write_it():
    class Returning(LogLoss):
        def evaluate(self, *arrays):
            return arrays[-2]

    raw, target = problem(PIXEL_LOSS_CASES[0])
    with pytest.raises(TypeError, match="evaluate"):
        value_of(PixelLoss(Returning()), raw, target)


# --- detection


def test_focal_loss_of_points_is_its_formula():
    rng = numpy.random.RandomState(0)
    raw, target = rng.normal(size=(N, POSITIONS, 6)), objects(rng, 2)
    (own, _), _ = evaluate(DETECTION_CASES[0], raw, target)
    p, truth = special.expit(raw[..., :2]), target[..., :2]
    p_t, alpha = numpy.where(truth == 1, p, 1 - p), numpy.where(truth == 1, 0.25, 0.75)
    terms = -alpha * (1 - p_t) ** 2 * numpy.log(p_t)
    assert_allclose(own, (terms.sum(axis=-1) * target[..., -1]).sum(axis=-1))


@pytest.mark.parametrize(("name", "function"), [("giou", giou_loss), ("ciou", ciou_loss)])
def test_box_loss_of_points_is_that_of_the_boxes_around_them(name, function):
    rng = numpy.random.RandomState(1)
    raw, target = rng.normal(size=(N, POSITIONS, 6)), objects(rng, 2)
    (_, own), gradient = evaluate((PointLoss(2, 1.5, name), "detection", 6, 1.0), raw, target)
    outwards, distances = numpy.array([-1, -1, 1, 1]), numpy.exp(raw[..., 2:])
    expected, slopes = function(
        numpy, (outwards * distances).reshape(-1, 4), (outwards * target[..., 2:-1]).reshape(-1, 4)
    )
    counts = 2 * target[..., :2].any(axis=-1) * target[..., -1] / 1.5
    assert 0 < (counts > 0).sum() < counts.size
    assert_allclose(own, (expected.reshape(N, POSITIONS) * counts).sum(axis=1))
    by_raw = slopes.reshape(N, POSITIONS, 4) * outwards * distances * counts[..., None]
    assert_allclose(gradient[..., 2:], by_raw, atol=1e-14)


def test_loss_of_anchors_is_its_formula():
    rng = numpy.random.RandomState(0)
    raw, target = rng.normal(size=(N, POSITIONS, 5)), objects(rng, 1)
    (own, boxes), _ = evaluate((AnchorLoss(beta=0.4), "detection", 5, 1.0), raw, target)
    for i in range(N):
        counts, truth, p = target[i, :, -1] > 0, target[i, :, 0] == 1, special.expit(raw[i, :, 0])
        positive, negative = -numpy.log(p[truth & counts]), -numpy.log(1 - p[~truth & counts])
        assert own[i] == pytest.approx((positive.mean() + negative.mean()) / 2)
        values, _ = smooth_l1(numpy, raw[i, :, 1:], target[i, :, 1:-1], 0.4)
        assert boxes[i] == pytest.approx(values[truth & counts].mean())


@pytest.mark.parametrize("case", DETECTION_CASES, ids=case_id)
def test_an_image_without_objects_has_only_the_loss_of_its_classes(case):
    loss = case[0]
    raw, target = problem(case)
    target[1, :, : loss.n_classes] = 0
    losses, gradient = evaluate(case, raw, target)
    assert losses[0, 1] > 0
    assert losses[1, 1] == 0
    assert_array_equal(gradient[1, :, loss.n_classes :], 0)
    for result in evaluate(case, raw[[1]], target[[1]]):
        assert numpy.isfinite(result).all()


@pytest.mark.parametrize("case", DETECTION_CASES, ids=case_id)
def test_rows_of_weight_0_are_left_out(case):
    raw, target = problem(case)
    out = target[..., -1] == 0
    losses, gradient = evaluate(case, raw, target)
    assert out.any()
    assert_array_equal(gradient[out], 0)
    raw[out] += 5
    target[out, : case[0].n_classes] = 0
    assert_allclose(evaluate(case, raw, target)[0], losses)


@pytest.mark.parametrize("case", DETECTION_CASES, ids=case_id)
def test_the_parts_add_up(case):
    criterion, _ = criterion_of(case)
    _, target = problem(case)
    x = numpy.random.RandomState(0).normal(size=(N, POSITIONS, 5))
    total = criterion.evaluate(x, target, 0.5) + criterion.evaluate(x, target, numpy.arange(3.0))
    assert set(criterion.parts) == {f"{part}_loss" for part in case[0].parts}
    assert float(sum(criterion.parts.values())) == pytest.approx(float(total))
    assert all(float(part) > 0 for part in criterion.parts.values())


def test_a_side_of_any_distance_has_a_finite_slope():
    """Logarithms of distances are clipped to [-10, 10]."""
    raw, target = problem(DETECTION_CASES[0])
    target[..., :2], target[..., -1] = [1, 0], 1
    raw[..., 2:] = 12
    target[0, ..., 2:-1], raw[1, ..., 2:] = 1e6, -12
    losses, gradient = evaluate(DETECTION_CASES[0], raw, target)
    assert numpy.isfinite(losses).all()
    assert_array_equal(gradient[..., 2:], 0)
