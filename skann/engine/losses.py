"""Losses: each one class, on raw outputs, with the link and the gradient fused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType

import numpy

from .activations import ElementwiseActivation, FixedActivation, Identity, Logistic, Softmax
from .activations.base import softplus_of
from .backend import Array
from .hyperparameters import Hyperparameters
from .registry import Registry

CLASSIFICATION = frozenset({"binary", "multiclass", "multilabel"})
REGRESSION = frozenset({"regression"})


@dataclass(frozen=True)
class Loss(Hyperparameters, ABC):
    """What training makes small: a sum over the outputs of a row, weighted and averaged over the rows elsewhere.

    Class attributes
    ----------------
    tasks : frozenset of {"binary", "multiclass", "multilabel", "regression"}
        Where the loss applies.
    """

    tasks = CLASSIFICATION | REGRESSION

    def link(self, task: str, beta: float = 1.0) -> FixedActivation:
        """Return what turns raw outputs into predictions: by default softmax, logistic or identity."""
        if task == "regression":
            return Identity()
        return Softmax(beta) if task == "multiclass" else Logistic(scale=beta)

    def check_target(self, y: numpy.ndarray) -> None:
        """Raise ValueError for a target outside the loss's domain."""

    @abstractmethod
    def evaluate(
        self,
        xp: ModuleType,
        link: FixedActivation,
        raw: Array,
        target: Array,
        losses: Array,
        gradient: Array,
        work: Array,
    ) -> None:
        """Write each row's loss, and the gradient of that with respect to the raw outputs.

        Parameters
        ----------
        link : FixedActivation
            As ``self.link`` made it.
        raw, target : array of shape (n_samples, n_outputs)
            Classes are one-hot columns, two classes a single column of 0 and 1. Not modified.
        losses : array of shape (n_samples,)
        gradient : array of shape (n_samples, n_outputs)
        work : array of shape (2, n_samples, n_outputs)
            Scratch.
        """


LOSSES = Registry("loss", Loss)


@LOSSES.register("squared_error")
@dataclass(frozen=True)
class SquaredError(Loss):
    """Squared error (SEL), 1/2 sum_k (p_k - y_k)^2 over the outputs k of a row.

    For a classifier the sum runs over the one-hot columns, so that two classes give (p - y)^2.
    """

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        p, link_work = work
        # a logistic column stands for two one-hot columns, p and 1 - p
        factor = 2.0 if isinstance(link, Logistic) else 1.0
        link.forward(xp, raw, p, *[link_work for _ in link.work])
        xp.subtract(p, target, out=gradient)
        xp.einsum("ij,ij->i", gradient, gradient, out=losses)
        xp.multiply(losses, factor / 2, out=losses)
        xp.multiply(gradient, factor, out=gradient)
        link.backward(xp, raw, p, gradient, gradient, *[link_work for _ in link.work])


@LOSSES.register("log_loss")
@dataclass(frozen=True)
class LogLoss(Loss):
    """Cross-entropy, -sum_k y_k log p_k over the classes; for a logistic output also the term (1 - y) log(1 - p).

    With softmax or logistic link of inverse temperature beta the gradient is beta (p - y) [Bishop, 2006, section 4.3].
    """

    tasks = CLASSIFICATION

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        cross_entropy = _softmax_cross_entropy if isinstance(link, Softmax) else _logistic_cross_entropy
        cross_entropy(xp, link, raw, target, losses, gradient, work)


def _softmax_cross_entropy(xp, link: Softmax, raw, target, losses, gradient, work) -> None:
    """Cross-entropy as log sum_j exp(v_j) - sum_k y_k v_k with v = beta raw, shifted so that max v = 0."""
    n_samples, n_classes = raw.shape
    v, yv = work.reshape(2, n_classes, n_samples)  # classes first: reductions over the first axis are quick
    total = gradient.reshape(-1)[:n_samples]  # free until the gradient is written
    xp.multiply(raw.T, link.inverse_temperature, out=v)
    v.max(axis=0, out=total)
    xp.subtract(v, total, out=v)
    xp.multiply(v, target.T, out=yv)
    yv.sum(axis=0, out=losses)
    xp.exp(v, out=v)
    v.sum(axis=0, out=total)
    xp.divide(v, total, out=v)
    xp.log(total, out=total)
    xp.subtract(total, losses, out=losses)
    xp.subtract(v.T, target, out=gradient)
    if link.inverse_temperature != 1:
        xp.multiply(gradient, link.inverse_temperature, out=gradient)


def _logistic_cross_entropy(xp, link: Logistic, raw, target, losses, gradient, work) -> None:
    """Cross-entropy as log(1 + exp(v)) - y v with v = beta raw, summed over the columns."""
    v, terms = work
    xp.multiply(raw, link.inverse_temperature, out=v)
    softplus_of(xp, v, terms, work=gradient)
    xp.multiply(v, target, out=gradient)
    xp.subtract(terms, gradient, out=terms)
    terms.sum(axis=-1, out=losses)
    link.forward(xp, raw, gradient)
    xp.subtract(gradient, target, out=gradient)
    if link.inverse_temperature != 1:
        xp.multiply(gradient, link.inverse_temperature, out=gradient)


@dataclass(frozen=True)
class Exp(ElementwiseActivation):
    """Exponential, exp(x): the link of a loss on positive values. Hidden layers do not offer it."""

    name = "exp"

    def forward(self, xp, z, y):
        xp.exp(z, out=y)

    def backward(self, xp, z, y, dy, dz):
        xp.multiply(dy, y, out=dz)


@LOSSES.register("poisson")
@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance, sum_k y_k log(y_k / p_k) - y_k + p_k with p = exp(raw), for y >= 0.

    The gradient is p - y [McCullagh & Nelder, 1989, section 2.3].
    """

    tasks = REGRESSION

    def link(self, task, beta=1.0):
        return Exp()

    def check_target(self, y):
        if numpy.min(y) < 0:
            raise ValueError(
                "Some value(s) of y are out of the valid range of the loss 'poisson': y must be >= 0. "
                f"Got a minimum of {numpy.min(y)}. Use loss='squared_error' for negative targets."
            )

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        p, terms = work
        link.forward(xp, raw, p)
        xp.subtract(p, target, out=gradient)
        xp.multiply(target, raw, out=terms)
        xp.subtract(gradient, terms, out=terms)
        # y log y does not move the minimum, but with it the loss is 0 for a perfect fit
        xp.maximum(target, xp.finfo(p.dtype).tiny, out=p)
        xp.log(p, out=p)
        xp.multiply(target, p, out=p)
        xp.add(terms, p, out=terms)
        terms.sum(axis=-1, out=losses)
