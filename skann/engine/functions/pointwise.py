"""Elementwise functions and their backward passes, as array functions and as kernels.

They write into the given arrays: z is the input and y the output of a function, dy and dz are the gradients with
respect to y and z. If z is not kept, y may be z; dz may always be dy.
"""

from __future__ import annotations

import math
from types import ModuleType

import numpy
import scipy.special

from ..arrays.backend import Array
from ..kernels import copy_unless_same, typed
from .operations import operation


@operation
def relu(xp, z, y, work):
    """Write max(z, 0); work is scratch."""
    work.fill(0)
    xp.maximum(z, work, out=y)  # a maximum with a scalar takes six times as long


@relu.with_kernels
def _(kernels, z, y, work):
    copy_unless_same(z, y)
    kernels.relu(y.reshape(-1), *typed(y, 0, 1))


@operation
def relu_backward(xp, y, dy, dz, work):
    """Write dy where y is positive, and 0 elsewhere; work is scratch."""
    # y > 0 as an integer, 0 or 1, is the sign of y's bits. Casting a boolean takes three times as long as both lines,
    # a tenth of a step of a small network.
    integer = f"i{y.itemsize}"
    slope = xp.sign(y.view(integer), out=work.view(integer))
    xp.multiply(dy.view(integer), slope, out=dz.view(integer))


@relu_backward.with_kernels
def _(kernels, y, dy, dz, work):
    copy_unless_same(dy, dz)
    kernels.relu_backward(y.reshape(-1), dz.reshape(-1), *typed(y, 0))


@operation
def tanh_backward(xp, y, dy, dz):
    """Write dy (1 - y^2); y is overwritten."""
    xp.multiply(y, y, out=y)
    xp.subtract(1, y, out=y)
    xp.multiply(dy, y, out=dz)


@tanh_backward.with_kernels
def _(kernels, y, dy, dz):
    copy_unless_same(dy, dz)
    kernels.tanh_backward(y.reshape(-1), dz.reshape(-1), *typed(y, 1))


def write_logistic(xp: ModuleType, z: Array, y: Array) -> None:
    """Write 1 / (1 + exp(-z)), in half the time of scipy.special.expit; an overflow of exp gives the limit 0."""
    xp.negative(z, out=y)
    xp.exp(y, out=y)
    xp.add(y, 1, out=y)
    xp.reciprocal(y, out=y)


@operation
def logistic(xp, z, y, scale, shift):
    """Write 1 / (1 + exp(-scale (z - shift)))."""
    xp.subtract(z, shift, out=y)
    xp.multiply(y, scale, out=y)
    write_logistic(xp, y, y)


@logistic.with_kernels
def _(kernels, z, y, scale, shift):
    copy_unless_same(z, y)
    flat = y.reshape(-1)
    kernels.logistic_exponent(flat, *typed(y, shift, scale))
    kernels.xp.exp(y, out=y)
    kernels.logistic(flat, *typed(y, 1))


@operation
def logistic_backward(xp, y, dy, dz, scale):
    """Write scale dy y (1 - y); y is overwritten."""
    xp.multiply(dy, y, out=dz)
    xp.subtract(1, y, out=y)
    xp.multiply(dz, y, out=dz)
    if scale != 1:
        xp.multiply(dz, scale, out=dz)


@logistic_backward.with_kernels
def _(kernels, y, dy, dz, scale):
    copy_unless_same(dy, dz)
    kernels.logistic_backward(y.reshape(-1), dz.reshape(-1), *typed(y, 1, scale))


@operation
def elu(xp, z, y, alpha, scale, work, above):
    """Write scale (z if z >= 0 else alpha (exp(z) - 1)); the last two are scratch.

    exp(z) - 1 loses digits near zero, which is acceptable; expm1 takes ten times as long.
    """
    work.fill(0)
    xp.maximum(z, work, out=above)
    xp.minimum(z, work, out=y)
    xp.exp(y, out=y)
    xp.subtract(y, 1, out=y)
    if alpha != 1:
        xp.multiply(y, alpha, out=y)
    xp.add(y, above, out=y)
    if scale != 1:
        xp.multiply(y, scale, out=y)


@elu.with_kernels
def _(kernels, z, y, alpha, scale, work, above):
    kernels.xp.exp(z, out=work)
    copy_unless_same(z, y)
    kernels.elu(y.reshape(-1), work.reshape(-1), *typed(y, 1, alpha, scale))


@operation
def elu_backward(xp, y, dy, dz, alpha, scale, work, step):
    """Write dy times the slope: scale above zero, y + scale alpha below; y is overwritten, the last two are scratch."""
    low = scale * alpha
    if scale != low:
        xp.greater(y, 0, out=step)
        xp.multiply(step, scale - low, out=step)
    work.fill(0)
    xp.minimum(y, work, out=y)
    xp.add(y, low, out=y)
    if scale != low:
        xp.add(y, step, out=y)
    xp.multiply(dy, y, out=dz)


@elu_backward.with_kernels
def _(kernels, y, dy, dz, alpha, scale, work, step):
    low = scale * alpha
    copy_unless_same(dy, dz)
    kernels.elu_backward(y.reshape(-1), dz.reshape(-1), *typed(y, low, scale - low))


_DENSITY = 1 / math.sqrt(2 * math.pi)
# 1 - Phi(a) = exp(-a^2 / 2) P(a) / Q(a) for a >= 0, fitted by benchmarks/normal_tail.py. The error is 3e-10, below the
# rounding errors of float32 of 1e-7; SciPy's erf takes seven times as long.
_P = (4.99999999e-01, 3.03737986e-01, 8.92117729e-02, 1.04753902e-02)
_Q = (1.0, 1.40536036e00, 7.99741355e-01, 2.22319976e-01, 2.63249628e-02)
_VANISHING = 20.0  # from here on exp(-a^2 / 2) is 0 in float32; the polynomials overflow for larger a


@operation
def gelu(xp, z, y, phi, bell, divisor):
    """Write z Phi(z), the normal CDF Phi(z) into phi and exp(-z^2 / 2) into bell; divisor is scratch."""
    xp.multiply(z, z, out=bell)
    xp.multiply(bell, -0.5, out=bell)
    xp.exp(bell, out=bell)
    if z.dtype == numpy.float32:
        xp.abs(z, out=y)
        divisor.fill(_VANISHING)
        xp.minimum(y, divisor, out=y)
        _polynomial(xp, _P, y, phi)
        _polynomial(xp, _Q, y, divisor)
        xp.divide(phi, divisor, out=phi)
        xp.multiply(phi, bell, out=phi)
        xp.subtract(0.5, phi, out=phi)
        xp.copysign(phi, z, out=phi)
    else:
        xp.multiply(z, math.sqrt(0.5), out=phi)
        erf(xp, phi, phi)
        xp.multiply(phi, 0.5, out=phi)
    xp.add(phi, 0.5, out=phi)
    xp.multiply(z, phi, out=y)


@gelu.with_kernels
def _(kernels, z, y, phi, bell, divisor):
    if z.dtype != numpy.float32:
        gelu.forms.reference(kernels.xp, z, y, phi, bell, divisor)
        return
    kernels.xp.multiply(z, z, out=bell)
    kernels.xp.multiply(bell, -0.5, out=bell)
    kernels.xp.exp(bell, out=bell)
    arrays = (array.reshape(-1) for array in (z, bell, y, phi))
    kernels.gelu(*arrays, *typed(z, _VANISHING, 0.5, *_P, *_Q))


@operation
def gelu_backward(xp, z, y, dy, dz, phi, bell):
    """Write dy (Phi(z) + z density(z)), with phi and bell as ``gelu`` left them; y is overwritten."""
    xp.multiply(bell, _DENSITY, out=y)
    xp.multiply(y, z, out=y)
    xp.add(y, phi, out=y)
    xp.multiply(dy, y, out=dz)


@gelu_backward.with_kernels
def _(kernels, z, y, dy, dz, phi, bell):
    copy_unless_same(dy, dz)
    arrays = (array.reshape(-1) for array in (z, bell, phi, dz))
    kernels.gelu_backward(*arrays, *typed(z, _DENSITY))


def _polynomial(xp: ModuleType, coefficients: tuple[float, ...], x: Array, y: Array) -> None:
    """Write sum_i c_i x^i into y, by Horner's rule."""
    y.fill(coefficients[-1])
    for c in coefficients[-2::-1]:
        xp.multiply(y, x, out=y)
        xp.add(y, c, out=y)


@operation
def erf(xp, x, out):
    """Write the error function of x into ``out``."""
    scipy.special.erf(x, out=out)


@erf.on_device
def _(xp, x, out):
    from cupyx.scipy import special  # pyright: ignore[reportMissingImports]

    special.erf(x, out=out)


@operation
def silu(xp, z, y, sigma):
    """Write z / (1 + exp(-z)), and 1 / (1 + exp(-z)) into sigma."""
    write_logistic(xp, z, sigma)
    xp.multiply(z, sigma, out=y)


@silu.with_kernels
def _(kernels, z, y, sigma):
    kernels.xp.negative(z, out=sigma)
    kernels.xp.exp(sigma, out=sigma)
    kernels.silu(z.reshape(-1), sigma.reshape(-1), y.reshape(-1), *typed(z, 1))


@operation
def silu_backward(xp, y, dy, dz, sigma):
    """Write dy (sigma + y (1 - sigma)), with sigma as ``silu`` left it; y and sigma are overwritten."""
    xp.multiply(dy, y, out=y)
    xp.multiply(dy, sigma, out=dz)
    xp.subtract(1, sigma, out=sigma)
    xp.multiply(y, sigma, out=y)
    xp.add(dz, y, out=dz)


@silu_backward.with_kernels
def _(kernels, y, dy, dz, sigma):
    copy_unless_same(dy, dz)
    kernels.silu_backward(y.reshape(-1), sigma.reshape(-1), dz.reshape(-1), *typed(y, 1))


_FLAT = 20.0  # from here on tanh(softplus(z)) is 1 also in float64; exp(2 z) overflows in float32 for larger z


@operation
def mish(xp, z, y, e, n):
    """Write z tanh(log(1 + exp(z))); the last two are scratch, shared with ``mish_backward``.

    With e = exp(z), tanh(log(1 + e)) = n / (n + 2) where n = e (e + 2).
    """
    _mish_exponentials(xp, z, e, n)
    xp.add(n, 2, out=e)
    xp.divide(n, e, out=n)
    xp.multiply(z, n, out=y)


@mish.with_kernels
def _(kernels, z, y, e, slope):
    kernels.xp.exp(z, out=e)
    numbers = *typed(z, _FLAT), numpy.exp(z.dtype.type(_FLAT)), *typed(z, 1, 2, 4)
    kernels.mish(*(array.reshape(-1) for array in (z, e, y, slope)), *numbers)


@operation
def mish_backward(xp, z, y, dy, dz, e, n):
    """Write dy (n / (n + 2) + 4 z e (e + 1) / (n + 2)^2); y is overwritten."""
    _mish_exponentials(xp, z, e, n)
    xp.add(e, 1, out=y)
    xp.multiply(y, e, out=y)
    xp.add(n, 2, out=e)
    xp.divide(y, e, out=y)
    xp.divide(y, e, out=y)
    xp.multiply(y, 4, out=y)
    xp.divide(n, e, out=n)
    e.fill(_FLAT)
    xp.minimum(z, e, out=e)  # for larger z the product would not vanish
    xp.multiply(y, e, out=y)
    xp.add(y, n, out=y)
    xp.multiply(dy, y, out=dz)


@mish_backward.with_kernels
def _(kernels, z, y, dy, dz, e, slope):
    kernels.xp.multiply(dy, slope, out=dz)


def _mish_exponentials(xp: ModuleType, z: Array, e: Array, n: Array) -> None:
    """Write exp(min(z, 20)) into e, and e (e + 2) into n."""
    e.fill(_FLAT)
    xp.minimum(z, e, out=e)
    xp.exp(e, out=e)
    xp.add(e, 2, out=n)
    xp.multiply(n, e, out=n)


def write_softplus(xp: ModuleType, z: Array, y: Array, work: Array) -> None:
    """Write log(1 + exp(z)), without overflow: max(z, 0) + log(1 + exp(-|z|)).

    log(1 + e) has the rounding error of 1, which is acceptable; log1p takes four times as long.
    """
    xp.abs(z, out=work)
    xp.negative(work, out=work)
    xp.exp(work, out=work)
    xp.add(work, 1, out=work)
    xp.log(work, out=work)
    xp.maximum(z, 0, out=y)
    xp.add(y, work, out=y)


@operation
def drop(xp, x, y, bits, mask, threshold, scale):
    """Write scale x where the 16 random bits of an element are below the threshold, and 0 elsewhere.

    ``mask`` is computed by ``drop_mask``.
    """
    xp.multiply(x, mask, out=y)
    xp.multiply(y, scale, out=y)


@drop.with_kernels
def _(kernels, x, y, bits, mask, threshold, scale):
    copy_unless_same(x, y)
    kernels.drop(y.reshape(-1), bits.reshape(-1), threshold, *typed(y, scale))


@operation
def drop_mask(xp, bits, mask, threshold):
    """Write into ``mask`` whether the bits are below the threshold; kernels of ``drop`` need no mask."""
    xp.less(bits, threshold, out=mask)


@drop_mask.with_kernels
def _(kernels, bits, mask, threshold):
    pass
