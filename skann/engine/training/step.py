"""Training steps: the seam between the loop over epochs and what is done with a batch."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

import numpy

from ..arrays.backend import Array, move
from ..arrays.deferred_sum import DeferredSum
from ..criterion import Criterion
from ..data.device_reader import reader_for
from ..data.rows import DEVICE_CHUNK, MAX_CHUNK, Rows, chunks
from ..learner import Learner
from ..network import Network
from ..parameters import Parameters
from .divergence import check_finite, check_outputs, near_overflow
from .probe import Probe
from .settings import STEADY, Settings
from .state import TrainingState
from .updater import Updater


class TrainingStep(Protocol):
    """Trains on batches, in the order that a ``Trainer`` keeps.

    Attributes
    ----------
    learner : object
        Is trained.
    parameters : Parameters
        Of the learner, on the host: after ``end_epoch``, if it publishes, and after ``end``, those trained so far.
    state : TrainingState
    n_rows : int
        Rows of an epoch.
    n_rows_at_once : int
        Rows of the largest batch that goes through a network.
    has_stepped : bool
        Whether a step has been taken.
    widths : dict of str to int
        How many numbers those entries of the history are that are lists.
    """

    learner: Any
    parameters: Parameters
    state: TrainingState
    n_rows: int
    n_rows_at_once: int
    has_stepped: bool

    @property
    def widths(self) -> dict[str, int]:
        """How many numbers those entries of the history are that are lists."""
        ...

    def begin(self) -> None:
        """Prepare for the first epoch of a run."""
        ...

    def begin_epoch(self, order: Array | None) -> None:
        """Read the rows in this order from now on; None is the one in which they lie."""
        ...

    def step(self, batch: slice, n_epochs: int) -> DeferredSum | float:
        """Train on some rows, counted in the epoch's order, after so many epochs; return the loss."""
        ...

    def end_epoch(self, loss: float, when: str, publish: bool) -> dict[str, Any]:
        """Check that all is finite, put the weights into ``parameters`` if asked to, return entries of the history."""
        ...

    def end(self, best: Parameters | None, is_interrupted: bool, n_epochs: int) -> None:
        """Leave the best weights, or the last ones, in ``parameters``, and check that their outputs are finite."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes from batch to batch, by name."""
        ...

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Take over values as ``state_dict`` returns them."""
        ...


class SupervisedStep:
    """The step of supervised training: the gradient of an objective for the rows' targets, and an update.

    Parameters
    ----------
    learner : Learner
        Its parameters are changed in place.
    rows : Rows
    settings : Settings
    state : TrainingState
        Advanced in place.
    xp : module, default=numpy
        Computes. On a device the weights are trained in a copy, which is brought back at the end, and after epochs that
        publish.
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
        # statistics of a batch are those of its chunks, which a device must not change
        largest = MAX_CHUNK if xp is numpy or graph.mixes_rows else DEVICE_CHUNK
        self.n_rows_at_once = min(settings.batch_size, largest)
        self.network = Network(graph, self.trained, self.n_rows_at_once, training=True, generator=state.generator)
        self.criterion = Criterion(learner.objective, self.network)
        dtype = parameters.theta.dtype
        self.reader = reader_for(rows.small_copy(dtype) if xp is numpy else rows, dtype, self.n_rows_at_once, xp)
        self.probe = Probe(graph, parameters if settings.averaging > 0 else self.trained, rows)
        self.total_weight = rows.total_weight
        self.updater = Updater(self.trained, settings, state, self.total_weight)
        self.has_stepped = self._has_average = self._has_ended_epoch = False

    @property
    def widths(self) -> dict[str, int]:
        """How many numbers those entries of the history are that are lists."""
        return self.probe.widths

    def begin(self) -> None:
        """Take the weights to where training computes."""
        self._has_average = self.state.optimizer.step > 0
        self._move(self.trained, self._on_host, self.xp)

    def begin_epoch(self, order: Array | None) -> None:
        """Read the rows in this order from now on; None is the one in which they lie."""
        self.reader.begin(order)

    def step(self, batch: slice, n_epochs: int) -> DeferredSum | float:
        """Take a step; return the batch's estimate of the objective, penalties included.

        On a device nothing but the last step of an epoch waits for a number, so that the host runs ahead.
        """
        settings, n_rows = self.settings, self.n_rows
        size = batch.stop - batch.start
        fraction = min(1.0, (n_epochs + batch.start / n_rows) / settings.schedule_epochs)
        if settings.noise_schedule is not STEADY:
            self.network.noise = settings.noise_schedule.factor(fraction)
        parts = [batch] if size <= self.n_rows_at_once else list(chunks(batch.start, batch.stop, self.n_rows_at_once))
        loss = self.criterion.sum_over(self.reader, parts, n_rows / (size * self.total_weight))
        if batch.stop == n_rows:
            self._gradient_norm = self.probe.gradient_norms(self.trained.grads)
        loss = self.updater.update(loss, fraction, n_epochs + batch.stop / n_rows)
        self.has_stepped = True
        return loss

    def end_epoch(self, loss: float, when: str, publish: bool) -> dict[str, Any]:
        """Check that all is finite, put the weights into ``parameters`` if asked to, return entries of the history."""
        check_finite(loss, self.trained, when)
        if publish or self.xp is numpy or self.settings.averaging > 0:
            self._publish()
        self._has_ended_epoch = True
        return {
            "learning_rate": self.updater.last_rate,
            "gradient_norm": self._gradient_norm,
            "dead_units": self.probe.dead_units(),
        }

    def end(self, best: Parameters | None, is_interrupted: bool, n_epochs: int) -> None:
        """Leave the best weights, or the last ones, in ``parameters``, and check that their outputs are finite."""
        parameters, when = self.parameters, f"{n_epochs} epochs"
        self._move(self._on_host, self.trained, numpy)
        if best is not None:
            parameters.restore(best)
        elif self._on_host is not parameters and not self._has_average:
            parameters.restore(self._on_host)  # no epoch has ended yet whose average could be taken
        if is_interrupted:
            check_finite(0.0, parameters, when)
        if best is not None or is_interrupted or not self._has_ended_epoch:
            self.probe.look(parameters)  # which has seen others last, or none
        if near_overflow(self.probe.raw, self.learner.objective.prediction_link):
            check_outputs(self.learner, self.rows, when, self.xp)

    def _publish(self) -> None:
        """Write into the model's parameters what was trained beside them: on a device, or to be averaged."""
        if self.trained is not self.parameters:
            self.parameters.restore(self.trained)
        if self.settings.averaging > 0:
            weight = 1 - self.settings.averaging**self.state.optimizer.step  # frees it of its start at zero
            self.parameters.theta[...] = move(self.xp.divide(self.state.average, weight), numpy)
            self._has_average = True

    def _move(self, there: Parameters, here: Parameters, xp: ModuleType) -> None:
        """Take what training changes to where ``xp`` works."""
        if there is not here:
            there.restore(here)
            self.state.move(xp)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes from batch to batch: by name, in dicts of dicts.

        The arrays are the step's own, not copies, unless it works on a device.
        """
        values = {"parameters": self.parameters.state_dict(), **self.state.state_dict()}
        if self.state.trained is not None:
            values["trained"] = self.trained.state_dict()  # while a device trains, those on the host are old
        return values

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Take over values as ``state_dict`` returns them, before the first epoch."""
        self.parameters.load_state_dict(values["parameters"])
        if self.state.trained is not None:
            self.state.trained.load_state_dict(values["trained"])
        self.state.load_state_dict(values)
