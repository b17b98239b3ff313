"""The kernels for a GPU, which CuPy compiles from C.

The code of a kernel applies to a single element with index i. Arrays are broadcast; those marked ``raw`` are accessed
by index. ``T`` is the dtype of the arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType

from . import loops

# name: (inputs, arrays that are written, code); the arguments have the same names as in loops.py
KERNELS = {
    "adam": (
        "int64 n_decayed, T l2, T beta_1, T beta_2, T epsilon, T size",
        "T theta, T grad, T first, T second",
        "if (i < n_decayed) grad += theta * l2;"
        "first = first * beta_1 + grad;"
        "second = second * beta_2 + grad * grad;"
        "theta -= first / (sqrt(second) + epsilon) * size",
    ),
    "sgd": (
        "int64 n_decayed, T l2, T momentum, T nesterov, T rate",
        "T theta, T grad, T velocity",
        "if (i < n_decayed) grad += theta * l2;"
        "T moved = grad * rate;"
        "velocity = velocity * momentum - moved;"
        "theta += nesterov != 0 ? velocity * momentum - moved : velocity",
    ),
    "add_bias": ("T b", "T y", "y += b"),
    "relu": ("T zero, T one", "T y", "y = y <= zero ? zero : y * one"),
    "relu_backward": ("T y, T zero", "T dy", "dy = y <= zero ? zero : dy"),
    "tanh_backward": ("T y, T one", "T dy", "dy *= one - y * y"),
    "logistic_exponent": ("T shift, T scale", "T y", "y = -((y - shift) * scale)"),
    "logistic": ("T one", "T y", "y = one / (y + one)"),
    "logistic_backward": ("T y, T one, T scale", "T dy", "dy = dy * y * (one - y) * scale"),
    "silu": ("T z, T one", "T sigma, T y", "sigma = one / (sigma + one); y = z * sigma"),
    "silu_backward": (
        "T y, T sigma, T one",
        "T dy",
        "T whole = dy * y; dy = whole * (one - sigma) + dy * sigma",
    ),
    "elu": ("T e, T one, T alpha, T scale", "T y", "y = (y > 0 ? y : (e - one) * alpha) * scale"),
    "elu_backward": ("T y, T low, T step", "T dy", "dy *= y > 0 ? low + step : y + low"),
    "mish": (
        "T z, T e, T flat, T cap, T one, T two, T four",
        "T y, T slope",
        "T capped = cap < e ? cap : e;"
        "T n = (capped + two) * capped, m = n + two, share = n / m;"
        "y = z * share;"
        "slope = (capped + one) * capped / m / m * four * (flat < z ? flat : z) + share",
    ),
    "gelu": (
        "T z, T bell, T limit, T half, T p0, T p1, T p2, T p3, T q0, T q1, T q2, T q3, T q4",
        "T y, T phi",
        "T a = limit < fabs(z) ? limit : fabs(z);"
        "T numerator = ((p3 * a + p2) * a + p1) * a + p0;"
        "T divisor = (((q4 * a + q3) * a + q2) * a + q1) * a + q0;"
        "phi = copysign(half - numerator / divisor * bell, z) + half;"
        "y = z * phi",
    ),
    "gelu_backward": ("T z, T bell, T phi, T density", "T dy", "dy *= bell * density * z + phi"),
    "blend": ("T x, T f, T share", "T y", "y = (f - x) * share + x"),
    "blend_backward": (
        "T x, T f, T share, T dy",
        "T moved, T df",
        "T passed = dy; moved = (f - x) * passed; df = passed * share",  # df may be dy
    ),
    "blend_skip": ("T share, T dy", "T dx", "dx = dx - dy * share + dy"),
    "centre": ("T x, T mean", "T centred, T squares", "centred = x - mean; squares = centred * centred"),
    "scale_and_shift": ("T x, T scale, T shift", "T y", "y = x * scale + shift"),
    "batch_norm_backward": (
        "T centred, T slope, T offset, T share, T scale",
        "T dx",
        "dx = (dx - (centred * slope + offset) * share) * scale",
    ),
    "maxout": (
        "raw T z, T one",
        "T y, int32 winner",
        "const long long pieces = z.shape()[1], units = z.shape()[2], first = i / units * pieces * units + i % units;"
        "T largest = z[first];"
        "int largest_piece = 0;"
        "for (long long j = 1; j < pieces; j++) {"
        "    T piece = z[first + j * units];"
        "    if (piece > largest) largest_piece = j;"
        "    if (piece > largest || piece != piece) largest = piece;"
        "}"
        "y = largest * one;"
        "winner = largest_piece",
    ),
    "maxout_backward": (
        "raw int32 winner, raw T dy, int64 pieces, T zero",
        "T dz",
        "const long long units = dy.shape()[1], at = i / (pieces * units) * units + i % units;"
        "dz = winner[at] == i / units % pieces ? dy[at] : zero",
    ),
    "drop": ("uint16 bits, int64 threshold, T scale", "T y", "y = bits < threshold ? y * scale : y * 0"),
    # these two use one thread per row, which loops over the classes
    "softmax_shift": (
        "raw T raw, raw T target, T beta",
        "raw T v, T largest, T losses",
        "const long long K = raw.shape()[1], rows = raw.shape()[0];"
        "for (long long k = 0; k < K; k++) {"
        "    T value = raw[i * K + k] * beta;"
        "    v[k * rows + i] = value;"
        "    if (k == 0 || value > largest) largest = value;"
        "}"
        "for (long long k = 0; k < K; k++) {"
        "    T shifted = v[k * rows + i] - largest, moved = shifted * target[i * K + k];"
        "    v[k * rows + i] = shifted;"
        "    losses = k > 0 ? losses + moved : moved;"
        "}",
    ),
    "softmax_gradient": (
        "raw T e, raw T target, T beta",
        "T total, raw T gradient",
        "const long long K = target.shape()[1], rows = target.shape()[0];"
        "for (long long k = 0; k < K; k++) total = k > 0 ? total + e[k * rows + i] : e[i];"
        "for (long long k = 0; k < K; k++)"
        "    gradient[i * K + k] = (e[k * rows + i] / total - target[i * K + k]) * beta",
    ),
}


def device_kernel(xp: ModuleType, name: str) -> Callable:
    """Return the kernel for device arrays that corresponds to a loop, by name."""
    values, arrays, operation = KERNELS[name]
    kernel = xp.ElementwiseKernel(values, arrays, operation, f"skann_{name}")
    order = [
        list(inspect.signature(getattr(loops, name)).parameters).index(argument) for argument in argument_names(name)
    ]
    return lambda *arguments: kernel(*[arguments[i] for i in order])


def argument_names(name: str) -> list[str]:
    """Return the names of a kernel's arguments in the order of the CuPy kernel."""
    values, arrays, _ = KERNELS[name]
    return [text.split()[-1] for text in f"{values}, {arrays}".split(", ") if text]
