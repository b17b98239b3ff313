"""The state of training that carries over from batch to batch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy

from ..arrays.backend import Array, move
from ..arrays.random_bits import noise_generator
from ..graph import Graph
from ..hyperparameters import are_equal
from ..optimizers import Optimizer, OptimizerState
from ..parameters import Parameters
from .settings import Settings


@dataclass
class TrainingState:
    """The state of training that carries over from batch to batch; in host memory except while a device trains.

    Attributes
    ----------
    optimizer : OptimizerState
    learning_rate : float
        The current learning rate, without the factor of the schedule.
    initial_rate : float
        The learning rate at the start.
    generator : source of random bits, or None
        For noisy layers and augmentations.
    trained : Parameters, or None
        The weights that are trained, if those of the model are their average.
    average : array or None
        Moving average of the weights, without the bias correction of ``1 / (1 - averaging^steps)``.
    rule : Optimizer, or None
        The optimizer to which the moments belong.
    averaging : float
        The decay of the average.
    """

    optimizer: OptimizerState
    learning_rate: float
    initial_rate: float
    generator: Any = None
    trained: Parameters | None = None
    average: Array | None = None
    rule: Optimizer | None = None
    averaging: float = 0.0

    def is_compatible(self, settings: Settings, graph: Graph, parameters: Parameters) -> bool:
        """Return whether training can continue from this state.

        The optimizer, the decay of the average, the number and dtype of the parameters, and whether random bits are
        needed must be the same: moments and averages with other decays have another meaning.
        """
        return (
            are_equal(self.rule, settings.optimizer)
            and self.averaging == settings.averaging
            and all(moment.size == parameters.theta.size for moment in self.optimizer.moments.values())
            and all(moment.dtype == parameters.theta.dtype for moment in self.optimizer.moments.values())
            and (self.generator is not None) == _needs_bits(settings, graph)
        )

    def copy(self) -> TrainingState:
        """Return an independent copy."""
        average, trained = self.average, self.trained
        return replace(
            self,
            optimizer=self.optimizer.copy(),
            generator=copy.deepcopy(self.generator),
            trained=None if trained is None else trained.snapshot(),
            average=None if average is None else average.copy(),
        )

    def move(self, xp: ModuleType) -> None:
        """Move the moments and the average to the memory of ``xp``; ``trained`` stays in host memory."""
        moments = self.optimizer.moments
        moments.update({name: move(moment, xp) for name, moment in moments.items()})
        if self.average is not None:
            self.average = move(self.average, xp)

    def set_learning_rate(self, settings: Settings) -> None:
        """Reset the learning rate to that of the settings if that has changed."""
        if self.initial_rate != settings.learning_rate:
            self.learning_rate = self.initial_rate = settings.learning_rate

    @classmethod
    def start(
        cls,
        settings: Settings,
        graph: Graph,
        parameters: Parameters,
        rng: numpy.random.RandomState,
        xp: ModuleType = numpy,
    ) -> TrainingState:
        """Return the initial state; ``rng`` draws a seed only if random bits are needed."""
        seed = rng.randint(2**31 - 1) if _needs_bits(settings, graph) else None
        state = cls(settings.optimizer.init(numpy, parameters.theta), settings.learning_rate, settings.learning_rate)
        state.rule, state.averaging = settings.optimizer, settings.averaging
        state.generator = None if seed is None else noise_generator(seed, xp)
        if settings.averaging > 0:
            state.trained = parameters.astype(parameters.theta.dtype)
            state.average = numpy.zeros_like(parameters.theta)
        return state

    def state_dict(self) -> dict[str, Any]:
        """Return the state without ``trained``, as nested dicts with arrays in host memory."""
        values = {"optimizer": self.optimizer.state_dict(), "learning_rate": float(self.learning_rate)}
        if self.average is not None:
            values["average"] = move(self.average, numpy)
        if self.generator is not None:
            values["generator"] = self.generator.state
        return values

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Load the values of a ``state_dict`` with the same structure."""
        self.optimizer.load_state_dict(values["optimizer"])
        self.learning_rate = values["learning_rate"]
        if self.average is not None:
            self.average[...] = values["average"]
        if self.generator is not None:
            self.generator.state = values["generator"]


def _needs_bits(settings: Settings, graph: Graph) -> bool:
    """Return whether training draws random bits."""
    return graph.is_noisy or settings.augment is not None
