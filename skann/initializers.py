"""Initial weights: pass one as an estimator's weight_init."""

from .engine.initializers import (
    INITIALIZERS,
    Constant,
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
    "Constant",
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

He, Glorot, Lecun = HeNormal, GlorotUniform, LecunNormal  # each as its authors, or the libraries since, draw it
register = INITIALIZERS.register  # decorates a class of your own: @register("name")


def __dir__() -> list[str]:
    return __all__
