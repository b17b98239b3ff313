"""Activations: one class each, with the function and its derivative."""

from . import rectifying, saturating
from .base import ACTIVATIONS, Activation, ElementwiseActivation, FixedActivation
from .rectifying import *
from .saturating import *

__all__ = ["ACTIVATIONS", "Activation", "ElementwiseActivation", "FixedActivation"]
__all__ += rectifying.__all__
__all__ += saturating.__all__
