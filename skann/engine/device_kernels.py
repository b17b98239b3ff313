"""Fused updates for a GPU: CuPy compiles each from C, which does in one launch what the NumPy form does in thirteen.

They add, as the loops of kernels.py do, an L2 penalty to the gradient of the first ``n_decayed`` elements.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType

# name: what is passed by value, the arrays that it changes, and what happens to each element; i counts them. The same
# order of arguments as in kernels.py, but the arrays last.
KERNELS = {
    "adam": (
        "int64 n_decayed, T l2, T beta_1, T beta_2, T epsilon, T size",
        "T theta, T grad, T first, T second",
        "grad += theta * l2 * (i < n_decayed);"
        "first = first * beta_1 + grad;"
        "second = second * beta_2 + grad * grad;"
        "theta -= first / (sqrt(second) + epsilon) * size",
    ),
    "sgd": (
        "int64 n_decayed, T l2, T momentum, T nesterov, T rate",
        "T theta, T grad, T velocity",
        "grad = (grad + theta * l2 * (i < n_decayed)) * rate;"
        "velocity = velocity * momentum - grad;"
        "theta += nesterov * (velocity * momentum - grad) + (1 - nesterov) * velocity",
    ),
}


@cache
def on_device(name: str, xp: ModuleType) -> Callable:
    """Return what updates arrays of the device as the function of kernels.py by that name updates the host's."""
    values, arrays, operation = KERNELS[name]
    kernel = xp.ElementwiseKernel(values, arrays, operation, f"skann_{name}")
    n_arrays = len(arrays.split(","))
    return lambda *arguments: kernel(*arguments[n_arrays:], *arguments[:n_arrays])
