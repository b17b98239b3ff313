"""What a layer is that may stand between a weighted sum and its activation."""

from __future__ import annotations

from dataclasses import dataclass

from ..hyperparameters import Hyperparameters
from .base import Layer


@dataclass(frozen=True)
class Normalization(Hyperparameters, Layer):
    """Base of the layers that an estimator takes as ``normalization``: their output has the shape of their input.

    A subclass is a frozen dataclass with the hyper-parameters as its fields, and three methods: ``declare`` says which
    parameters, scratch arrays and state it needs for an input shape; ``forward`` writes the output into ``y``;
    ``backward`` writes the gradients into ``bound.grads`` and ``dx``, and never adds to what is there.
    """
