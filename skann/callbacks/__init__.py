"""Callbacks: pass them to an estimator's ``set_callbacks``, in a Pipeline or a search to that of the network itself."""

from .checkpoint import Checkpoint
from .learning_curve import LearningCurve
from .time_limit import TimeLimit

__all__ = ["Checkpoint", "LearningCurve", "TimeLimit"]


def __dir__() -> list[str]:
    return __all__
