"""Losses of the segmentation of images: of all positions of an image together.

A target has a one-hot row for each position. A row of zeros marks a position without a label, which is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy

from ..arrays.backend import Array, namespace
from ..hyperparameters import real, return_value_error
from ..parameters import blocks
from .base import LOSSES, Loss

__all__ = ["Dice", "Lovasz"]

SEGMENTATION = frozenset({"segmentation"})
_BLOCK = 2**15  # number of scores of a block of positions, whose arrays stay in cache


@dataclass(frozen=True)
class PixelLoss(Loss):
    """The mean of a classification loss over the labelled positions of an image.

    Parameters
    ----------
    loss : Loss
        A loss for several classes.
    """

    loss: Loss
    tasks = SEGMENTATION
    over_positions = True

    def link(self, task, beta=1.0):
        return self.loss.link("multiclass", beta)

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        n, n_positions, n_classes = raw.shape
        size = n * n_positions
        by_position, scratch = xp.empty(size, raw.dtype), work.reshape(-1)
        rows = [array.reshape(size, n_classes) for array in (raw, target, gradient)]
        length = max(1, _BLOCK // n_classes) if namespace(raw) is numpy else size
        for block in blocks(size, length):
            own, truth, slopes = (array[block] for array in rows)
            parts = scratch[: 2 * own.size].reshape(2, *own.shape)
            if self.loss.evaluate(xp, link, own, truth, by_position[block], slopes, parts) is not None:
                raise return_value_error(self.loss, "evaluate")
        share = _shares(xp, target)
        (by_position.reshape(n, n_positions) * share).sum(axis=1, out=losses)
        xp.multiply(gradient, share[:, :, None], out=gradient)


class _OverlapLoss(Loss):
    """Base class of losses of the probabilities of all positions of an image."""

    tasks = SEGMENTATION
    over_positions = True

    def link(self, task, beta=1.0):
        return super().link("multiclass", beta)

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        p, slope = work
        shape = -1, raw.shape[-1]
        link.forward(xp, raw.reshape(shape), p.reshape(shape), slope.reshape(shape))
        self._overlap(xp, p, target, losses, slope)
        # through the softmax: p (slope - sum_j p_j slope_j)
        xp.multiply(p, slope, out=gradient)
        mean = gradient.sum(axis=-1, keepdims=True)
        xp.subtract(slope, mean, out=gradient)
        xp.multiply(gradient, p, out=gradient)
        if link.inverse_temperature != 1:
            xp.multiply(gradient, link.inverse_temperature, out=gradient)

    def _overlap(self, xp: ModuleType, p: Array, target: Array, losses: Array, slope: Array) -> None:
        """Write the loss of each image and its derivative with respect to the probabilities, all (n, positions, k)."""
        raise NotImplementedError


@LOSSES.register("dice")
@dataclass(frozen=True)
class Dice(_OverlapLoss):
    """Dice loss, 1 - mean_k (2 sum_i p_ik y_ik + s) / (sum_i p_ik + sum_i y_ik + s) over the classes k of an image.

    Sums are over the labelled positions [Milletari et al., 2016, arXiv:1606.04797].

    Parameters
    ----------
    smooth : float in (0, inf), default=1.0
        The term s, in pixels.
    """

    smooth: float = real(1.0, low=0, include_low=False)

    def _overlap(self, xp, p, target, losses, slope):
        labelled = _labelled(xp, target)[..., None]
        inside = p * labelled
        common, total = (inside * target).sum(axis=1, keepdims=True), (inside + target).sum(axis=1, keepdims=True)
        total += self.smooth
        quotient = (2 * common + self.smooth) / total
        losses[...] = 1 - quotient.mean(axis=2)[:, 0]
        xp.subtract(quotient, 2 * target, out=slope)
        xp.multiply(slope, labelled / (total * p.shape[2]), out=slope)


@LOSSES.register("lovasz")
@dataclass(frozen=True)
class Lovasz(_OverlapLoss):
    """Lovasz-softmax loss, the convex extension of 1 - IoU, averaged over the classes present in an image.

    Sorts the absolute errors y_ik - p_ik of the labelled positions [Berman et al., 2018, arXiv:1705.08790].
    """

    def _overlap(self, xp, p, target, losses, slope):
        labelled = _labelled(xp, target)[..., None]
        errors = xp.abs(target - p) * labelled
        order = xp.argsort(-errors, axis=1)
        truth = xp.take_along_axis(target, order, axis=1)
        n_true = target.sum(axis=1, keepdims=True)
        # positions without a label have no error and come last, where their place has no effect
        common = n_true - truth.cumsum(axis=1)
        jaccard = 1 - common / xp.maximum(n_true + (1 - truth).cumsum(axis=1), 1)
        jaccard[:, 1:] -= jaccard[:, :-1].copy()
        is_present = (n_true > 0).astype(p.dtype)
        weight = is_present / xp.maximum(is_present.sum(axis=2, keepdims=True), 1)
        losses[...] = ((xp.take_along_axis(errors, order, axis=1) * jaccard).sum(axis=1, keepdims=True) * weight).sum(
            axis=2
        )[:, 0]
        xp.put_along_axis(slope, order, jaccard * weight, axis=1)
        xp.multiply(slope, xp.sign(p - target) * labelled, out=slope)


def _labelled(xp: ModuleType, target: Array) -> Array:
    """Return 1 for each position with a label, 0 for others, in a tenth of the time of a sum over so short an axis."""
    return target @ xp.ones(target.shape[-1], target.dtype)


def _shares(xp: ModuleType, target: Array) -> Array:
    """Return the share of each position in the labelled ones of its image: 0 without a label."""
    labelled = _labelled(xp, target)
    return labelled / xp.maximum(labelled.sum(axis=1, keepdims=True), 1)
