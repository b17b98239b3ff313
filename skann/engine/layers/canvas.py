"""The change of the size of images by zeros or cropping."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays.backend import Array
from ..functions.pairs import Pair, check_pair
from .base import Declaration, Layer
from .images import check_image


@dataclass(frozen=True)
class Canvas2D(Layer):
    """Images of a given size with the upper left corner of the input: cropped, or with zeros below and to the right.

    Parameters
    ----------
    size : (int, int)
        Height and width of the output.

    Raises
    ------
    ValueError
        If a size is not positive.
    """

    size: Pair
    positionwise = False
    y_is_scratch = False

    def __post_init__(self) -> None:
        check_pair("The 'size' parameter of Canvas2D", self.size)

    def declare(self, in_shape):
        check_image("Canvas2D", in_shape)
        return Declaration((*self.size, in_shape[2]))

    def forward(self, bound, x, y):
        _copy_corner(bound.xp, x, y)

    def backward(self, bound, x, y, dy, dx):
        _copy_corner(bound.xp, dy, dx)


def _copy_corner(xp, source: Array, target: Array) -> None:
    """Copy the upper left corner that both have, and write zeros elsewhere."""
    height, width = (min(sizes) for sizes in zip(source.shape[1:3], target.shape[1:3], strict=True))
    xp.copyto(target[:, :height, :width], source[:, :height, :width])
    target[:, height:] = 0
    target[:, :height, width:] = 0
