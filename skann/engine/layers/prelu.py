"""The rectifier with a learned slope per unit."""

from __future__ import annotations

from dataclasses import dataclass

from ..initializers import Fill
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class PReLULayer(Layer):
    """``y = max(x, 0) + slope * min(x, 0)`` with a learned slope per unit that has no L2 penalty."""

    init: float
    keeps = frozenset({"x"})

    def declare(self, in_shape):
        return Declaration(
            in_shape,
            parameters={"slope": ParameterSpec(in_shape, Fill(self.init), decays=False)},
            scratch={"mask": (in_shape, bool), "work": (in_shape, None)},
        )

    def forward(self, bound, x, y):
        xp, work = bound.xp, bound.scratch["work"]
        xp.minimum(x, 0, out=work)
        xp.multiply(work, bound.params["slope"], out=work)
        xp.maximum(x, 0, out=y)
        xp.add(y, work, out=y)

    def backward(self, bound, x, y, dy, dx):
        xp, work, below = bound.xp, bound.scratch["work"], bound.scratch["mask"]
        if bound.grads:
            xp.minimum(x, 0, out=work)
            xp.multiply(work, dy, out=work)
            xp.matmul(bound.ones, work, out=bound.grads["slope"])
        if dx is not None:
            # the derivative is 1 + (slope - 1) where x < 0
            xp.less(x, 0, out=below)
            xp.multiply(below, bound.params["slope"] - 1, out=work)
            xp.add(work, 1, out=work)
            xp.multiply(dy, work, out=dx)
