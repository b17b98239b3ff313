"""Two-stage detectors: the gradient of the whole objective, the targets of anchors and regions, and their shapes."""

import gc
import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from skann.engine.activations import Identity, Tanh
from skann.engine.arrays import backend
from skann.engine.data.motions import Reflection
from skann.engine.data.spatial import PADDING, PROPOSAL, MapTarget
from skann.engine.detection.anchors import anchors
from skann.engine.detection.boxes import box_iou
from skann.engine.detection.region_targets import (
    ANCHOR_CODER,
    REGION_CODER,
    Objects,
    ObjectsInMaps,
    RegionTargets,
    objects_in_rows,
)
from skann.engine.layers import BatchNorm
from skann.engine.losses import MaskLoss, RegionLoss
from skann.engine.models.blocks import INPUT
from skann.engine.models.rcnn import MASK_OUTPUT, PROPOSALS, REGION_OUTPUT, RCNNSizes, parts_of, rcnn
from skann.engine.objective import Objective
from skann.engine.parameters import Parameters
from skann.engine.training.two_stage import TwoStageCriterion, _RegionHead

from .harness import assert_gradient, assert_gradient_along, poisoned

HEIGHT, WIDTH, N_CLASSES = 11, 14, 2
ANCHORS = anchors((12, 14), 1, [4, 6], [1.0])
PROPOSED = numpy.array([[1.0, 1, 6, 5], [6.5, 2, 13, 9], [0, 4, 5.5, 11], [3, 3, 9.5, 8]])
# for each image its objects, x0, y0, x1, y1 and the code of the class: two, one, and none
OBJECTS = [[[1, 2, 5, 6, 0], [7, 2, 12, 9, 1]], [[4, 3, 9, 9, 0]], []]
WEIGHT = numpy.array([0.5, 2.0, 1.5])


def rows_of(objects=OBJECTS, proposals=None):
    """Return objects, and proposals for each image, as rows."""
    rows = numpy.zeros((len(objects), 8, 5), "float32")
    rows[..., 4] = PADDING
    for out, own in zip(rows, objects, strict=True):
        own = [*own, *([*box, PROPOSAL] for box in (() if proposals is None else proposals))]
        if own:
            out[: len(own)] = own
    return rows


def maps_of(objects=OBJECTS):
    """Return maps of the numbers of rectangles, each but for its lower right corner."""
    maps = numpy.zeros((len(objects), HEIGHT, WIDTH, 2), "int32")
    for out, own in zip(maps, objects, strict=True):
        for i, (x0, y0, x1, y1, code) in enumerate(own):
            out[y0:y1, x0:x1, i % 2] = 1 + code + N_CLASSES * i
            out[y1 - 1, x1 - 1, i % 2] = 0
    return maps


class Problem:
    """A two-stage criterion for three images, of which the last has no object."""

    def __init__(self, masks=False, given=False, n_regions=8, normalization=None, weights=None, xp=numpy, dtype=float):
        sizes = RCNNSizes(N_CLASSES, (3, 4), (6,), 0 if given else 2, masks)
        graph, objective = rcnn((HEIGHT, WIDTH, 2), sizes, Tanh(), None, normalization)
        heads = objective.heads
        if weights is not None:
            heads = {name: replace(head, weight=weights.get(name, 0.0)) for name, head in heads.items()}
        rng = numpy.random.RandomState(0)
        self.graph, self.objective = graph, Objective(heads)
        parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(dtype))
        parameters.theta += (0.1 * rng.normal(size=parameters.theta.size)).astype(dtype)
        self.parameters = parameters if xp is numpy else parameters.on(xp)
        read = ObjectsInMaps(N_CLASSES) if masks else objects_in_rows
        targets = RegionTargets(read, N_CLASSES, n_regions, (HEIGHT, WIDTH), None if given else ANCHORS)
        state = SimpleNamespace(generator=None, optimizer=SimpleNamespace(step=0))
        self.criterion = TwoStageCriterion(self.objective, graph, self.parameters, 3, targets, state)
        target = maps_of() if masks else rows_of(proposals=PROPOSED if given else None)
        self.batch = rng.normal(size=(3, HEIGHT, WIDTH, 2)).astype(dtype), target, WEIGHT.astype(dtype)
        if xp is not numpy:
            self.batch = tuple(map(xp.asarray, self.batch))

    def loss(self):
        """Return the loss; the gradient is in ``parameters.grad`` then."""
        return float(self.criterion.loss_and_grad(*self.batch))

    def gradient(self):
        self.loss()
        return self.parameters.grad.copy()

    @property
    def trained(self):
        """The parameters but for those of the scaling of the input, which stay."""
        return {key: values for key, values in self.parameters.values.items() if key[0] != INPUT}

    @property
    def of_trunk(self):
        """Views of the trunk's parameters in the gradient."""
        trunk, _, _ = parts_of(self.graph)
        return [self.parameters.grads[key] for key in self.trained if key[0] in trunk.nodes]


@pytest.fixture
def fixed(monkeypatch):
    """Hold the proposals, which count as given in the gradient."""
    monkeypatch.setattr(RegionTargets, "propose", lambda self, raw, n: PROPOSED[:n].astype(raw.dtype))


KINDS = {
    "boxes": {},
    "masks": {"masks": True},
    "given": {"given": True},
    "batch": {"normalization": BatchNorm(), "masks": True},
}
kinds = pytest.mark.parametrize("kind", KINDS)


# --- the gradient


@kinds
def test_the_gradient_of_the_whole_objective(fixed, kind):
    """Along directions of each array of parameters."""
    problem, rng = Problem(**KINDS[kind]), numpy.random.RandomState(1)
    for key, values in problem.trained.items():
        problem.loss()
        own = problem.parameters.grads[key].copy()
        assert own.any(), key
        assert assert_gradient_along(problem.loss, values, own, rng, n_directions=2), key


@pytest.mark.parametrize("kind", ["boxes", "masks"])
def test_the_gradient_of_the_trunk_is_the_sum_of_those_of_the_heads(fixed, kind):
    names = [PROPOSALS, REGION_OUTPUT, *([MASK_OUTPUT] if kind == "masks" else [])]
    whole = Problem(**KINDS[kind])
    loss, gradient = whole.loss(), [view.copy() for view in whole.of_trunk]
    single = [Problem(**KINDS[kind], weights={name: 1.0}) for name in names]
    assert sum(problem.loss() for problem in single) == pytest.approx(loss, rel=1e-12)
    for total, *parts in zip(gradient, *(problem.of_trunk for problem in single), strict=True):
        assert_allclose(sum(parts), total, rtol=1e-9, atol=1e-14)
    shared = [numpy.abs(problem.of_trunk[0]).max() for problem in single]
    assert min(shared) > 0  # all heads reach the first layer
    assert list(whole.criterion.parts) == whole.objective.parts


@kinds
def test_padding_has_no_effect(fixed, kind):
    """The shapes are those of more regions, which have the weight 0."""
    few, many = (Problem(**KINDS[kind], n_regions=n) for n in (16, 24))
    assert many.loss() == pytest.approx(few.loss(), rel=1e-12)
    assert_allclose(many.parameters.grad, few.parameters.grad, rtol=1e-9, atol=1e-13)


def test_an_image_of_weight_0_does_not_count(fixed):
    problem = Problem(masks=True)
    x, target, weight = problem.batch
    weight[1] = 0
    before = problem.loss(), problem.gradient()
    x[1] += 1
    target[1] = target[0]
    assert problem.loss() == before[0]
    assert_array_equal(problem.gradient(), before[1])


@pytest.mark.parametrize("kind", ["boxes", "masks"])
def test_a_batch_without_objects(kind):
    """Its regions are background, and its masks have no loss."""
    problem = Problem(**KINDS[kind], normalization=BatchNorm())
    problem.batch[1][...] = 0 if kind == "masks" else PADDING
    assert numpy.isfinite(problem.loss())
    assert problem.criterion.parts["proposal_loss"] == problem.criterion.parts["box_loss"] == 0
    assert problem.criterion.parts.get("mask_loss", 0) == 0
    assert numpy.isfinite(problem.parameters.grad).all()


def test_a_weight_for_all_images_is_one_for_each():
    one, other = Problem(masks=True), Problem(masks=True)
    one.batch = (*one.batch[:2], 0.25)
    other.batch = (*other.batch[:2], numpy.full(3, 0.25))
    assert one.loss() == pytest.approx(other.loss(), rel=1e-12)
    assert_allclose(one.parameters.grad, other.parameters.grad, rtol=1e-9, atol=1e-14)


def test_shapes_are_fixed_and_memory_does_not_grow(monkeypatch):
    shapes, original = set(), _RegionHead.loss_and_grad

    def recording(self, features, dfeatures, regions, *arrays):
        shapes.add((regions.shape, *(array.shape for array in arrays)))
        return original(self, features, dfeatures, regions, *arrays)

    monkeypatch.setattr(_RegionHead, "loss_and_grad", recording)
    problem, rng = Problem(masks=True), numpy.random.RandomState(0)
    x, target, _ = problem.batch
    sizes = []
    for step in range(71):
        if step == 50:  # the interpreter's own caches have filled
            tracemalloc.start()
        x[...] = rng.normal(size=x.shape)
        target[...] = maps_of([OBJECTS[i] for i in rng.permutation(3)])
        problem.criterion.state.optimizer.step = step
        problem.loss()
        problem.criterion.parts.clear()
        if step % 10 == 0:
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(shapes) == 2  # of the two heads
    assert sizes[-1] - sizes[5] < 40_000  # the features of a single step would take 12 kB


@kinds
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_device_does_what_the_cpu_does(device, kind, dtype):
    here, there = (Problem(**KINDS[kind], xp=xp, dtype=dtype) for xp in (numpy, device))
    rtol = 1e-9 if dtype == "float64" else 1e-4
    assert there.loss() == pytest.approx(here.loss(), rel=rtol)
    found = backend.move(there.parameters.grad, numpy)
    assert found.dtype == dtype
    assert_allclose(found, here.parameters.grad, rtol=rtol, atol=rtol * numpy.abs(here.parameters.grad).max())


# --- losses


def test_the_loss_of_regions():
    """Against its formula: cross-entropy of k + 1 classes, and the smooth absolute error where there is an object."""
    loss, rng = RegionLoss(3, beta=0.5), numpy.random.RandomState(0)
    raw, codes = rng.normal(size=(7, 8)), numpy.array([0, 1, 3, 2, 0, 1, 0])
    target = numpy.hstack([numpy.eye(4)[codes], 2 * rng.normal(size=(7, 4))])
    losses, gradient, work = poisoned((2, 7), float), poisoned((7, 8), float), poisoned((2, 7, 8), float)
    loss.evaluate(numpy, Identity(), raw, target, losses, gradient, work)
    assert_allclose(losses[0], -special.log_softmax(raw[:, :4], axis=1)[numpy.arange(7), codes])
    error = numpy.abs(raw[:, 4:] - target[:, 4:])
    expected = numpy.where(error < 0.5, error**2, error - 0.25).sum(axis=1)
    assert_allclose(losses[1], numpy.where(codes > 0, expected, 0))

    def total():
        own = numpy.empty((2, 7))
        loss.evaluate(numpy, Identity(), raw, target, own, numpy.empty((7, 8)), numpy.empty((2, 7, 8)))
        return own.sum()

    assert assert_gradient(total, raw, gradient)


def test_the_loss_of_masks():
    rng = numpy.random.RandomState(0)
    raw, target = rng.normal(size=(6, 1)), rng.randint(2, size=(6, 1)).astype(float)
    losses, gradient, work = poisoned((1, 6), float), poisoned((6, 1), float), poisoned((2, 6, 1), float)
    head = rcnn((8, 8, 1), RCNNSizes(1, (2, 2), (2,), 1, True), Tanh(), None, None)[1].heads[MASK_OUTPUT]
    MaskLoss().evaluate(numpy, head.link, raw, target, losses, gradient, work)
    assert_allclose(losses[0], numpy.logaddexp(0, numpy.where(target > 0, -raw, raw))[:, 0])
    assert_allclose(gradient, special.expit(raw) - target)


# --- targets of anchors and regions


def random_objects(rng, n, size=(60, 80)):
    """Return n boxes that overlap little, and codes of three classes."""
    boxes = []
    while len(boxes) < n:
        x0, y0 = rng.uniform(0, [size[1] - 20, size[0] - 20])
        box = numpy.array([x0, y0, *numpy.add([x0, y0], rng.uniform(2, 20, size=2))])
        if not boxes or box_iou(box[None], numpy.array(boxes)).max() < 0.1:
            boxes.append(box)
    return Objects(numpy.array(boxes).reshape(-1, 4), rng.randint(3, size=n), numpy.empty((0, 4)))


def targets_for(n_regions=30, given=False):
    grid = anchors((15, 20), 4, [4, 8, 16], [0.5, 1.0, 2.0])
    return RegionTargets(objects_in_rows, 3, n_regions, (60, 80), None if given else grid)


@pytest.mark.parametrize("seed", range(5))
def test_every_object_has_an_anchor(seed):
    objects, targets = random_objects(numpy.random.RandomState(seed), 9), targets_for()
    (target,) = targets.anchor_target([objects], numpy.dtype(float))
    positive = target[:, 0] == 1
    assert target.shape == (len(targets.anchors), 6)
    decoded = ANCHOR_CODER.decode(target[positive, 1:5], targets.anchors[positive])
    distances = numpy.abs(decoded[:, None] - objects.boxes).max(axis=2)
    assert distances.min(axis=1).max() < 1e-9  # each anchor predicts an object
    assert distances.min(axis=0).max() < 1e-9  # and each object has one
    assert (target[positive, 5] == 1).all()
    overlap = box_iou(objects.boxes, targets.anchors).max(axis=0)
    assert_array_equal(target[~positive, 5], overlap[~positive] < 0.3)
    assert not target[~positive, :5].any()


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("n", [0, 1, 9])
def test_targets_of_regions_decode_to_the_boxes(given, n):
    rng, targets = numpy.random.RandomState(n), targets_for(given=given)
    objects = random_objects(rng, n)
    near = numpy.clip(numpy.repeat(objects.boxes, 3, axis=0) + rng.uniform(-1, 1, size=(3 * n, 4)), 0, 60)
    proposed = numpy.concatenate([near, random_objects(rng, 8).boxes])
    regions = targets.regions_to_train(replace(objects, proposals=proposed), proposed, 3)
    target = targets.region_target(objects, regions)
    assert regions.boxes.shape == (30, 4)
    assert target.shape == (30, 8)
    assert_array_equal(target[:, :4].sum(axis=1), 1)
    matched = regions.matches >= 0
    assert matched.any() == (n > 0)
    own = regions.matches[matched]
    assert_array_equal(target[matched, :4].argmax(axis=1), 1 + objects.codes[own])
    assert_array_equal(target[~matched, 0], 1)
    assert not target[~matched, 1:].any()
    assert_allclose(REGION_CODER.decode(target[matched, 4:], regions.boxes[matched]), objects.boxes[own], atol=1e-9)
    if n:
        overlap = box_iou(objects.boxes, regions.boxes)
        assert_array_equal(matched[regions.weights > 0], overlap.max(axis=0)[regions.weights > 0] >= 0.5)
        assert_array_equal(own, overlap.argmax(axis=0)[matched])
    count = int((regions.weights > 0).sum())
    assert_allclose(regions.weights[:count], 1 / count)
    assert not regions.boxes[count:].any()
    assert (regions.matches[count:] == -1).all()


def test_many_objects_leave_half_of_the_regions_to_proposals():
    """The boxes of objects alone would teach neither background nor a correction."""
    objects, targets = random_objects(numpy.random.RandomState(0), 20), targets_for(n_regions=8)
    background = numpy.array([[0.0, 0, 1, 1]] * 9)
    seen = set()
    for step in range(20):
        regions = targets.regions_to_train(objects, background, step)
        assert_array_equal(regions.matches[4:], -1)
        assert (regions.matches[:4] >= 0).all()
        seen |= set(regions.matches[:4])
    assert seen == set(range(20))  # in turn
    alone = targets_for(n_regions=1).regions_to_train(objects, background, 0)
    assert alone.matches.tolist() == [0]
    assert alone.weights.tolist() == [1]


@pytest.mark.parametrize("n_regions", [1, 2, 3, 8, 20])
def test_of_given_proposals_a_quarter_holds_objects(n_regions):
    rng = numpy.random.RandomState(0)
    objects, targets = random_objects(rng, 6), targets_for(n_regions, given=True)
    proposals = numpy.concatenate(
        [numpy.repeat(objects.boxes, 5, axis=0), rng.uniform([0, 0, 2, 2], [2, 2, 4, 4], (50, 4))]
    )
    used = set()
    for step in range(60):
        regions = targets.regions_to_train(replace(objects, proposals=proposals), numpy.empty((0, 4)), step)
        assert (regions.matches >= 0).sum() == max(1, n_regions // 4)
        assert (regions.weights > 0).all()
        used |= set(map(tuple, regions.boxes[regions.matches < 0]))
    assert len(used) == (0 if n_regions == 1 else 50)


def test_proposals_are_the_most_promising_in_the_image():
    targets, rng = targets_for(), numpy.random.RandomState(0)
    raw = numpy.hstack([rng.normal(size=(len(targets.anchors), 1)), 0.5 * rng.normal(size=(len(targets.anchors), 4))])
    boxes = targets.propose(raw, 30)
    assert boxes.shape == (30, 4)
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= [80, 60]).all()
    assert (boxes[:, 2:] - boxes[:, :2] >= 1).all()
    assert (box_iou(boxes, boxes) - numpy.eye(30)).max() <= 0.7
    decoded = ANCHOR_CODER.decode(raw[:, 1:], targets.anchors).clip(0, [80, 60, 80, 60])
    scores = raw[numpy.abs(decoded - boxes[:, None]).max(axis=2).argmin(axis=1), 0]
    assert_array_equal(scores, numpy.sort(scores)[::-1])
    assert scores[0] == raw[(decoded[:, 2:] - decoded[:, :2] >= 1).all(axis=1), 0].max()
    assert_array_equal(targets.propose(raw, 5), boxes[:5])
    raw[:, 3:] = -20  # all too thin
    assert targets.propose(raw, 30).shape == (0, 4)


def test_rows_are_read():
    rows = rows_of(proposals=PROPOSED)
    for own, expected in zip(rows, OBJECTS, strict=True):
        objects = objects_in_rows(own)
        assert_array_equal(objects.boxes, numpy.array(expected).reshape(-1, 5)[:, :4])
        assert_array_equal(objects.codes, [box[4] for box in expected])
        assert_array_equal(objects.proposals, PROPOSED)


# --- maps of numbers


def test_maps_are_read():
    read = ObjectsInMaps(N_CLASSES)
    for own, expected in zip(maps_of(), OBJECTS, strict=True):
        objects = read(own)
        assert_array_equal(objects.boxes, numpy.array(expected).reshape(-1, 5)[:, :4])
        assert_array_equal(objects.codes, [box[4] for box in expected])
        assert objects.boxes.dtype == "float32"
        assert objects.proposals.shape == (0, 4)
    full = read(numpy.full((3, 4, 1), 5))  # without a pixel of 0
    assert full.boxes.tolist() == [[0, 0, 4, 3]]
    assert full.codes.tolist() == [0]


def test_objects_in_maps_move_with_them():
    maps, boxes = maps_of(), rows_of()
    moved, motion = boxes.copy(), Reflection(numpy.array([True, False, True]))
    MapTarget(0).move(maps, motion, (HEIGHT, WIDTH))
    motion.move_boxes(moved[..., :4], (HEIGHT, WIDTH))
    for own, rows, expected in zip(maps, moved, OBJECTS, strict=True):
        assert_array_equal(ObjectsInMaps(N_CLASSES)(own).boxes, rows[: len(expected), :4])
    assert (moved[0] != boxes[0]).any()


def test_masks_in_regions():
    """On a grid of as many points as pixels they are the pixels themselves, also those of objects that overlap."""
    target = numpy.zeros((9, 12, 2), int)
    target[2:7, 1:6, 0] = 1 + 0
    target[4:9, 3:8, 1] = 1 + 1 + N_CLASSES * 1
    target[4, 3] = [0, 4]
    objects = ObjectsInMaps(N_CLASSES)(target)
    assert objects.codes.tolist() == [0, 1]
    regions = numpy.array([[1.0, 2, 6, 7], [3, 4, 8, 9], [2, 3, 7, 8]])
    found = objects.masks(regions, numpy.array([0, 1, 1]), 5)
    assert_array_equal(found[0], target[2:7, 1:6, 0] == 1)
    assert_array_equal(found[1], target[4:9, 3:8, 1] == 4)
    assert_array_equal(found[2], target[3:8, 2:7, 1] == 4)
    assert not found[0, 2, 2]
    fine = objects.masks(regions[:1], numpy.array([0]), 20)
    assert_array_equal(fine[0], numpy.kron(found[0], numpy.ones((4, 4))))
    beyond = objects.masks(numpy.array([[0.0, 0, 12, 9]]), numpy.array([0]), 3)
    assert beyond.shape == (1, 3, 3)
