"""Losses of detectors: of the classes and the boxes that positions, anchors or regions predict.

A raw output has a column for each class, then four for the box. A target has the same columns and, where the positions
of an image are judged together, in a last one the weight of each: 0 leaves it out. The box counts only where there is
an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from ..activations import Identity
from ..arrays.backend import Array
from ..detection.box_losses import ciou_loss, giou_loss, smooth_l1
from ..detection.coder import LARGEST_RAW
from ..functions.entropy import softmax_cross_entropy
from .base import Loss
from .classification import LogLoss

__all__ = ["AnchorLoss", "MaskLoss", "PointLoss", "RegionLoss"]

DETECTION = frozenset({"detection"})
_FOCUS, _BALANCE = 2.0, 0.25  # gamma and alpha of the focal loss
_BOX_WEIGHT = 2.0
BOX_LOSSES = {"giou": giou_loss, "ciou": ciou_loss}


@dataclass(frozen=True)
class _DetectionLoss(Loss):
    """Base class of the losses of detectors."""

    tasks = DETECTION
    gives_probabilities = False

    def link(self, task, beta=1.0):
        return Identity()


@dataclass(frozen=True)
class PointLoss(_DetectionLoss):
    """Focal loss of the classes of all points of an image, plus twice the IoU loss of the boxes that points predict.

    Boxes are coded by ``DistanceCoder``; overlaps do not depend on the point, nor on its stride. Both terms are divided
    by the mean number of points per image that predict a box [Lin et al., 2017, arXiv:1708.02002; Tian et al., 2019,
    arXiv:1904.01355].

    Parameters
    ----------
    n_classes : int
    n_positive : float
        The mean number of points per training image that predict a box.
    box_loss : {"giou", "ciou"}
    """

    n_classes: int
    n_positive: float
    box_loss: str = "giou"
    over_positions = True
    parts = ("classification", "box")

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        k = self.n_classes
        truth, coded, weight = target[..., :k], target[..., k:-1], target[..., -1:] / self.n_positive
        terms, slopes = _focal(xp, raw[..., :k], truth)
        losses[0] = (terms * weight).sum(axis=(1, 2))
        gradient[..., :k] = slopes * weight
        gradient[..., k:], losses[1] = 0, 0
        image, point = xp.nonzero(truth.sum(axis=-1) * weight[..., 0])
        if len(image):
            values, slopes = _box_terms(xp, BOX_LOSSES[self.box_loss], raw[image, point, k:], coded[image, point])
            own = _BOX_WEIGHT * weight[image, point]
            gradient[image, point, k:] = slopes * own
            xp.add.at(losses[1], image, values * own[:, 0])


@dataclass(frozen=True)
class AnchorLoss(_DetectionLoss):
    """Cross-entropy of whether each anchor of an image holds an object, plus the smooth absolute error of its deltas.

    Positive and negative anchors count alike: each term of either kind is divided by twice their number in the image
    [Ren et al., 2015, arXiv:1506.01497, section 3.1.2, with all anchors in place of a sample]. Boxes are coded by
    ``DeltaCoder``.
    """

    n_classes = 1
    beta: float = 1.0
    over_positions = True
    parts = ("objectness", "proposal")

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        truth, coded, weight = target[..., 0], target[..., 1:-1], target[..., -1]
        positive, negative = truth * weight, (1 - truth) * weight
        n_positive, n_negative = (part.sum(axis=1, keepdims=True) for part in (positive, negative))
        share = positive / xp.maximum(2 * n_positive, 1) + negative / xp.maximum(2 * n_negative, 1)
        v = raw[..., 0]
        losses[0] = ((xp.maximum(v, 0) - v * truth + xp.log1p(xp.exp(-xp.abs(v)))) * share).sum(axis=1)
        gradient[..., 0] = (0.5 * (1 + xp.tanh(0.5 * v)) - truth) * share
        gradient[..., 1:], losses[1] = 0, 0
        image, anchor = xp.nonzero(positive)
        if len(image):
            values, slopes = smooth_l1(xp, raw[image, anchor, 1:], coded[image, anchor], self.beta)
            own = (positive / xp.maximum(n_positive, 1))[image, anchor]
            gradient[image, anchor, 1:] = slopes * own[:, None]
            xp.add.at(losses[1], image, values * own)


@dataclass(frozen=True)
class RegionLoss(_DetectionLoss):
    """Cross-entropy of the class of a region, the first for none, plus the smooth absolute error of its deltas.

    Boxes are coded by ``DeltaCoder`` [Girshick, 2015, arXiv:1504.08083]. There is no column of weights: regions are
    rows, which the objective weights.

    Parameters
    ----------
    n_classes : int
        Number of classes, without that of regions without an object.
    """

    n_classes: int
    beta: float = 1.0
    parts = ("classification", "box")

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        k, n = self.n_classes + 1, len(raw)
        scratch, slope = work.reshape(-1)[: 2 * n * k].reshape(2, n, k), xp.empty((n, k), raw.dtype)
        own = xp.ascontiguousarray(raw[:, :k]), target[:, :k], losses[0], slope, scratch
        softmax_cross_entropy(xp, 1.0, *own)
        gradient[:, :k] = slope
        gradient[:, k:], losses[1] = 0, 0
        (region,) = xp.nonzero(target[:, 1:k].sum(axis=-1))
        if len(region):
            losses[1][region], gradient[region, k:] = smooth_l1(xp, raw[region, k:], target[region, k:], self.beta)


@dataclass(frozen=True)
class MaskLoss(LogLoss):
    """The logistic loss of the pixels of a mask."""

    tasks = DETECTION
    parts = ("mask",)

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        super().evaluate(xp, link, raw, target, losses[0], gradient, work)


def _focal(xp: ModuleType, v: Array, truth: Array) -> tuple[Array, Array]:
    """Return the focal losses of logistic outputs, and their derivatives with respect to the raw outputs.

    -alpha_t (1 - p_t)^gamma log p_t, with alpha for the class of an object and 1 - alpha for the others.
    """
    sign = 2 * truth - 1
    z = sign * v  # the raw output of p_t
    entropy = xp.maximum(-z, 0) + xp.log1p(xp.exp(-xp.abs(z)))
    wrong = 0.5 * (1 - xp.tanh(0.5 * z))
    factor = (_BALANCE * truth + (1 - _BALANCE) * (1 - truth)) * wrong**_FOCUS
    # d/dz of wrong^gamma entropy = -wrong^gamma (gamma (1 - wrong) entropy + wrong)
    return factor * entropy, -sign * factor * (_FOCUS * (1 - wrong) * entropy + wrong)


def _box_terms(xp: ModuleType, box_loss, raw: Array, coded: Array) -> tuple[Array, Array]:
    """Return the losses of boxes whose distances have raw outputs as logarithms, and the derivatives by these."""
    distances = xp.exp(xp.clip(raw, -LARGEST_RAW, LARGEST_RAW))
    outwards = xp.asarray([-1, -1, 1, 1], raw.dtype)  # left and top lie at negative coordinates, seen from the point
    values, slopes = box_loss(xp, outwards * distances, outwards * coded)
    return values, slopes * outwards * distances * (xp.abs(raw) < LARGEST_RAW)
