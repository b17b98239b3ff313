"""The change from images to rows of features."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .base import Declaration, Layer


@dataclass(frozen=True)
class Flatten(Layer):
    """The numbers of an input of any shape as one axis of features, in row-major order, the channels last."""

    positionwise = False
    y_is_scratch = False

    def declare(self, in_shape):
        return Declaration((math.prod(in_shape),))

    def forward(self, bound, x, y):
        bound.xp.copyto(y.reshape(x.shape), x)

    def backward(self, bound, x, y, dy, dx):
        bound.xp.copyto(dx, dy.reshape(dx.shape))
