"""The fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..arrays.backend import Array
from ..functions.algebra import add_bias, dot, shared_dot
from ..initializers import Initializer
from ..parameters import ParameterSpec
from .base import Declaration, Linear


@dataclass(frozen=True)
class Dense(Linear):
    """``y = x W + b`` with W of shape (fan_in, units) and b of shape (units,); x may be sparse.

    Parameters
    ----------
    units : int
        Number of units.
    init : Initializer
    pieces : int, default=None
        Number of affine pieces per unit. W is then of shape (fan_in, pieces, units), b of shape (pieces, units), and
        the output has pieces * units columns.
    """

    units: int
    init: Initializer
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
        return Declaration(
            shape=(self.units * (self.pieces or 1),),
            parameters={
                "W": ParameterSpec((fan_in, *bank), self.init, fans, role="weight"),
                "b": ParameterSpec(bank, self.init, fans, bias=True, decays=False, role="bias"),
            },
        )

    def forward(self, bound, x, y):
        W, b = bound.params["W"], bound.params["b"]
        if self.pieces is not None:
            W, b = flat_pieces(W, b)
        product = shared_dot if bound.shares else dot
        product(x, W, out=y)
        add_bias(bound.xp, y, b)

    def backward(self, bound, x, y, dy, dx):
        product = shared_dot if bound.shares else dot
        if bound.grads:
            dW, db = bound.grads["W"], bound.grads["b"]
            if self.pieces is not None:
                dW, db = flat_pieces(dW, db)
            product(x.T, dy, out=dW)
            # a product with ones takes a third of the time of dy.sum(axis=0)
            bound.ones.dot(dy, out=db)
        if dx is not None:
            W = bound.params["W"]
            W = W.T if self.pieces is None else W.reshape(len(W), -1).T
            if bound.shares:
                shared_dot(dy, W, out=dx)
            else:
                dy.dot(W, out=dx)


def flat_pieces(W: Array, b: Array) -> tuple[Array, Array]:
    """Return views of weights and biases, or of their gradients, with pieces and units along one axis."""
    return W.reshape(len(W), -1), b.reshape(-1)
