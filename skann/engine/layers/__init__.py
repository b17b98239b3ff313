"""Layers, one per module."""

from .activation import ActivationLayer
from .add import Add
from .affine import Affine
from .base import Bound, Declaration, Layer, Linear, Shape
from .batch_norm import BatchNorm
from .concatenate import Concatenate
from .conv import Conv2D
from .dense import Dense
from .dropout import Dropout
from .embedding import Embedding
from .layer_norm import LayerNorm
from .maxout import MaxoutLayer
from .noise import GaussianNoise
from .normalization import Normalization
from .ntk import NTKDense
from .parametric_activation import ParametricActivation
from .periodic import Periodic
from .piecewise_linear import PiecewiseLinear
from .prelu import PReLULayer
from .scaling import Scaling

__all__ = [
    "ActivationLayer",
    "Add",
    "Affine",
    "BatchNorm",
    "Bound",
    "Concatenate",
    "Conv2D",
    "Declaration",
    "Dense",
    "Dropout",
    "Embedding",
    "GaussianNoise",
    "Layer",
    "LayerNorm",
    "Linear",
    "MaxoutLayer",
    "NTKDense",
    "Normalization",
    "PReLULayer",
    "ParametricActivation",
    "Periodic",
    "PiecewiseLinear",
    "Scaling",
    "Shape",
]
