"""Initializers of the weights: objects for the ``weight_init`` parameter of estimators."""

from .engine.initializers import (
    INITIALIZERS,
    Fill,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    Orthogonal,
    Uniform,
)

__all__ = [
    "Fill",
    "Glorot",
    "GlorotNormal",
    "GlorotUniform",
    "He",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "Lecun",
    "LecunNormal",
    "Normal",
    "Orthogonal",
    "Uniform",
    "register",
]

He, Glorot, Lecun = HeNormal, GlorotUniform, LecunNormal  # the distribution of the original paper or of most libraries
register = INITIALIZERS.register  # class decorator for custom initializers: @register("name")


def __dir__() -> list[str]:
    return __all__
