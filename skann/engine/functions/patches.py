"""The windows of images as rows of matrices."""

from __future__ import annotations

import math
from types import ModuleType

from ..arrays.backend import Array
from .blocks import Block, Blocks
from .geometry import Geometry

_BLOCK = 2**18  # number of elements of a block's patches, which then stay in the second-level cache
_POSITIONS = 256  # minimum number of positions of a block, each of which reads all weights again
_FEW_CHANNELS = 4  # of a group, up to which copies along the rows of an image are faster than along its channels


class Patches(Blocks):
    """The patches of blocks of images, of shape (groups, n_positions, n_terms), or with a further term of ones.

    A patch is a row of ``n_terms`` numbers, the window of one group of channels that an output position reads. With few
    channels the ones multiply the bias, which a pass over the output would take a quarter of the time to add.

    Parameters
    ----------
    geometry : Geometry
    block : int, default=0
        Number of elements of a block's patches if more than fit into a processor's cache.
    """

    def __init__(self, geometry: Geometry, block: int = 0):
        limit = max(_BLOCK, _POSITIONS * geometry.n_terms, block)
        super().__init__(geometry, geometry.n_terms * geometry.groups, limit)
        self.n_filters = geometry.n_filters // geometry.groups
        self.has_ones = geometry.weight_shape[2] <= _FEW_CHANNELS
        self.n_rows_of_weights = geometry.n_terms + self.has_ones
        self.reserve("patches", geometry.groups, self.n_positions, self.n_rows_of_weights)
        self.reserve("channels", self.n_positions if geometry.groups > 1 else 0, self.n_filters)

    def empty(self, block: Block, work: Array) -> Array:
        """Return the memory for the patches of a block, without ones."""
        groups, n_positions, n_terms = self.geometry.groups, math.prod(self.shape(block)), self.geometry.n_terms
        if self.has_ones:  # the positions last
            return self.part("patches", work, groups, n_terms + 1, n_positions)[:, :-1].transpose(0, 2, 1)
        return self.part("patches", work, groups, n_positions, n_terms)

    def gather(self, xp: ModuleType, x: Array, block: Block, work: Array) -> Array:
        """Return the patches of a block with their ones, copied from x by way of padded images."""
        padded, patches = self.read(xp, x, block, work), self.empty(block, work)
        shape = self.geometry.groups, *self.shape(block), *self.geometry.weight_shape[:3]
        xp.copyto(patches.reshape(shape), self._windows(xp, padded, block, shape))
        if not self.has_ones:
            return patches
        whole = self.part("patches", work, len(patches), patches.shape[2] + 1, patches.shape[1])
        whole[:, -1] = 1
        return whole.transpose(0, 2, 1)

    def scatter(self, xp: ModuleType, patches: Array, dx: Array, block: Block, work: Array) -> None:
        """Add the patches at their places in padded images, and write these to dx after the last band."""
        padded = self.accumulator(dx, block, work)
        shape = self.geometry.groups, *self.shape(block), *self.geometry.weight_shape[:3]
        by_tap = patches.reshape(shape).transpose(4, 5, 1, 2, 3, 0, 6)
        for tap, pixels in self.taps(padded, block):
            channels = pixels.reshape(by_tap.shape[2:])
            xp.add(channels, by_tap[tap], out=channels)
        self.write(xp, padded, dx, block)

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
        return W.reshape(-1, self.geometry.n_filters)[:, group * self.n_filters : (group + 1) * self.n_filters]

    def _windows(self, xp: ModuleType, padded: Array, block: Block, shape: tuple[int, ...]) -> Array:
        """Return the view of padded images with axes groups, images, rows, columns, kernel's, channels of a group."""
        (down, right), (lower, beside) = self.geometry.stride, self.geometry.dilation
        image, row, column, channel = padded.strides
        strides = shape[-1] * channel, image, row * down, column * right, row * lower, column * beside, channel
        return xp.lib.stride_tricks.as_strided(padded[:, block[1].start * down :], shape, strides)
