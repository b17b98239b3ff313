"""Convolutional layers over images."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ..functions.convolution import convolve, convolve_input_gradient, convolve_weight_gradient, work_size
from ..functions.geometry import Geometry, build_geometry
from ..functions.pairs import PaddingSpec, Pair, check_count, check_padding, check_pair, padding_pair, pair
from ..initializers import Initializer
from ..parameters import ParameterSpec
from .base import Declaration, Linear, Shape


@dataclass(frozen=True)
class Conv2D(Linear):
    """``y[i, j, f] = b[f] + sum_{u, v, c} x[i s + u d - p, j s + v d - p, c] W[u, v, c, f]`` for images.

    Images are of shape (height, width, channels), W of shape (*kernel_size, channels / groups, filters), b of shape
    (filters,). With stride s, dilation d and padding p, an output has floor((size + 2 p - d (kernel - 1) - 1) / s) + 1
    rows and columns. A signal is an image of one row, with kernel_size=(1, k).

    Parameters
    ----------
    filters : int
        Number of output channels.
    init : Initializer
    kernel_size : int or (int, int), default=3
        Rows and columns of the kernel.
    stride : int or (int, int), default=1
    padding : {"same", "valid"}, int or (int, int), default="same"
        Zeros around the image: "same" gives ceil(size / stride) outputs, with an odd zero after the image; "valid" adds
        none; numbers are those on each side.
    dilation : int or (int, int), default=1
        Distance between the taps of the kernel.
    groups : int, default=1
        Number of groups of channels that do not mix; as many as there are input channels make the convolution
        depthwise.
    bias : bool, default=True
        Whether to add b, which a following normalization over each channel takes away again.
    pieces : int, default=None
        Number of affine pieces per filter. The output then has pieces * filters channels.
    """

    filters: int
    init: Initializer
    kernel_size: int | Pair = 3
    stride: int | Pair = 1
    padding: PaddingSpec = "same"
    dilation: int | Pair = 1
    groups: int = 1
    bias: bool = True
    pieces: int | None = None
    keeps = frozenset({"x"})
    positionwise = False
    convolves = True
    y_is_scratch = False

    def __post_init__(self):
        for name in ("filters", "groups"):
            check_count(name, getattr(self, name))
        for name in ("kernel_size", "stride", "dilation"):
            check_pair(name, getattr(self, name))
        check_padding("padding", self.padding)

    def with_pieces(self, pieces):
        return replace(self, pieces=pieces)

    def geometry(self, in_shape: Shape) -> Geometry:
        """Return the shapes for images of shape (height, width, channels)."""
        n_outputs = self.filters * (self.pieces or 1)
        sizes = pair(self.kernel_size), pair(self.stride), padding_pair(self.padding), pair(self.dilation)
        return build_geometry(in_shape, n_outputs, *sizes, self.groups)

    def declare(self, in_shape):
        geometry = self.geometry(in_shape)
        fans = geometry.n_terms, math.prod(geometry.kernel) * geometry.n_filters // self.groups
        return Declaration(
            shape=geometry.out_shape,
            parameters=kernel_parameters(self, geometry.weight_shape, geometry.n_filters, fans),
            temporary=work_size(geometry),
        )

    def forward(self, bound, x, y):
        W, b = bound.params["W"], bound.params.get("b")
        convolve(bound.xp, self.geometry(x.shape[1:]), x, W, b, y, bound.temporary)

    def backward(self, bound, x, y, dy, dx):
        geometry = self.geometry(x.shape[1:])
        if bound.grads:
            dW, db = bound.grads["W"], bound.grads.get("b")
            convolve_weight_gradient(bound.xp, geometry, x, dy, dW, db, bound.temporary)
        if dx is not None:
            convolve_input_gradient(bound.xp, geometry, dy, bound.params["W"], dx, bound.temporary)


def kernel_parameters(
    layer: Any, weight_shape: Shape, n_outputs: int, fans: tuple[int, int]
) -> dict[str, ParameterSpec]:
    """Return the weights and, unless ``layer.bias`` is False, the biases of a convolutional layer."""
    parameters = {"W": ParameterSpec(weight_shape, layer.init, fans, role="weight")}
    if layer.bias:
        parameters["b"] = ParameterSpec((n_outputs,), layer.init, fans, bias=True, decays=False, role="bias")
    return parameters
