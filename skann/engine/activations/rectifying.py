"""Activations without an upper bound: identity, rectifiers and their smooth variants, maxout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..functions.pointwise import (
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    mish,
    mish_backward,
    relu,
    relu_backward,
    silu,
    silu_backward,
    write_softplus,
)
from ..hyperparameters import integer, real
from ..initializers import LecunNormal, SklearnDraw
from ..layers import MaxoutLayer, PReLULayer
from .base import ACTIVATIONS, Activation, ElementwiseActivation

__all__ = ["ELU", "GELU", "SELU", "Identity", "LeakyReLU", "Maxout", "Mish", "PReLU", "ReLU", "SiLU", "Softplus"]


@ACTIVATIONS.register("identity")
@dataclass(frozen=True)
class Identity(ElementwiseActivation):
    """Identity, x."""

    keeps = frozenset()
    weight_init = output_init = SklearnDraw()

    def forward(self, xp, z, y):
        if y is not z:
            xp.copyto(y, z)

    def backward(self, xp, z, y, dy, dz):
        if dz is not dy:
            xp.copyto(dz, dy)


@ACTIVATIONS.register("relu")
@dataclass(frozen=True)
class ReLU(ElementwiseActivation):
    """Rectified linear unit, max(x, 0) [Nair & Hinton, 2010]."""

    work = (None,)
    weight_init = output_init = SklearnDraw()

    def forward(self, xp, z, y, work):
        relu(xp, z, y, work)

    def backward(self, xp, z, y, dy, dz, work):
        relu_backward(xp, y, dy, dz, work)


@ACTIVATIONS.register("leaky_relu")
@dataclass(frozen=True)
class LeakyReLU(ElementwiseActivation):
    """Leaky rectified linear unit, max(slope x, x) [Maas et al., 2013].

    Parameters
    ----------
    slope : float in [0, 1), default=0.1
        Slope below zero.
    """

    slope: float = real(0.1, low=0, high=1, include_high=False)
    work = (None,)

    def forward(self, xp, z, y, work):
        xp.multiply(z, self.slope, out=work)
        xp.maximum(z, work, out=y)

    def backward(self, xp, z, y, dy, dz, work):
        # the derivative is slope + (1 - slope) where the output is positive
        xp.greater(y, 0, out=work)
        xp.multiply(work, 1 - self.slope, out=work)
        xp.add(work, self.slope, out=work)
        xp.multiply(dy, work, out=dz)


@ACTIVATIONS.register("prelu")
@dataclass(frozen=True)
class PReLU(Activation):
    """Parametric rectified linear unit, max(x, 0) + a min(x, 0), with a learned slope a per unit.

    The slopes have no L2 penalty, which would draw them to zero [He et al., 2015, arXiv:1502.01852].

    Parameters
    ----------
    init : float, default=0.25
        Initial value of the slopes.
    """

    init: float = real(0.25)

    def after(self, linear, *between):
        return [linear, *between, PReLULayer(self.init)]


class _ExponentialBelowZero(ElementwiseActivation):
    """Base class of ELU and SELU, scale (x if x >= 0 else alpha (exp(x) - 1))."""

    work = (None, None)
    _alpha: ClassVar[float]
    _scale: ClassVar[float] = 1.0

    def forward(self, xp, z, y, *work):
        elu(xp, z, y, self._alpha, self._scale, *work)

    def backward(self, xp, z, y, dy, dz, *work):
        elu_backward(xp, y, dy, dz, self._alpha, self._scale, *work)


@ACTIVATIONS.register("elu")
@dataclass(frozen=True)
class ELU(_ExponentialBelowZero):
    """Exponential linear unit, x if x >= 0 else alpha (exp(x) - 1) [Clevert et al., 2016, arXiv:1511.07289].

    Parameters
    ----------
    alpha : float in [0, inf), default=1.0
        Negative of the limit at minus infinity.
    """

    alpha: float = real(1.0, low=0)

    @property
    def _alpha(self):
        return self.alpha


@ACTIVATIONS.register("selu")
@dataclass(frozen=True)
class SELU(_ExponentialBelowZero):
    """Scaled exponential linear unit, lambda (x if x >= 0 else alpha (exp(x) - 1)).

    lambda = 1.0507009873554805 and alpha = 1.6732632423543772 preserve mean 0 and variance 1 from layer to layer
    with weights from N(0, 1 / fan_in) [Klambauer et al., 2017, arXiv:1706.02515].
    """

    weight_init = LecunNormal()
    _scale = 1.0507009873554805
    _alpha = 1.6732632423543772


@ACTIVATIONS.register("gelu")
@dataclass(frozen=True)
class GELU(ElementwiseActivation):
    """Gaussian error linear unit, x Phi(x), Phi the normal CDF [Hendrycks & Gimpel, 2016, arXiv:1606.08415]."""

    keeps = frozenset({"x"})
    work = (None, None, None)

    def forward(self, xp, z, y, phi, bell, divisor):
        gelu(xp, z, y, phi, bell, divisor)

    def backward(self, xp, z, y, dy, dz, phi, bell, divisor):
        gelu_backward(xp, z, y, dy, dz, phi, bell)


@ACTIVATIONS.register("silu", "swish")
@dataclass(frozen=True)
class SiLU(ElementwiseActivation):
    """Sigmoid linear unit (swish), x / (1 + exp(-x)) [Ramachandran et al., 2017, arXiv:1710.05941]."""

    work = (None,)

    def forward(self, xp, z, y, sigma):
        silu(xp, z, y, sigma)

    def backward(self, xp, z, y, dy, dz, sigma):
        silu_backward(xp, y, dy, dz, sigma)


@ACTIVATIONS.register("mish")
@dataclass(frozen=True)
class Mish(ElementwiseActivation):
    """Mish, x tanh(log(1 + exp(x))) [Misra, 2019, arXiv:1908.08681]."""

    keeps = frozenset({"x"})
    work = (None, None)

    def forward(self, xp, z, y, *work):
        mish(xp, z, y, *work)

    def backward(self, xp, z, y, dy, dz, *work):
        mish_backward(xp, z, y, dy, dz, *work)


@ACTIVATIONS.register("softplus")
@dataclass(frozen=True)
class Softplus(ElementwiseActivation):
    """Softplus, log(1 + exp(x)) [Dugas et al., 2001]."""

    work = (None,)

    def forward(self, xp, z, y, work):
        write_softplus(xp, z, y, work)

    def backward(self, xp, z, y, dy, dz, work):
        # the derivative, the logistic function, is 1 - exp(-y)
        xp.negative(y, out=y)
        xp.exp(y, out=y)
        xp.subtract(1, y, out=y)
        xp.multiply(dy, y, out=dz)


@ACTIVATIONS.register("maxout")
@dataclass(frozen=True)
class Maxout(Activation):
    """Maximum over affine pieces, max_j (x w_j + b_j), each with its own weights.

    With two pieces, ReLU (second piece zero) and leaky ReLU (second piece a fraction of the first) are special
    cases [Goodfellow et al., 2013, arXiv:1302.4389].

    Parameters
    ----------
    pieces : int in [1, inf), default=2
        Number of affine pieces per unit, by which the number of weights is multiplied.
    """

    pieces: int = integer(2, low=1)

    def after(self, linear, *between):
        return [linear.with_pieces(self.pieces), MaxoutLayer(self.pieces), *between]
