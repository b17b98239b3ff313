"""The names of the normalization layers."""

from __future__ import annotations

from .layers import BatchNorm, Layer, LayerNorm
from .registry import Registry

NORMALIZATIONS = Registry("normalization", Layer)
NORMALIZATIONS.register("batch")(BatchNorm)
NORMALIZATIONS.register("layer")(LayerNorm)
