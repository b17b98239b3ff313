"""The layer that scales each feature by a learned factor."""

from __future__ import annotations

from dataclasses import dataclass

from ..initializers import Fill
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class Scaling(Layer):
    """``y = s x`` with a factor s a feature that starts at 1 and decays: at a high rate it picks features out.

    Holzmüller et al., 2024, arXiv:2407.04491, section 3.

    Parameters
    ----------
    rate : float in (0, inf), default=1.0
        What the learning rate is multiplied by.
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
