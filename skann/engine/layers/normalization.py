"""The base class of normalization layers."""

from __future__ import annotations

from dataclasses import dataclass

from ..hyperparameters import Hyperparameters
from .base import Layer


@dataclass(frozen=True)
class Normalization(Hyperparameters, Layer):
    """Base class of the layers that estimators accept as ``normalization``; the output has the input's shape.

    A subclass is a frozen dataclass with the hyper-parameters as its fields and three methods: ``declare`` returns the
    parameters, scratch arrays and state required for an input shape; ``forward`` writes the output into ``y``;
    ``backward`` writes the gradients into ``bound.grads`` and ``dx``, and overwrites their contents.
    """
