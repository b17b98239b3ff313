"""Augmentations of images: objects for the ``augment`` parameter of estimators."""

from .engine.data import augmentation
from .engine.data.augmentation import *
from .engine.data.augmentation import AUGMENTATIONS

__all__ = ["register"]
__all__ += augmentation.__all__

register = AUGMENTATIONS.register  # class decorator for custom augmentations: @register("name")


def __dir__() -> list[str]:
    return __all__
