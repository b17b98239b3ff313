"""The parametric activation, with a learned share per unit."""

from __future__ import annotations

from dataclasses import dataclass

from ..functions.base import Function
from ..functions.units import blend, blend_backward, blend_skip
from ..hyperparameters import return_value_error
from ..initializers import Fill
from ..parameters import ParameterSpec
from .base import Declaration, Layer


@dataclass(frozen=True)
class ParametricActivation(Layer):
    """``y = x + a (f(x) - x)`` with a learned share a per unit, initially 1, the plain activation.

    The L2 penalty draws the shares to 0, where a unit is linear; they are not limited to [0, 1] [Holzmüller et al.,
    2024, arXiv:2407.04491, section 3].

    Parameters
    ----------
    activation : Function
        The function f.
    rate : float in (0, inf), default=1.0
        Factor of the learning rate of a.
    """

    activation: Function
    rate: float = 1.0
    keeps = frozenset({"x"})

    def declare(self, in_shape):
        work = {str(i): (in_shape, dtype) for i, dtype in enumerate(self.activation.work)}
        return Declaration(
            in_shape,
            parameters={"share": ParameterSpec(in_shape, Fill(1.0), rate=self.rate)},
            scratch={"f": (in_shape, None), **work},
        )

    def forward(self, bound, x, y):
        f, *work = bound.work
        if self.activation.forward(bound.xp, x, f, *work) is not None:
            raise return_value_error(self.activation, "forward")
        blend(bound.xp, x, f, bound.params["share"], y)

    def backward(self, bound, x, y, dy, dx):
        """With t = f - x: ``da = sum t dy`` over the rows and ``dx = f'(x) a dy - a dy + dy``."""
        xp, share, (f, *work) = bound.xp, bound.params["share"], bound.work
        blend_backward(xp, x, f, share, dy, y, dy if dx is None else dx)
        if bound.grads:
            bound.ones.dot(y, out=bound.grads["share"])
        if dx is not None:
            if self.activation.backward(xp, x, f, dx, dx, *work) is not None:
                raise return_value_error(self.activation, "backward")
            blend_skip(xp, share, dy, dx, y)
