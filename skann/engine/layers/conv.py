"""Convolutional layers over images."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..functions.convolution import convolve, convolve_input_gradient, convolve_weight_gradient, work_size
from ..functions.geometry import (
    Geometry,
    PaddingSpec,
    Pair,
    check_count,
    check_padding,
    check_pair,
    padding_for,
    pair,
)
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
    pieces: int | None = None
    keeps = frozenset({"x"})
    positionwise = False
    prefers_loops = True
    y_is_scratch = False

    def __post_init__(self):
        for name in ("filters", "groups"):
            check_count(name, getattr(self, name))
        for name in ("kernel_size", "stride", "dilation"):
            check_pair(name, getattr(self, name))
        check_padding(self.padding)

    def with_pieces(self, pieces):
        return replace(self, pieces=pieces)

    def geometry(self, in_shape: Shape) -> Geometry:
        """Return the shapes for images of shape (height, width, channels).

        Raises
        ------
        ValueError
            If the shape is not of three axes, if the window exceeds the padded image, or if the groups do not divide
            the channels and the filters.
        """
        n_outputs = self.filters * (self.pieces or 1)
        if len(in_shape) != 3:
            raise ValueError(f"{self!r} takes images of shape (height, width, channels). Got the shape {in_shape}.")
        if in_shape[2] % self.groups or n_outputs % self.groups:
            raise ValueError(
                f"groups={self.groups} must divide the {in_shape[2]} channels of the input and the {n_outputs} of the "
                "output."
            )
        kernel, stride, dilation = pair(self.kernel_size), pair(self.stride), pair(self.dilation)
        open_geometry = Geometry(in_shape, n_outputs, kernel, stride, dilation=dilation, groups=self.groups)
        span = open_geometry.span
        geometry = replace(open_geometry, padding=padding_for(self.padding, in_shape[:2], span, stride))
        if min(geometry.out_shape) < 1:
            raise ValueError(
                f"A window of {span[0]} x {span[1]} exceeds an image of {geometry.padded[0]} x {geometry.padded[1]}, "
                'padding included. Use a smaller kernel_size or dilation, or padding="same".'
            )
        return geometry

    def declare(self, in_shape):
        geometry = self.geometry(in_shape)
        taps = math.prod(geometry.kernel)
        fans = geometry.n_terms, taps * geometry.n_filters
        return Declaration(
            shape=geometry.out_shape,
            parameters={
                "W": ParameterSpec(geometry.weight_shape, self.init, fans, role="weight"),
                "b": ParameterSpec((geometry.n_filters,), self.init, fans, bias=True, decays=False, role="bias"),
            },
            temporary=work_size(geometry),
        )

    def forward(self, bound, x, y):
        W, b = bound.params["W"], bound.params["b"]
        convolve(bound.xp, self.geometry(x.shape[1:]), x, W, b, y, bound.temporary)

    def backward(self, bound, x, y, dy, dx):
        geometry = self.geometry(x.shape[1:])
        if bound.grads:
            dW, db = bound.grads["W"], bound.grads["b"]
            convolve_weight_gradient(bound.xp, geometry, x, dy, dW, db, bound.temporary)
        if dx is not None:
            convolve_input_gradient(bound.xp, geometry, dy, bound.params["W"], dx, bound.temporary)
