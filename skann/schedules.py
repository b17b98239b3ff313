"""Learning-rate schedules: pass one as an estimator's learning_rate."""

from .engine.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosLog4,
    Exponential,
    FlatCosine,
    InverseScaling,
    OneCycle,
    Plateau,
    Schedule,
    Step,
)

__all__ = [
    "Adaptive",
    "Constant",
    "CosLog4",
    "Cosine",
    "Exponential",
    "FlatCosine",
    "InverseScaling",
    "OneCycle",
    "Plateau",
    "Schedule",
    "Step",
    "register",
]

register = SCHEDULES.register  # decorates a class of your own: @register("name")


def __dir__() -> list[str]:
    return __all__
