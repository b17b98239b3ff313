"""The maximum and the average over windows of images.

Images x are of shape (n, height, width, channels), results y of shape (n, *windows.out_shape, channels). Padding is
never the maximum, and counts as zeros in an average.
"""

from __future__ import annotations

import math
from types import ModuleType

from ..arrays.backend import Array
from ..kernels import typed
from .operations import operation
from .windows import Tap, Windows


def max_pool(xp: ModuleType, x: Array, y: Array, windows: Windows) -> None:
    """Write the maximum over each window into y, with the bits of ``max_pool_with_winner``."""
    for tap in _after_start(xp, x, y, windows, -math.inf):
        xp.maximum(y[tap.outputs], x[tap.inputs], out=y[tap.outputs])


@operation
def max_pool_with_winner(xp, x, y, winner, work, windows):
    """Write the maximum over each window into y, and the index of its cell, in row-major order, into winner.

    Of equal cells the first one wins; NaN is propagated. ``work`` is scratch like winner.
    """
    taps = _after_start(xp, x, y, windows, -math.inf)
    _write_first_cells(winner, windows)
    for tap in taps:
        part, largest, cell, index = x[tap.inputs], y[tap.outputs], work[tap.outputs], winner[tap.outputs]
        xp.greater(part, largest, out=cell)
        # the index grows from tap to tap, and copyto with a mask takes ten times as long as these two
        xp.multiply(cell, tap.index, out=cell)
        xp.maximum(index, cell, out=index)
        xp.maximum(largest, part, out=largest)


@max_pool_with_winner.with_kernels
def _(kernels, x, y, winner, work, windows):
    if windows.size == (2, 2) and not windows.is_padded:
        kernels.max_pool_of_four(x, y, winner, *windows.stride, *typed(y, 1))
    else:
        kernels.max_pool(x, y, winner, *windows.numbers, *typed(y, 1))


@operation
def max_pool_backward(xp, winner, dy, dx, work, product, windows):
    """Write the sum of the dy of the windows in which a pixel wins into dx.

    ``work`` is scratch like winner, and ``product`` like dy, which only windows that overlap need.
    """
    if windows.overlaps or not windows.is_partition:
        dx.fill(0)
    for tap in windows.taps:
        wins, gradient, target = work[tap.outputs], dy[tap.outputs], dx[tap.inputs]
        xp.equal(winner[tap.outputs], tap.index, out=wins)
        if windows.overlaps:
            term = product[tap.outputs]
            xp.multiply(gradient, wins, out=term)
            xp.add(target, term, out=target)
        else:
            xp.multiply(gradient, wins, out=target)


@max_pool_backward.with_kernels
def _(kernels, winner, dy, dx, work, product, windows):
    if windows.size == windows.stride == (2, 2) and not windows.is_padded:
        kernels.max_pool_of_four_backward(winner, dy, dx, *typed(dy, 0))
    else:
        kernels.max_pool_backward(winner, dy, dx, windows.offsets, *windows.numbers, *typed(dy, 0))


@operation
def average_pool(xp, x, y, windows):
    """Write the average over each window into y."""
    for tap in _after_start(xp, x, y, windows, 0):
        xp.add(y[tap.outputs], x[tap.inputs], out=y[tap.outputs])
    xp.multiply(y, 1 / windows.area, out=y)


@average_pool.with_kernels
def _(kernels, x, y, windows):
    kernels.average_pool(x, y, *windows.numbers, *typed(y, 0, 1 / windows.area))


@operation
def average_pool_backward(xp, dy, dx, windows):
    """Write the gradient of ``average_pool`` with respect to x into dx; dy is overwritten."""
    xp.multiply(dy, 1 / windows.area, out=dy)
    if windows.overlaps or not windows.is_partition:
        dx.fill(0)
    for tap in windows.taps:
        target = dx[tap.inputs]
        if windows.overlaps:
            xp.add(target, dy[tap.outputs], out=target)
        else:
            xp.copyto(target, dy[tap.outputs])


@average_pool_backward.with_kernels
def _(kernels, dy, dx, windows):
    kernels.average_pool_backward(dy, dx, *windows.numbers, *typed(dy, 0, 1 / windows.area))


# on a device the array functions serve: there are no kernels in C
for _pool in (max_pool_with_winner, max_pool_backward, average_pool, average_pool_backward):
    _pool.on_device(_pool.forms.reference)


def _after_start(xp: ModuleType, x: Array, y: Array, windows: Windows, padding: float) -> tuple[Tap, ...]:
    """Start y with the first cell of each window, or with the value of the padding; return the taps that remain."""
    if windows.is_padded:
        y.fill(padding)
        return windows.taps
    first, *others = windows.taps
    xp.copyto(y, x[first.inputs])
    return tuple(others)


def _write_first_cells(winner: Array, windows: Windows) -> None:
    """Write the index of the first cell inside the image of each window."""
    winner.fill(0)
    for row, cell in windows.first_cells(0):
        winner[:, row] += cell * windows.size[1]
    for column, cell in windows.first_cells(1):
        winner[:, :, column] += cell
