"""Fused loops for the CPU, compiled by Numba where it is installed (``pip install "skann[fast]"``).

Each does in one pass over memory what NumPy does in ten, with the same operations on each element in the same order:
the bits of the results are the same with and without it. The NumPy form, beside the call, is reference and fallback.
Loops run in one thread, since a second pool of threads would spin against that of the BLAS. What they change, they
change in place: a loop that reads one array and writes another is not vectorised where the two are the same. exp, log
and the like stay with NumPy, whose loops for them are vectorised, as Numba's are not without another library.

Numbers are passed in the arrays' dtype (``typed``), as a literal would raise float32 to float64.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from .backend import Array


def adam(theta, grad, first, second, n_decayed, l2, beta_1, beta_2, epsilon, size):
    """Take a step of ``optimizers.Adam``, with an L2 penalty on the first ``n_decayed`` parameters."""
    for i in range(n_decayed):
        grad[i] += theta[i] * l2
    for i in range(theta.size):
        first[i] = first[i] * beta_1 + grad[i]
        second[i] = second[i] * beta_2 + grad[i] * grad[i]
        theta[i] -= first[i] / (math.sqrt(second[i]) + epsilon) * size


def sgd(theta, grad, velocity, n_decayed, l2, momentum, nesterov, rate):
    """Take a step of ``optimizers.SGD``, with an L2 penalty on the first ``n_decayed`` parameters."""
    for i in range(n_decayed):
        grad[i] += theta[i] * l2
    for i in range(theta.size):
        moved = grad[i] * rate
        velocity[i] = velocity[i] * momentum - moved
        if nesterov:
            theta[i] = theta[i] - moved + velocity[i] * momentum
        else:
            theta[i] += velocity[i]


def add_bias(y, b):
    """Add b to every row of y."""
    for i in range(len(y)):
        for j in range(b.size):
            y[i, j] += b[j]


def relu(y):
    """Write max(y, 0) into y; NaN stays."""
    for i in range(y.size):
        if y[i] <= 0:
            y[i] = 0


def relu_backward(y, dy):
    """Multiply dy by the slope of ``relu`` where its output is y."""
    for i in range(y.size):
        if y[i] <= 0:
            dy[i] = 0


def tanh_backward(y, dy, one):
    """Multiply dy by the slope of tanh where its output is y."""
    for i in range(y.size):
        dy[i] *= one - y[i] * y[i]


def logistic_exponent(y, shift, scale):
    """Write -scale (y - shift) into y."""
    for i in range(y.size):
        y[i] = -((y[i] - shift) * scale)


def logistic(y, one):
    """Write 1 / (1 + y) into y, which is an exponential."""
    for i in range(y.size):
        y[i] = one / (y[i] + one)


def logistic_backward(y, dy, one, scale):
    """Multiply dy by the slope of ``Logistic`` where its output is y."""
    for i in range(y.size):
        dy[i] = dy[i] * y[i] * (one - y[i]) * scale


def silu(z, sigma, y, one):
    """Write z / (1 + e) into y, with e the exponential that sigma holds and that 1 / (1 + e) replaces."""
    for i in range(z.size):
        sigma[i] = one / (sigma[i] + one)
        y[i] = z[i] * sigma[i]


def silu_backward(y, sigma, dy):
    """Multiply dy by the slope of ``SiLU`` where its output is y."""
    for i in range(y.size):
        whole = dy[i] * y[i]
        dy[i] = dy[i] * sigma[i] + whole - whole * sigma[i]


def elu(y, e, one, alpha, scale):
    """Write scale (y if y > 0 else alpha (e - 1)) into y; e is exp(y)."""
    for i in range(y.size):
        y[i] = (y[i] if y[i] > 0 else (e[i] - one) * alpha) * scale


def elu_backward(y, dy, low, step):
    """Multiply dy by the slope of ``elu`` where its output is y: low + step above zero, y + low below."""
    for i in range(y.size):
        dy[i] *= low + step if y[i] > 0 else y[i] + low


def mish(z, e, y, slope, cap, one, two, four):
    """Write ``Mish`` of z into y, and its slope; e is exp(z)."""
    for i in range(z.size):
        exp = min(e[i], cap)
        n = (exp + two) * exp
        m = n + two
        share = n / m
        y[i] = z[i] * share
        slope[i] = (exp + one) * exp / m / m * four * z[i] + share


def gelu(z, bell, y, phi, half, p, q):
    """Write ``GELU`` of z into y, and the normal distribution's function into phi; bell is exp(-z^2 / 2)."""
    for i in range(z.size):
        a = abs(z[i])
        numerator = ((p[3] * a + p[2]) * a + p[1]) * a + p[0]
        divisor = (((q[4] * a + q[3]) * a + q[2]) * a + q[1]) * a + q[0]
        phi[i] = math.copysign(half - numerator / divisor * bell[i], z[i]) + half
        y[i] = z[i] * phi[i]


def gelu_backward(z, bell, phi, dy, density):
    """Multiply dy by the slope of ``gelu``; density is what bell is multiplied by."""
    for i in range(z.size):
        dy[i] *= bell[i] * density * z[i] + phi[i]


def blend(x, f, share, y):
    """Write x + share (f - x) into y, with a share a column."""
    for i in range(len(x)):
        for j in range(share.size):
            y[i, j] = (f[i, j] - x[i, j]) * share[j] + x[i, j]


def blend_backward(x, f, share, dy, moved, df):
    """Write the gradients of ``blend`` with respect to the share, row by row, into moved, and to f into df."""
    for i in range(len(x)):
        for j in range(share.size):
            moved[i, j] = (f[i, j] - x[i, j]) * dy[i, j]
            df[i, j] = dy[i, j] * share[j]


def blend_past(share, dy, dx):
    """Add to dx, the gradient through f, what ``blend`` passes by it."""
    for i in range(len(dx)):
        for j in range(share.size):
            dx[i, j] = dx[i, j] - dy[i, j] * share[j] + dy[i, j]


def drop(y, bits, threshold, scale):
    """Multiply y by scale where the bits are below the threshold, and by zero elsewhere."""
    for i in range(y.size):
        y[i] = y[i] * scale if bits[i] < threshold else y[i] * 0


def softmax_shift(raw, target, beta, v, largest, losses):
    """Write v = beta raw less its largest element, with the classes first, and the sum of y v over them into losses."""
    for k in range(len(v)):
        for i in range(largest.size):
            v[k, i] = raw[i, k] * beta
            largest[i] = v[k, i] if k == 0 else max(largest[i], v[k, i])
    for k in range(len(v)):
        for i in range(largest.size):
            v[k, i] -= largest[i]
            moved = v[k, i] * target[i, k]
            losses[i] = moved if k == 0 else losses[i] + moved


def softmax_gradient(exp, target, beta, total, gradient):
    """Write the sum of the exponentials over the classes, and the gradient beta (p - y) of the cross-entropy."""
    for k in range(len(exp)):
        for i in range(total.size):
            total[i] = exp[k, i] if k == 0 else total[i] + exp[k, i]
    for k in range(len(exp)):
        for i in range(total.size):
            gradient[i, k] = (exp[k, i] / total[i] - target[i, k]) * beta


class Fusable:
    """A class whose methods have twins that call kernels: ``fused_<name>`` is then called in place of ``<name>``.

    A subclass that writes one of the methods anew, and no twins, has the base class's twins, which call what it wrote.
    """

    _FUSABLE: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        twins = {f"fused_{name}" for name in cls._FUSABLE}
        if vars(cls).keys() & set(cls._FUSABLE) and not vars(cls).keys() & twins:
            base = next(base for base in reversed(cls.__mro__) if "_FUSABLE" in vars(base) and base is not Fusable)
            for name in vars(base).keys() & twins:
                setattr(cls, name, vars(base)[name])


def in_place(x: Array, y: Array) -> None:
    """Copy x into y, unless it is y, for a kernel to change there."""
    if y is not x:
        y[...] = x


def typed(array: Array, *numbers: float) -> tuple:
    """Return the numbers in the dtype of the array."""
    return tuple(map(array.dtype.type, numbers))


@cache
def available() -> bool:
    """Tell whether Numba is installed, and SKANN_FAST is not 0."""
    if os.environ.get("SKANN_FAST", "1") == "0":
        return False
    try:
        import numba  # noqa: F401  takes half a second, so not before something is trained
    except ImportError:
        return False
    return True


@cache
def compiled(name: str) -> Callable | None:
    """Return the function of this file by that name, compiled; None if kernels are not available."""
    if not available():
        return None
    import numba

    # Numba's default is to look for divisions by zero, which keeps it from vectorising
    function = globals()[name]
    try:
        return numba.njit(function, cache=True, error_model="numpy")
    except RuntimeError:  # no folder to keep it in
        return numba.njit(function, error_model="numpy")
