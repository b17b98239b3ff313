"""Layers: pass a normalization as an estimator's normalization, or derive one of your own from Normalization."""

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

register = NORMALIZATIONS.register  # decorates a class of your own: @register("name")


def __dir__() -> list[str]:
    return __all__
