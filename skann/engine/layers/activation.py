"""The layer of an activation without parameters."""

from __future__ import annotations

from dataclasses import dataclass

from ..functions.base import Function
from ..hyperparameters import return_value_error
from .base import Declaration, Layer


@dataclass(frozen=True)
class ActivationLayer(Layer):
    """``y = f(x)`` for a function f without parameters, with the shape of x."""

    activation: Function
    in_place = True

    @property
    def keeps(self):
        return self.activation.keeps

    def declare(self, in_shape):
        work = {str(i): (in_shape, dtype) for i, dtype in enumerate(self.activation.work)}
        return Declaration(in_shape, scratch=work)

    def forward(self, bound, x, y):
        if self.activation.forward(bound.xp, x, y, *bound.work) is not None:
            raise return_value_error(self.activation, "forward")

    def backward(self, bound, x, y, dy, dx):
        if self.activation.backward(bound.xp, x, y, dy, dx, *bound.work) is not None:
            raise return_value_error(self.activation, "backward")
