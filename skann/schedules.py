"""Learning-rate schedules: objects for the ``learning_rate`` parameter of estimators."""

from .engine import schedules
from .engine.schedules import *
from .engine.schedules import SCHEDULES

__all__ = ["register"]
__all__ += schedules.__all__

register = SCHEDULES.register  # class decorator for custom schedules: @register("name")


def __dir__() -> list[str]:
    return __all__
