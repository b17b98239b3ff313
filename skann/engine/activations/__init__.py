"""Activations: each one class, its formula and its derivative, registered once."""

from . import rectifying, saturating
from .base import ACTIVATIONS, Activation, ElementwiseActivation, FixedActivation
from .rectifying import *
from .saturating import *

__all__ = ["ACTIVATIONS", "Activation", "ElementwiseActivation", "FixedActivation"]
__all__ += rectifying.__all__
__all__ += saturating.__all__
