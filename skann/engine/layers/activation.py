"""The layer that applies an activation without parameters of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..hyperparameters import must_write
from .base import Declaration, Layer

if TYPE_CHECKING:
    from ..activations import FixedActivation


@dataclass(frozen=True)
class ActivationLayer(Layer):
    """``y = f(x)``, with the shape of x."""

    activation: FixedActivation
    in_place = True

    @property
    def keeps(self):
        return self.activation.keeps

    def declare(self, in_shape):
        work = {str(i): (in_shape, dtype) for i, dtype in enumerate(self.activation.work)}
        return Declaration(in_shape, scratch=work)

    def forward(self, bound, x, y):
        if bound.kernels:
            self.activation.fused_forward(bound.kernels, x, y, *bound.scratch.values())
        elif self.activation.forward(bound.xp, x, y, *bound.scratch.values()) is not None:
            raise must_write(self.activation, "forward")

    def backward(self, bound, x, y, dy, dx):
        if bound.kernels:
            self.activation.fused_backward(bound.kernels, x, y, dy, dx, *bound.scratch.values())
        elif self.activation.backward(bound.xp, x, y, dy, dx, *bound.scratch.values()) is not None:
            raise must_write(self.activation, "backward")
