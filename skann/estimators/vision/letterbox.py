"""Images of any size in the upper left corner of canvases of one size, with their proportions preserved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy


@dataclass(frozen=True)
class Letterbox:
    """The place of an image in a canvas.

    Parameters
    ----------
    size : (int, int)
        Height and width of the image.
    canvas : (int, int)
        Those of the canvas, whose remainder, below or to the right, is 0.
    """

    size: tuple[int, int]
    canvas: tuple[int, int]

    @property
    def inner(self) -> tuple[int, int]:
        """Height and width of the image in the canvas."""
        scale = min(new / old for new, old in zip(self.canvas, self.size, strict=True))
        height, width = (min(new, max(1, round(scale * old))) for new, old in zip(self.canvas, self.size, strict=True))
        return height, width

    @property
    def scales(self) -> numpy.ndarray:
        """Factors of x0, y0, x1 and y1 from the image to the canvas."""
        (height, width), (rows, columns) = self.size, self.inner
        return numpy.array([columns / width, rows / height] * 2)

    def draw(self, image: numpy.ndarray, out: numpy.ndarray) -> None:
        """Write an image of shape (height, width, channels) into a canvas, interpolated bilinearly."""
        height, width = self.inner
        out.fill(0)
        if (height, width) == self.size:
            out[:height, :width] = image
            return
        resized = resize(image, (height, width))
        out[:height, :width] = numpy.rint(resized) if out.dtype.kind in "ui" else resized

    def draw_labels(self, labels: numpy.ndarray, out: numpy.ndarray, fill: int) -> None:
        """Write a map of labels of shape (height, width, ...) into a canvas: each pixel has that nearest to it."""
        rows, columns = (_nearest(new, old) for new, old in zip(self.inner, self.size, strict=True))
        out.fill(fill)
        out[: len(rows), : len(columns)] = labels[rows[:, None], columns]

    def restore(self, scores: numpy.ndarray) -> numpy.ndarray:
        """Return the scores of the pixels of the image, interpolated from those of the canvas, (height, width, k)."""
        height, width = self.inner
        inside = scores[:height, :width]
        return inside if (height, width) == self.size else resize(inside, self.size)


def resize(image: numpy.ndarray, size: tuple[int, int]) -> numpy.ndarray:
    """Return an image of shape (height, width, channels) in another size, as float32 or float64.

    Each pixel is the mean of those around it, weighted by a triangle as wide as two pixels of the smaller image.
    """
    dtype = image.dtype if image.dtype.kind == "f" else numpy.dtype("float32")
    rows, columns = (_weights(old, new).astype(dtype) for old, new in zip(image.shape[:2], size, strict=True))
    tall = numpy.tensordot(rows, image.astype(dtype, copy=False), 1)
    return numpy.ascontiguousarray(numpy.tensordot(tall, columns, (1, 1)).swapaxes(1, 2))


@lru_cache(maxsize=128)
def _weights(old: int, new: int) -> numpy.ndarray:
    """Return the weights of ``old`` pixels, along one axis, in each of ``new`` pixels."""
    centres = (numpy.arange(new) + 0.5) * (old / new)
    distance = numpy.abs(numpy.arange(old) + 0.5 - centres[:, None])
    weights = numpy.maximum(0.0, 1 - distance / max(1.0, old / new))
    return weights / weights.sum(axis=1, keepdims=True)


def _nearest(new: int, old: int) -> numpy.ndarray:
    """Return, for each of ``new`` pixels along one axis, the index of the nearest of ``old``."""
    return ((numpy.arange(new) + 0.5) * (old / new)).astype(int).clip(0, old - 1)
