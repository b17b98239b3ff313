"""The positions of several maps in a row."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .base import Declaration, Layer


@dataclass(frozen=True)
class JoinPositions(Layer):
    """The positions of several inputs on one axis, each in row-major order; the output is (positions, channels).

    The outputs of a detector's scales become a single one in this way.

    Parameters
    ----------
    pieces : int, default=1
        Number of positions into which the channels of each position are divided, as for the anchors of a point.
    """

    pieces: int = 1
    merges = True
    positionwise = False
    y_is_scratch = False

    def declare(self, in_shapes):
        channels = {shape[-1] for shape in in_shapes}
        if len(channels) != 1:
            raise ValueError(f"JoinPositions takes inputs of the same number of channels. Got the shapes {in_shapes}.")
        (width,) = channels
        if width % self.pieces:
            raise ValueError(f"JoinPositions cannot divide {width} channels into {self.pieces} pieces.")
        n_positions = sum(math.prod(shape[:-1]) for shape in in_shapes)
        return Declaration((n_positions * self.pieces, width // self.pieces))

    def forward(self, bound, x, y):
        for part, own in zip(_parts(y, x), x, strict=True):
            bound.xp.copyto(part, own)

    def backward(self, bound, x, y, dy, dx):
        for part, gradient in zip(_parts(dy, x), dx, strict=True):
            if gradient is not None:
                bound.xp.copyto(gradient, part)


def _parts(whole, arrays):
    """Yield the positions of ``whole`` that belong to each array, in its shape."""
    start = 0
    for array in arrays:
        stop = start + math.prod(array.shape[1:]) // whole.shape[2]
        yield whole[:, start:stop].reshape(array.shape)  # a view, as the positions of an image are contiguous
        start = stop
