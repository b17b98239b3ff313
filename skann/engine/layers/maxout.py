"""The maxout layer."""

from __future__ import annotations

from dataclasses import dataclass

from ..backend import dot
from ..initializers import Initializer
from ..kernels import typed
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class MaxoutLayer(Layer):
    """``y = max_j (x W_j + b_j)`` over k affine pieces: W of shape (fan_in, k, units), b of shape (k, units).

    Where pieces tie, the first has the gradient [Goodfellow et al., 2013, arXiv:1302.4389].
    """

    units: int
    pieces: int
    init: Initializer
    keeps = frozenset({"x"})
    takes_sparse = True

    def declare(self, in_shape):
        (fan_in,) = in_shape
        fans, bank = (fan_in, self.units), (self.pieces, self.units)
        return Declaration(
            shape=(self.units,),
            parameters={
                "W": ParameterSpec((fan_in, *bank), self.init, fans),
                "b": ParameterSpec(bank, self.init, fans, bias=True, decays=False),
            },
            scratch={
                "z": (bank, None),
                "winner": ((self.units,), "int32"),
                "mask": ((self.units,), bool),
            },
        )

    def forward(self, bound, x, y):
        xp, z = bound.xp, bound.scratch["z"]
        winner, larger = bound.scratch["winner"], bound.scratch["mask"]
        dot(x, self._flat(bound.params["W"]), out=self._flat(z))
        if bound.kernels:
            bound.kernels.add_bias(self._flat(z), bound.params["b"].reshape(-1))
            bound.kernels.maxout(z, y, winner, *typed(y, 1))
            return
        xp.add(z, bound.params["b"], out=z)
        xp.copyto(y, z[:, 0])
        winner.fill(0)
        for j in range(1, self.pieces):
            xp.greater(z[:, j], y, out=larger)
            xp.copyto(winner, j, where=larger)
            xp.maximum(y, z[:, j], out=y)

    def backward(self, bound, x, y, dy, dx):
        flat = self._flat(bound.scratch["z"])
        self._spread(bound, dy, bound.scratch["z"])
        if bound.grads:
            dot(x.T, flat, out=self._flat(bound.grads["W"]))
            dot(bound.ones, flat, out=bound.grads["b"].reshape(-1))
        if dx is not None:
            dot(flat, self._flat(bound.params["W"]).T, out=dx)

    def _spread(self, bound, dy, dz):
        """Write dy into the pieces that won, and 0 into the others."""
        winner, wins = bound.scratch["winner"], bound.scratch["mask"]
        if bound.kernels:
            bound.kernels.maxout_backward(winner, dy, dz, self.pieces, *typed(dy, 0))
            return
        for j in range(self.pieces):
            bound.xp.equal(winner, j, out=wins)
            bound.xp.multiply(dy, wins, out=dz[:, j])

    def _flat(self, array):
        """View the piece and unit axes as one."""
        return array.reshape(len(array), self.pieces * self.units)
