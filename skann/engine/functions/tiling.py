"""What the register tiles of a convolution read and write, as tables of offsets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy

from ..kernels.sweep import Sweep
from .geometry import Geometry

_BLOCK = 2**16  # number of elements of a block of padded images, which then stay in the second-level cache
_POSITIONS = 2**11  # number of positions of a block
LANES = 32  # number of elements in a row of the widest tile, and a multiple of that of any other
ROWS = 12  # number of rows of the highest tile


@dataclass(frozen=True)
class _Phase:
    """Positions along an axis, equidistant in the output, that read the same taps of the kernel.

    Attributes
    ----------
    first : int
        First position.
    count : int
        Number of positions.
    taps : tuple of (int, int)
        Each tap of the kernel with the padded position that the first position reads by it, in increasing order of the
        latter.
    """

    first: int
    count: int
    taps: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Axis:
    """An axis of a sum over windows.

    Attributes
    ----------
    before, size : int
        Number of zeros before the image, and of padded positions.
    step, out_step : int
        Distance between consecutive positions of a phase in the padded image, and in the output.
    phases : tuple of _Phase
    """

    before: int
    size: int
    step: int
    out_step: int
    phases: tuple[_Phase, ...]

    @property
    def span(self) -> int:
        """Number of padded positions from the first position that is read to the last, for one position of a phase."""
        return 1 + max((at for phase in self.phases for _, at in phase.taps), default=0)


def _forward_axis(geometry: Geometry, axis: int) -> _Axis:
    taps = tuple((tap, tap * geometry.dilation[axis]) for tap in range(geometry.kernel[axis]))
    before, size, step = geometry.padding[axis][0], geometry.padded[axis], geometry.stride[axis]
    return _Axis(before, size, step, 1, (_Phase(0, geometry.out_shape[axis], taps),))


def _transposed_axis(geometry: Geometry, axis: int) -> _Axis:
    """Return the axis of the gradient with respect to the input.

    Input position i contributes through tap u to output position (i + padding - u dilation) / stride, if that is whole.
    The positions of the same remainder modulo the stride read the same taps.
    """
    stride, size, dilation = geometry.stride[axis], geometry.in_shape[axis], geometry.dilation[axis]
    phases = []
    for first in range(min(stride, size)):
        reads = [(u, first + geometry.padding[axis][0] - u * dilation) for u in range(geometry.kernel[axis])]
        taps = [(u, at // stride) for u, at in reversed(reads) if at % stride == 0]
        phases.append((first, -(-(size - first) // stride), taps))
    before = max(0, max((-at for *_, taps in phases for _, at in taps), default=0))
    end = max((at + count for _, count, taps in phases for _, at in taps), default=0)
    shifted = tuple(_Phase(first, count, tuple((u, at + before) for u, at in taps)) for first, count, taps in phases)
    return _Axis(before, before + max(end, geometry.out_shape[axis]), 1, stride, shifted)


class Plan:
    """The tables of a sum over windows, for its blocks.

    Parameters
    ----------
    geometry : Geometry
    transposed : bool
        Whether the sums are the gradient with respect to the input instead of the output.

    Attributes
    ----------
    sweep : Sweep
    phases : array of shape (n_phases, 7)
        For sets of positions that read the same taps: the first element in the tables of positions, the number of rows
        and of columns, the first of the runs and their number, their length, and the number of terms of earlier phases.
    inside, outside : array of shape (n_positions,)
        What each position of a block reads first, and writes.
    runs : array of shape (n_runs,)
        Offset of each run of elements that a position reads one after the other.
    taps : array of shape (n_taps,)
        Tap of the kernel of each ``sweep.depth`` terms.
    """

    def __init__(self, geometry: Geometry, transposed: bool):
        self.geometry = geometry
        self._axes = [(_transposed_axis if transposed else _forward_axis)(geometry, axis) for axis in (0, 1)]
        images, out_shape = (geometry.in_shape, geometry.out_shape)[:: -1 if transposed else 1]
        self.is_channelwise = 1 < geometry.groups == images[2] == out_shape[2]
        self.sweep = self._sweep(images, out_shape)
        self._build_tables(out_shape)

    @cached_property
    def terms(self) -> numpy.ndarray:
        """Offset of each weight of a filter, in the order of the array of weights."""
        rows, columns = (axis.phases[0].taps for axis in self._axes)
        taps = [self._offset(u, v) for _, u in rows for _, v in columns]
        return (numpy.array(taps)[:, None] + numpy.arange(self.sweep.depth)).ravel()

    @cached_property
    def padded_size(self) -> int:
        """Number of elements of a block's padded images, and of a vector that begins in the last pixel."""
        sweep = self.sweep
        rows = sweep.rows if sweep.bands == 1 else (sweep.band_rows - 1) * sweep.stride + sweep.span
        images = 0 if sweep.in_place else sweep.images * rows * sweep.columns * sweep.channels
        return rounded_up(images, LANES) + LANES

    @property
    def gradient_size(self) -> int:
        """Number of elements of the gradient of a panel of filters at a block's positions, and of their sums."""
        return (len(self.inside) + 1) * LANES

    @property
    def n_terms(self) -> int:
        """Number of terms of a filter in all phases."""
        return len(self.taps) * self.sweep.depth

    def _sweep(self, images: tuple[int, int, int], out_shape: tuple[int, int, int]) -> Sweep:
        rows, columns = self._axes
        groups = 1 if self.is_channelwise else self.geometry.groups
        grid = max(phase.count for phase in rows.phases), max(phase.count for phase in columns.phases)
        per_row = max(rows.step * columns.size * images[2], grid[1] * _BLOCK // _POSITIONS)
        n_images = max(1, _BLOCK // (per_row * grid[0]))
        band = grid[0] if n_images > 1 else min(grid[0], max(1, _BLOCK // per_row))
        return Sweep(
            *images,
            top=rows.before,
            left=columns.before,
            rows=rows.size,
            columns=columns.size,
            # vectors of channels may reach beyond the last image
            in_place=images[:2] == (rows.size, columns.size) and not (self.is_channelwise and images[2] % LANES),
            stride=rows.step,
            span=rows.span,
            grid_rows=grid[0],
            images=n_images,
            bands=-(-grid[0] // band),
            band_rows=band,
            out_image=math.prod(out_shape),
            out_row=rows.out_step * out_shape[1] * out_shape[2],
            groups=groups,
            depth=1 if self.is_channelwise else images[2] // groups,
            filters=out_shape[2] // groups,
        )

    def _build_tables(self, out_shape: tuple[int, int, int]) -> None:
        phases, inside, outside, runs, taps, n_positions, n_terms = [], [], [], [], [], 0, 0
        rows, columns = self._axes
        for row in rows.phases:
            for column in columns.phases:
                own, length = self._runs(row, column)
                phases.append([n_positions, row.count, column.count, len(runs), len(own), length, n_terms])
                inside.append(self._positions(row, column))
                outside.append(self._outputs(row, column, out_shape))
                runs += own
                taps += [u * self.geometry.kernel[1] + v for u, _ in row.taps for v, _ in column.taps]
                n_positions += inside[-1].size
                n_terms += len(own) * length
        self.phases = numpy.array(phases, numpy.int64)
        self.inside, self.outside = numpy.concatenate(inside), numpy.concatenate(outside)
        self.runs, self.taps = numpy.array(runs, numpy.int64), numpy.array(taps, numpy.int64)

    def _offset(self, row: int, column: int) -> int:
        return (row * self.sweep.columns + column) * self.sweep.channels

    def _runs(self, row: _Phase, column: _Phase) -> tuple[list[int], int]:
        """Return the offsets of the runs and their length: a row of the kernel where its taps are neighbours."""
        at = [v for _, v in column.taps]
        if self.sweep.depth == self.sweep.channels and at and all(b - a == 1 for a, b in pairwise(at)):
            return [self._offset(u, at[0]) for _, u in row.taps], len(at) * self.sweep.depth
        return [self._offset(u, v) for _, u in row.taps for v in at], self.sweep.depth

    def _positions(self, row: _Phase, column: _Phase) -> numpy.ndarray:
        images = numpy.arange(self.sweep.images) * self._offset(self.sweep.rows, 0)
        rows = numpy.arange(min(self.sweep.band_rows, row.count)) * self._offset(self._axes[0].step, 0)
        columns = numpy.arange(column.count) * self._offset(0, self._axes[1].step)
        return (images[:, None, None] + rows[:, None] + columns).ravel()

    def _outputs(self, row: _Phase, column: _Phase, out_shape: tuple[int, int, int]) -> numpy.ndarray:
        images = numpy.arange(self.sweep.images) * self.sweep.out_image
        rows = (
            row.first * out_shape[1] * out_shape[2]
            + numpy.arange(min(self.sweep.band_rows, row.count)) * self.sweep.out_row
        )
        columns = (column.first + numpy.arange(column.count) * self._axes[1].out_step) * out_shape[2]
        return (images[:, None, None] + rows[:, None] + columns).ravel()


def rounded_up(n: int, step: int) -> int:
    """Return the smallest multiple of ``step`` that is not less than n."""
    return -(-n // step) * step
