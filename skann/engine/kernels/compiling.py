"""Compilation of the loops with Numba."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

from . import loops


@cache
def available() -> bool:
    """Return whether Numba is installed and SKANN_FAST is not 0."""
    if os.environ.get("SKANN_FAST", "1") == "0":
        return False
    try:
        import numba  # noqa: F401  # pyright: ignore[reportMissingImports]  import takes half a second, so only for training
    except ImportError:
        return False
    return True


def compile_loop(name: str) -> Callable:
    """Return a compiled loop by name."""
    import numba  # pyright: ignore[reportMissingImports]

    # by default Numba checks for division by zero, which prevents vectorization
    loop = getattr(loops, name)
    try:
        return numba.njit(loop, cache=True, error_model="numpy")
    except RuntimeError:  # no writable folder for the cache
        return numba.njit(loop, error_model="numpy")
