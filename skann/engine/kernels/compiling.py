"""Compilation of the loops with Numba."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

from . import box_loops, image_loops, loops


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


def find_loop(name: str) -> Callable:
    """Return a loop by name, as written."""
    module = next((module for module in (loops, image_loops) if hasattr(module, name)), box_loops)
    return getattr(module, name)


def compile_loop(name: str) -> Callable:
    """Return a compiled loop by name."""
    return compiled(find_loop(name))


def compiled(function: Callable, **options: bool) -> Callable:
    """Return a function compiled by Numba on first use, and kept on disk."""
    import numba  # pyright: ignore[reportMissingImports]

    # by default Numba checks for division by zero, which prevents vectorization
    try:
        return numba.njit(function, cache=True, error_model="numpy", **options)
    except RuntimeError:  # no writable folder for the cache
        return numba.njit(function, error_model="numpy", **options)
