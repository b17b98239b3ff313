"""Callbacks: pass them to the ``set_callbacks`` of an estimator; in a Pipeline or a search, of the network itself."""

from .checkpoint import Checkpoint
from .learning_curve import LearningCurve
from .time_limit import TimeLimit

__all__ = ["Checkpoint", "LearningCurve", "TimeLimit"]


def __dir__() -> list[str]:
    return __all__
