"""The activation with a learned share in each unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import dot
from ..hyperparameters import must_write
from ..initializers import Constant
from ..parameters import ParameterSpec
from .base import Declaration, Layer

if TYPE_CHECKING:
    from ..activations import FixedActivation


@dataclass(frozen=True)
class ParametricActivation(Layer):
    """``y = x + a (f(x) - x)`` with a share a a unit that is learned, from 1, the plain activation.

    At 0, which the shares decay to, a unit is linear; they may leave [0, 1] [Holzmüller et al., 2024,
    arXiv:2407.04491, section 3].

    Parameters
    ----------
    activation : FixedActivation
        The f.
    rate : float in (0, inf), default=1.0
        What the learning rate of a is multiplied by.
    """

    activation: FixedActivation
    rate: float = 1.0
    keeps = frozenset({"x"})

    def declare(self, in_shape):
        lent = {str(i): (in_shape, dtype) for i, dtype in enumerate(self.activation.work)}
        return Declaration(
            in_shape,
            parameters={"share": ParameterSpec(in_shape, Constant(1.0), rate=self.rate)},
            scratch={"f": (in_shape, None), **lent},
        )

    def forward(self, bound, x, y):
        xp, (f, *work) = bound.xp, bound.scratch.values()
        if bound.kernels:
            self.activation.fused_forward(bound.kernels, x, f, *work)
            bound.kernels.blend(x, f, bound.params["share"], y)
            return
        if self.activation.forward(xp, x, f, *work) is not None:
            raise must_write(self.activation, "forward")
        xp.subtract(f, x, out=y)
        xp.multiply(y, bound.params["share"], out=y)
        xp.add(y, x, out=y)

    def backward(self, bound, x, y, dy, dx):
        """With t = f - x: ``da = sum t dy`` over the rows and ``dx = f'(x) a dy - a dy + dy``."""
        xp, (f, *work) = bound.xp, bound.scratch.values()
        if bound.kernels:
            self._fused_backward(bound, x, y, dy, dx)
            return
        if bound.grads:
            xp.subtract(f, x, out=y)
            xp.multiply(y, dy, out=y)
            dot(bound.ones, y, out=bound.grads["share"])
        if dx is not None:
            xp.multiply(dy, bound.params["share"], out=y)
            if self.activation.backward(xp, x, f, y, dx, *work) is not None:
                raise must_write(self.activation, "backward")
            xp.subtract(dx, y, out=dx)
            xp.add(dx, dy, out=dx)

    def _fused_backward(self, bound, x, y, dy, dx):
        """Do the same in two loops beside the activation's."""
        (f, *work), share = bound.scratch.values(), bound.params["share"]
        df = dy if dx is None else dx
        bound.kernels.blend_backward(x, f, share, dy, y, df)
        if bound.grads:
            dot(bound.ones, y, out=bound.grads["share"])
        if dx is not None:
            self.activation.fused_backward(bound.kernels, x, f, dx, dx, *work)
            bound.kernels.blend_past(share, dy, dx)
