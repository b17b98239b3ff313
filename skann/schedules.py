"""Learning-rate schedules: objects for the ``learning_rate`` parameter of estimators."""

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

register = SCHEDULES.register  # class decorator for custom schedules: @register("name")


def __dir__() -> list[str]:
    return __all__
