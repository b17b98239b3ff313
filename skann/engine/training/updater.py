"""The update of parameters: penalty, clipping, optimizer, maximum norm, average."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType

import numpy

from ..arrays.backend import Array, namespace
from ..arrays.deferred_sum import DeferredSum
from ..functions.algebra import sum_of_squares
from ..kernels import training_library
from ..parameters import Parameters, blocks, scratch_for
from ..penalties import Penalty
from .settings import STEADY, Settings
from .state import TrainingState


class Updater:
    """Updates parameters by their gradient; there is one for each Parameters that is trained.

    Parameters
    ----------
    parameters : Parameters
        Changed in place.
    settings : Settings
    state : TrainingState
        Advanced in place.
    total_weight : float
        The penalties are divided by it, as the loss is.

    Attributes
    ----------
    last_rate : float
        The learning rate of the last step.
    """

    def __init__(self, parameters: Parameters, settings: Settings, state: TrainingState, total_weight: float):
        self.parameters, self.settings, self.state = parameters, settings, state
        self.total_weight = total_weight
        self.last_rate = settings.learning_rate
        xp = namespace(parameters.theta)
        self.xp = training_library(xp)
        alpha = 0.0 if settings.optimizer.decouples_decay else settings.alpha
        self._penalty = Penalty(alpha / total_weight, settings.l1 / total_weight, parameters.n_decayed)
        self._work = scratch_for(parameters.theta)

    def update(self, loss: DeferredSum | float, fraction: float, n_epochs: float) -> DeferredSum | float:
        """Take a step along the gradient in ``parameters.grad``; return the loss with the penalties added.

        Parameters
        ----------
        loss : float or DeferredSum
        fraction : float in [0, 1]
            Fraction of training that is done before the step.
        n_epochs : float
            Epochs done with it: the warm-up counts the step itself, so that none has a rate of 0.
        """
        settings, xp, parameters = self.settings, self.xp, self.parameters
        theta, grad = parameters.theta, parameters.grad
        penalty = self._penalty
        if penalty.l2 and settings.decay_schedule is not STEADY:
            penalty = replace(penalty, l2=self._alpha(fraction) / self.total_weight)
        if settings.clip_norm < math.inf:
            loss += penalty.add_to(xp, parameters, self._work)
            clip(grad, settings.clip_norm)
            penalty = None
        rate = self.last_rate = self.state.learning_rate * settings.schedule.at(fraction, n_epochs)
        if settings.optimizer.decouples_decay and settings.alpha > 0:
            shrink(xp, parameters, rate * self._alpha(fraction))
        stretches = parameters.layout.stretches
        loss += settings.optimizer.update(xp, theta, grad, self.state.optimizer, rate, self._work, penalty, stretches)
        if settings.max_norm < math.inf:
            limit_norms(xp, parameters, settings.max_norm)
        if settings.averaging > 0:
            move_average(xp, self.state.average, theta, settings.averaging, self._work)
        return loss

    def _alpha(self, fraction: float) -> float:
        """Return the strength of the L2 penalty, or of the decoupled decay, at a step."""
        return self.settings.alpha * self.settings.decay_schedule.factor(fraction)


def shrink(xp: ModuleType, parameters: Parameters, part: float) -> None:
    """Multiply the weights that decay by 1 minus that part times their learning-rate factor."""
    for stretch, factor in parameters.layout.stretches:
        weights = parameters.theta[stretch.start : min(stretch.stop, parameters.n_decayed)]
        xp.multiply(weights, 1 - part * factor, out=weights)


def clip(grad: Array, norm: float) -> None:
    """Scale a gradient that is longer than ``norm`` down to it [Pascanu et al., 2013, arXiv:1211.5063]."""
    xp, square = namespace(grad), sum_of_squares(grad)
    if xp is not numpy:  # a device is not asked whether the gradient is longer
        xp.multiply(grad, norm / xp.maximum(xp.sqrt(square), norm), out=grad)
    elif (length := math.sqrt(square)) > norm:
        xp.multiply(grad, norm / length, out=grad)


def limit_norms(xp: ModuleType, parameters: Parameters, norm: float) -> None:
    """Scale the incoming weights of every unit that are longer than ``norm`` down to it [Srivastava et al., 2014]."""
    for weights in parameters.trained_weights:
        lengths = xp.sqrt(xp.einsum("i...,i...->...", weights, weights))
        least = max(norm, float(numpy.finfo(weights.dtype).tiny))  # a smaller norm would be 0 in this dtype
        xp.multiply(weights, least / xp.maximum(lengths, least), out=weights)


def move_average(xp: ModuleType, average: Array, theta: Array, share: float, work: Array) -> None:
    """Take average = share average + (1 - share) theta [Polyak & Juditsky, 1992; with decay as in Adam's means]."""
    for block in blocks(theta.size, work.size):
        scaled = work[: block.stop - block.start]
        xp.multiply(theta[block], 1 - share, out=scaled)
        xp.multiply(average[block], share, out=average[block])
        xp.add(average[block], scaled, out=average[block])
