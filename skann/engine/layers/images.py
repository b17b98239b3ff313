"""Checks of the inputs of layers for images."""

from __future__ import annotations

from .base import Shape


def check_image(layer: str, in_shape: Shape) -> None:
    """Raise ValueError if a shape, without the batch axis, is not that of images."""
    if len(in_shape) != 3 or min(in_shape) < 1:
        raise ValueError(
            f"{layer} takes images of shape (height, width, channels). Got {in_shape}. Give grey images an axis of one "
            "channel, and signals a height of 1."
        )
