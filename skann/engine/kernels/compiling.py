"""The loops of loops.py as machine code."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

from . import loops


@cache
def available() -> bool:
    """Tell whether Numba is installed, and SKANN_FAST is not 0."""
    if os.environ.get("SKANN_FAST", "1") == "0":
        return False
    try:
        import numba  # noqa: F401  # pyright: ignore[reportMissingImports]  takes half a second, so not before something is trained
    except ImportError:
        return False
    return True


def compile_loop(name: str) -> Callable:
    """Return the loop of that name, compiled."""
    import numba  # pyright: ignore[reportMissingImports]

    # Numba's default is to look for divisions by zero, which keeps it from vectorising
    loop = getattr(loops, name)
    try:
        return numba.njit(loop, cache=True, error_model="numpy")
    except RuntimeError:  # no folder to keep it in
        return numba.njit(loop, error_model="numpy")
