"""The fully connected layer in neural tangent parametrisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..backend import dot
from ..initializers import Initializer
from ..parameters import ParameterSpec
from .base import Declaration, Layer
from .dense import add_bias


@dataclass(frozen=True)
class NTKDense(Layer):
    """``y = x W / sqrt(fan_in) + b``; x may be sparse.

    With weights from N(0, 1) the units start as large at any width, and one learning rate suits all layers
    [Jacot et al., 2018, arXiv:1806.07572].

    Parameters
    ----------
    units : int
    init : Initializer
    bias_rate : float in (0, inf), default=1.0
        What the learning rate of b is multiplied by.
    """

    units: int
    init: Initializer
    bias_rate: float = 1.0
    keeps = frozenset({"x"})
    takes_sparse = True

    def declare(self, in_shape):
        (fan_in,) = in_shape
        shape = fans = (fan_in, self.units)
        return Declaration(
            shape=(self.units,),
            parameters={
                "W": ParameterSpec(shape, self.init, fans),
                "b": ParameterSpec((self.units,), self.init, fans, bias=True, decays=False, rate=self.bias_rate),
            },
            work={"scaled": shape},
        )

    def forward(self, bound, x, y):
        xp, W, scaled = bound.xp, bound.params["W"], bound.scratch["scaled"]
        # scaling W, and not x W, is one pass less: backward needs the scaled weights too
        xp.multiply(W, 1 / math.sqrt(len(W)), out=scaled)
        dot(x, scaled, out=y)
        add_bias(bound, y)

    def backward(self, bound, x, y, dy, dx):
        if bound.grads:
            dW = bound.grads["W"]
            dot(x.T, dy, out=dW)
            bound.xp.multiply(dW, 1 / math.sqrt(len(dW)), out=dW)
            dot(bound.ones, dy, out=bound.grads["b"])
        if dx is not None:
            # with a single unit, dot takes a ninth of matmul's time
            dot(dy, bound.scratch["scaled"].T, out=dx)
