"""Repetition and linear interpolation of pixels.

The images of ``repeat`` are of shape (n, height, width, channels). ``interpolate`` works on the middle axis of arrays
of shape (outer, length, inner), so that two of its passes interpolate between the rows and the columns of images.
"""

from __future__ import annotations

from types import ModuleType

import numpy

from ..arrays.backend import Array
from .operations import operation


def repeat(xp: ModuleType, x: Array, y: Array) -> None:
    """Write each pixel of x into a block of y, whose height and width are multiples of those of x."""
    n, height, width, channels = x.shape
    blocks = y.reshape(n, height, y.shape[1] // height, width, y.shape[2] // width, channels)
    xp.copyto(blocks, x[:, :, None, :, None])


@operation
def repeat_backward(xp, dy, dx):
    """Write the sum over each block of dy into dx."""
    height, width = dy.shape[1] // dx.shape[1], dy.shape[2] // dx.shape[2]
    xp.copyto(dx, dy[:, ::height, ::width])
    for cell in range(1, height * width):
        xp.add(dx, dy[:, cell // width :: height, cell % width :: width], out=dx)


@repeat_backward.with_kernels
def _(kernels, dy, dx):
    kernels.repeat_backward(dy, dx, dy.shape[1] // dx.shape[1], dy.shape[2] // dx.shape[2])


@operation
def interpolate(xp, x, y, factor):
    """Write ``factor`` values per value of x into y, linearly interpolated between the centres of pixels.

    Value u of pixel i lies at ``i + (u + 0.5) / factor - 0.5`` pixels; beyond the outer centres, the edge continues.
    """
    phases = y.reshape(*x.shape[:2], factor, -1)
    for phase, share in enumerate(_shares(factor)):
        target = phases[:, :, phase]
        edge, own, other = _neighbours(share)
        if share:
            xp.subtract(x[:, other], x[:, own], out=target[:, own])
            xp.multiply(target[:, own], abs(share), out=target[:, own])
            xp.add(target[:, own], x[:, own], out=target[:, own])
        xp.copyto(target[:, edge], x[:, edge])


@interpolate.with_kernels
def _(kernels, x, y, factor):
    kernels.interpolate(x, y, numpy.array(_shares(factor), x.dtype))


@operation
def interpolate_backward(xp, dy, dx, factor):
    """Write the gradient of ``interpolate`` with respect to x into dx; dy is overwritten."""
    phases = dy.reshape(*dx.shape[:2], factor, -1)
    xp.copyto(dx, phases[:, :, 0])
    for phase in range(1, factor):
        xp.add(dx, phases[:, :, phase], out=dx)
    for phase, share in enumerate(_shares(factor)):
        if share:
            _, own, other = _neighbours(share)
            moved = phases[:, own, phase]
            xp.multiply(moved, abs(share), out=moved)
            xp.subtract(dx[:, own], moved, out=dx[:, own])
            xp.add(dx[:, other], moved, out=dx[:, other])


@interpolate_backward.with_kernels
def _(kernels, dy, dx, factor):
    kernels.interpolate_backward(dy, dx, numpy.array(_shares(factor), dx.dtype))


# on a device the array functions serve: there are no kernels in C
for _upsampling in (repeat_backward, interpolate, interpolate_backward):
    _upsampling.on_device(_upsampling.forms.reference)


def _shares(factor: int) -> list[float]:
    """Return the distance of each value from the centre of its pixel, negative for those before it."""
    return [(phase + 0.5) / factor - 0.5 for phase in range(factor)]


def _neighbours(share: float) -> tuple[slice, slice, slice]:
    """Return the pixels at the edge, those that have a neighbour on the side of a value, and these neighbours."""
    if share < 0:
        return slice(0, 1), slice(1, None), slice(None, -1)
    if share > 0:
        return slice(-1, None), slice(None, -1), slice(1, None)
    return slice(None), slice(None), slice(None)
