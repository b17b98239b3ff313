"""The targets of a two-stage detector: anchors, proposed regions, and what the heads are to predict for these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy
from scipy import ndimage

from ..data.spatial import PROPOSAL
from ..kernels import with_loops
from .boxes import clip_boxes
from .coder import DeltaCoder
from .matching import match_by_iou
from .nms import non_maximum_suppression

ANCHOR_CODER, REGION_CODER = DeltaCoder((1, 1, 1, 1)), DeltaCoder()
_IGNORED = -2  # what match_by_iou returns for anchors that are neither positive nor negative
_HIGH, _LOW = 0.7, 0.3  # IoU of a positive anchor, and below which it is negative
_POSITIVE = 0.5  # IoU of a region with an object
_SUPPRESSION = 0.7  # IoU of proposals of which one is dropped
_CANDIDATES = 6  # number of anchors per proposal that suppression chooses from
_OBJECT_SHARE = 2  # one in so many of the regions that are trained on is an object itself, if there are many
_POSITIVE_SHARE = 4  # one in so many of the regions that are trained on, if proposals are given


@dataclass(frozen=True)
class Objects:
    """The objects in an image.

    Attributes
    ----------
    boxes : ndarray of shape (k, 4)
    codes : ndarray of int of shape (k,)
    proposals : ndarray of shape (m, 4)
        Regions that may hold an object.
    masks : callable, default=None
        Returns the masks in regions of shape (r, 4) of the objects with given indices, of shape (r, size, size).
    """

    boxes: numpy.ndarray
    codes: numpy.ndarray
    proposals: numpy.ndarray
    masks: Any = None


class ObjectReader(Protocol):
    """Protocol of functions that read the objects in an image from its target."""

    def __call__(self, target: numpy.ndarray) -> Objects:
        """Return the objects in one image."""
        ...


def objects_in_rows(target: numpy.ndarray) -> Objects:
    """Return the objects in one image of an array of boxes, as in ``data.spatial``."""
    is_object = target[:, 4] >= 0
    rows = target[is_object]
    return Objects(rows[:, :4], rows[:, 4].astype(int), target[target[:, 4] == PROPOSAL, :4])


@dataclass(frozen=True)
class ObjectsInMaps:
    """Reads the objects from maps of their numbers, of shape (height, width, n_layers), 0 where there is none.

    The number of an object is 1 + its class + n_classes times its index. Objects that overlap lie in different layers.

    Parameters
    ----------
    n_classes : int
    """

    n_classes: int

    def __call__(self, target: numpy.ndarray) -> Objects:
        """Return the objects in one image."""
        numbers, inverse = numpy.unique(target, return_inverse=True)
        if numbers[0] != 0:
            numbers, inverse = numpy.concatenate([[0], numbers]), inverse + 1
        boxes = []
        for rows, columns, _ in ndimage.find_objects(inverse.reshape(target.shape)):
            boxes.append([columns.start, rows.start, columns.stop, rows.stop])
        numbers = numbers[1:]

        def masks(regions: numpy.ndarray, chosen: numpy.ndarray, size: int) -> numpy.ndarray:
            return _masks_in_regions(target, regions, numbers[chosen], size)

        codes = (numbers - 1) % self.n_classes
        return Objects(numpy.array(boxes, numpy.float32).reshape(-1, 4), codes, numpy.empty((0, 4), "float32"), masks)


@dataclass(frozen=True)
class Regions:
    """The regions of an image that are trained on, padded to a fixed number.

    Attributes
    ----------
    boxes : ndarray of shape (n, 4)
    matches : ndarray of int of shape (n,)
        Index of the object in each region, -1 for none.
    weights : ndarray of shape (n,)
        1 / number of regions; 0 in the padding.
    """

    boxes: numpy.ndarray
    matches: numpy.ndarray
    weights: numpy.ndarray


@dataclass(frozen=True)
class RegionTargets:
    """The anchors and regions of a two-stage detector, with their targets.

    As the encoder of rows it leaves their target, which the step needs, as it is.

    Parameters
    ----------
    read : ObjectReader
    n_classes : int
    n_regions : int
        Number of regions of an image in training.
    size : (int, int)
        Height and width of the images.
    anchors : ndarray of shape (m, 4), or None
        None if proposals are given.
    """

    read: ObjectReader
    n_classes: int
    n_regions: int
    size: tuple[int, int]
    anchors: numpy.ndarray | None

    def __call__(self, target: numpy.ndarray, dtype: numpy.dtype) -> numpy.ndarray:
        """Return the target."""
        return target

    def anchor_target(self, objects: list[Objects], dtype: numpy.dtype) -> numpy.ndarray:
        """Return the target of the anchors, of shape (n, m, 6), as ``losses.AnchorLoss`` takes it."""
        assert self.anchors is not None
        anchors = self.anchors.astype(dtype)
        encoded = numpy.zeros((len(objects), len(anchors), 6), dtype)
        for out, own in zip(encoded, objects, strict=True):
            boxes = own.boxes.astype(dtype)
            match = match_by_iou(with_loops(numpy), boxes, anchors, _HIGH, _LOW)
            (chosen,) = numpy.nonzero(match >= 0)
            out[chosen, 0] = 1
            out[chosen, 1:5] = ANCHOR_CODER.encode(boxes[match[chosen]], anchors[chosen])
            out[:, 5] = match != _IGNORED
        return encoded

    def propose(self, raw: numpy.ndarray, n: int) -> numpy.ndarray:
        """Return up to n regions of one image, the most promising first, from the outputs for its anchors, (m, 5)."""
        assert self.anchors is not None
        n_candidates = min(_CANDIDATES * n, len(raw))
        chosen = numpy.argpartition(-raw[:, 0], n_candidates - 1)[:n_candidates]
        boxes = clip_boxes(ANCHOR_CODER.decode(raw[chosen, 1:], self.anchors[chosen].astype(raw.dtype)), *self.size)
        scores = raw[chosen, 0]
        solid = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
        boxes, scores = boxes[solid], scores[solid]
        return boxes[non_maximum_suppression(with_loops(numpy), boxes, scores, _SUPPRESSION)[:n]]

    def regions_to_train(self, objects: Objects, proposed: numpy.ndarray, offset: int) -> Regions:
        """Return the regions of an image to train on: its objects and the best proposals.

        At most half of them are objects: their boxes need no correction, and none of them is background. Of proposals
        that are given, in place of those of anchors, a quarter at most hold an object.

        Parameters
        ----------
        objects : Objects
        proposed : ndarray of shape (m, 4)
            From ``propose``; not used if there are no anchors.
        offset : int
            Which of many objects and given proposals to take: another number takes others.
        """
        n, dtype = self.n_regions, proposed.dtype
        true = objects.boxes.astype(dtype)
        chosen = _spread(true, min(len(true), max(1, n // _OBJECT_SHARE)), offset)
        candidates = numpy.concatenate([chosen, proposed if self.anchors is not None else objects.proposals])
        match = match_by_iou(with_loops(numpy), true, candidates.astype(dtype), _POSITIVE, _POSITIVE, False)
        if self.anchors is None:
            candidates, match = _balance(candidates, match, n, offset)
        boxes, matches = numpy.zeros((n, 4), dtype), numpy.full(n, -1)
        count = min(n, len(candidates))
        boxes[:count], matches[:count] = candidates[:count], match[:count]
        weights = numpy.zeros(n, dtype)
        weights[:count] = 1 / max(1, count)
        return Regions(boxes, matches, weights)

    def region_target(self, objects: Objects, regions: Regions) -> numpy.ndarray:
        """Return the target of the regions of an image, of shape (n, n_classes + 5), as ``losses.RegionLoss`` takes."""
        target = numpy.zeros((len(regions.boxes), self.n_classes + 5), regions.boxes.dtype)
        (chosen,) = numpy.nonzero(regions.matches >= 0)
        own = regions.matches[chosen]
        target[:, 0] = regions.matches < 0
        target[chosen, 1 + objects.codes[own]] = 1
        boxes = objects.boxes[own].astype(target.dtype)
        target[chosen, 1 + self.n_classes :] = REGION_CODER.encode(boxes, regions.boxes[chosen])
        return target


def _balance(boxes: numpy.ndarray, match: numpy.ndarray, n: int, offset: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return up to n boxes with their matches, of which a quarter at most, or one, match; ``offset`` selects others."""
    positive, negative = numpy.flatnonzero(match >= 0), numpy.flatnonzero(match < 0)
    n_positive = min(len(positive), max(1, n // _POSITIVE_SHARE))
    chosen = numpy.concatenate(
        [_spread(positive, n_positive, offset), _spread(negative, min(len(negative), n - n_positive), offset)]
    )
    return boxes[chosen], match[chosen]


def _spread(values: numpy.ndarray, n: int, offset: int) -> numpy.ndarray:
    """Return n of the values at equal distances, from another start for each offset; all of them in their order."""
    if n in (0, len(values)):
        return values[:n]
    return values[(offset + numpy.arange(n) * len(values) // n) % len(values)]


def _masks_in_regions(
    target: numpy.ndarray, regions: numpy.ndarray, numbers: numpy.ndarray, size: int
) -> numpy.ndarray:
    """Return the masks of objects in regions, on a grid of ``size`` rows and columns, by the pixels at its points."""
    height, width = target.shape[:2]
    share = (numpy.arange(size) + 0.5) / size
    x = (regions[:, :1] + share * (regions[:, 2:3] - regions[:, :1])).astype(int).clip(0, width - 1)
    y = (regions[:, 1:2] + share * (regions[:, 3:] - regions[:, 1:2])).astype(int).clip(0, height - 1)
    found = target[y[:, :, None], x[:, None, :]]
    return (found == numbers[:, None, None, None]).any(axis=-1)
