"""Stochastic optimizers: ``init`` returns the initial state, ``update`` takes a step in place."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from types import ModuleType
from typing import Any

import numpy

from .arrays.backend import Array, move
from .arrays.deferred_sum import DeferredSum
from .functions.updates import adam_step, advance_moments, sgd_step
from .hyperparameters import boolean, real, return_value_error
from .parameters import blocks
from .penalties import Penalty
from .solvers import SOLVERS, Solver

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Nadam", "RMSprop"]

# Minimum of the epsilon added to the root of a mean of squares. Where the square of a small gradient underflows, the
# root is 0, and the quotient would be infinite or undefined.
_MIN_EPSILON = {numpy.dtype(kind): math.sqrt(numpy.finfo(kind).tiny) for kind in ("float32", "float64")}


class OptimizerState:
    """The state of an optimizer from step to step.

    Attributes
    ----------
    step : int
        Number of steps taken.
    moments : dict of str to array
        Vectors with the layout of theta.
    momentum_product : float
        Product of the momentum factors of all steps, for optimizers whose factor changes from step to step.
    """

    def __init__(self, moments: dict[str, Array]):
        self.step = 0
        self.moments = moments
        self.momentum_product = 1.0

    def copy(self) -> OptimizerState:
        """Return an independent copy."""
        state = OptimizerState({name: moment.copy() for name, moment in self.moments.items()})
        state.step, state.momentum_product = self.step, self.momentum_product
        return state

    def state_dict(self) -> dict[str, Any]:
        """Return the state with the moments in host memory."""
        moments = {name: move(moment, numpy) for name, moment in self.moments.items()}
        return {"step": self.step, "momentum_product": float(self.momentum_product), "moments": moments}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Load the values of a ``state_dict``, whose moments are in host memory."""
        self.step, self.momentum_product = values["step"], values["momentum_product"]
        for name, moment in self.moments.items():
            moment[...] = values["moments"][name]


@dataclass(frozen=True)
class Optimizer(Solver, ABC):
    """Base class of optimizers, which update theta from its gradient.

    Attributes
    ----------
    moments : tuple of str
        Names of the moment vectors, which are initially zero.
    decouples_decay : bool
        Whether each step multiplies the weights by ``1 - rate * alpha`` instead of adding alpha to the gradient.
    """

    moments = ()
    decouples_decay = False
    _adds_l2 = False  # whether ``update_block`` accepts an L2 penalty and adds it in the same pass

    def init(self, xp: ModuleType, theta: Array) -> OptimizerState:
        """Return the state before the first step.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        theta : array of shape (n_parameters,)
            The parameters.

        Returns
        -------
        state : OptimizerState
            The initial state, for ``update``.
        """
        return OptimizerState({name: xp.zeros_like(theta) for name in self.moments})

    def update(
        self,
        xp: ModuleType,
        theta: Array,
        grad: Array,
        state: OptimizerState,
        learning_rate: float,
        work: Array,
        penalty: Penalty | None = None,
        segments: Sequence[tuple[slice, float]] | None = None,
    ) -> DeferredSum | float:
        """Take a step, block by block; return the penalty before the step.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        theta, grad : array of shape (n_parameters,)
            Parameters, updated in place, and gradient, which may be overwritten.
        state : OptimizerState
            The state, updated in place.
        learning_rate : float
            Learning rate of the step.
        work : array
            Scratch from ``parameters.scratch_for(theta)``; its length is that of a block.
        penalty : Penalty, default=None
            Penalty, added to the gradient block by block while a block is in cache, which takes a third of the time.
        segments : sequence of (slice, float), default=None
            Segments of theta in order, with their learning-rate factors. None is a single segment with factor 1.

        Returns
        -------
        penalty : float
            The penalty before the step; on a device, a deferred sum.
        """
        state.step += 1
        factors, loss = self._factors(state, learning_rate), 0.0
        penalty = penalty or Penalty()
        adds_l2 = self._adds_l2 and not penalty.l1
        for segment, rate in segments or [(slice(0, theta.size), 1.0)]:
            if rate == 0:  # parameters of frozen layers
                continue
            scaled = tuple([rate * factor for factor in factors])
            for block in blocks(segment.stop, work.size, segment.start):
                part, slope, n_penalized = theta[block], grad[block], penalty.n_penalized(block)
                scratch, moments = work[: part.size], [moment[block] for moment in state.moments.values()]
                if adds_l2:
                    loss += penalty.l2_value(part[:n_penalized])
                    l2: Any = {"l2": (penalty.l2, n_penalized)}
                    returned = self.update_block(xp, part, slope, scratch, scaled, *moments, **l2)
                else:
                    loss += penalty.add(xp, part[:n_penalized], slope[:n_penalized], work[:n_penalized])
                    returned = self.update_block(xp, part, slope, scratch, scaled, *moments)
                if returned is not None:
                    raise return_value_error(self, "update_block")
        return loss

    def _factors(self, state: OptimizerState, learning_rate: float) -> tuple[float, ...]:
        """Return the factors of a step, each proportional to the learning rate; ``state.step`` counts from 1."""
        return (learning_rate,)

    @abstractmethod
    def update_block(
        self, xp: ModuleType, theta: Array, grad: Array, work: Array, factors: tuple[float, ...], *moments: Array
    ) -> None:
        """Update a block of theta and of the moments in place.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        theta, grad, work : array of shape (n_parameters,)
            Parameters, gradient and scratch; the latter two may be overwritten.
        factors : tuple of float
            Factors of the step: by default the learning rate alone.
        *moments : array of shape (n_parameters,)
            Moments, in the order of the attribute ``moments``.
        """

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "update_block" in vars(cls):  # an override may leave the penalty to ``update``
            cls._adds_l2 = "l2" in signature(cls.update_block).parameters


@SOLVERS.register("sgd")
@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, v = momentum v - rate g, theta += v, or theta += momentum v - rate g (Nesterov).

    Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning".

    Parameters
    ----------
    momentum : float in [0, 1], default=0.9
        Decay of the velocity per step.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum.
    """

    momentum: float = real(0.9, low=0, high=1)
    nesterovs_momentum: bool = boolean(True)
    moments = ("velocity",)

    def update_block(self, xp, theta, grad, work, factors, velocity, l2=(0.0, 0)):
        strength, n_penalized = l2
        (rate,) = factors
        sgd_step(xp, theta, grad, velocity, work, n_penalized, strength, self.momentum, self.nesterovs_momentum, rate)


@dataclass(frozen=True)
class _AdaptiveMoments(Optimizer):
    """Base class of Adam and its variants, with moving averages of the gradient, m, and of its square, v.

    The state holds m / (1 - beta_1) and v / (1 - beta_2), and the step size corrects for that. This saves two passes
    over the parameters, a sixth of the time of an update.
    """

    beta_1: float = real(0.9, low=0, high=1, include_high=False)
    beta_2: float = real(0.999, low=0, high=1, include_high=False)
    epsilon: float = real(1e-8, low=0, include_low=False)
    moments = ("first", "second")

    def _epsilon(self, dtype: numpy.dtype) -> float:
        """Return epsilon in the scale of the stored second moment."""
        return max(self.epsilon / math.sqrt(1 - self.beta_2), _MIN_EPSILON[dtype])

    def _step_size(self, learning_rate: float, step: int) -> float:
        """Return rate sqrt(1 - beta_2^t) (1 - beta_1) / sqrt(1 - beta_2), the factor of a step's quotient."""
        correction = math.sqrt(1 - self.beta_2**step)
        return learning_rate * correction * (1 - self.beta_1) / math.sqrt(1 - self.beta_2)


@SOLVERS.register("adam")
@dataclass(frozen=True)
class Adam(_AdaptiveMoments):
    """Adam, theta -= rate_t m / (sqrt(v) + epsilon), rate_t = rate sqrt(1 - beta_2^t) / (1 - beta_1^t).

    m = beta_1 m + (1 - beta_1) g and v = beta_2 v + (1 - beta_2) g^2 [Kingma & Ba, 2015, arXiv:1412.6980;
    epsilon is added as at the end of their section 2, and as in scikit-learn].

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Decay of the moving average of the gradient, per step.
    beta_2 : float in [0, 1), default=0.999
        Decay of the moving average of the squared gradient, per step.
    epsilon : float in (0, inf), default=1e-8
        Added to the denominator of the step.
    """

    def _factors(self, state, learning_rate):
        return (self._step_size(learning_rate, state.step) / (1 - self.beta_1**state.step),)

    def update_block(self, xp, theta, grad, work, factors, first, second, l2=(0.0, 0)):
        strength, n_penalized = l2
        (size,) = factors
        epsilon = self._epsilon(theta.dtype)
        adam_step(xp, theta, grad, first, second, work, n_penalized, strength, self.beta_1, self.beta_2, epsilon, size)


@SOLVERS.register("adamw")
@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: weights are first multiplied by 1 - rate alpha [Loshchilov & Hutter, 2019].

    alpha is not divided by the total weight of the training set, and the reported loss includes no penalty
    (arXiv:1711.05101).

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Decay of the moving average of the gradient, per step.
    beta_2 : float in [0, 1), default=0.999
        Decay of the moving average of the squared gradient, per step.
    epsilon : float in (0, inf), default=1e-8
        Added to the denominator of the step.
    """

    decouples_decay = True


@SOLVERS.register("nadam")
@dataclass(frozen=True)
class Nadam(_AdaptiveMoments):
    """Adam with Nesterov's momentum, whose factor increases as beta_1 (1 - 0.96^(0.004 t) / 2) [Dozat, 2016].

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Decay of the moving average of the gradient, per step.
    beta_2 : float in [0, 1), default=0.999
        Decay of the moving average of the squared gradient, per step.
    epsilon : float in (0, inf), default=1e-8
        Added to the denominator of the step.
    """

    def _factors(self, state, learning_rate):
        current, following = (self.beta_1 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in (state.step, state.step + 1))
        state.momentum_product *= current
        size = self._step_size(learning_rate, state.step)
        gradient_factor = size / (1 - self.beta_1) * (1 - current) / (1 - state.momentum_product)
        return gradient_factor, size * following / (1 - state.momentum_product * following)

    def update_block(self, xp, theta, grad, work, factors, first, second):
        gradient_factor, momentum_factor = factors
        advance_moments(xp, grad, first, second, work, self.beta_1, self.beta_2, self._epsilon(theta.dtype))
        xp.multiply(grad, gradient_factor, out=grad)
        xp.divide(grad, work, out=grad)
        xp.subtract(theta, grad, out=theta)
        xp.divide(first, work, out=work)
        xp.multiply(work, momentum_factor, out=work)
        xp.subtract(theta, work, out=theta)


def _take_scaled_step(
    xp: ModuleType, theta: Array, grad: Array, second: Array, rate: float, epsilon: float, work: Array
):
    """Update theta -= rate g / (sqrt(second) + epsilon)."""
    xp.sqrt(second, out=work)
    xp.add(work, max(epsilon, _MIN_EPSILON[work.dtype]), out=work)
    xp.divide(grad, work, out=work)
    xp.multiply(work, rate, out=work)
    xp.subtract(theta, work, out=theta)


@SOLVERS.register("rmsprop")
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """RMSprop, theta -= rate g / (sqrt(v) + epsilon), v = 0.99 v + 0.01 g^2 [Tieleman & Hinton, 2012, lecture 6.5].

    Parameters
    ----------
    epsilon : float in (0, inf), default=1e-8
        Added to the denominator of the step.
    """

    epsilon: float = real(1e-8, low=0, include_low=False)
    moments = ("second",)
    _DECAY = 0.99

    def update_block(self, xp, theta, grad, work, factors, second):
        (rate,) = factors
        xp.multiply(grad, grad, out=work)
        xp.multiply(work, 1 - self._DECAY, out=work)
        xp.multiply(second, self._DECAY, out=second)
        xp.add(second, work, out=second)
        _take_scaled_step(xp, theta, grad, second, rate, self.epsilon, work)


@SOLVERS.register("adagrad")
@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Adagrad, theta -= rate g / (sqrt(v) + epsilon), v the sum of all g^2 so far [Duchi et al., 2011, JMLR 12].

    Parameters
    ----------
    epsilon : float in (0, inf), default=1e-8
        Added to the denominator of the step.
    """

    epsilon: float = real(1e-8, low=0, include_low=False)
    moments = ("second",)

    def update_block(self, xp, theta, grad, work, factors, second):
        (rate,) = factors
        xp.multiply(grad, grad, out=work)
        xp.add(second, work, out=second)
        _take_scaled_step(xp, theta, grad, second, rate, self.epsilon, work)
