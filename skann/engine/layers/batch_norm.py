"""Batch normalization."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays.backend import Array
from ..functions.normalization import batch_norm_backward, centre, scale_and_shift
from ..hyperparameters import real
from ..initializers import Fill
from ..parameters import ParameterSpec
from .base import Bound, Declaration
from .normalization import Normalization


@dataclass(frozen=True)
class BatchNorm(Normalization):
    """``y = gamma (x - mean) / sqrt(variance + epsilon) + beta``, for each feature.

    In training, mean and (biased) variance are those of the batch, with each row weighted by its share ``p`` of the
    batch's weight, or equally if all weights are zero. Prediction uses running statistics: moving averages over the
    rows of all batches, with weight ``(1 - momentum)^k`` for a row of the k-th last batch. The first batch thus sets
    them, without bias towards an initial value; a short last batch has little effect, and one without weight has none
    [Ioffe & Szegedy, 2015, arXiv:1502.03167].

    Parameters
    ----------
    momentum : float in (0, 1], default=0.1
        Weight of a batch in the running statistics.
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
        scale_and_shift(xp, centred, bound.params["gamma"] * inverse_std, bound.params["beta"], y)

    def backward(self, bound, x, y, dy, dx):
        """With x_hat, the normalized x: ``dx = gamma / std (dy - p (dbeta + x_hat dgamma))``."""
        xp, centred, inverse_std = bound.xp, bound.scratch["centred"], bound.scratch["inverse_std"]
        # dx depends on them even if the gradients of the parameters are not needed
        dgamma, dbeta = bound.scratch["dgamma"], bound.scratch["dbeta"]
        xp.matmul(bound.ones, dy, out=dbeta)
        xp.multiply(dy, centred, out=y)
        xp.matmul(bound.ones, y, out=dgamma)
        xp.multiply(dgamma, inverse_std, out=dgamma)
        if dx is not None:
            slope, scale = inverse_std * dgamma, bound.params["gamma"] * inverse_std
            batch_norm_backward(xp, centred, slope, dbeta, bound.scratch["share"][:, None], scale, dy, dx, y)
        if bound.grads:
            xp.copyto(bound.grads["gamma"], dgamma)
            xp.copyto(bound.grads["beta"], dbeta)

    def _centre_batch(self, bound: Bound, x: Array, centred: Array, squares: Array) -> Array:
        """Write x minus its weighted mean into ``centred``, update the running statistics and return the variance."""
        xp, share = bound.xp, bound.scratch["share"]
        weight = bound.ones if bound.weight is None else bound.weight
        has_weight = xp.sign(weight.sum())
        xp.add(weight, 1 - has_weight, out=share)
        xp.divide(share, share.sum(), out=share)
        mean = share @ x
        centre(xp, x, mean, centred, squares)
        variance = share @ squares
        self._update_running(bound, mean, variance, self.momentum * has_weight, len(x))
        return variance

    def _update_running(self, bound: Bound, mean: Array, variance: Array, rate: Array, n: int) -> None:
        """Update the running statistics by the batch's share of all rows, with older rows discounted."""
        rows = bound.state["rows"]
        rows += rate * (n - rows)
        # after a batch rows is at least momentum * n; before, the maximum avoids 0 / 0
        step = rate * n / bound.xp.maximum(rows, self.momentum)
        for name, value in (("mean", mean), ("variance", variance)):
            running = bound.state[name]
            running += step * (value - running)
