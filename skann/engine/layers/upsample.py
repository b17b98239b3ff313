"""Upsampling of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..arrays.backend import Array
from ..functions.pairs import Pair, check_pair, pair
from ..functions.upsampling import interpolate, interpolate_backward, repeat, repeat_backward
from .base import Declaration, Layer
from .images import check_image


@dataclass(frozen=True)
class Upsample2D(Layer):
    """Images of a multiple of the height and the width; each channel by itself, a signal as an image of height 1.

    Parameters
    ----------
    factor : int or (int, int), default=2
        Factors of the height and of the width.
    mode : {"nearest", "bilinear"}, default="nearest"
        "nearest" repeats pixels. "bilinear" interpolates between their centres, and continues the edge beyond the outer
        ones, as PyTorch does with ``align_corners=False``.

    Raises
    ------
    ValueError
        If a parameter is invalid.
    """

    factor: int | Pair = 2
    mode: Literal["nearest", "bilinear"] = "nearest"
    positionwise = False
    y_is_scratch = False

    def __post_init__(self) -> None:
        check_pair("The 'factor' parameter of Upsample2D", self.factor)
        if self.mode not in ("nearest", "bilinear"):
            raise ValueError(
                f"The 'mode' parameter of Upsample2D must be 'nearest' or 'bilinear'. Got {self.mode!r} instead."
            )

    def declare(self, in_shape):
        check_image("Upsample2D", in_shape)
        height, width, channels = in_shape
        down, right = self._factors
        wide = {"wide": ((height, width * right, channels), None)} if self.mode == "bilinear" else {}
        return Declaration((height * down, width * right, channels), scratch=wide)

    def forward(self, bound, x, y):
        if self.mode == "nearest":
            repeat(bound.xp, x, y)
            return
        down, right = self._factors
        wide = bound.scratch["wide"]
        interpolate(bound.xp, _columns(x), _columns(wide), right)
        interpolate(bound.xp, _rows(wide), _rows(y), down)

    def backward(self, bound, x, y, dy, dx):
        if self.mode == "nearest":
            repeat_backward(bound.xp, dy, dx)
            return
        down, right = self._factors
        dwide = bound.scratch["wide"]
        interpolate_backward(bound.xp, _rows(dy), _rows(dwide), down)
        interpolate_backward(bound.xp, _columns(dwide), _columns(dx), right)

    @property
    def _factors(self) -> Pair:
        return pair(self.factor)


def _columns(images: Array) -> Array:
    """Return a view of shape (n * height, width, channels)."""
    return images.reshape(-1, *images.shape[2:])


def _rows(images: Array) -> Array:
    """Return a view of shape (n, height, width * channels)."""
    return images.reshape(*images.shape[:2], -1)
