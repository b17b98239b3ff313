"""The fully connected layer in neural tangent parametrization."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..functions.algebra import add_bias, dot
from ..initializers import Initializer
from ..parameters import ParameterSpec
from .base import Declaration, Linear
from .dense import flat_pieces


@dataclass(frozen=True)
class NTKDense(Linear):
    """``y = x W / sqrt(fan_in) + b``; x may be sparse.

    With weights from N(0, 1), the initial outputs have the same scale at any width, and one learning rate suits all
    layers [Jacot et al., 2018, arXiv:1806.07572].

    Parameters
    ----------
    units : int
    init : Initializer
    bias_rate : float in (0, inf), default=1.0
        Factor of the learning rate of b.
    pieces : int, default=None
        As in ``Dense``.
    """

    units: int
    init: Initializer
    bias_rate: float = 1.0
    pieces: int | None = None
    keeps = frozenset({"x"})
    takes_sparse = True
    y_is_scratch = False

    def with_pieces(self, pieces):
        return replace(self, pieces=pieces)

    def declare(self, in_shape):
        (fan_in,) = in_shape
        fans = (fan_in, self.units)
        bank = (self.units,) if self.pieces is None else (self.pieces, self.units)
        width = self.units * (self.pieces or 1)
        return Declaration(
            shape=(width,),
            parameters={
                "W": ParameterSpec((fan_in, *bank), self.init, fans, role="weight"),
                "b": ParameterSpec(bank, self.init, fans, bias=True, decays=False, rate=self.bias_rate, role="bias"),
            },
            work={"scaled": (fan_in, width)},
        )

    def forward(self, bound, x, y):
        xp, W, b, scaled = bound.xp, bound.params["W"], bound.params["b"], bound.scratch["scaled"]
        if self.pieces is not None:
            W, b = flat_pieces(W, b)
        # scaling W instead of x W saves a pass, since backward needs the scaled weights too
        xp.multiply(W, 1 / math.sqrt(len(W)), out=scaled)
        dot(x, scaled, out=y)
        add_bias(xp, y, b)

    def backward(self, bound, x, y, dy, dx):
        if bound.grads:
            dW, db = bound.grads["W"], bound.grads["b"]
            if self.pieces is not None:
                dW, db = flat_pieces(dW, db)
            dot(x.T, dy, out=dW)
            bound.xp.multiply(dW, 1 / math.sqrt(len(dW)), out=dW)
            bound.ones.dot(dy, out=db)
        if dx is not None:
            # with a single unit, dot takes a ninth of matmul's time
            dy.dot(bound.scratch["scaled"].T, out=dx)
