"""The geometry of windows that slide over images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy

from .pairs import PaddingSpec, Pair, padding_for


class Tap(NamedTuple):
    """One of the cells of a window: its index in row-major order, and the slices that pair up outputs with inputs.

    A window whose cell lies in the padding is not in the slice.
    """

    index: int
    outputs: tuple[slice, slice, slice]
    inputs: tuple[slice, slice, slice]


@dataclass(frozen=True)
class Windows:
    """Windows over the rows and columns of an image; each pair is (of rows, of columns).

    Attributes
    ----------
    in_shape, out_shape : (int, int)
        Size of the image, and number of windows.
    size, stride : (int, int)
        Size of a window, and distance between neighbours.
    before : (int, int)
        Number of padded rows above the image, and of padded columns to its left.
    """

    in_shape: Pair
    out_shape: Pair
    size: Pair
    stride: Pair
    before: Pair

    @property
    def area(self) -> int:
        """Number of cells of a window."""
        return self.size[0] * self.size[1]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Size, stride and padding as the arguments of a loop."""
        return *self.size, *self.stride, *self.before

    @property
    def overlaps(self) -> bool:
        """Whether a pixel may belong to several windows."""
        return any(stride < size and number > 1 for _, number, size, stride, _ in self._by_axis)

    @cached_property
    def offsets(self) -> numpy.ndarray:
        """Distance of each cell from the first one, in pixels of the image in row-major order."""
        rows, columns = numpy.arange(self.size[0]), numpy.arange(self.size[1])
        return (rows[:, None] * self.in_shape[1] + columns).reshape(-1)

    @cached_property
    def is_padded(self) -> bool:
        """Whether a window has cells outside the image."""
        return any(
            before > 0 or (number - 1) * stride + size > length
            for length, number, size, stride, before in self._by_axis
        )

    @cached_property
    def is_partition(self) -> bool:
        """Whether each pixel belongs to exactly one window."""
        return self.size == self.stride and all(
            length + before <= number * stride for length, number, _, stride, before in self._by_axis
        )

    @property
    def _by_axis(self) -> tuple[tuple[int, ...], ...]:
        """All attributes, by axis."""
        return tuple(zip(self.in_shape, self.out_shape, self.size, self.stride, self.before, strict=True))

    @cached_property
    def taps(self) -> tuple[Tap, ...]:
        """The cells of a window that lie inside the image for at least one window."""
        rows, columns = (self._axis_taps(axis) for axis in (0, 1))
        whole = slice(None)
        return tuple(
            Tap(row * self.size[1] + column, (whole, out_rows, out_columns), (whole, in_rows, in_columns))
            for row, out_rows, in_rows in rows
            for column, out_columns, in_columns in columns
        )

    def first_cells(self, axis: int) -> list[tuple[int, int]]:
        """Return (window, index of its first cell inside the image) of the windows that begin in the padding."""
        before, stride = self.before[axis], self.stride[axis]
        return [(i, before - i * stride) for i in range(min(-(-before // stride), self.out_shape[axis]))]

    def _axis_taps(self, axis: int) -> list[tuple[int, slice, slice]]:
        """Return the cells along an axis, with the slices of windows and of pixels."""
        length, number, stride = self.in_shape[axis], self.out_shape[axis], self.stride[axis]
        taps = []
        for cell in range(self.size[axis]):
            offset = cell - self.before[axis]
            first, last = max(0, -(offset // stride)), min(number - 1, (length - 1 - offset) // stride)
            if first <= last:
                pixels = slice(first * stride + offset, last * stride + offset + 1, stride)
                taps.append((cell, slice(first, last + 1), pixels))
        return taps


@lru_cache(maxsize=256)
def slide(in_shape: Pair, size: Pair, stride: Pair, padding: PaddingSpec) -> Windows:
    """Return the windows over an image; no rows or no columns of windows if the image is too small for one.

    Parameters
    ----------
    in_shape, size, stride : (int, int)
        Size of the image and of a window, distance between neighbouring windows.
    padding : {"same", "valid"}, int or (int, int)
        Number of rows and of columns that are added at each edge (``padding_for``).
    """
    (above, below), (left, right) = padding_for(padding, in_shape, size, stride)
    padded = in_shape[0] + above + below, in_shape[1] + left + right
    rows, columns = (
        max(0, (length - window) // step + 1) for length, window, step in zip(padded, size, stride, strict=True)
    )
    return Windows(in_shape, (rows, columns), size, stride, (above, left))
