"""The registry of normalization layers."""

from __future__ import annotations

from .layers import BatchNorm, LayerNorm, Normalization
from .registry import Registry

NORMALIZATIONS = Registry("normalization", Normalization)
NORMALIZATIONS.register("batch")(BatchNorm)
NORMALIZATIONS.register("layer")(LayerNorm)
