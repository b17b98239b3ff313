"""Layers, one a file."""

from .activation import ActivationLayer
from .base import Bound, Declaration, Layer
from .batch_norm import BatchNorm
from .dense import Dense
from .dropout import Dropout
from .embedding import Embedding
from .layer_norm import LayerNorm
from .maxout import MaxoutLayer
from .noise import GaussianNoise
from .ntk import NTKDense
from .parametric_activation import ParametricActivation
from .periodic import Periodic
from .piecewise_linear import PiecewiseLinear
from .prelu import PReLULayer
from .scaling import Scaling

__all__ = [
    "ActivationLayer",
    "BatchNorm",
    "Bound",
    "Declaration",
    "Dense",
    "Dropout",
    "Embedding",
    "GaussianNoise",
    "Layer",
    "LayerNorm",
    "MaxoutLayer",
    "NTKDense",
    "PReLULayer",
    "ParametricActivation",
    "Periodic",
    "PiecewiseLinear",
    "Scaling",
]
