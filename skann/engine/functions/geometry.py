"""The shapes of a convolution over images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

Pair = tuple[int, int]
PaddingSpec = str | int | tuple[int, int]


def pair(value: int | Pair) -> Pair:
    """Return a number, or two, as the values for rows and columns."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


@dataclass(frozen=True)
class Geometry:
    """The shapes of a convolution: where each output position reads its input.

    Output position i reads the input positions ``i * stride - before + tap * dilation`` along an axis, for each tap of
    the kernel; those outside the image are zero.

    Parameters
    ----------
    in_shape : (int, int, int)
        Height, width and channels of an input image.
    n_filters : int
        Number of output channels, a multiple of ``groups``.
    kernel : (int, int)
        Height and width of the kernel.
    stride : (int, int), default=(1, 1)
    padding : ((int, int), (int, int)), default=((0, 0), (0, 0))
        Number of zero rows before and after the image, and of zero columns.
    dilation : (int, int), default=(1, 1)
    groups : int, default=1
        Number of groups that the channels are divided into, of the input and of the output. Output channels only read
        the input channels of their group.
    """

    in_shape: tuple[int, int, int]
    n_filters: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    groups: int = 1

    @cached_property
    def padded(self) -> Pair:
        """Height and width of a padded image."""
        height, width = (size + sum(pads) for size, pads in zip(self.in_shape, self.padding, strict=False))
        return height, width

    @cached_property
    def span(self) -> Pair:
        """Height and width of the window that an output position reads."""
        rows, columns = (step * (taps - 1) + 1 for taps, step in zip(self.kernel, self.dilation, strict=True))
        return rows, columns

    @cached_property
    def out_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an output image."""
        height, width = (
            (size - span) // step + 1 for size, span, step in zip(self.padded, self.span, self.stride, strict=True)
        )
        return height, width, self.n_filters

    @cached_property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weights: kernel rows, kernel columns, input channels per group, filters."""
        return (*self.kernel, self.in_shape[2] // self.groups, self.n_filters)

    @cached_property
    def n_terms(self) -> int:
        """Number of products in the sum for one output number."""
        return math.prod(self.weight_shape[:3])

    @cached_property
    def is_pointwise(self) -> bool:
        """Whether each output position reads the input position of the same index and no other."""
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.padding == ((0, 0), (0, 0))


def padding_for(padding: PaddingSpec, size: Pair, span: Pair, stride: Pair) -> tuple[Pair, Pair]:
    """Return the zero rows and columns before and after an image.

    Parameters
    ----------
    padding : {"same", "valid"}, int or (int, int)
        "same" gives ceil(size / stride) output positions, and places an odd zero after the image; "valid" adds none;
        numbers are those of rows and of columns on each side.
    size, span, stride : (int, int)
        Those of the image, of the window, and of the steps between windows.
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        totals = [
            max(0, (-(-n // step) - 1) * step + window - n) for n, window, step in zip(size, span, stride, strict=True)
        ]
        rows, columns = ((total // 2, total - total // 2) for total in totals)
        return rows, columns
    rows, columns = pair(padding)  # pyright: ignore[reportArgumentType]  the strings are above
    return (rows, rows), (columns, columns)
