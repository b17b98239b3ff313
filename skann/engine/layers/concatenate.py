"""The concatenation of several inputs."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Declaration, Layer


@dataclass(frozen=True)
class Concatenate(Layer):
    """``y = (x_1, x_2, ...)`` along the last axis, as in a skip connection [Ronneberger et al., 2015]."""

    merges = True
    y_is_scratch = False

    def declare(self, in_shapes):
        return Declaration((sum(channels for (channels,) in in_shapes),))

    def forward(self, bound, x, y):
        for part, own in self._parts(y, x):
            bound.xp.copyto(part, own)

    def backward(self, bound, x, y, dy, dx):
        for part, gradient in self._parts(dy, dx, x):
            if gradient is not None:
                bound.xp.copyto(gradient, part)

    @staticmethod
    def _parts(whole, arrays, like=None):
        """Yield each array with the columns of ``whole`` that belong to it."""
        start = 0
        for array, own in zip(arrays, like or arrays, strict=True):
            stop = start + own.shape[-1]
            yield whole[:, start:stop], array
            start = stop
