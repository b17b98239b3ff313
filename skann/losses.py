"""Loss functions: objects for the ``loss`` parameter of estimators."""

from .engine.losses import LOSSES, Loss, classification, regression, segmentation
from .engine.losses.classification import *
from .engine.losses.regression import *
from .engine.losses.segmentation import *

__all__ = ["Loss", "register"]
__all__ += classification.__all__
__all__ += regression.__all__
__all__ += segmentation.__all__

register = LOSSES.register  # class decorator for custom losses: @register("name")


def __dir__() -> list[str]:
    return __all__
