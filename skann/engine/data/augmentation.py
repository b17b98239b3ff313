"""Augmentations: random changes of the images, and targets, of a training batch. They run on the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from ..arrays.counter_bits import CounterBits
from ..arrays.random_bits import SFC64, numpy_generator
from ..hyperparameters import Hyperparameters, integer, real
from ..registry import Registry
from .motions import Motion, Reflection, Rotation, Translation

__all__ = ["Augment", "Brightness", "Crop", "Flip", "GeometricAugment", "ImageAugment", "Mixup", "Rotate", "Shift"]


@dataclass(frozen=True)
class Augment(Hyperparameters, ABC):
    """Base class of augmentations, which change a training batch at random."""

    @abstractmethod
    def __call__(
        self, X: numpy.ndarray, y: numpy.ndarray, rng: numpy.random.Generator
    ) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Change a batch.

        Parameters
        ----------
        X : ndarray of shape (n, height, width, channels)
            Images of dtype float32 or float64; uint8 images have been scaled to [0, 1]. The array is a copy and may be
            changed in place.
        y : ndarray of shape (n, n_outputs)
            Targets of the same dtype, one-hot for classes. The array is a copy too.
        rng : numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        X, y : ndarray
            The given arrays, or others of the same shapes.
        """


@dataclass(frozen=True)
class ImageAugment(Augment):
    """Base class of augmentations that leave the targets as they are."""

    def __call__(self, X, y, rng):
        self.transform(X, rng)
        return X, y

    @abstractmethod
    def transform(self, X: numpy.ndarray, rng: numpy.random.Generator) -> None:
        """Change the images in place.

        Parameters
        ----------
        X : ndarray of shape (n, height, width, channels)
            Images of dtype float32 or float64.
        rng : numpy.random.Generator
            Source of all randomness.
        """


@dataclass(frozen=True)
class GeometricAugment(ImageAugment):
    """Base class of augmentations that move the pixels of images, and with them the labels of pixels, or boxes."""

    def transform(self, X, rng):
        self.draw(X.shape, rng).move_images(X)

    @abstractmethod
    def draw(self, shape: tuple[int, ...], rng: numpy.random.Generator) -> Motion:
        """Return random motions for images of a shape (n, height, width, channels).

        Parameters
        ----------
        shape : tuple of int
            Shape of the images.
        rng : numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        motion : Motion
            The motion of each image.
        """


AUGMENTATIONS = Registry("augment", Augment)


@AUGMENTATIONS.register("flip")
@dataclass(frozen=True)
class Flip(GeometricAugment):
    """Mirror images from left to right.

    Parameters
    ----------
    p : float in [0, 1], default=0.5
        Probability for each image.
    """

    p: float = real(0.5, low=0, high=1)

    def draw(self, shape, rng):
        return Reflection(rng.random(shape[0]) < self.p)


@AUGMENTATIONS.register("shift")
@dataclass(frozen=True)
class Shift(GeometricAugment):
    """Move images by a random number of whole pixels along each axis; pixels that become free are 0.

    Parameters
    ----------
    fraction : float in [0, 1], default=0.1
        Maximum distance, as a fraction of the height or width, rounded. All distances are equally likely.
    """

    fraction: float = real(0.1, low=0, high=1)

    def draw(self, shape, rng):
        n, height, width = shape[:3]
        return _translation(n, round(self.fraction * height), round(self.fraction * width), rng)


@AUGMENTATIONS.register("crop")
@dataclass(frozen=True)
class Crop(GeometricAugment):
    """Pad images with zeros and crop them at random to their original size [He et al., 2016, arXiv:1512.03385].

    Parameters
    ----------
    padding : int in [0, inf), default=4
        Number of pixels added on each side, at most the height and width of the images.
    """

    padding: int = integer(4, low=0)

    def draw(self, shape, rng):
        n, height, width = shape[:3]
        return _translation(n, min(self.padding, height), min(self.padding, width), rng)


@AUGMENTATIONS.register("rotate")
@dataclass(frozen=True)
class Rotate(GeometricAugment):
    """Rotate images about their centre by an angle from U(-degrees, degrees).

    Pixels are interpolated bilinearly; those from outside the image are 0.

    Parameters
    ----------
    degrees : float in [0, 180], default=15.0
        Maximum angle.
    """

    degrees: float = real(15.0, low=0, high=180)

    def draw(self, shape, rng):
        return Rotation(numpy.radians(rng.uniform(-self.degrees, self.degrees, shape[0])))


@AUGMENTATIONS.register("brightness")
@dataclass(frozen=True)
class Brightness(ImageAugment):
    """Multiply each image by a factor from U(1 - factor, 1 + factor), without clipping.

    Parameters
    ----------
    factor : float in [0, 1], default=0.2
        Maximum relative change.
    """

    factor: float = real(0.2, low=0, high=1)

    def transform(self, X, rng):
        X *= rng.uniform(1 - self.factor, 1 + self.factor, (len(X), 1, 1, 1)).astype(X.dtype)


@AUGMENTATIONS.register("mixup")
@dataclass(frozen=True)
class Mixup(Augment):
    """Mix each row and its target with those of another row of the batch [Zhang et al., 2018, arXiv:1710.09412].

    x_i becomes l_i x_i + (1 - l_i) x_j, and so does the target, where j is random and l_i ~ Beta(alpha, alpha).
    Sample weights are not mixed, and a row of weight 0 may be a partner.

    Parameters
    ----------
    alpha : float in (0, inf), default=0.2
        Small values mostly keep one of the two rows; 1 makes all mixtures equally likely.
    """

    alpha: float = real(0.2, low=0, include_low=False)

    def __call__(self, X, y, rng):
        other = rng.permutation(len(X))
        kept = rng.beta(self.alpha, self.alpha, len(X)).astype(X.dtype)
        for array in (X, y):
            share = kept.reshape(-1, *[1] * (array.ndim - 1))
            partner = array[other]
            partner -= array
            partner *= 1 - share
            array += partner
        return X, y


@dataclass(frozen=True)
class FunctionAugment(Augment):
    """An augmentation defined by a function f(X, y, rng) -> (X, y)."""

    function: Callable[..., Any]

    def __call__(self, X, y, rng):
        _apply(self.function, X, y, rng)
        return X, y


@dataclass(frozen=True)
class Composition(Augment):
    """Several augmentations, applied in order."""

    parts: tuple[Augment, ...]

    def __call__(self, X, y, rng):
        for part in self.parts:
            _apply(part, X, y, rng)
        return X, y


def compose(augmentations: Any) -> Augment | None:
    """Return one augmentation for the ``augment`` parameter of an estimator.

    Parameters
    ----------
    augmentations : str, Augment, callable, or sequence of these, or None
        Names are those of ``AUGMENTATIONS``; a callable is f(X, y, rng) -> (X, y).

    Returns
    -------
    augment : Augment or None
        None for None and for an empty sequence.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    if augmentations is None:
        return None
    if isinstance(augmentations, Sequence) and not isinstance(augmentations, str):
        parts = tuple(_as_augment(part) for part in augmentations)
        return Composition(parts) if parts else None
    return _as_augment(augmentations)


def _as_augment(choice: Any) -> Augment:
    """Return the augmentation for a name, an object or a function."""
    if callable(choice) and not isinstance(choice, Augment):
        return FunctionAugment(choice)
    return AUGMENTATIONS.get(choice)


@dataclass(frozen=True)
class BatchAugment:
    """An augmentation with its source of random bits, as a reader applies it.

    Attributes
    ----------
    augment : Augment
    generator : SFC64 or CounterBits
        The state of the draws, which is part of the state of training.
    """

    augment: Augment
    generator: SFC64 | CounterBits

    def __call__(self, x: numpy.ndarray, target: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Return the augmented batch."""
        _apply(self.augment, x, target, numpy_generator(self.generator))
        return x, target


def _apply(augment: Callable[..., Any], X: numpy.ndarray, y: numpy.ndarray, rng: numpy.random.Generator) -> None:
    """Apply an augmentation in place, or raise an error if it returns anything but X and y of the same shapes."""
    result = augment(X, y, rng)
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"augment, called with (X, y, rng), must return (X, y). Got {type(result).__name__}.")
    for name, given, array in zip("Xy", (X, y), result, strict=True):
        if array is not given:
            if numpy.shape(array) != given.shape:
                raise ValueError(
                    f"augment, called with (X, y, rng), must return {name} of the shape that it is given, "
                    f"{given.shape}. Got {numpy.shape(array)}."
                )
            given[...] = array


def _translation(n: int, rows: int, columns: int, rng: numpy.random.Generator) -> Translation:
    """Return translations of n images by up to the given numbers of pixels."""
    down = rng.integers(-rows, rows, n, endpoint=True)
    return Translation(down, rng.integers(-columns, columns, n, endpoint=True))
