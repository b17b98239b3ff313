"""The sum of several inputs."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Declaration, Layer


@dataclass(frozen=True)
class Add(Layer):
    """``y = x_1 + x_2 + ...`` for inputs of the same shape, as at the end of a residual block [He et al., 2016]."""

    in_place = True
    merges = True
    y_is_scratch = False

    def declare(self, in_shapes):
        if len(set(in_shapes)) != 1:
            raise ValueError(f"Add takes inputs of one shape. Got {list(in_shapes)}.")
        return Declaration(in_shapes[0])

    def forward(self, bound, x, y):
        first, *others = x
        if not others:
            bound.xp.copyto(y, first)
        for other in others:
            bound.xp.add(first, other, out=y)
            first = y

    def backward(self, bound, x, y, dy, dx):
        for gradient in dx:
            if gradient is not None:
                bound.xp.copyto(gradient, dy)
