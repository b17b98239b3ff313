"""Activations that pass large positive inputs on: identity, rectifiers, their smooth relatives, maxout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy

from ..backend import Array, erf
from ..hyperparameters import integer, real
from ..initializers import LecunNormal, SklearnDraw
from ..kernels import in_place, typed
from ..layers import Dense, MaxoutLayer, PReLULayer
from .base import ACTIVATIONS, Activation, ElementwiseActivation, logistic_of, softplus_of


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

    def forward(self, xp, z, y, zeros):
        zeros.fill(0)
        xp.maximum(z, zeros, out=y)  # a sixth of the time of a maximum with a scalar

    def backward(self, xp, z, y, dy, dz, slope):
        # y > 0 as an integer, 0 or 1, is the sign of y's bits; a boolean would be cast to a number, in three times the
        # time of both lines: a tenth of a small net's step
        integer = f"i{y.itemsize}"
        slope = xp.sign(y.view(integer), out=slope.view(integer))
        xp.multiply(dy.view(integer), slope, out=dz.view(integer))

    def fused_forward(self, kernels, z, y, zeros):
        in_place(z, y)
        kernels.relu(y.reshape(-1), *typed(y, 0, 1))

    def fused_backward(self, kernels, z, y, dy, dz, slope):
        in_place(dy, dz)
        kernels.relu_backward(y.reshape(-1), dz.reshape(-1), *typed(y, 0))


@ACTIVATIONS.register("leaky_relu")
@dataclass(frozen=True)
class LeakyReLU(ElementwiseActivation):
    """Leaky rectified linear unit, max(slope x, x) [Maas et al., 2013].

    Parameters
    ----------
    slope : float in [0, 1), default=0.1
        The slope below zero.
    """

    slope: float = real(0.1, low=0, high=1, include_high=False)
    work = (None,)

    def forward(self, xp, z, y, work):
        xp.multiply(z, self.slope, out=work)
        xp.maximum(z, work, out=y)

    def backward(self, xp, z, y, dy, dz, work):
        # slope, and 1 - slope more where the output is positive
        xp.greater(y, 0, out=work)
        xp.multiply(work, 1 - self.slope, out=work)
        xp.add(work, self.slope, out=work)
        xp.multiply(dy, work, out=dz)


@ACTIVATIONS.register("prelu")
@dataclass(frozen=True)
class PReLU(Activation):
    """Parametric rectified linear unit, max(x, 0) + a min(x, 0), with a learned slope a for each unit.

    The slopes have no L2 penalty, which would draw them to zero [He et al., 2015, arXiv:1502.01852].

    Parameters
    ----------
    init : float, default=0.25
        Every slope's starting value.
    """

    init: float = real(0.25)

    def layers(self, units, init):
        return [Dense(units, init), PReLULayer(self.init)]


class _ExponentialBelowZero(ElementwiseActivation):
    """What ELU and SELU share, scale (x if x >= 0 else alpha (exp(x) - 1)).

    exp(x) - 1 loses digits near zero that float32 does not miss; expm1 takes ten times as long.
    """

    work = (None, None)
    _alpha: ClassVar[float]
    _scale: ClassVar[float] = 1.0

    def forward(self, xp, z, y, zeros, above):
        zeros.fill(0)
        xp.maximum(z, zeros, out=above)
        xp.minimum(z, zeros, out=y)
        xp.exp(y, out=y)
        xp.subtract(y, 1, out=y)
        if self._alpha != 1:
            xp.multiply(y, self._alpha, out=y)
        xp.add(y, above, out=y)
        if self._scale != 1:
            xp.multiply(y, self._scale, out=y)

    def backward(self, xp, z, y, dy, dz, zeros, step):
        # the slope is scale above zero, y + scale * alpha below
        low = self._scale * self._alpha
        if self._scale != low:
            xp.greater(y, 0, out=step)
            xp.multiply(step, self._scale - low, out=step)
        zeros.fill(0)
        xp.minimum(y, zeros, out=y)
        xp.add(y, low, out=y)
        if self._scale != low:
            xp.add(y, step, out=y)
        xp.multiply(dy, y, out=dz)

    def fused_forward(self, kernels, z, y, exp, _):
        kernels.xp.exp(z, out=exp)
        in_place(z, y)
        kernels.elu(y.reshape(-1), exp.reshape(-1), *typed(y, 1, self._alpha, self._scale))

    def fused_backward(self, kernels, z, y, dy, dz, *_):
        low = self._scale * self._alpha
        in_place(dy, dz)
        kernels.elu_backward(y.reshape(-1), dz.reshape(-1), *typed(y, low, self._scale - low))


@ACTIVATIONS.register("elu")
@dataclass(frozen=True)
class ELU(_ExponentialBelowZero):
    """Exponential linear unit, x if x >= 0 else alpha (exp(x) - 1) [Clevert et al., 2016, arXiv:1511.07289].

    Parameters
    ----------
    alpha : float in [0, inf), default=1.0
        Minus the limit at minus infinity.
    """

    alpha: float = real(1.0, low=0)

    @property
    def _alpha(self):
        return self.alpha


@ACTIVATIONS.register("selu")
@dataclass(frozen=True)
class SELU(_ExponentialBelowZero):
    """Scaled exponential linear unit, lambda (x if x >= 0 else alpha (exp(x) - 1)).

    lambda = 1.0507009873554805 and alpha = 1.6732632423543772 keep mean 0 and variance 1 from layer to layer,
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
    _DENSITY = 1 / math.sqrt(2 * math.pi)
    # 1 - Phi(a) = exp(-a^2 / 2) P(a) / Q(a) for a >= 0, as benchmarks/normal_tail.py fits it: its error is 3e-10, that
    # of float32's roundings 1e-7, and SciPy's erf takes seven times as long
    _P = (4.99999999e-01, 3.03737986e-01, 8.92117729e-02, 1.04753902e-02)
    _Q = (1.0, 1.40536036e00, 7.99741355e-01, 2.22319976e-01, 2.63249628e-02)
    _LIMIT = 20.0  # from here on exp(-a^2 / 2) is 0 in float32, and the polynomials would overflow later

    def forward(self, xp, z, y, phi, bell, divisor):
        xp.multiply(z, z, out=bell)
        xp.multiply(bell, -0.5, out=bell)
        xp.exp(bell, out=bell)
        if z.dtype == numpy.float32:
            xp.abs(z, out=y)
            divisor.fill(self._LIMIT)
            xp.minimum(y, divisor, out=y)
            _polynomial(xp, self._P, y, phi)
            _polynomial(xp, self._Q, y, divisor)
            xp.divide(phi, divisor, out=phi)
            xp.multiply(phi, bell, out=phi)
            xp.subtract(0.5, phi, out=phi)
            xp.copysign(phi, z, out=phi)
        else:
            xp.multiply(z, math.sqrt(0.5), out=phi)
            erf(xp, phi, out=phi)
            xp.multiply(phi, 0.5, out=phi)
        xp.add(phi, 0.5, out=phi)
        xp.multiply(z, phi, out=y)

    def backward(self, xp, z, y, dy, dz, phi, bell, _):
        # phi, which is Phi(z), and bell, exp(-z^2 / 2), are forward's
        xp.multiply(bell, self._DENSITY, out=y)
        xp.multiply(y, z, out=y)
        xp.add(y, phi, out=y)
        xp.multiply(dy, y, out=dz)

    def fused_forward(self, kernels, z, y, phi, bell, divisor):
        if z.dtype != numpy.float32:
            self.forward(kernels.xp, z, y, phi, bell, divisor)
            return
        kernels.xp.multiply(z, z, out=bell)
        kernels.xp.multiply(bell, -0.5, out=bell)
        kernels.xp.exp(bell, out=bell)
        arrays = (array.reshape(-1) for array in (z, bell, y, phi))
        kernels.gelu(*arrays, *typed(z, self._LIMIT, 0.5, *self._P, *self._Q))

    def fused_backward(self, kernels, z, y, dy, dz, phi, bell, _):
        in_place(dy, dz)
        arrays = (array.reshape(-1) for array in (z, bell, phi, dz))
        kernels.gelu_backward(*arrays, *typed(z, self._DENSITY))


def _polynomial(xp: ModuleType, coefficients: tuple[float, ...], x: Array, y: Array) -> None:
    """Write the sum of c_i x^i into y, by Horner's rule."""
    y.fill(coefficients[-1])
    for c in coefficients[-2::-1]:
        xp.multiply(y, x, out=y)
        xp.add(y, c, out=y)


@ACTIVATIONS.register("silu", "swish")
@dataclass(frozen=True)
class SiLU(ElementwiseActivation):
    """Sigmoid linear unit (swish), x / (1 + exp(-x)) [Ramachandran et al., 2017, arXiv:1710.05941]."""

    work = (None,)

    def forward(self, xp, z, y, sigma):
        logistic_of(xp, z, sigma)
        xp.multiply(z, sigma, out=y)

    def backward(self, xp, z, y, dy, dz, sigma):
        # sigma + y (1 - sigma), sigma as forward left it
        xp.multiply(dy, y, out=y)
        xp.multiply(dy, sigma, out=dz)
        xp.subtract(1, sigma, out=sigma)
        xp.multiply(y, sigma, out=y)
        xp.add(dz, y, out=dz)

    def fused_forward(self, kernels, z, y, sigma):
        kernels.xp.negative(z, out=sigma)
        kernels.xp.exp(sigma, out=sigma)
        kernels.silu(z.reshape(-1), sigma.reshape(-1), y.reshape(-1), *typed(z, 1))

    def fused_backward(self, kernels, z, y, dy, dz, sigma):
        in_place(dy, dz)
        kernels.silu_backward(y.reshape(-1), sigma.reshape(-1), dz.reshape(-1), *typed(y, 1))


@ACTIVATIONS.register("mish")
@dataclass(frozen=True)
class Mish(ElementwiseActivation):
    """Mish, x tanh(log(1 + exp(x))) [Misra, 2019, arXiv:1908.08681].

    With e = exp(x), tanh(log(1 + e)) = n / (n + 2) where n = e (e + 2).
    """

    keeps = frozenset({"x"})
    work = (None, None)
    _FLAT = 20.0  # from here on tanh(softplus(x)) is 1 in float64 too, and exp(2 x) would overflow float32 later

    def forward(self, xp, z, y, e, n):
        self._exponentials(xp, z, e, n)
        xp.add(n, 2, out=e)
        xp.divide(n, e, out=n)
        xp.multiply(z, n, out=y)

    def backward(self, xp, z, y, dy, dz, e, n):
        # n / (n + 2) + x 4 e (e + 1) / (n + 2)^2
        self._exponentials(xp, z, e, n)
        xp.add(e, 1, out=y)
        xp.multiply(y, e, out=y)
        xp.add(n, 2, out=e)
        xp.divide(y, e, out=y)
        xp.divide(y, e, out=y)
        xp.multiply(y, 4, out=y)
        xp.divide(n, e, out=n)
        e.fill(self._FLAT)
        xp.minimum(z, e, out=e)  # beyond, the product with x would no longer vanish
        xp.multiply(y, e, out=y)
        xp.add(y, n, out=y)
        xp.multiply(dy, y, out=dz)

    def fused_forward(self, kernels, z, y, exp, slope):
        kernels.xp.exp(z, out=exp)
        numbers = *typed(z, self._FLAT), numpy.exp(z.dtype.type(self._FLAT)), *typed(z, 1, 2, 4)
        kernels.mish(*(array.reshape(-1) for array in (z, exp, y, slope)), *numbers)

    def fused_backward(self, kernels, z, y, dy, dz, exp, slope):
        kernels.xp.multiply(dy, slope, out=dz)

    def _exponentials(self, xp, z, e, n):
        """Write exp(z), capped, into e, and e (e + 2) into n."""
        e.fill(self._FLAT)
        xp.minimum(z, e, out=e)
        xp.exp(e, out=e)
        xp.add(e, 2, out=n)
        xp.multiply(n, e, out=n)


@ACTIVATIONS.register("softplus")
@dataclass(frozen=True)
class Softplus(ElementwiseActivation):
    """Softplus, log(1 + exp(x)) [Dugas et al., 2001]."""

    work = (None,)

    def forward(self, xp, z, y, work):
        softplus_of(xp, z, y, work)

    def backward(self, xp, z, y, dy, dz, work):
        # the slope, the logistic function, is 1 - exp(-y)
        xp.negative(y, out=y)
        xp.exp(y, out=y)
        xp.subtract(1, y, out=y)
        xp.multiply(dy, y, out=dz)


@ACTIVATIONS.register("maxout")
@dataclass(frozen=True)
class Maxout(Activation):
    """Maximum over affine pieces, max_j (x . w_j + b_j), each with weights of its own.

    Two pieces hold ReLU (second piece zero) and leaky ReLU (second piece a fraction of the first) as special
    cases [Goodfellow et al., 2013, arXiv:1302.4389].

    Parameters
    ----------
    pieces : int in [1, inf), default=2
        Affine pieces a unit; the layer has this many times the weights.
    """

    pieces: int = integer(2, low=1)

    def layers(self, units, init):
        return [MaxoutLayer(units, self.pieces, init)]
