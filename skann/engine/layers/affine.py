"""Scale and shift per channel."""

from __future__ import annotations

from dataclasses import dataclass

from ..functions.normalization import scale_positions
from ..initializers import Fill
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class Affine(Layer):
    """``y = scale x + shift`` with a scale and a shift per channel, initially 1 and 0.

    In a frozen node it standardises an input, with statistics that are written into its parameters.
    """

    keeps = frozenset({"x"})

    def declare(self, in_shape):
        return Declaration(
            in_shape,
            {
                "scale": ParameterSpec(in_shape, Fill(1.0), decays=False),
                "shift": ParameterSpec(in_shape, Fill(0.0), decays=False),
            },
        )

    def forward(self, bound, x, y):
        scale_positions(bound.xp, x, bound.params["scale"], bound.params["shift"], y)

    def backward(self, bound, x, y, dy, dx):
        xp = bound.xp
        if bound.grads:
            xp.matmul(bound.ones, dy, out=bound.grads["shift"])
            xp.multiply(dy, x, out=y)
            xp.matmul(bound.ones, y, out=bound.grads["scale"])
        if dx is not None:
            xp.multiply(dy, bound.params["scale"], out=dx)
