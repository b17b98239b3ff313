"""Learning-rate schedules: each one class, registered once."""

from __future__ import annotations

from dataclasses import dataclass

from .hyperparameters import Hyperparameters, real
from .registry import Registry


@dataclass(frozen=True)
class Schedule(Hyperparameters):
    """How the learning rate changes while training; this base class leaves it alone.

    Class attributes
    ----------------
    sgd_only : bool
        Whether other solvers ignore it, as scikit-learn's do.
    """

    sgd_only = True

    def after_epoch(self, rate: float, initial_rate: float, samples_seen: int) -> float:
        """Return the rate for the next epoch."""
        return rate

    def after_stagnation(self, rate: float) -> float | None:
        """Return the rate to go on with once there was no progress for too long, or None to stop training."""
        return None


SCHEDULES = Registry("learning_rate", Schedule)


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """The initial rate throughout."""


@SCHEDULES.register("invscaling")
@dataclass(frozen=True)
class InverseScaling(Schedule):
    """Inverse scaling, initial / (t + 1)^power_t, t the number of rows seen by the end of the last epoch."""

    power_t: float = real(0.5, low=0)

    def after_epoch(self, rate, initial_rate, samples_seen):
        return initial_rate / (samples_seen + 1) ** self.power_t


@SCHEDULES.register("adaptive")
@dataclass(frozen=True)
class Adaptive(Schedule):
    """The initial rate, divided by 5 whenever progress stalls; training stops below 1e-6."""

    def after_stagnation(self, rate):
        return rate / 5 if rate > 1e-6 else None
