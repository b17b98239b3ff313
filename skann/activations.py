"""Activation functions: objects for the ``activation`` parameter of estimators, which can also be called on arrays."""

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

register = ACTIVATIONS.register  # class decorator for custom activations: @register("name")


def __dir__() -> list[str]:
    return __all__
