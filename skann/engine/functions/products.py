"""Convolution as products of matrices."""

from __future__ import annotations

import math
from types import ModuleType

from ..arrays.backend import Array
from .blocks import Blocks, rows_of
from .geometry import Geometry
from .patches import Patches

_BLOCK = 2**18  # number of elements of a block of the output, to which the bias is added while they are in cache
_FEW_NUMBERS = 512  # of a product that NumPy does not make without the GIL
_PARTS = 16  # maximum number of products of a stack


class PixelProduct(Blocks):
    """A convolution whose windows are single pixels, which is one product with a row for each position.

    Parameters
    ----------
    geometry : Geometry
    block : int, default=0
        Number of elements of a block of the output if more than fit into a processor's cache.
    """

    def __init__(self, geometry: Geometry, block: int = 0):
        super().__init__(geometry, geometry.n_filters, max(_BLOCK, block))

    def convolve(self, xp, x, W, b, y, work):
        bias = self.bias_of_row(xp, b, work)
        for block in self.split(len(x)):
            out = y[block]
            xp.matmul(rows_of(x[block]), W[0, 0], out=rows_of(out))
            if bias is not None:
                xp.add(out, bias, out=out)

    def convolve_input_gradient(self, xp, dy, W, dx, work):
        xp.matmul(rows_of(dy), W[0, 0].T, out=rows_of(dx))

    def convolve_weight_gradient(self, xp, x, dy, dW, db, work):
        xp.matmul(rows_of(x).T, rows_of(dy), out=dW[0, 0])
        self.sum_bias(xp, dy, db, work)


class PatchProducts(Patches):
    """Convolution by a matrix of patches for each block, which stays in cache.

    Parameters
    ----------
    geometry : Geometry
    dual : PatchProducts, default=None
        The convolution of the output's gradient that is the gradient of the input; None adds up patches.
    block : int, default=0
        As for ``Patches``.
    """

    def __init__(self, geometry: Geometry, dual: PatchProducts | None = None, block: int = 0):
        super().__init__(geometry, block)
        self.dual = dual
        self.reserve("weights", self.n_rows_of_weights if self.has_ones else 0, geometry.n_filters)
        self.reserve("term", self.n_rows_of_weights, self.n_filters)
        self.reserve("parts", _PARTS, _FEW_NUMBERS)
        if dual is not None:
            self.size = max(self.size, math.prod(dual.geometry.weight_shape) + dual.size)

    def convolve(self, xp, x, W, b, y, work):
        bias = None if self.has_ones else self.bias_of_row(xp, b, work)
        weights = self._with_bias(xp, W, b, work) if self.has_ones else W
        for block in self.split(len(x)):
            out, patches = y[block], self.gather(xp, x, block, work)
            for group in range(self.geometry.groups):
                sums = self.channels(out, group, work)
                xp.matmul(patches[group], self.weights(weights, group), out=sums)
                self.store(xp, sums, out, group)
            if bias is not None:
                xp.add(out, bias, out=out)

    def convolve_input_gradient(self, xp, dy, W, dx, work):
        if self.dual is None or self._prefers_scattering(len(dy)):
            self._scatter_products(xp, dy, W, dx, work)
        else:
            exchanged = work[: W.size].reshape(self.dual.geometry.weight_shape)
            self._exchange(xp, W, exchanged)
            self.dual.convolve(xp, dy, exchanged, None, dx, work[W.size :])

    def convolve_weight_gradient(self, xp, x, dy, dW, db, work):
        total = self.part("weights", work) if self.has_ones else rows_of(dW)
        for i, block in enumerate(self.split(len(x))):
            out, patches = dy[block], self.gather(xp, x, block, work)
            for group in range(self.geometry.groups):
                gradient = self.channels(out, group, work)
                self.load(xp, out, group, gradient)
                if i == 0:
                    self._sum_positions(xp, patches[group], gradient, self.weights(total, group), work)
                else:
                    term = self.part("term", work)
                    self._sum_positions(xp, patches[group], gradient, term, work)
                    xp.add(self.weights(total, group), term, out=self.weights(total, group))
        if not self.has_ones:
            self.sum_bias(xp, dy, db, work)
            return
        xp.copyto(rows_of(dW), total[:-1])
        if db is not None:
            xp.copyto(db, total[-1])

    def _with_bias(self, xp: ModuleType, W: Array, b: Array | None, work: Array) -> Array:
        """Return a copy of the weights, as a matrix, with the biases below."""
        weights = self.part("weights", work)
        xp.copyto(weights[:-1], rows_of(W))
        weights[-1] = 0 if b is None else b
        return weights

    def _sum_positions(self, xp: ModuleType, patches: Array, gradient: Array, total: Array, work: Array) -> None:
        """Write the product of the transposed patches and the gradient into ``total``.

        NumPy holds the GIL for products of few numbers, however long their sums are, but not for a stack of products.
        """
        if total.size >= _FEW_NUMBERS:
            xp.matmul(patches.T, gradient, out=total)
            return
        n_positions, n_parts = len(patches), next(n for n in range(_PARTS, 0, -1) if len(patches) % n == 0)
        stack = patches.T.reshape(-1, n_parts, n_positions // n_parts).transpose(1, 0, 2)
        parts = self.part("parts", work, n_parts, *total.shape)
        xp.matmul(stack, gradient.reshape(n_parts, n_positions // n_parts, -1), out=parts)
        xp.sum(parts, axis=0, out=total)

    def _prefers_scattering(self, n: int) -> bool:
        """Return whether adding patches takes less time than the dual convolution.

        Per tap, adding a number of a patch takes five times as long as copying one, exchanging a weight twenty times.
        """
        channels, positions = self.geometry.weight_shape[2], n * math.prod(self.geometry.out_shape[:2])
        return channels * positions < self.n_filters * (4 * channels + positions / 5)

    def _scatter_products(self, xp: ModuleType, dy: Array, W: Array, dx: Array, work: Array) -> None:
        """Write the gradient of the input as the sum of the gradients of the patches."""
        for block in self.split(len(dx)):
            patches = self.empty(block, work)
            for group in range(self.geometry.groups):
                gradient = self.channels(dy[block], group, work)
                self.load(xp, dy[block], group, gradient)
                xp.matmul(gradient, self.weights(W, group).T, out=patches[group])
            self.scatter(xp, patches, dx, block, work)

    def _exchange(self, xp: ModuleType, W: Array, exchanged: Array) -> None:
        """Write the weights of the dual: flipped, with input channels and filters of a group exchanged."""
        rows, columns, channels, _ = W.shape
        by_group = W[::-1, ::-1].reshape(rows, columns, channels, self.geometry.groups, -1)
        out = exchanged.reshape(rows, columns, -1, self.geometry.groups, channels)
        xp.copyto(out, by_group.transpose(0, 1, 4, 3, 2))
