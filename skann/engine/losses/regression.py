"""Regression losses and their links. The squared error is also a classification loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real

import numpy

from ..activations import ElementwiseActivation, FixedActivation, Identity, Logistic
from ..functions.algebra import row_squares
from ..functions.pointwise import write_logistic, write_softplus
from ..hyperparameters import real
from .base import LOSSES, REGRESSION, Loss

__all__ = ["AbsoluteError", "Gamma", "Huber", "Poisson", "Quantile", "SquaredError"]


@LOSSES.register("squared_error")
@dataclass(frozen=True)
class SquaredError(Loss):
    """Squared error (SEL), 1/2 sum_k (p_k - y_k)^2 over the outputs k of a row.

    For classifiers the sum runs over the one-hot columns, so that two classes give (p - y)^2.
    """

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        p, link_work = work
        # a logistic output represents two one-hot columns, p and 1 - p
        factor = 2.0 if isinstance(link, Logistic) else 1.0
        link.forward(xp, raw, p, *[link_work for _ in link.work])
        xp.subtract(p, target, out=gradient)
        row_squares(xp, gradient, losses)
        xp.multiply(losses, factor / 2, out=losses)
        xp.multiply(gradient, factor, out=gradient)
        link.backward(xp, raw, p, gradient, gradient, *[link_work for _ in link.work])


@LOSSES.register("absolute_error")
@dataclass(frozen=True)
class AbsoluteError(Loss):
    """Absolute error, sum_k abs(p_k - y_k), minimized by the median, robust to outliers [Hastie et al., 2009, 10.6].

    The subgradient is taken as 0 where p = y.
    """

    tasks = REGRESSION

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        size = work[0]
        xp.subtract(raw, target, out=gradient)
        xp.abs(gradient, out=size)
        size.sum(axis=-1, out=losses)
        xp.sign(gradient, out=gradient)


@LOSSES.register("huber")
@dataclass(frozen=True)
class Huber(Loss):
    """Huber loss, sum_k r^2 / 2 if abs(r) <= delta else delta (abs(r) - delta / 2), r = p_k - y_k [Huber, 1964].

    With c = min(max(r, -delta), delta), which is the gradient, both cases are c (r - c / 2).

    Parameters
    ----------
    delta : float in (0, inf), default=1.0
        Residual at which the loss changes from squared to absolute error, in units of y.
    """

    delta: float = real(1.0, low=0, include_low=False)
    tasks = REGRESSION

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        r, half = work
        xp.subtract(raw, target, out=r)
        xp.clip(r, -self.delta, self.delta, out=gradient)
        xp.multiply(gradient, 0.5, out=half)
        xp.subtract(r, half, out=r)
        xp.multiply(gradient, r, out=r)
        r.sum(axis=-1, out=losses)


@dataclass(frozen=True)
class Increasing(FixedActivation):
    """Link of several quantiles, which never cross: q_1 = z_1 and q_k = q_{k-1} + log(1 + exp(z_k)).

    It is not available for hidden layers.
    """

    name = "increasing"
    keeps = frozenset({"x"})
    work = (None,)

    def forward(self, xp, z, y, work):
        steps = work
        write_softplus(xp, z, steps, work=y)
        steps[..., 0] = z[..., 0]
        xp.cumsum(steps, axis=-1, out=y)

    def backward(self, xp, z, y, dy, dz, work):
        # z_k affects q_k and all later columns
        xp.cumsum(dy[..., ::-1], axis=-1, out=y[..., ::-1])
        slope = work
        write_logistic(xp, z, slope)
        slope[..., 0] = 1
        xp.multiply(y, slope, out=dz)


@LOSSES.register("quantile")
@dataclass(frozen=True)
class Quantile(Loss):
    """Pinball loss, sum_k max(t (y - q_k), (t - 1) (y - q_k)), minimized by the quantile t [Koenker & Bassett, 1978].

    Several levels t_1 < t_2 < ... of a single target column have one output q_k each; the outputs never cross.

    Parameters
    ----------
    levels : float in (0, 1) or strictly increasing sequence of these, default=0.5
        Levels of the quantiles to predict; 0.5 is the median. A single level applies to every target column.
    """

    levels: float | Sequence[float] = 0.5
    tasks = REGRESSION

    def __post_init__(self):
        levels = self._levels
        inside = bool(levels) and all(isinstance(level, Real) and 0 < level < 1 for level in levels)
        if not inside or any(low >= high for low, high in pairwise(levels)):
            raise ValueError(
                f"The 'levels' parameter of {type(self).__name__} must be a float in the range (0, 1) or a strictly "
                f"increasing sequence of such floats. Got {self.levels!r} instead."
            )

    def __eq__(self, other):
        return self._levels == other._levels if isinstance(other, Quantile) else NotImplemented

    def __hash__(self):
        return hash(tuple(self._levels))

    @property
    def _levels(self) -> list[float]:
        return numpy.atleast_1d(self.levels).tolist()

    def link(self, task, beta=1.0):
        return Increasing() if len(self._levels) > 1 else Identity()

    def n_outputs(self, n_targets):
        return len(self._levels) if len(self._levels) > 1 else n_targets

    def check_target(self, y):
        n_levels, n_targets = len(self._levels), y.size // len(y)
        if n_levels > 1 and n_targets > 1:
            raise ValueError(
                f"The loss 'quantile' with {n_levels} levels needs a y of one column. Got {n_targets} columns. Give a "
                "single level, or fit a regressor for each column (sklearn.multioutput.MultiOutputRegressor)."
            )

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        q, r = work
        skew = xp.asarray([0.5 - level for level in self._levels], dtype=raw.dtype)
        link.forward(xp, raw, q, *[r for _ in link.work])
        xp.subtract(q, target, out=r)
        # the derivative is 1 - t above y, -t below and 1/2 - t at y; the loss is the derivative times r
        xp.sign(r, out=gradient)
        xp.multiply(gradient, 0.5, out=gradient)
        xp.add(gradient, skew, out=gradient)
        xp.multiply(gradient, r, out=r)
        r.sum(axis=-1, out=losses)
        link.backward(xp, raw, q, gradient, gradient, *[r for _ in link.work])


@dataclass(frozen=True)
class Exp(ElementwiseActivation):
    """Exponential, exp(x): the link of losses on positive targets. It is not available for hidden layers."""

    name = "exp"

    def forward(self, xp, z, y):
        xp.exp(z, out=y)

    def backward(self, xp, z, y, dy, dz):
        xp.multiply(dy, y, out=dz)


@dataclass(frozen=True)
class Clip(FixedActivation):
    """``min(max(link(x), low), high)`` with limits for each output: a link of predictions.

    Parameters
    ----------
    link : FixedActivation
        Its values are clipped.
    low, high : tuple of float of length n_targets
    """

    link: FixedActivation
    low: tuple[float, ...]
    high: tuple[float, ...]
    name = "clip"

    @property
    def keeps(self):
        return self.link.keeps | {"y"}

    @property
    def work(self):
        return self.link.work

    def forward(self, xp, z, y, *work):
        self.link.forward(xp, z, y, *work)
        low, high = self._limits(xp, y)
        xp.maximum(y, low, out=y)
        xp.minimum(y, high, out=y)

    def backward(self, xp, z, y, dy, dz, *work):
        low, high = self._limits(xp, y)
        xp.multiply(dy, (y > low) & (y < high), out=dz)
        self.link.backward(xp, z, y, dz, dz, *work)

    def _limits(self, xp, y):
        return xp.asarray(self.low, dtype=y.dtype), xp.asarray(self.high, dtype=y.dtype)


def _out_of_range(loss: Loss, allowed: str, y: numpy.ndarray) -> ValueError:
    """Return the error for a target with values below the domain of the loss."""
    return ValueError(
        f"Some value(s) of y are out of the valid range of the loss {loss.name!r}: y must be {allowed}. "
        f"Got a minimum of {numpy.min(y)}. Use loss='squared_error' for such targets."
    )


@LOSSES.register("poisson")
@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance, sum_k y_k log(y_k / p_k) - y_k + p_k with p = exp(raw), for y >= 0.

    The gradient is p - y [McCullagh & Nelder, 1989, section 2.3].
    """

    tasks = REGRESSION
    positive_target = True

    def link(self, task, beta=1.0):
        return Exp()

    def check_target(self, y):
        if numpy.min(y) < 0:
            raise _out_of_range(self, ">= 0", y)

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        p, terms = work
        link.forward(xp, raw, p)
        xp.subtract(p, target, out=gradient)
        xp.multiply(target, raw, out=terms)
        xp.subtract(gradient, terms, out=terms)
        # y log y does not affect the minimizer, but makes the loss 0 for a perfect fit
        xp.maximum(target, xp.finfo(p.dtype).tiny, out=p)
        xp.log(p, out=p)
        xp.multiply(target, p, out=p)
        xp.add(terms, p, out=terms)
        terms.sum(axis=-1, out=losses)


@LOSSES.register("gamma")
@dataclass(frozen=True)
class Gamma(Loss):
    """Half the Gamma deviance, sum_k y_k / p_k - 1 + log(p_k / y_k) with p = exp(raw), for y > 0.

    It depends on relative errors only. The gradient is 1 - y / p [McCullagh & Nelder, 1989, section 8.3].
    """

    tasks = REGRESSION
    positive_target = True

    def link(self, task, beta=1.0):
        return Exp()

    def check_target(self, y):
        if numpy.min(y) <= 0:
            raise _out_of_range(self, "> 0", y)

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        log_ratio = work[0]
        xp.log(target, out=log_ratio)
        xp.subtract(raw, log_ratio, out=log_ratio)
        xp.negative(log_ratio, out=gradient)
        xp.exp(gradient, out=gradient)
        xp.subtract(1, gradient, out=gradient)
        xp.subtract(log_ratio, gradient, out=log_ratio)
        log_ratio.sum(axis=-1, out=losses)
