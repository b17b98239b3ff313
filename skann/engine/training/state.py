"""What later batches need of earlier ones."""

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
    """What later batches need of earlier ones; on the host, except while a step works on a device.

    Attributes
    ----------
    optimizer : OptimizerState
    learning_rate : float
        The current one, before the schedule's factor.
    initial_rate : float
        The one that it started from.
    generator : source of random bits, or None
        For noisy layers.
    trained : Parameters, or None
        The weights that steps are taken on, where the model's are their average.
    average : array or None
        Of the weights, with ``1 - averaging^steps`` still to be divided by.
    rule : Optimizer, or None
        The one that the moments are of.
    averaging : float
        The share that the average is of.
    """

    optimizer: OptimizerState
    learning_rate: float
    initial_rate: float
    generator: Any = None
    trained: Parameters | None = None
    average: Array | None = None
    rule: Optimizer | None = None
    averaging: float = 0.0

    def serves(self, settings: Settings, graph: Graph, parameters: Parameters) -> bool:
        """Tell whether training can continue from here: with the same optimizer and averaging, kind of noise and size.

        Moments of another optimizer, or of one with other decays, mean something else, as averages of another share do.
        """
        return (
            are_equal(self.rule, settings.optimizer)
            and self.averaging == settings.averaging
            and all(moment.size == parameters.theta.size for moment in self.optimizer.moments.values())
            and all(moment.dtype == parameters.theta.dtype for moment in self.optimizer.moments.values())
            and (self.generator is not None) == graph.is_noisy
        )

    def copy(self) -> TrainingState:
        """Return a state that can be advanced in this one's place."""
        average, trained = self.average, self.trained
        return replace(
            self,
            optimizer=self.optimizer.copy(),
            generator=copy.deepcopy(self.generator),
            trained=None if trained is None else trained.snapshot(),
            average=None if average is None else average.copy(),
        )

    def move(self, xp: ModuleType) -> None:
        """Take the arrays laid out as theta is to where ``xp`` works; ``trained`` stays on the host."""
        moments = self.optimizer.moments
        moments.update({name: move(moment, xp) for name, moment in moments.items()})
        if self.average is not None:
            self.average = move(self.average, xp)

    def adopt(self, settings: Settings) -> None:
        """Start from the settings' learning rate if that has changed."""
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
        """Return the state before the first batch; draws a seed from ``rng`` only if the network is noisy."""
        seed = rng.randint(2**31 - 1) if graph.is_noisy else None
        state = cls(settings.optimizer.init(numpy, parameters.theta), settings.learning_rate, settings.learning_rate)
        state.rule, state.averaging = settings.optimizer, settings.averaging
        state.generator = None if seed is None else noise_generator(seed, xp)
        if settings.averaging > 0:
            state.trained = parameters.astype(parameters.theta.dtype)
            state.average = numpy.zeros_like(parameters.theta)
        return state

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes from step to step but ``trained``: on the host, by name, in dicts of dicts."""
        values = {"optimizer": self.optimizer.state_dict(), "learning_rate": float(self.learning_rate)}
        if self.average is not None:
            values["average"] = move(self.average, numpy)
        if self.generator is not None:
            values["generator"] = self.generator.state
        return values

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Take over values as ``state_dict`` returns them for such a state, on the host."""
        self.optimizer.load_state_dict(values["optimizer"])
        self.learning_rate = values["learning_rate"]
        if self.average is not None:
            self.average[...] = values["average"]
        if self.generator is not None:
            self.generator.state = values["generator"]
