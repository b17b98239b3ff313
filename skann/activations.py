"""Activation functions: objects for the ``activation`` parameter of estimators, which can also be called on arrays."""

from .engine.activations import ACTIVATIONS, Activation, ElementwiseActivation, rectifying, saturating
from .engine.activations.rectifying import *
from .engine.activations.saturating import *

__all__ = ["Activation", "ElementwiseActivation", "register"]
__all__ += rectifying.__all__
__all__ += saturating.__all__

register = ACTIVATIONS.register  # class decorator for custom activations: @register("name")


def __dir__() -> list[str]:
    return __all__
