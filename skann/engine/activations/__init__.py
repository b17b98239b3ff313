"""Activations: each one class, its formula and its derivative, registered once."""

from .base import ACTIVATIONS, Activation, ElementwiseActivation, FixedActivation
from .rectifying import ELU, GELU, SELU, Identity, LeakyReLU, Maxout, Mish, PReLU, ReLU, SiLU, Softplus
from .saturating import HardSigmoid, Logistic, Softmax, Softsign, Tanh

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "ElementwiseActivation",
    "FixedActivation",
    "HardSigmoid",
    "Identity",
    "LeakyReLU",
    "Logistic",
    "Maxout",
    "Mish",
    "PReLU",
    "ReLU",
    "SiLU",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]
