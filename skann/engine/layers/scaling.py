"""The scaling of features by learned factors."""

from __future__ import annotations

from dataclasses import dataclass

from ..initializers import Fill
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class Scaling(Layer):
    """``y = s x`` with a learned factor s per feature, initially 1 and with L2 penalty.

    With a high learning rate it selects features.

    Holzmüller et al., 2024, arXiv:2407.04491, section 3.

    Parameters
    ----------
    rate : float in (0, inf), default=1.0
        Factor of the learning rate.
    """

    rate: float = 1.0
    keeps = frozenset({"x"})

    def declare(self, in_shape):
        return Declaration(in_shape, {"scale": ParameterSpec(in_shape, Fill(1.0), rate=self.rate)})

    def forward(self, bound, x, y):
        bound.xp.multiply(x, bound.params["scale"], out=y)

    def backward(self, bound, x, y, dy, dx):
        xp = bound.xp
        if bound.grads:
            xp.multiply(dy, x, out=y)
            xp.matmul(bound.ones, y, out=bound.grads["scale"])
        if dx is not None:
            xp.multiply(dy, bound.params["scale"], out=dx)
