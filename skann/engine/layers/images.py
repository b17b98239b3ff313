"""Checks of the arguments and of the inputs of layers for images."""

from __future__ import annotations

from typing import Any

import numpy

from .base import Shape

Pair = tuple[int, int]


def check_pair(layer: str, name: str, value: Any, low: int) -> Pair:
    """Return an int, or a pair of them, as the numbers for rows and for columns.

    Raises
    ------
    ValueError
        If it is neither, or if a number is below ``low``.
    """
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or not all(
        isinstance(n, (int, numpy.integer)) and not isinstance(n, bool) and n >= low for n in pair
    ):
        raise ValueError(
            f"The {name!r} parameter of {layer} must be an int of at least {low}, or a pair of them for rows and "
            f"columns. Got {value!r} instead."
        )
    return int(pair[0]), int(pair[1])


def check_image(layer: str, in_shape: Shape) -> None:
    """Raise ValueError if a shape, without the batch axis, is not that of images."""
    if len(in_shape) != 3 or min(in_shape) < 1:
        raise ValueError(
            f"{layer} takes images of shape (height, width, channels). Got {in_shape}. Give grey images an axis of one "
            "channel, and signals a height of 1."
        )
