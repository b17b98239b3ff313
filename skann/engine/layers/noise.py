"""Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays.random_bits import fill_normal
from .base import Declaration, Layer


@dataclass(frozen=True)
class GaussianNoise(Layer):
    """``y = x + scale e`` with e ~ N(0, 1), drawn independently for each element of each batch; skipped in prediction.

    On the input of a linear model with squared error it acts as an L2 penalty [Bishop, 1995, Neural Computation
    7:108-116].

    Parameters
    ----------
    scale : float in (0, inf)
        Standard deviation, in units of x.
    """

    scale: float
    in_place = True
    only_in_training = True
    y_is_scratch = False

    def declare(self, in_shape):
        return Declaration(in_shape, scratch={"noise": (in_shape, None)})

    def forward(self, bound, x, y):
        xp, noise = bound.xp, bound.scratch["noise"]
        fill_normal(xp, bound.generator, noise)
        xp.multiply(noise, self.scale * bound.noise, out=noise)
        xp.add(x, noise, out=y)

    def backward(self, bound, x, y, dy, dx):
        bound.xp.copyto(dx, dy)
