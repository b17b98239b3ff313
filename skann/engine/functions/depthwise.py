"""Depthwise convolution, one input channel per group: sums over the taps of shifted products.

Products of matrices would have a single filter, or a few, per group.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from ..arrays.backend import Array
from .blocks import Block, Blocks
from .geometry import Geometry

_BLOCK = 2**16  # number of elements of a block of the output, which is passed over for each tap


class Depthwise(Blocks):
    """Depthwise convolution by blocks of the output.

    Output channel ``c * n_filters + f`` reads the input channel c.

    Parameters
    ----------
    geometry : Geometry
    block : int, default=0
        Number of elements of a block of the output if more than fit into a processor's cache.
    """

    def __init__(self, geometry: Geometry, block: int = 0):
        super().__init__(geometry, geometry.groups, max(_BLOCK, block))
        self.n_filters = geometry.n_filters // geometry.groups
        self.reserve("products", self.n_positions, geometry.groups)
        self.reserve("weights", geometry.out_shape[1], geometry.groups)
        self.reserve("sums", geometry.groups)
        self.reserve("ones", self.n_positions)

    def convolve(self, xp, x, W, b, y, work):
        bias = self.bias_of_row(xp, b, work)
        for block in self.split(len(x)):
            padded, products = self.read(xp, x, block, work), self._products(block, work)
            for f, out in self._filters(y[block]):
                for i, (tap, pixels) in enumerate(self.taps(padded, block)):
                    weights = self._weights(xp, W, tap, f, work)
                    if i == 0:
                        xp.multiply(pixels, weights, out=out)
                    else:
                        xp.multiply(pixels, weights, out=products)
                        xp.add(out, products, out=out)
            if bias is not None:
                xp.add(y[block], bias, out=y[block])

    def convolve_input_gradient(self, xp, dy, W, dx, work):
        for block in self.split(len(dx)):
            padded, products = self.accumulator(dx, block, work), self._products(block, work)
            for f, gradient in self._filters(dy[block]):
                for tap, pixels in self.taps(padded, block):
                    xp.multiply(gradient, self._weights(xp, W, tap, f, work), out=products)
                    xp.add(pixels, products, out=pixels)
            self.write(xp, padded, dx, block)

    def convolve_weight_gradient(self, xp, x, dy, dW, db, work):
        self.sum_bias(xp, dy, db, work)
        ones, term = self.part("ones", work), self.part("sums", work)
        ones.fill(1)
        dW.fill(0)
        for block in self.split(len(x)):
            padded, products = self.read(xp, x, block, work), self._products(block, work)
            rows = products.reshape(-1, self.geometry.groups)
            for f, gradient in self._filters(dy[block]):
                for tap, pixels in self.taps(padded, block):
                    xp.multiply(pixels, gradient, out=products)
                    xp.matmul(ones[: len(rows)], rows, out=term)
                    total = self._filter(dW[tap][0], f)
                    xp.add(total, term, out=total)

    def _products(self, block: Block, work: Array) -> Array:
        """Return the memory for the products of a tap."""
        return self.part("products", work, *self.shape(block), self.geometry.groups)

    def _weights(self, xp: ModuleType, W: Array, tap: tuple[int, int], f: int, work: Array) -> Array:
        """Return the weights of a tap for each column, so that loops run over whole rows."""
        weights = self.part("weights", work)
        xp.copyto(weights, self._filter(W[tap][0], f))
        return weights

    def _filters(self, out: Array) -> Iterator[tuple[int, Array]]:
        """Yield each filter of the groups, and the view of its output channels."""
        for f in range(self.n_filters):
            yield f, self._filter(out, f)

    def _filter(self, array: Array, f: int) -> Array:
        """Return the view of the output channels of filter f of each group."""
        return array[..., f :: self.n_filters]
