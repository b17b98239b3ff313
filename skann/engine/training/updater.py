"""The update of the parameters: penalty, clipping, optimizer, maximum norm, average."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType

import numpy

from ..arrays.backend import Array, namespace
from ..arrays.deferred_sum import DeferredSum
from ..functions.algebra import sum_of_squares
from ..kernels import with_loops
from ..parameters import Parameters, blocks, scratch_for
from ..penalties import Penalty
from .settings import STEADY, Settings
from .state import TrainingState


class Updater:
    """Updates parameters from their gradient; each trained Parameters object has one.

    Parameters
    ----------
    parameters : Parameters
        Updated in place.
    settings : Settings
    state : TrainingState
        Updated in place.
    total_weight : float
        Total weight of the rows, by which the penalties, like the loss, are divided.

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
        self.xp = with_loops(xp)
        alpha = 0.0 if settings.optimizer.decouples_decay else settings.alpha
        self._penalty = Penalty(alpha / total_weight, settings.l1 / total_weight, parameters.n_decayed)
        self._work = scratch_for(parameters.theta)

    def update(self, loss: DeferredSum | float, fraction: float, n_epochs: float) -> DeferredSum | float:
        """Take a step with the gradient in ``parameters.grad``; return the loss plus the penalties.

        Parameters
        ----------
        loss : float or DeferredSum
        fraction : float in [0, 1]
            Fraction of training completed before the step.
        n_epochs : float
            Number of epochs completed after the step: warm-up includes the step itself, so that no rate is 0.
        """
        settings, xp, parameters = self.settings, self.xp, self.parameters
        theta, grad = parameters.theta, parameters.grad
        penalty = self._penalty
        if penalty.l2 and settings.decay_schedule is not STEADY:
            penalty = replace(penalty, l2=self._alpha(fraction) / self.total_weight)
        if settings.clip_norm < math.inf:
            loss += penalty.add_to(xp, parameters, self._work)
            clip_gradient(grad, settings.clip_norm)
            penalty = None
        rate = self.last_rate = self.state.learning_rate * settings.schedule.at(fraction, n_epochs)
        if settings.optimizer.decouples_decay and settings.alpha > 0:
            decay_weights(xp, parameters, rate * self._alpha(fraction))
        segments = parameters.layout.segments
        loss += settings.optimizer.update(xp, theta, grad, self.state.optimizer, rate, self._work, penalty, segments)
        if settings.max_norm < math.inf:
            limit_norms(xp, parameters, settings.max_norm)
        if settings.averaging > 0:
            update_average(xp, self.state.average, theta, settings.averaging, self._work)
        return loss

    def _alpha(self, fraction: float) -> float:
        """Return the strength of the L2 penalty or of the decoupled decay at a fraction of training."""
        return self.settings.alpha * self.settings.decay_schedule.factor(fraction)


def decay_weights(xp: ModuleType, parameters: Parameters, decay: float) -> None:
    """Multiply the decaying weights by 1 - decay * factor, with their learning-rate factor."""
    for segment, factor in parameters.layout.segments:
        weights = parameters.theta[segment.start : min(segment.stop, parameters.n_decayed)]
        xp.multiply(weights, 1 - decay * factor, out=weights)


def clip_gradient(grad: Array, norm: float) -> None:
    """Scale a gradient with a Euclidean norm above ``norm`` down to it [Pascanu et al., 2013, arXiv:1211.5063]."""
    xp, square = namespace(grad), sum_of_squares(grad)
    if xp is not numpy:  # comparing on the host would wait for the device
        xp.multiply(grad, norm / xp.maximum(xp.sqrt(square), norm), out=grad)
    elif (length := math.sqrt(square)) > norm:
        xp.multiply(grad, norm / length, out=grad)


def limit_norms(xp: ModuleType, parameters: Parameters, norm: float) -> None:
    """Scale incoming weights of a unit with a norm above ``norm`` down to it [Srivastava et al., 2014]."""
    for weights in parameters.trained_weights:
        lengths = xp.sqrt(xp.einsum("i...,i...->...", weights, weights))
        limit = max(norm, float(numpy.finfo(weights.dtype).tiny))  # a smaller norm would be 0 in this dtype
        xp.multiply(weights, limit / xp.maximum(lengths, limit), out=weights)


def update_average(xp: ModuleType, average: Array, theta: Array, decay: float, work: Array) -> None:
    """Set average = decay average + (1 - decay) theta [Polyak & Juditsky, 1992; exponential as in Adam]."""
    for block in blocks(theta.size, work.size):
        scaled = work[: block.stop - block.start]
        xp.multiply(theta[block], 1 - decay, out=scaled)
        xp.multiply(average[block], decay, out=average[block])
        xp.add(average[block], scaled, out=average[block])
