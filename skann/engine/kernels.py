"""Fused loops for the CPU, compiled by Numba where it is installed (``pip install "skann[fast]"``).

Each does in one pass over memory what NumPy does in ten, with the same operations on each element in the same order:
the bits of the results are the same with and without it. The NumPy form in optimizers.py is reference and fallback.
Loops run in one thread, since a second pool of threads would spin against that of the BLAS.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cache


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


@cache
def compiled(name: str) -> Callable | None:
    """Return the function of this file by that name, compiled; None without Numba, or if SKANN_FAST is 0."""
    if os.environ.get("SKANN_FAST", "1") == "0":
        return None
    try:
        import numba
    except ImportError:
        return None
    # Numba's default is to look for divisions by zero, which keeps it from vectorising
    function = globals()[name]
    try:
        return numba.njit(function, cache=True, error_model="numpy")
    except RuntimeError:  # no folder to keep it in
        return numba.njit(function, error_model="numpy")
