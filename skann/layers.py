"""Normalization layers for the ``normalization`` parameter of estimators, and the base classes of custom ones."""

from .engine.layers import BatchNorm, Declaration, Layer, LayerNorm, Normalization
from .engine.normalizations import NORMALIZATIONS
from .engine.parameters import ParameterSpec

__all__ = [
    "BatchNorm",
    "Declaration",
    "Layer",
    "LayerNorm",
    "Normalization",
    "ParameterSpec",
    "register",
]

register = NORMALIZATIONS.register  # class decorator for custom normalizations: @register("name")


def __dir__() -> list[str]:
    return __all__
