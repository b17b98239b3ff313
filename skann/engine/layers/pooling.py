"""Pooling: the maximum and the average over windows of images, and over whole images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from ..arrays.backend import Array
from ..functions.pairs import PaddingSpec, Pair, check_padding, check_pair, padding_pair
from ..functions.pooling import average_pool, average_pool_backward, max_pool, max_pool_backward, max_pool_with_winner
from ..functions.windows import Windows, slide
from .base import Declaration, Layer, Shape
from .images import check_image


@dataclass(frozen=True)
class Pool2D(Layer):
    """Base class of pooling over windows. Each channel is pooled by itself; a signal is an image of height 1.

    Parameters
    ----------
    size : int or (int, int), default=2
        Height and width of a window.
    stride : int or (int, int), default=None
        Distance between neighbouring windows; None is that of windows side by side, ``size``.
    padding : {"valid", "same"}, int or (int, int), default="valid"
        Number of rows and of columns that are added at each edge, at most half of ``size``. "valid" adds none, and
        leaves out the pixels at the end that fill no window. "same" adds as many as give ``ceil(length / stride)``
        windows, an odd one at the bottom and on the right.

    Raises
    ------
    ValueError
        If a parameter is invalid, or by ``declare`` if a window is larger than the padded image.
    """

    size: int | Pair = 2
    stride: int | Pair | None = None
    padding: PaddingSpec = "valid"
    positionwise = False
    y_is_scratch = False

    def __post_init__(self) -> None:
        _ = self._arguments  # raises an error if one is invalid

    def windows(self, in_shape: Shape) -> Windows:
        """Return the windows over images of shape (height, width, channels)."""
        return slide(in_shape[:2], *self._arguments)

    def declare(self, in_shape):
        kind = type(self).__name__
        check_image(kind, in_shape)
        windows = self.windows(in_shape)
        if min(windows.out_shape) < 1:
            raise ValueError(
                f"The windows of {kind}, of {windows.size[0]} x {windows.size[1]} pixels, are larger than the images, "
                f"of {in_shape[0]} x {in_shape[1]} pixels, with padding={self.padding!r}. Use a smaller size, or "
                "padding='same'."
            )
        shape = (*windows.out_shape, in_shape[2])
        return Declaration(shape, scratch=self._scratch(windows, shape))

    def _scratch(self, windows: Windows, shape: Shape) -> dict[str, tuple[Shape, Any]]:
        """Return the scratch arrays to declare, for an output of the given shape."""
        return {}

    @property
    def _arguments(self) -> tuple[Pair, Pair, PaddingSpec]:
        """Size, stride and padding as ``slide`` takes them."""
        kind = type(self).__name__
        size = check_pair(f"The 'size' parameter of {kind}", self.size)
        stride = size if self.stride is None else check_pair(f"The 'stride' parameter of {kind}", self.stride)
        check_padding(f"The 'padding' parameter of {kind}", self.padding)
        padding = padding_pair(self.padding)
        if isinstance(padding, tuple) and any(2 * pad > n for pad, n in zip(padding, size, strict=True)):
            raise ValueError(
                f"The 'padding' parameter of {kind} must be at most half of size={self.size!r}, so that each window "
                f"has a pixel. Got {self.padding!r}. Use a larger size, or less padding."
            )
        return size, stride, padding


@dataclass(frozen=True)
class MaxPool2D(Pool2D):
    """The maximum over each window; padding is never the maximum.

    The gradient goes to the first maximum of a window, in row-major order. NaN is propagated. For the parameters see
    ``Pool2D``; the numbers are those of ``torch.nn.MaxPool2d``.
    """

    def forward(self, bound, x, y):
        windows = self.windows(x.shape[1:])
        if bound.training:
            max_pool_with_winner(bound.xp, x, y, bound.scratch["winner"], bound.scratch["work"], windows)
        else:
            max_pool(bound.xp, x, y, windows)

    def backward(self, bound, x, y, dy, dx):
        winner, work, product = (bound.scratch.get(name) for name in ("winner", "work", "product"))
        max_pool_backward(bound.xp, winner, dy, dx, work, product, self.windows(dx.shape[1:]))

    def _scratch(self, windows, shape):
        cells = numpy.min_scalar_type(windows.area - 1)
        product = {"product": (shape, None)} if windows.overlaps else {}
        return {"winner": (shape, cells), "work": (shape, cells), **product}


@dataclass(frozen=True)
class AveragePool2D(Pool2D):
    """The average over each window, in which padding, that of "same" included, counts as zeros.

    For the parameters see ``Pool2D``; the numbers are those of ``torch.nn.AvgPool2d``.
    """

    def forward(self, bound, x, y):
        average_pool(bound.xp, x, y, self.windows(x.shape[1:]))

    def backward(self, bound, x, y, dy, dx):
        average_pool_backward(bound.xp, dy, dx, self.windows(dx.shape[1:]))


@dataclass(frozen=True)
class GlobalMaxPool2D(Layer):
    """The maximum of each channel over the image, of shape (channels,); the first one receives the gradient."""

    positionwise = False
    y_is_scratch = False

    def declare(self, in_shape):
        check_image(type(self).__name__, in_shape)
        channels = in_shape[2:]
        cells = numpy.min_scalar_type(in_shape[0] * in_shape[1] - 1)
        return Declaration(channels, scratch={"winner": (channels, cells), "work": (channels, cells)})

    def forward(self, bound, x, y):
        if bound.training:
            arrays = (bound.scratch[name][:, None, None] for name in ("winner", "work"))
            max_pool_with_winner(bound.xp, x, y[:, None, None], *arrays, _whole(x))
        else:
            _flat(x).max(axis=1, out=y)

    def backward(self, bound, x, y, dy, dx):
        winner, work = (bound.scratch[name][:, None, None] for name in ("winner", "work"))
        max_pool_backward(bound.xp, winner, dy[:, None, None], dx, work, None, _whole(dx))


@dataclass(frozen=True)
class GlobalAveragePool2D(Layer):
    """The average of each channel over the image, of shape (channels,) [Lin et al., 2014, arXiv:1312.4400]."""

    positionwise = False
    y_is_scratch = False

    def declare(self, in_shape):
        check_image(type(self).__name__, in_shape)
        return Declaration(in_shape[2:])

    def forward(self, bound, x, y):
        pixels = _flat(x)
        pixels.sum(axis=1, out=y)
        bound.xp.multiply(y, 1 / pixels.shape[1], out=y)

    def backward(self, bound, x, y, dy, dx):
        pixels = _flat(dx)
        bound.xp.multiply(dy, 1 / pixels.shape[1], out=dy)
        bound.xp.copyto(pixels, dy[:, None])


def _flat(images: Array) -> Array:
    """Return a view of images with one axis of pixels."""
    return images.reshape(len(images), -1, images.shape[-1])


def _whole(images: Array) -> Windows:
    """Return the windows that are the whole images."""
    size = images.shape[1:3]
    return slide(size, size, size, "valid")
