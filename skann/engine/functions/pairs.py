"""Numbers for the rows and the columns of images, given as one or as two, and padding."""

from __future__ import annotations

from numbers import Integral
from typing import Any

Pair = tuple[int, int]
PaddingSpec = str | int | tuple[int, int]


def pair(value: Any) -> Pair:
    """Return a number, or two, as the values for rows and columns."""
    rows, columns = (value, value) if isinstance(value, Integral) else value
    return int(rows), int(columns)


def padding_pair(value: PaddingSpec) -> str | Pair:
    """Return a checked padding with numbers as the values for rows and columns."""
    return value if isinstance(value, str) else pair(value)


def check_count(name: str, value: Any) -> None:
    """Raise ValueError unless ``value`` is an int of at least 1."""
    if not _is_count(value, 1):
        raise ValueError(f"{name} must be an int of at least 1. Got {value!r}.")


def check_pair(name: str, value: Any, low: int = 1) -> Pair:
    """Return an int of at least ``low``, or a tuple or a list of two, as the values for rows and columns.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if not _is_pair(value, low):
        raise ValueError(
            f"{name} must be an int of at least {low}, or two of them for rows and columns. Got {value!r}."
        )
    return pair(value)


def check_padding(name: str, value: Any) -> None:
    """Raise ValueError unless ``padding_for`` takes ``value``."""
    if value not in ("same", "valid") and not _is_pair(value, 0):
        raise ValueError(
            f'{name} must be "same", "valid", an int of at least 0, or two of them for rows and columns. Got {value!r}.'
        )


def _is_pair(value: Any, low: int) -> bool:
    values = value if isinstance(value, tuple | list) else (value, value)
    return len(values) == 2 and all(_is_count(item, low) for item in values)


def _is_count(value: Any, low: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) < 2**31


def padding_for(padding: PaddingSpec, size: Pair, span: Pair, stride: Pair) -> tuple[Pair, Pair]:
    """Return the zero rows and columns before and after an image.

    Parameters
    ----------
    padding : {"same", "valid"}, int or (int, int)
        "same" gives ceil(size / stride) output positions, and places an odd zero after the image; "valid" adds none;
        numbers are those of rows and of columns on each side.
    size, span, stride : (int, int)
        Those of the image, of the window, and of the steps between windows.
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        totals = [
            max(0, (-(-n // step) - 1) * step + window - n) for n, window, step in zip(size, span, stride, strict=True)
        ]
        rows, columns = ((total // 2, total - total // 2) for total in totals)
        return rows, columns
    rows, columns = pair(padding)
    return (rows, rows), (columns, columns)
