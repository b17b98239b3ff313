"""Layers, one a file."""

from .activation import ActivationLayer
from .base import Bound, Declaration, Layer
from .dense import Dense
from .dropout import Dropout
from .maxout import MaxoutLayer
from .prelu import PReLULayer

__all__ = ["ActivationLayer", "Bound", "Declaration", "Dense", "Dropout", "Layer", "MaxoutLayer", "PReLULayer"]
