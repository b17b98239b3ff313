"""Checks of the sizes of a convolutional network."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ...engine.functions.geometry import Pair


def check_filters(filters: Any) -> list[int]:
    """Return the numbers of filters as a list with one positive int per stage."""
    listed = [filters] if isinstance(filters, Integral) else list(filters)
    if not all(is_positive_int(n) for n in listed):
        raise ValueError(
            f"filters must be a positive int for each stage, for example (32, 64), or () for none. Got {filters!r} "
            "instead."
        )
    return [int(n) for n in listed]


def check_pair(name: str, value: Any) -> Pair:
    """Return a size as (rows, columns)."""
    listed = [value, value] if isinstance(value, Integral) else list(value)
    if len(listed) != 2 or not all(is_positive_int(size) for size in listed):
        raise ValueError(f"{name} must be a positive int, or two of them for rows and columns. Got {value!r} instead.")
    return int(listed[0]), int(listed[1])


def is_positive_int(value: Any) -> bool:
    """Return whether a value is an int, not a bool, in [1, 2**31)."""
    return isinstance(value, Integral) and not isinstance(value, bool) and 0 < int(value) < 2**31
