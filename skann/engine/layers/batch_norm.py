"""Batch normalisation."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays.backend import Array
from ..hyperparameters import real
from ..initializers import Fill
from ..parameters import ParameterSpec
from .base import Bound, Declaration
from .normalization import Normalization


@dataclass(frozen=True)
class BatchNorm(Normalization):
    """``y = gamma (x - mean) / sqrt(variance + epsilon) + beta``, each feature by itself.

    In training mean and (biased) variance are those of the batch, each row counting its share ``p`` of the batch's
    weight; the rows of a batch without any weight count alike. Prediction takes running ones: moving averages over the
    rows of all batches, where a row of the k-th last batch counts ``(1 - momentum)^k``. So the first batch sets them,
    with no bias towards a starting value; a short last batch moves them little, one without weight not at all
    [Ioffe & Szegedy, 2015, arXiv:1502.03167].

    Parameters
    ----------
    momentum : float in (0, 1], default=0.1
        How far a batch moves the running statistics.
    epsilon : float in (0, inf), default=1e-5
        Added to the variance.
    """

    momentum: float = real(0.1, low=0, high=1, include_low=False)
    epsilon: float = real(1e-5, low=0, include_low=False)
    in_place = True
    mixes_rows = True

    def declare(self, in_shape):
        return Declaration(
            in_shape,
            parameters={
                "gamma": ParameterSpec(in_shape, Fill(1.0), decays=False),
                "beta": ParameterSpec(in_shape, Fill(0.0), decays=False),
            },
            scratch={"centred": (in_shape, None), "share": ((), None)},
            work={"inverse_std": in_shape, "dgamma": in_shape, "dbeta": in_shape},
            state={"mean": (in_shape, 0.0), "variance": (in_shape, 1.0), "rows": ((), 0.0)},
        )

    def forward(self, bound, x, y):
        xp, centred, inverse_std = bound.xp, bound.scratch["centred"], bound.scratch["inverse_std"]
        if bound.training:
            variance = self._centre_batch(bound, x, centred, y)
        else:
            xp.subtract(x, bound.state["mean"], out=centred)
            variance = bound.state["variance"]
        xp.add(variance, self.epsilon, out=inverse_std)
        xp.sqrt(inverse_std, out=inverse_std)
        xp.reciprocal(inverse_std, out=inverse_std)
        xp.multiply(centred, bound.params["gamma"] * inverse_std, out=y)
        xp.add(y, bound.params["beta"], out=y)

    def backward(self, bound, x, y, dy, dx):
        """With x_hat, the normalised x: ``dx = gamma / std (dy - p (dbeta + x_hat dgamma))``."""
        xp, centred, inverse_std = bound.xp, bound.scratch["centred"], bound.scratch["inverse_std"]
        # without gradients asked for, they are still part of dx
        dgamma, dbeta = bound.scratch["dgamma"], bound.scratch["dbeta"]
        xp.matmul(bound.ones, dy, out=dbeta)
        xp.multiply(dy, centred, out=y)
        xp.matmul(bound.ones, y, out=dgamma)
        xp.multiply(dgamma, inverse_std, out=dgamma)
        if dx is not None:
            xp.multiply(centred, inverse_std * dgamma, out=y)
            xp.add(y, dbeta, out=y)
            xp.multiply(y, bound.scratch["share"][:, None], out=y)
            xp.subtract(dy, y, out=dx)
            xp.multiply(dx, bound.params["gamma"] * inverse_std, out=dx)
        if bound.grads:
            xp.copyto(bound.grads["gamma"], dgamma)
            xp.copyto(bound.grads["beta"], dbeta)

    def _centre_batch(self, bound: Bound, x: Array, centred: Array, squares: Array) -> Array:
        """Write x minus its weighted mean into ``centred``, move the running statistics, return the variance."""
        xp, share = bound.xp, bound.scratch["share"]
        weight = bound.ones if bound.weight is None else bound.weight
        has_weight = xp.sign(weight.sum())
        xp.add(weight, 1 - has_weight, out=share)
        xp.divide(share, share.sum(), out=share)
        mean = share @ x
        xp.subtract(x, mean, out=centred)
        xp.multiply(centred, centred, out=squares)
        variance = share @ squares
        self._move(bound, mean, variance, self.momentum * has_weight, len(x))
        return variance

    def _move(self, bound: Bound, mean: Array, variance: Array, rate: Array, n: int) -> None:
        """Move the running statistics by the part of all rows, older ones discounted, that the batch's n rows are."""
        rows = bound.state["rows"]
        rows += rate * (n - rows)
        # rows is at least momentum * n once a batch has been seen: the maximum only keeps 0 / 0 away before
        step = rate * n / bound.xp.maximum(rows, self.momentum)
        for name, value in (("mean", mean), ("variance", variance)):
            running = bound.state[name]
            running += step * (value - running)
