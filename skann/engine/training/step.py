"""Training steps, which define how a batch is trained on; ``Trainer`` runs the loop over epochs."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

import numpy

from ..arrays.backend import Array, move
from ..arrays.deferred_sum import DeferredSum
from ..criterion import Criterion
from ..data.augmentation import BatchAugment
from ..data.device_reader import reader_for
from ..data.rows import DEVICE_CHUNK, MAX_CHUNK, Rows, chunks
from ..graph import Graph
from ..learner import Learner
from ..network import Network
from ..parameters import Parameters
from .divergence import check_finite, check_outputs, near_overflow
from .probe import Probe
from .settings import STEADY, Settings
from .state import TrainingState
from .updater import Updater


class TrainingStep(Protocol):
    """Protocol of steps that train on batches in the order given by a ``Trainer``.

    Attributes
    ----------
    learner : object
        The learner to be trained.
    parameters : Parameters
        Parameters of the learner in host memory, up to date after ``end_epoch`` with ``publish`` and after ``end``.
    state : TrainingState
    n_rows : int
        Number of rows in an epoch.
    n_rows_at_once : int
        Maximum number of rows in a pass through a network.
    has_stepped : bool
        Whether a step has been taken.
    widths : dict of str to int
        Lengths of the entries of the history that are lists.
    """

    learner: Any
    parameters: Parameters
    state: TrainingState
    n_rows: int
    n_rows_at_once: int
    has_stepped: bool

    @property
    def widths(self) -> dict[str, int]:
        """Lengths of the entries of the history that are lists."""
        ...

    def begin(self) -> None:
        """Prepare for the first epoch of a run."""
        ...

    def begin_epoch(self, order: Array | None) -> None:
        """Set the order of the rows for an epoch; None uses the order of the data set."""
        ...

    def step(self, batch: slice, n_epochs: int) -> DeferredSum | float:
        """Train on a slice of the epoch's order, after ``n_epochs`` epochs; return the loss."""
        ...

    def end_epoch(self, loss: float, when: str, publish: bool) -> dict[str, Any]:
        """Check for finite values, update ``parameters`` with ``publish``, and return entries of the history."""
        ...

    def end(self, best: Parameters | None, is_interrupted: bool, n_epochs: int) -> None:
        """Write the best or the last weights into ``parameters``, and check that their outputs are finite."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return the state that changes from batch to batch, by name."""
        ...

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Load the values of a ``state_dict``."""
        ...


class SupervisedStep:
    """The step of supervised training: the gradient of an objective on a batch, followed by an update.

    Parameters
    ----------
    learner : Learner
        Its parameters are updated in place.
    rows : Rows
    settings : Settings
    state : TrainingState
        Updated in place.
    xp : module, default=numpy
        Array library of the computation. On a device, a copy of the weights is trained and copied back at the end, and
        after epochs with ``publish``.
    """

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        settings: Settings,
        state: TrainingState,
        xp: ModuleType = numpy,
    ):
        self.learner, self.rows, self.settings, self.state, self.xp = learner, rows, settings, state, xp
        graph, parameters = learner.graph, learner.parameters
        self.parameters = parameters
        self.n_rows = len(rows)
        self._on_host = parameters if state.trained is None else state.trained
        self.trained = self._on_host if xp is numpy else self._on_host.on(xp)
        # batch statistics are computed per chunk, so their chunk size must be the same on a device
        largest = MAX_CHUNK if xp is numpy or graph.mixes_rows else DEVICE_CHUNK
        self.n_rows_at_once = min(settings.batch_size, largest)
        self.criterion = self._build_criterion()
        self.network = self.criterion.network
        dtype = parameters.theta.dtype
        augment = None if settings.augment is None else BatchAugment(settings.augment, state.generator)
        rows = rows.small_copy(dtype) if xp is numpy else rows
        self.reader = reader_for(rows, dtype, self.n_rows_at_once, xp, augment)
        self.probe = Probe(self._probed_graph(), parameters if settings.averaging > 0 else self.trained, self.rows)
        self.total_weight = self.rows.total_weight
        self.updater = Updater(self.trained, settings, state, self.total_weight)
        self.has_stepped = self._has_average = self._has_ended_epoch = False
        self._parts: dict[str, Any] = {}

    @property
    def widths(self) -> dict[str, int]:
        """Lengths of the entries of the history that are lists."""
        return self.probe.widths

    def begin(self) -> None:
        """Move the weights and the state to the device."""
        self._has_average = self.state.optimizer.step > 0
        self._move(self.trained, self._on_host, self.xp)

    def begin_epoch(self, order: Array | None) -> None:
        """Set the order of the rows for an epoch; None uses the order of the data set."""
        self.reader.begin(order)

    def step(self, batch: slice, n_epochs: int) -> DeferredSum | float:
        """Take a step; return the batch's estimate of the objective, including penalties.

        On a device only the last step of an epoch waits for a number, so that the host can run ahead.
        """
        settings, n_rows = self.settings, self.n_rows
        size = batch.stop - batch.start
        fraction = min(1.0, (n_epochs + batch.start / n_rows) / settings.schedule_epochs)
        if settings.noise_schedule is not STEADY:
            self.network.noise = settings.noise_schedule.factor(fraction)
        parts = [batch] if size <= self.n_rows_at_once else list(chunks(batch.start, batch.stop, self.n_rows_at_once))
        loss = self.criterion.sum_over(self.reader, parts, n_rows / (size * self.total_weight))
        if self.criterion.parts:
            self._add_parts(size / n_rows)
        if batch.stop == n_rows:
            self._gradient_norm = self.probe.gradient_norms(self.trained.grads)
        loss = self.updater.update(loss, fraction, n_epochs + batch.stop / n_rows)
        self.has_stepped = True
        return loss

    def end_epoch(self, loss: float, when: str, publish: bool) -> dict[str, Any]:
        """Check for finite values, update ``parameters`` with ``publish``, and return entries of the history."""
        check_finite(loss, self.trained, when)
        if publish or self.xp is numpy or self.settings.averaging > 0:
            self._publish()
        self._has_ended_epoch = True
        parts, self._parts = self._parts, {}
        return {
            "learning_rate": self.updater.last_rate,
            "gradient_norm": self._gradient_norm,
            "dead_units": self.probe.dead_units(),
            **{name: float(value) for name, value in parts.items()},
        }

    def _add_parts(self, share: float) -> None:
        """Add the parts of a batch's loss to those of the epoch, of whose rows it has the given share."""
        for name, value in self.criterion.parts.items():
            self._parts[name] = self._parts.get(name, 0.0) + value * share
        self.criterion.parts.clear()

    def end(self, best: Parameters | None, is_interrupted: bool, n_epochs: int) -> None:
        """Write the best or the last weights into ``parameters``, and check that their outputs are finite."""
        parameters, when = self.parameters, f"{n_epochs} epochs"
        self._move(self._on_host, self.trained, numpy)
        if best is not None:
            parameters.restore(best)
        elif self._on_host is not parameters and not self._has_average:
            parameters.restore(self._on_host)  # no epoch has ended, so there is no average
        if is_interrupted:
            check_finite(0.0, parameters, when)
        if best is not None or is_interrupted or not self._has_ended_epoch:
            self.probe.evaluate(parameters)  # not yet evaluated with these
        if near_overflow(self.probe.raw, self.learner.objective.prediction_link):
            self._check_outputs(when)

    def _build_criterion(self) -> Criterion:
        """Return the objective bound to the network in training."""
        graph, generator = self.learner.graph, self.state.generator
        network = Network(graph, self.trained, self.n_rows_at_once, training=True, generator=generator)
        return Criterion(self.learner.objective, network)

    def _probed_graph(self) -> Graph:
        """Return the graph whose hidden layers are probed, with a single output."""
        return self.learner.graph

    def _check_outputs(self, when: str) -> None:
        """Raise DivergenceError unless the predictions for all rows are finite."""
        check_outputs(self.learner, self.rows, when, self.xp)

    def _publish(self) -> None:
        """Copy the weights trained on a device, or their average, to the parameters of the model."""
        if self.trained is not self.parameters:
            self.parameters.restore(self.trained)
        if self.settings.averaging > 0:
            correction = 1 - self.settings.averaging**self.state.optimizer.step  # of the bias towards zero
            self.parameters.theta[...] = move(self.xp.divide(self.state.average, correction), numpy)
            self._has_average = True

    def _move(self, target: Parameters, source: Parameters, xp: ModuleType) -> None:
        """Copy the trained parameters and move the state to the memory of ``xp``."""
        if target is not source:
            target.restore(source)
            self.state.move(xp)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that changes from batch to batch, as nested dicts.

        The arrays are not copied, unless they are on a device.
        """
        values = {"parameters": self.parameters.state_dict(), **self.state.state_dict()}
        if self.state.trained is not None:
            values["trained"] = self.trained.state_dict()  # while a device trains, those in host memory are out of date
        return values

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Load the values of a ``state_dict`` before the first epoch."""
        self.parameters.load_state_dict(values["parameters"])
        if self.state.trained is not None:
            self.state.trained.load_state_dict(values["trained"])
        self.state.load_state_dict(values)
