"""The transposed convolution over images."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..functions.algebra import add_bias, sum_rows
from ..functions.blocks import rows_of
from ..functions.convolution import convolve, convolve_input_gradient, convolve_weight_gradient, work_size
from ..functions.geometry import Geometry, build_geometry
from ..functions.pairs import PaddingSpec, Pair, check_count, check_padding, check_pair, padding_pair, pair
from ..initializers import Initializer
from .base import Declaration, Linear, Shape
from .conv import kernel_parameters


@dataclass(frozen=True)
class ConvTranspose2D(Linear):
    """``y[i s + u - p, j s + v - p, f] += x[i, j, c] W[u, v, f, c]`` for images, from y = b: a learned upsampling.

    It is the gradient of a convolution with respect to its input, with the roles of x and y exchanged. Images are of
    shape (height, width, channels), W of shape (*kernel_size, filters, channels), b of shape (filters,). With stride s
    and padding p, an output has (size - 1) s + kernel - 2 p rows and columns. Also called fractionally strided
    convolution [Dumoulin & Visin, 2016, arXiv:1603.07285, section 4].

    Parameters
    ----------
    filters : int
        Number of output channels.
    init : Initializer
    kernel_size : int or (int, int), default=3
        Rows and columns of the kernel.
    stride : int or (int, int), default=1
        Number of output positions per input position.
    padding : {"same", "valid"}, int or (int, int), default="same"
        Output positions left out at each side: "same" gives size * stride of them, "valid" leaves out none.
    bias : bool, default=True
        Whether to add b.
    pieces : int, default=None
        Number of affine pieces per filter. The output then has pieces * filters channels.
    """

    filters: int
    init: Initializer
    kernel_size: int | Pair = 3
    stride: int | Pair = 1
    padding: PaddingSpec = "same"
    bias: bool = True
    pieces: int | None = None
    keeps = frozenset({"x"})
    positionwise = False
    convolves = True
    y_is_scratch = False

    def __post_init__(self):
        check_count("filters", self.filters)
        check_pair("kernel_size", self.kernel_size)
        check_pair("stride", self.stride)
        check_padding("padding", self.padding)

    def with_pieces(self, pieces):
        return replace(self, pieces=pieces)

    def geometry(self, in_shape: Shape) -> Geometry:
        """Return the shapes of the convolution that turns an output into an input.

        Raises
        ------
        ValueError
            If the shape is not of three axes, or if no output position is left.
        """
        if len(in_shape) != 3:
            raise ValueError(f"{self!r} takes images of shape (height, width, channels). Got the shape {in_shape}.")
        kernel_size, stride = pair(self.kernel_size), pair(self.stride)
        sizes = map(self._out_size, (0, 1), in_shape[:2], kernel_size, stride)
        out_shape = *sizes, self.filters * (self.pieces or 1)
        return build_geometry(out_shape, in_shape[2], kernel_size, stride, padding_pair(self.padding))

    def declare(self, in_shape):
        geometry = self.geometry(in_shape)
        taps = math.prod(geometry.kernel)
        # an output position reads only every stride-th tap of the kernel
        fans = max(1, taps * in_shape[2] // math.prod(geometry.stride)), geometry.n_terms
        return Declaration(
            shape=geometry.in_shape,
            parameters=kernel_parameters(self, geometry.weight_shape, geometry.in_shape[2], fans),
            temporary=work_size(geometry),
        )

    def forward(self, bound, x, y):
        convolve_input_gradient(bound.xp, self.geometry(x.shape[1:]), x, bound.params["W"], y, bound.temporary)
        if self.bias:
            add_bias(bound.xp, rows_of(y), bound.params["b"])

    def backward(self, bound, x, y, dy, dx):
        geometry, xp, work = self.geometry(x.shape[1:]), bound.xp, bound.temporary
        if bound.grads:
            convolve_weight_gradient(xp, geometry, dy, x, bound.grads["W"], None, work)
            if self.bias:
                sum_rows(xp, rows_of(dy), bound.grads["b"], work)
        if dx is not None:
            convolve(xp, geometry, dy, bound.params["W"], None, dx, work)

    def _out_size(self, axis: int, size: int, kernel: int, stride: int) -> int:
        if self.padding == "same":
            return size * stride
        left_out = 0 if self.padding == "valid" else 2 * pair(self.padding)[axis]
        n_outputs = (size - 1) * stride + kernel - left_out
        if n_outputs < 1:
            raise ValueError(
                f"padding={self.padding!r} leaves no output of {size} positions with a kernel of {kernel} and a stride "
                f'of {stride}. Use less padding, or padding="same".'
            )
        return n_outputs
