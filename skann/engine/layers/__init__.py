"""Layers, one per module."""

from .activation import ActivationLayer
from .add import Add
from .affine import Affine
from .base import Bound, Declaration, Layer, Linear, Shape
from .batch_norm import BatchNorm
from .canvas import Canvas2D
from .concatenate import Concatenate
from .conv import Conv2D
from .conv_transpose import ConvTranspose2D
from .dense import Dense
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
from .join_positions import JoinPositions
from .layer_norm import LayerNorm
from .maxout import MaxoutLayer
from .noise import GaussianNoise
from .normalization import Normalization
from .ntk import NTKDense
from .parametric_activation import ParametricActivation
from .periodic import Periodic
from .piecewise_linear import PiecewiseLinear
from .pooling import AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D, MaxPool2D, Pool2D
from .prelu import PReLULayer
from .scaling import Scaling
from .spatial_dropout import SpatialDropout
from .upsample import Upsample2D

__all__ = [
    "ActivationLayer",
    "Add",
    "Affine",
    "AveragePool2D",
    "BatchNorm",
    "Bound",
    "Canvas2D",
    "Concatenate",
    "Conv2D",
    "ConvTranspose2D",
    "Declaration",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePool2D",
    "GlobalMaxPool2D",
    "JoinPositions",
    "Layer",
    "LayerNorm",
    "Linear",
    "MaxPool2D",
    "MaxoutLayer",
    "NTKDense",
    "Normalization",
    "PReLULayer",
    "ParametricActivation",
    "Periodic",
    "PiecewiseLinear",
    "Pool2D",
    "Scaling",
    "Shape",
    "SpatialDropout",
    "Upsample2D",
]
