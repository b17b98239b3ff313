"""The elementwise passes of batch normalization over arrays of shape (n, channels)."""

from __future__ import annotations

from ..kernels import copy_unless_same
from .operations import operation


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
