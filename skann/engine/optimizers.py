"""Optimizers: ``init`` makes the state, ``update`` takes a step in place. Each one class, registered once."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType

from .backend import Array
from .hyperparameters import Hyperparameters, real
from .parameters import blocks
from .registry import Registry


class OptimizerState:
    """What an optimizer carries from step to step: ``step`` counts them, ``moments`` are laid out as theta is."""

    def __init__(self, moments: dict[str, Array]):
        self.step = 0
        self.moments = moments


@dataclass(frozen=True)
class Optimizer(Hyperparameters, ABC):
    """A rule that moves theta against its gradient.

    Class attributes
    ----------------
    moments : tuple of str
        Names of the vectors that the rule carries along, zero at the start.
    """

    moments = ()

    def init(self, xp: ModuleType, theta: Array) -> OptimizerState:
        """Return the state before the first step."""
        return OptimizerState({name: xp.zeros_like(theta) for name in self.moments})

    def update(
        self, xp: ModuleType, theta: Array, grad: Array, state: OptimizerState, learning_rate: float, work: Array
    ) -> None:
        """Move theta one step.

        Parameters
        ----------
        theta, grad : array of shape (n_parameters,)
            ``theta`` is changed in place; ``grad`` may be used as scratch.
        state : OptimizerState
            Of ``init``; advanced in place.
        learning_rate : float
        work : array of shape (parameters.BLOCK,)
            Scratch of theta's dtype; as long as theta will do, if that is shorter.
        """
        state.step += 1
        for block in blocks(theta.size):
            moments = [moment[block] for moment in state.moments.values()]
            part = theta[block]
            self._update_block(xp, part, grad[block], state.step, learning_rate, work[: part.size], *moments)

    @abstractmethod
    def _update_block(
        self, xp: ModuleType, theta: Array, grad: Array, step: int, learning_rate: float, work: Array, *moments: Array
    ) -> None:
        """Update a stretch of theta and of the moments; ``step`` counts from 1."""


OPTIMIZERS = Registry("solver", Optimizer)


@OPTIMIZERS.register("sgd")
@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, v = momentum v - rate g, theta += v, or theta += momentum v - rate g (Nesterov).

    Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning".
    """

    momentum: float = real(0.9, low=0, high=1)
    nesterovs_momentum: bool = True
    moments = ("velocity",)

    def _update_block(self, xp, theta, grad, step, learning_rate, work, velocity):
        xp.multiply(grad, learning_rate, out=work)
        xp.multiply(velocity, self.momentum, out=velocity)
        xp.subtract(velocity, work, out=velocity)
        if self.nesterovs_momentum:
            xp.subtract(theta, work, out=theta)
            xp.multiply(velocity, self.momentum, out=work)
            xp.add(theta, work, out=theta)
        else:
            xp.add(theta, velocity, out=theta)


@OPTIMIZERS.register("adam")
@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam, theta -= rate_t m / (sqrt(v) + epsilon), rate_t = rate sqrt(1 - beta_2^t) / (1 - beta_1^t).

    m = beta_1 m + (1 - beta_1) g and v = beta_2 v + (1 - beta_2) g^2 [Kingma & Ba, 2015, arXiv:1412.6980;
    epsilon stands where the end of their section 2 puts it, and scikit-learn].

    The state holds m / (1 - beta_1) and v / (1 - beta_2), and the step makes up for it: two passes less over the
    parameters, a sixth of the update's time.
    """

    beta_1: float = real(0.9, low=0, high=1, include_high=False)
    beta_2: float = real(0.999, low=0, high=1, include_high=False)
    epsilon: float = real(1e-8, low=0, include_low=False)
    moments = ("first", "second")

    def _update_block(self, xp, theta, grad, step, learning_rate, work, first, second):
        rate = learning_rate * math.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        root = math.sqrt(1 - self.beta_2)
        xp.multiply(first, self.beta_1, out=first)
        xp.add(first, grad, out=first)
        xp.multiply(grad, grad, out=work)
        xp.multiply(second, self.beta_2, out=second)
        xp.add(second, work, out=second)
        xp.sqrt(second, out=work)
        xp.add(work, self.epsilon / root, out=work)
        xp.divide(first, work, out=work)
        xp.multiply(work, rate * (1 - self.beta_1) / root, out=work)
        xp.subtract(theta, work, out=theta)
