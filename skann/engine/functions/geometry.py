"""The shapes of a convolution over images."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from .pairs import PaddingSpec, Pair, padding_for


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
    def n_multiplications(self) -> int:
        """Number of products for an image."""
        return self.n_terms * math.prod(self.out_shape)

    @cached_property
    def is_product(self) -> bool:
        """Whether the convolution is one product of matrices, with a row for each position."""
        pads = self.padding != ((0, 0), (0, 0))
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.groups == 1 and not pads

    @cached_property
    def is_depthwise(self) -> bool:
        """Whether each output channel reads a single input channel, of several."""
        return self.groups > 1 and self.groups == self.in_shape[2]

    @cached_property
    def dual(self) -> Geometry | None:
        """The convolution of the output's gradient that is the gradient of the input; None for strides.

        Its weights are those of this one flipped in rows and columns, with input channels and filters exchanged.
        """
        padding = tuple(
            (span - 1 - before, span - 1 - after) for span, (before, after) in zip(self.span, self.padding, strict=True)
        )
        if self.stride != (1, 1) or min(map(min, padding)) < 0:
            return None
        return replace(self, in_shape=self.out_shape, n_filters=self.in_shape[2], padding=padding)


@lru_cache(1024)  # layers ask in every pass
def build_geometry(
    in_shape: tuple[int, ...],
    n_filters: int,
    kernel_size: Pair,
    stride: Pair,
    padding: PaddingSpec,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Geometry:
    """Return the geometry for arguments of layers and images of shape (height, width, channels).

    Raises
    ------
    ValueError
        If the shape is not of three axes, if the window exceeds the padded image, or if the groups do not divide the
        channels and the filters.
    """
    if len(in_shape) != 3:
        raise ValueError(f"A convolution takes images of shape (height, width, channels). Got the shape {in_shape}.")
    height, width, channels = in_shape
    if channels % groups or n_filters % groups:
        raise ValueError(
            f"groups={groups} must divide the {channels} channels of the input and the {n_filters} of the output."
        )
    unpadded = Geometry(in_shape, n_filters, kernel_size, stride, dilation=dilation, groups=groups)
    span = unpadded.span
    geometry = replace(unpadded, padding=padding_for(padding, (height, width), span, stride))
    if min(geometry.out_shape) < 1:
        raise ValueError(
            f"A window of {span[0]} x {span[1]} exceeds an image of {geometry.padded[0]} x {geometry.padded[1]}, "
            'padding included. Use a smaller kernel_size or dilation, or padding="same".'
        )
    return geometry
