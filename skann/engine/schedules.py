"""Learning-rate schedules: each one class, registered once."""

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
    """How the learning rate changes while training: a factor at each step, and what happens when progress stalls.

    Attributes
    ----------
    sgd_only : bool
        Whether other solvers than sgd ignore it, as scikit-learn's do.
    """

    sgd_only = False
    warmup = 0.0

    def factor(self, fraction: float) -> float:
        """Return what the rate is multiplied by.

        Parameters
        ----------
        fraction : float in [0, 1]
            Of training done.

        Returns
        -------
        factor : float
            1 is the initial rate.
        """
        return 1.0

    def at(self, fraction: float, n_epochs: float) -> float:
        """Return what the rate is multiplied by, the linear warm-up included.

        Parameters
        ----------
        fraction : float in [0, 1]
            Of training done.
        n_epochs : float
            Epochs done.

        Returns
        -------
        factor : float
            1 is the initial rate.
        """
        factor = self.factor(fraction)
        return factor if n_epochs >= self.warmup else factor * n_epochs / self.warmup

    @property
    def restart_fractions(self) -> tuple[float, ...]:
        """The fractions of training at which the rate has come down and rises again."""
        return ()

    def after_epoch(self, rate: float, initial_rate: float, samples_seen: int) -> float:
        """Return the rate for the next epoch, before the factor.

        Parameters
        ----------
        rate, initial_rate : float
            That of the last epoch, and that of the first.
        samples_seen : int
            Rows of all epochs so far.

        Returns
        -------
        rate : float
            By default the same.
        """
        return rate

    def after_stagnation(self, rate: float, initial_rate: float) -> float | None:
        """Return the rate to go on with once there was no progress for too long.

        Parameters
        ----------
        rate, initial_rate : float
            That of the last epoch, and that of the first.

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
    """The initial rate throughout.

    Parameters
    ----------
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate rises linearly from 0.
    """

    warmup: float = real(0.0, low=0)


@SCHEDULES.register("invscaling")
@dataclass(frozen=True)
class InverseScaling(Schedule):
    """Inverse scaling, initial / (t + 1)^power_t, t the rows seen by the end of the last epoch. For solver='sgd'.

    Parameters
    ----------
    power_t : float in [0, 16], default=0.5
        The exponent. A larger one could take (t + 1)^power_t out of the range of floats.
    """

    power_t: float = real(0.5, low=0, high=16)
    sgd_only = True

    def after_epoch(self, rate, initial_rate, samples_seen):
        return initial_rate / (samples_seen + 1) ** self.power_t


@SCHEDULES.register("adaptive")
@dataclass(frozen=True)
class Adaptive(Schedule):
    """The initial rate, divided by 5 whenever progress stalls; training stops below 1e-6. For solver='sgd'."""

    sgd_only = True

    def after_stagnation(self, rate, initial_rate):
        return rate / 5 if rate > 1e-6 else None


@SCHEDULES.register("cosine")
@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine wave, final + (1 - final) (1 + cos(pi t)) / 2, t the fraction of training done (since a restart).

    Loshchilov & Hutter, 2017, arXiv:1608.03983.

    Parameters
    ----------
    final : float in [0, 1], default=0.0
        The last factor.
    restarts : int in [0, inf), default=0
        How often the rate jumps back to the initial one, at equal distances.
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate rises linearly from 0.
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
    """One cycle: half a cosine wave up from start to 1, then down to final [Smith & Topin, 2018, arXiv:1708.07120].

    Parameters
    ----------
    peak : float in (0, 1), default=0.3
        Fraction of training at which the rate is the initial one.
    start, final : float in [0, 1], default=0.04 and 0.0001
        The first and the last factor.
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate also rises linearly from 0.
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
    """Return the point of half a cosine wave from start to end at t from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * t)) / 2


@SCHEDULES.register("coslog4")
@dataclass(frozen=True)
class CosLog4(Schedule):
    """Four cosine waves, each twice as long as the last, (1 - cos(2 pi log2(1 + 15 t))) / 2, t the fraction done.

    The rate is 0 at t = 0, 1/15, 3/15, 7/15 and 1, and the initial one between; so training settles several times,
    and selecting the best epoch has several to choose from [Holzmüller et al., 2024, arXiv:2407.04491].

    Parameters
    ----------
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate also rises linearly from 0.
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
    """The initial rate for one half of training, then half a cosine wave down to 0, (1 + cos(pi (2 t - 1))) / 2.

    t is the fraction of training done.

    Parameters
    ----------
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate rises linearly from 0.
    """

    warmup: float = real(0.0, low=0)

    def factor(self, fraction):
        return _cosine(1.0, 0.0, max(0.0, 2 * fraction - 1))


@SCHEDULES.register("step")
@dataclass(frozen=True)
class Step(Schedule):
    """Steps down, drop^floor(t / every), t the fraction of training done.

    Parameters
    ----------
    drop : float in (0, 1], default=0.1
        What each step multiplies the rate by.
    every : float in (0, 1], default=1/3
        Fraction of training between steps.
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate rises linearly from 0.
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
    """Exponential decay, final^t, t the fraction of training done.

    Parameters
    ----------
    final : float in (0, 1], default=0.01
        The last factor.
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate rises linearly from 0.
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
        What the rate is multiplied by.
    final : float in (0, 1), default=0.001
        Training stops where the factor would fall below it.
    warmup : float in [0, inf), default=0.0
        Epochs over which the rate rises linearly from 0.
    """

    drop: float = real(0.2, low=0, high=1, include_low=False, include_high=False)
    final: float = real(0.001, low=0, high=1, include_low=False, include_high=False)
    warmup: float = real(0.0, low=0)

    def after_stagnation(self, rate, initial_rate):
        lower = rate * self.drop
        return lower if lower >= initial_rate * self.final * (1 - 1e-9) else None


@dataclass(frozen=True)
class FunctionSchedule(Schedule):
    """A factor computed by the user's function of the fraction of training done."""

    function: Callable[[float], float]

    def factor(self, fraction):
        factor = float(self.function(fraction))
        if not (math.isfinite(factor) and factor >= 0):
            raise ValueError(
                "learning_rate, a function of the fraction of training done, must return a finite factor >= 0. "
                f"Got {factor} for {fraction}."
            )
        return factor
