"""The elementwise passes of batch normalization over arrays of shape (n, channels)."""

from __future__ import annotations

import math
from types import ModuleType

from ..arrays.backend import Array
from ..kernels import copy_unless_same
from .operations import operation

_POSITIONS = 32  # number of positions in a row, at most


@operation
def centre(xp, x, mean, centred, squares):
    """Write x - mean and its square; ``squares`` may be x."""
    xp.subtract(x, mean, out=centred)
    xp.multiply(centred, centred, out=squares)


@centre.with_kernels
def _(kernels, x, mean, centred, squares):
    kernels.centre(x, mean, centred, squares)


@operation
def scale_and_shift(xp, x, scale, shift, y):
    """Write scale x + shift, with one scale and shift per channel."""
    xp.multiply(x, scale, out=y)
    xp.add(y, shift, out=y)


@scale_and_shift.with_kernels
def _(kernels, x, scale, shift, y):
    kernels.scale_and_shift(x, scale, shift, y)


def scale_positions(xp: ModuleType, x: Array, scale: Array, shift: Array, y: Array) -> None:
    """As ``scale_and_shift``, with several positions of few channels as one row: for three in a fifth of the time."""
    n, channels = x.shape
    count = math.gcd(n, _POSITIONS) if channels < _POSITIONS else 1
    wide = n // count, count * channels
    scale_and_shift(xp, x.reshape(wide), xp.tile(scale, count), xp.tile(shift, count), y.reshape(wide))


@operation
def batch_norm_backward(xp, centred, slope, offset, share, scale, dy, dx, work):
    """Write scale (dy - share (slope centred + offset)), for a share of shape (n, 1); dx may be dy."""
    xp.multiply(centred, slope, out=work)
    xp.add(work, offset, out=work)
    xp.multiply(work, share, out=work)
    xp.subtract(dy, work, out=dx)
    xp.multiply(dx, scale, out=dx)


@batch_norm_backward.with_kernels
def _(kernels, centred, slope, offset, share, scale, dy, dx, work):
    copy_unless_same(dy, dx)
    kernels.batch_norm_backward(centred, slope, offset, share, scale, dx)
