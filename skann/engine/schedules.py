"""Learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .hyperparameters import Hyperparameters, integer, real
from .registry import Registry

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
]


@dataclass(frozen=True)
class Schedule(Hyperparameters):
    """Base class of schedules: a factor of the learning rate per step, and its changes when progress stalls.

    Attributes
    ----------
    sgd_only : bool
        Whether solvers other than sgd ignore the schedule, as in scikit-learn.
    """

    sgd_only = False
    warmup = 0.0

    def factor(self, fraction: float) -> float:
        """Return the factor of the learning rate.

        Parameters
        ----------
        fraction : float in [0, 1]
            Fraction of training completed.

        Returns
        -------
        factor : float
            1 gives the initial learning rate.
        """
        return 1.0

    def at(self, fraction: float, n_epochs: float) -> float:
        """Return the factor of the learning rate, including the linear warm-up.

        Parameters
        ----------
        fraction : float in [0, 1]
            Fraction of training completed.
        n_epochs : float
            Number of epochs completed.

        Returns
        -------
        factor : float
            1 gives the initial learning rate.
        """
        factor = self.factor(fraction)
        return factor if n_epochs >= self.warmup else factor * n_epochs / self.warmup

    @property
    def restart_fractions(self) -> tuple[float, ...]:
        """Fractions of training at which the rate restarts after a decrease."""
        return ()

    def after_epoch(self, rate: float, initial_rate: float, samples_seen: int) -> float:
        """Return the learning rate for the next epoch, without the factor.

        Parameters
        ----------
        rate, initial_rate : float
            Learning rates of the last and of the first epoch, without the factor.
        samples_seen : int
            Number of rows in all epochs so far.

        Returns
        -------
        rate : float
            By default unchanged.
        """
        return rate

    def after_stagnation(self, rate: float, initial_rate: float) -> float | None:
        """Return the learning rate with which to continue after too many epochs without progress.

        Parameters
        ----------
        rate, initial_rate : float
            Learning rates of the last and of the first epoch, without the factor.

        Returns
        -------
        rate : float or None
            None stops training.
        """
        return None


SCHEDULES = Registry("learning_rate", Schedule)


@SCHEDULES.register("constant")
@dataclass(frozen=True)
class Constant(Schedule):
    """A constant learning rate.

    Parameters
    ----------
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate increases linearly from 0.
    """

    warmup: float = real(0.0, low=0)


@SCHEDULES.register("invscaling")
@dataclass(frozen=True)
class InverseScaling(Schedule):
    """Inverse scaling, initial / (t + 1)^power_t, with t the number of rows seen before the epoch. For solver='sgd'.

    Parameters
    ----------
    power_t : float in [0, 16], default=0.5
        The exponent. With a larger one, (t + 1)^power_t could overflow.
    """

    power_t: float = real(0.5, low=0, high=16)
    sgd_only = True

    def after_epoch(self, rate, initial_rate, samples_seen):
        return initial_rate / (samples_seen + 1) ** self.power_t


@SCHEDULES.register("adaptive")
@dataclass(frozen=True)
class Adaptive(Schedule):
    """The initial rate, divided by 5 whenever progress stalls; stops once it is at most 1e-6. For solver='sgd'."""

    sgd_only = True

    def after_stagnation(self, rate, initial_rate):
        return rate / 5 if rate > 1e-6 else None


@SCHEDULES.register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """Cosine annealing, final + (1 - final) (1 + cos(pi t)) / 2, with t the fraction of training, or of a cycle.

    Loshchilov & Hutter, 2017, arXiv:1608.03983.

    Parameters
    ----------
    final : float in [0, 1], default=0.0
        The final factor.
    restarts : int in [0, inf), default=0
        Number of equally spaced restarts at the initial rate.
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate increases linearly from 0.
    """

    final: float = real(0.0, low=0, high=1)
    restarts: int = integer(0, low=0)
    warmup: float = real(0.0, low=0)

    @property
    def restart_fractions(self):
        return tuple(i / (self.restarts + 1) for i in range(1, self.restarts + 1))

    def factor(self, fraction):
        t = fraction * (self.restarts + 1)
        t = t % 1 if fraction < 1 else 1.0
        return _cosine(1.0, self.final, t)


@SCHEDULES.register("one_cycle")
@dataclass(frozen=True)
class OneCycle(Schedule):
    """One cycle: cosine annealing from start up to 1, then down to final [Smith & Topin, 2018, arXiv:1708.07120].

    Parameters
    ----------
    peak : float in (0, 1), default=0.3
        Fraction of training at which the rate reaches the initial rate.
    start, final : float in [0, 1], default=0.04 and 0.0001
        The first and the final factor.
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate is also scaled linearly up from 0.
    """

    peak: float = real(0.3, low=0, high=1, include_low=False, include_high=False)
    start: float = real(0.04, low=0, high=1)
    final: float = real(0.0001, low=0, high=1)
    warmup: float = real(0.0, low=0)

    def factor(self, fraction):
        if fraction < self.peak:
            return _cosine(self.start, 1.0, fraction / self.peak)
        return _cosine(1.0, self.final, (fraction - self.peak) / (1 - self.peak))


def _cosine(start: float, end: float, t: float) -> float:
    """Return the value at t in [0, 1] of half a cosine wave from start to end."""
    return end + (start - end) * (1 + math.cos(math.pi * t)) / 2


@SCHEDULES.register("coslog4")
@dataclass(frozen=True)
class CosLog4(Schedule):
    """Four cosine waves of doubling length, (1 - cos(2 pi log2(1 + 15 t))) / 2, with t the fraction of training.

    The rate is 0 at t = 0, 1/15, 3/15, 7/15 and 1, and reaches the initial rate in between. Training thus converges
    several times, which gives the selection of the best epoch several candidates [Holzmüller et al., 2024,
    arXiv:2407.04491].

    Parameters
    ----------
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate is also scaled linearly up from 0.
    """

    warmup: float = real(0.0, low=0)

    @property
    def restart_fractions(self):
        return 1 / 15, 3 / 15, 7 / 15

    def factor(self, fraction):
        return (1 - math.cos(2 * math.pi * math.log2(1 + 15 * fraction))) / 2


@SCHEDULES.register("flat_cos")
@dataclass(frozen=True)
class FlatCosine(Schedule):
    """The initial rate for the first half of training, then cosine annealing to 0, (1 + cos(pi (2 t - 1))) / 2.

    t is the fraction of training.

    Parameters
    ----------
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate increases linearly from 0.
    """

    warmup: float = real(0.0, low=0)

    def factor(self, fraction):
        return _cosine(1.0, 0.0, max(0.0, 2 * fraction - 1))


@SCHEDULES.register("step")
@dataclass(frozen=True)
class Step(Schedule):
    """Step decay, drop^floor(t / every), with t the fraction of training.

    Parameters
    ----------
    drop : float in (0, 1], default=0.1
        Factor of the rate per step.
    every : float in (0, 1], default=1/3
        Fraction of training between steps.
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate increases linearly from 0.
    """

    drop: float = real(0.1, low=0, high=1, include_low=False)
    every: float = real(1 / 3, low=0, high=1, include_low=False)
    warmup: float = real(0.0, low=0)

    def factor(self, fraction):
        n_steps = fraction / self.every + 1e-9
        return self.drop ** (math.floor(n_steps) if math.isfinite(n_steps) else n_steps)


@SCHEDULES.register("exponential")
@dataclass(frozen=True)
class Exponential(Schedule):
    """Exponential decay, final^t, with t the fraction of training.

    Parameters
    ----------
    final : float in (0, 1], default=0.01
        The final factor.
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate increases linearly from 0.
    """

    final: float = real(0.01, low=0, high=1, include_low=False)
    warmup: float = real(0.0, low=0)

    def factor(self, fraction):
        return self.final**fraction


@SCHEDULES.register("plateau")
@dataclass(frozen=True)
class Plateau(Schedule):
    """The initial rate, multiplied by drop whenever progress stalls for n_iter_no_change epochs; stops below final.

    Parameters
    ----------
    drop : float in (0, 1), default=0.2
        Factor of the rate per reduction.
    final : float in (0, 1), default=0.001
        Training stops when the factor would fall below this value.
    warmup : float in [0, inf), default=0.0
        Number of epochs over which the rate increases linearly from 0.
    """

    drop: float = real(0.2, low=0, high=1, include_low=False, include_high=False)
    final: float = real(0.001, low=0, high=1, include_low=False, include_high=False)
    warmup: float = real(0.0, low=0)

    def after_stagnation(self, rate, initial_rate):
        lower = rate * self.drop
        return lower if lower >= initial_rate * self.final * (1 - 1e-9) else None


@dataclass(frozen=True)
class FunctionSchedule(Schedule):
    """A schedule defined by a function of the fraction of training."""

    function: Callable[[float], float]

    def factor(self, fraction):
        factor = float(self.function(fraction))
        if not (math.isfinite(factor) and factor >= 0):
            raise ValueError(
                "learning_rate, a function of the fraction of training done, must return a finite factor >= 0. "
                f"Got {factor} for {fraction}."
            )
        return factor
