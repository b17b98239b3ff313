"""Activations: pass one wherever an estimator takes an activation, or call it on an array."""

from .engine.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Activation,
    ElementwiseActivation,
    HardSigmoid,
    Identity,
    LeakyReLU,
    Logistic,
    Maxout,
    Mish,
    PReLU,
    ReLU,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "ElementwiseActivation",
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
    "register",
]

register = ACTIVATIONS.register  # decorates a class of your own: @register("name")


def __dir__() -> list[str]:
    return __all__
