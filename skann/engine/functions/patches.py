"""The windows of images as rows of matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import ModuleType

from ..arrays.backend import Array
from .geometry import Geometry

Block = tuple[slice, slice]  # images, and rows of the output

_BLOCK = 2**18  # number of elements of a block's patches, which then stay in the second-level cache


class Patches:
    """The patches of blocks of images, or of bands of rows of one image, and the scratch for them.

    A patch is a row of ``n_terms`` numbers, the window of one group of channels that an output position reads.

    Parameters
    ----------
    geometry : Geometry

    Attributes
    ----------
    size : int
        Number of elements of scratch.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        height, width, n_filters = geometry.out_shape
        self.n_filters = n_filters // geometry.groups
        per_row = width * geometry.n_terms * geometry.groups
        self.n_images = max(1, _BLOCK // (height * per_row))
        self.n_rows = height if self.n_images > 1 else min(height, max(1, _BLOCK // per_row))
        n_positions = self.n_images * self.n_rows * width
        shapes = {
            "padded": (self.n_images, *geometry.padded, geometry.in_shape[2]),
            "patches": (geometry.groups, n_positions, geometry.n_terms),
            "channels": (n_positions if geometry.groups > 1 else 0, self.n_filters),
            "weights": (geometry.n_terms, self.n_filters),
            "bias": (n_filters,),
            "ones": (n_positions,),
        }
        self._parts, self.size = {}, 0
        for name, shape in shapes.items():
            self._parts[name] = self.size, shape
            self.size += math.prod(shape)

    def blocks(self, n: int) -> Iterator[Block]:
        """Yield the blocks of n images: several whole images, or the bands of one after the other."""
        height = self.geometry.out_shape[0]
        for start in range(0, n, self.n_images):
            for row in range(0, height, self.n_rows):
                yield slice(start, min(start + self.n_images, n)), slice(row, min(row + self.n_rows, height))

    def part(self, name: str, work: Array, *shape: int) -> Array:
        """Return a part of the scratch, of its largest shape or of the given smaller one."""
        start, largest = self._parts[name]
        shape = shape or largest
        return work[start : start + math.prod(shape)].reshape(shape)

    def views(self, block: Block, work: Array) -> Array:
        """Return the memory for the patches of a block, of shape (groups, n_positions, n_terms)."""
        return self.part("patches", work, self.geometry.groups, self._n_positions(block), self.geometry.n_terms)

    def gather(self, xp: ModuleType, x: Array, block: Block, work: Array) -> Array:
        """Return the patches of a block, copied from x by way of padded images."""
        images, rows = block
        padded = self._padded(block, work)
        if rows.start == 0:
            padded.fill(0)
            xp.copyto(self._inside(padded), x[images])
        patches = self.views(block, work)
        windows = self._by_tap(patches, block)
        for tap, pixels in self._taps(padded, rows):
            xp.copyto(windows[tap], pixels)
        return patches

    def scatter(self, xp: ModuleType, patches: Array, dx: Array, block: Block, work: Array) -> None:
        """Add the patches at their places in padded images, and write these to dx after the last band."""
        images, rows = block
        padded = self._padded(block, work)
        if rows.start == 0:
            padded.fill(0)
        windows = self._by_tap(patches, block)
        for tap, pixels in self._taps(padded, rows):
            xp.add(pixels, windows[tap], out=pixels)
        if rows.stop == self.geometry.out_shape[0]:
            xp.copyto(dx[images], self._inside(padded))

    def channels(self, out: Array, group: int, work: Array) -> Array:
        """Return a matrix for a group's channels of a block of the output: a view of ``out`` if there is one group."""
        if self.geometry.groups == 1:
            return out.reshape(-1, self.n_filters)
        n_positions = out.shape[0] * out.shape[1] * out.shape[2]
        return self.part("channels", work, n_positions, self.n_filters)

    def store(self, xp: ModuleType, channels: Array, out: Array, group: int) -> None:
        """Copy a group's channels to the output, unless they are a view of it."""
        if self.geometry.groups > 1:
            own = out[..., group * self.n_filters : (group + 1) * self.n_filters]
            xp.copyto(own, channels.reshape(own.shape))

    def load(self, xp: ModuleType, out: Array, group: int, channels: Array) -> None:
        """Copy a group's channels from the output, unless they are a view of it."""
        if self.geometry.groups > 1:
            own = out[..., group * self.n_filters : (group + 1) * self.n_filters]
            xp.copyto(channels.reshape(own.shape), own)

    def weights(self, W: Array, group: int) -> Array:
        """Return the view of a group's weights as a matrix of shape (n_terms, filters of the group)."""
        return W.reshape(self.geometry.n_terms, -1)[:, group * self.n_filters : (group + 1) * self.n_filters]

    def ones(self, block: Block, work: Array) -> Array:
        """Return a one for each position of a block."""
        ones = self.part("ones", work, self._n_positions(block))
        ones.fill(1)
        return ones

    def _n_positions(self, block: Block) -> int:
        images, rows = block
        return (images.stop - images.start) * (rows.stop - rows.start) * self.geometry.out_shape[1]

    def _padded(self, block: Block, work: Array) -> Array:
        n_images = block[0].stop - block[0].start
        return self.part("padded", work, n_images, *self._parts["padded"][1][1:])

    def _inside(self, padded: Array) -> Array:
        """Return the view of padded images without their padding."""
        height, width, _ = self.geometry.in_shape
        (top, _), (left, _) = self.geometry.padding
        return padded[:, top : top + height, left : left + width]

    def _by_tap(self, patches: Array, block: Block) -> Array:
        """Return a view with the axes kernel rows, kernel columns, images, rows, columns, groups, channels."""
        geometry, (images, rows) = self.geometry, block
        shape = images.stop - images.start, rows.stop - rows.start, geometry.out_shape[1]
        split = patches.reshape(geometry.groups, *shape, *geometry.weight_shape[:3])
        return split.transpose(4, 5, 1, 2, 3, 0, 6)

    def _taps(self, padded: Array, rows: slice) -> Iterator[tuple[tuple[int, int], Array]]:
        """Yield each tap of the kernel, and the view of the pixels that it reads, with channels split into groups."""
        geometry = self.geometry
        split = padded.reshape(*padded.shape[:3], geometry.groups, -1)
        (down, right), n_columns = geometry.stride, geometry.out_shape[1]
        for u in range(geometry.kernel[0]):
            top = rows.start * down + u * geometry.dilation[0]
            bottom = top + (rows.stop - rows.start - 1) * down + 1
            for v in range(geometry.kernel[1]):
                left = v * geometry.dilation[1]
                yield (u, v), split[:, top:bottom:down, left : left + (n_columns - 1) * right + 1 : right]
