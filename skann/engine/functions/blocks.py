"""Blocks of images that stay in cache, with their zeros around them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import ModuleType

from ..arrays.backend import Array
from .algebra import SUM_ROWS, sum_rows
from .geometry import Geometry

Block = tuple[slice, slice]  # images, and rows of the output


class Blocks(ABC):
    """Base class of the ways to convolve block by block.

    Blocks are several images, or bands of rows of the output of one image.

    Parameters
    ----------
    geometry : Geometry
    per_position : int
        Number of elements that an output position of a block takes.
    limit : int
        Number of elements of a block, exceeded only where a single row of the output exceeds it.

    Attributes
    ----------
    n_positions : int
        Maximum number of output positions of a block.
    size : int
        Number of elements of scratch.
    """

    def __init__(self, geometry: Geometry, per_position: int, limit: int):
        self.geometry = geometry
        height, width, _ = geometry.out_shape
        per_row = width * per_position
        self.n_images = max(1, limit // (height * per_row))
        self.n_rows = height if self.n_images > 1 else min(height, max(1, limit // per_row))
        self.n_positions = self.n_images * self.n_rows * width
        self._parts: dict[str, tuple[int, tuple[int, ...]]] = {}
        self.size = 0
        self.reserve("padded", *((self.n_images, *geometry.padded, geometry.in_shape[2]) if self._pads else (0,)))
        self.reserve("bias", width, geometry.n_filters)
        self.reserve("sums of rows", SUM_ROWS + geometry.n_filters)

    @abstractmethod
    def convolve(self, xp: ModuleType, x: Array, W: Array, b: Array | None, y: Array, work: Array) -> None:
        """Write the convolution, with the bias unless it is None, into y."""

    @abstractmethod
    def convolve_input_gradient(self, xp: ModuleType, dy: Array, W: Array, dx: Array, work: Array) -> None:
        """Write the gradient with respect to the input into dx."""

    @abstractmethod
    def convolve_weight_gradient(
        self, xp: ModuleType, x: Array, dy: Array, dW: Array, db: Array | None, work: Array
    ) -> None:
        """Write the gradients with respect to the weights into dW, and to the bias into db unless it is None."""

    def reserve(self, name: str, *shape: int) -> None:
        """Add a part of the given largest shape to the scratch."""
        self._parts[name] = self.size, shape
        self.size += math.prod(shape)

    def part(self, name: str, work: Array, *shape: int) -> Array:
        """Return a part of the scratch, of its largest shape or of the given smaller one."""
        start, largest = self._parts[name]
        shape = shape or largest
        return work[start : start + math.prod(shape)].reshape(shape)

    def split(self, n: int) -> Iterator[Block]:
        """Yield the blocks of n images: several whole images, or the bands of one after the other."""
        height = self.geometry.out_shape[0]
        for start in range(0, n, self.n_images):
            for row in range(0, height, self.n_rows):
                yield slice(start, min(start + self.n_images, n)), slice(row, min(row + self.n_rows, height))

    def shape(self, block: Block) -> tuple[int, int, int]:
        """Return the number of images of a block, and of the rows and columns of its output."""
        images, rows = block
        return images.stop - images.start, rows.stop - rows.start, self.geometry.out_shape[1]

    def read(self, xp: ModuleType, x: Array, block: Block, work: Array) -> Array:
        """Return the images of a block with their padding: views of x if there is none."""
        images, rows = block
        if not self._pads:
            return x[images]
        padded = self._padded(block, work)
        if rows.start == 0:
            if images.start == 0:  # later blocks overwrite no padding
                padded.fill(0)
            xp.copyto(self._inside(padded), x[images])
        return padded

    def accumulator(self, dx: Array, block: Block, work: Array) -> Array:
        """Return the padded images of a block to add to: zero in the first band, what the last band left in others."""
        padded = self._padded(block, work) if self._pads else dx[block[0]]
        if block[1].start == 0:
            padded.fill(0)
        return padded

    def write(self, xp: ModuleType, padded: Array, dx: Array, block: Block) -> None:
        """Write padded images to dx, without their padding, after the last band."""
        if self._pads and block[1].stop == self.geometry.out_shape[0]:
            xp.copyto(dx[block[0]], self._inside(padded))

    def bias_of_row(self, xp: ModuleType, b: Array | None, work: Array) -> Array | None:
        """Return the bias for each column of the output, so that loops run over whole rows; None for no bias."""
        if b is None:
            return None
        bias = self.part("bias", work)
        xp.copyto(bias, b)
        return bias

    def sum_bias(self, xp: ModuleType, dy: Array, db: Array | None, work: Array) -> None:
        """Write the gradient with respect to the bias unless it is None."""
        if db is not None:
            sum_rows(xp, rows_of(dy), db, self.part("sums of rows", work))

    def taps(self, padded: Array, block: Block) -> Iterator[tuple[tuple[int, int], Array]]:
        """Yield each tap of the kernel, and the view of the pixels that it reads."""
        (down, right), (_, rows) = self.geometry.stride, block
        (lower, beside), (_, n_rows, n_columns) = self.geometry.dilation, self.shape(block)
        for u in range(self.geometry.kernel[0]):
            top = rows.start * down + u * lower
            for v in range(self.geometry.kernel[1]):
                left = v * beside
                bottom, end = top + (n_rows - 1) * down + 1, left + (n_columns - 1) * right + 1
                yield (u, v), padded[:, top:bottom:down, left:end:right]

    @property
    def _pads(self) -> bool:
        return self.geometry.padding != ((0, 0), (0, 0))

    def _padded(self, block: Block, work: Array) -> Array:
        return self.part("padded", work, self.shape(block)[0], *self._parts["padded"][1][1:])

    def _inside(self, padded: Array) -> Array:
        """Return the view of padded images without their padding."""
        height, width, _ = self.geometry.in_shape
        (top, _), (left, _) = self.geometry.padding
        return padded[:, top : top + height, left : left + width]


def rows_of(images: Array) -> Array:
    """Return the view of images with one row per position."""
    return images.reshape(-1, images.shape[-1])
