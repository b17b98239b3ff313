"""Targets that lie in the image, and their augmentation together with it.

Boxes of n images are stored in one array of shape (n, k, 5): x0, y0, x1, y1 and the code of the class. Images of fewer
than k boxes have further rows with the code PADDING. Maps are arrays of codes of shape (n, height, width, ...).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy

from .augmentation import Augment, Composition, FunctionAugment, GeometricAugment, ImageAugment
from .motions import Motion

PADDING = -1  # code of a row without a box
PROPOSAL = -2  # code of a box that may hold an object, given beside the objects
_MIN_VISIBLE = 0.25  # share of a box's area below which it is dropped when the rest leaves the image


class SpatialTarget(ABC):
    """Base class of the kinds of targets that move with the pixels."""

    @abstractmethod
    def move(self, target: numpy.ndarray, motion: Motion, size: tuple[int, int]) -> None:
        """Move the target in images of the given height and width, in place."""


@dataclass(frozen=True)
class MapTarget(SpatialTarget):
    """Maps of codes.

    Parameters
    ----------
    fill : int
        Code of pixels from outside the image.
    """

    fill: int

    def move(self, target, motion, size):
        motion.move_maps(target, self.fill)


@dataclass(frozen=True)
class BoxTarget(SpatialTarget):
    """Boxes, which are clipped to the image, and dropped if less than a quarter of their area remains in it."""

    def move(self, target, motion, size):
        boxes = target[..., :4]
        motion.move_boxes(boxes, size)
        area = _areas(boxes)
        numpy.clip(boxes[..., 0::2], 0, size[1], out=boxes[..., 0::2])
        numpy.clip(boxes[..., 1::2], 0, size[0], out=boxes[..., 1::2])
        target[..., 4][_areas(boxes) < _MIN_VISIBLE * area] = PADDING


@dataclass(frozen=True)
class SpatialAugment(Augment):
    """An augmentation that moves a target with the pixels of its image.

    Parameters
    ----------
    augment : Augment
    target : SpatialTarget

    Raises
    ------
    ValueError
        If the augmentation mixes images, or is of another class that changes targets in its own way.
    """

    augment: Augment
    target: SpatialTarget

    def __post_init__(self) -> None:
        for part in self._parts:
            if not isinstance(part, (ImageAugment, FunctionAugment)):
                raise ValueError(
                    f"augment={part!r} changes targets in a way of its own, which is not defined for labels of pixels "
                    "and boxes. Use an augmentation of the images, such as Flip(), or a function f(X, y, rng)."
                )

    @property
    def _parts(self) -> tuple[Augment, ...]:
        return self.augment.parts if isinstance(self.augment, Composition) else (self.augment,)

    def __call__(self, X, y, rng):
        for part in self._parts:
            if isinstance(part, GeometricAugment):
                motion = part.draw(X.shape, rng)
                motion.move_images(X)
                self.target.move(y, motion, X.shape[1:3])
            else:
                part(X, y, rng)
        return X, y


def _areas(boxes: numpy.ndarray) -> numpy.ndarray:
    """Return the areas of boxes."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
