"""Checks of the numbers of filters of a convolutional network."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def check_filters(filters: Any) -> list[int]:
    """Return the numbers of filters as a list with one positive int per stage."""
    listed = [filters] if isinstance(filters, Integral) else list(filters)
    if not all(is_positive_int(n) for n in listed):
        raise ValueError(
            f"filters must be a positive int for each stage, for example (32, 64), or () for none. Got {filters!r} "
            "instead."
        )
    return [int(n) for n in listed]


def check_stages(filters: Any, n_stages: int = 1) -> list[int]:
    """Return the numbers of filters of at least ``n_stages`` stages, or raise ValueError."""
    listed = [filters] if isinstance(filters, Integral) else list(filters)
    if len(listed) < n_stages or not all(is_positive_int(n) for n in listed):
        raise ValueError(
            f"filters must be a positive int for each of at least {n_stages} stages, for example (16, 32, 64, 128). "
            f"Got {filters!r} instead."
        )
    return [int(n) for n in listed]


def is_positive_int(value: Any) -> bool:
    """Return whether a value is an int, not a bool, in [1, 2**31)."""
    return isinstance(value, Integral) and not isinstance(value, bool) and 0 < int(value) < 2**31
