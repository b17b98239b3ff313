"""Motions of the pixels of images, which move the labels of pixels and boxes likewise.

Images and maps are of shape (n, height, width, ...), boxes of shape (n, k, 4): x0, y0, x1, y1 in pixels, where x points
to the right and y down, and the pixel in column j covers the x from j to j + 1. All are changed in place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy

_BLOCK = 2**14  # maximum number of pixels that are rotated at once, so that the temporary arrays stay in cache


class Motion(ABC):
    """Base class of motions, one for each of n images."""

    @abstractmethod
    def move_images(self, X: numpy.ndarray) -> None:
        """Move images; pixels that become free are 0."""

    @abstractmethod
    def move_maps(self, maps: numpy.ndarray, fill: int) -> None:
        """Move maps of labels, without interpolation; pixels that become free are ``fill``."""

    @abstractmethod
    def move_boxes(self, boxes: numpy.ndarray, size: tuple[int, int]) -> None:
        """Move boxes in images of the given height and width; they may leave the image."""


@dataclass(frozen=True)
class Reflection(Motion):
    """The reflection of some images from left to right.

    Parameters
    ----------
    chosen : ndarray of bool of shape (n,)
    """

    chosen: numpy.ndarray

    def move_images(self, X):
        X[self.chosen] = X[self.chosen, :, ::-1]

    def move_maps(self, maps, fill):
        self.move_images(maps)

    def move_boxes(self, boxes, size):
        moved = boxes[self.chosen]
        moved[..., 0::2] = size[1] - moved[..., 2::-2]
        boxes[self.chosen] = moved


@dataclass(frozen=True)
class Translation(Motion):
    """The translation of each image by whole pixels.

    Parameters
    ----------
    down, right : ndarray of int of shape (n,)
    """

    down: numpy.ndarray
    right: numpy.ndarray

    def move_images(self, X):
        self.move_maps(X, 0)

    def move_maps(self, maps, fill):
        for image, i, j in zip(maps, self.down.tolist(), self.right.tolist(), strict=True):
            _move(image, i, fill)
            _move(image.swapaxes(0, 1), j, fill)

    def move_boxes(self, boxes, size):
        boxes[..., 0::2] += self.right[:, None, None]
        boxes[..., 1::2] += self.down[:, None, None]


@dataclass(frozen=True)
class Rotation(Motion):
    """The rotation of each image about its centre, counter-clockwise as displayed.

    Pixels of images are interpolated bilinearly. A box becomes the bounding box of the rotated one.

    Parameters
    ----------
    angles : ndarray of shape (n,)
        In radians.
    """

    angles: numpy.ndarray

    def move_images(self, X):
        for block in self._blocks(X):
            X[block] = _rotated(X[block], self.angles[block].astype(X.dtype))

    def move_maps(self, maps, fill):
        for block in self._blocks(maps):
            maps[block] = _rotated_labels(maps[block], self.angles[block], fill)

    def move_boxes(self, boxes, size):
        cosine, sine = (f(self.angles)[:, None, None] for f in (numpy.cos, numpy.sin))
        x, y = boxes[..., [0, 2, 0, 2]] - size[1] / 2, boxes[..., [1, 1, 3, 3]] - size[0] / 2
        corners = cosine * x + sine * y + size[1] / 2, cosine * y - sine * x + size[0] / 2
        for axis, values in enumerate(corners):
            boxes[..., axis], boxes[..., axis + 2] = values.min(axis=-1), values.max(axis=-1)

    @staticmethod
    def _blocks(array: numpy.ndarray) -> list[slice]:
        size = max(1, _BLOCK // (array.shape[1] * array.shape[2]))
        return [slice(start, start + size) for start in range(0, len(array), size)]


def _move(image: numpy.ndarray, distance: int, fill: int) -> None:
    """Move an image along its first axis; pixels that become free are ``fill``."""
    if distance > 0:
        image[distance:] = image[:-distance]  # NumPy copies first where the two overlap
        image[:distance] = fill
    elif distance < 0:
        image[:distance] = image[-distance:]
        image[distance:] = fill


def _rotated(X: numpy.ndarray, angles: numpy.ndarray) -> numpy.ndarray:
    """Return images rotated by the given angles in radians, counter-clockwise as displayed."""
    n, height, width, channels = X.shape
    y = numpy.arange(height, dtype=X.dtype)[:, None] - X.dtype.type((height - 1) / 2)
    x = numpy.arange(width, dtype=X.dtype) - X.dtype.type((width - 1) / 2)
    cosine, sine = (f(angles)[:, None, None] for f in (numpy.cos, numpy.sin))
    # where each pixel comes from, in an image with a border of zeros, which is wide enough for all clipped positions
    rows = numpy.clip(cosine * y + sine * x + (height - 1) / 2, -1, height) + 1
    columns = numpy.clip(cosine * x - sine * y + (width - 1) / 2, -1, width) + 1
    top, left = numpy.minimum(numpy.floor(rows), height), numpy.minimum(numpy.floor(columns), width)
    below, beside = (rows - top)[..., None], (columns - left)[..., None]
    padded = numpy.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0))).reshape(-1, channels)
    corner = (numpy.arange(n)[:, None, None] * (height + 2) + top.astype(int)) * (width + 2) + left.astype(int)

    def between(first: numpy.ndarray) -> numpy.ndarray:
        """Return the pixels interpolated between neighbours in a row."""
        start = padded.take(first, axis=0)
        return start + beside * (padded.take(first + 1, axis=0) - start)

    upper = between(corner)
    return upper + below * (between(corner + (width + 2)) - upper)


def _rotated_labels(maps: numpy.ndarray, angles: numpy.ndarray, fill: int) -> numpy.ndarray:
    """Return maps rotated by the given angles, each pixel with the label of the one nearest to its origin."""
    n, height, width = maps.shape[:3]
    y, x = numpy.arange(height)[:, None] - (height - 1) / 2, numpy.arange(width) - (width - 1) / 2
    cosine, sine = (f(angles)[:, None, None] for f in (numpy.cos, numpy.sin))
    rows = numpy.rint(cosine * y + sine * x + (height - 1) / 2).astype(int)
    columns = numpy.rint(cosine * x - sine * y + (width - 1) / 2).astype(int)
    outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
    rotated = maps[numpy.arange(n)[:, None, None], rows.clip(0, height - 1), columns.clip(0, width - 1)]
    rotated[outside] = fill
    return rotated
