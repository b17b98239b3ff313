"""The training loop: epochs, batches, stopping. It knows nothing of classes or columns."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy

from .architecture import Architecture
from .backend import Array, move, noise_generator, quiet, sum_of_squares
from .batches import DEVICE_CHUNK, MAX_CHUNK, Reader, Rows, chunks
from .diagnosis import Probe
from .divergence import check_finite, check_outputs, near_overflow
from .network import Network
from .optimizers import Optimizer, OptimizerState
from .owed import Owed
from .parameters import Parameters, blocks, scratch_for
from .penalties import Penalty
from .progress import Progress
from .settings import STEADY, Settings
from .transfer import DeviceReader, reader_for


@dataclass
class TrainingState:
    """What later batches need of earlier ones; on the host, except while a trainer runs on a device.

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

    def serves(self, settings: Settings, architecture: Architecture, parameters: Parameters) -> bool:
        """Tell whether training can go on from here: with the same optimizer and averaging, kind of noise and size.

        Moments of another optimizer, or of one with other decays, mean something else, as averages of another share do.
        """
        return (
            (self.rule, self.averaging) == (settings.optimizer, settings.averaging)
            and all(moment.size == parameters.theta.size for moment in self.optimizer.moments.values())
            and all(moment.dtype == parameters.theta.dtype for moment in self.optimizer.moments.values())
            and (self.generator is not None) == architecture.is_noisy
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
        architecture: Architecture,
        parameters: Parameters,
        rng: numpy.random.RandomState,
        xp: ModuleType = numpy,
    ) -> TrainingState:
        """Return the state before the first batch; draws a seed from ``rng`` only if the network is noisy."""
        seed = rng.randint(2**31 - 1) if architecture.is_noisy else None
        state = cls(settings.optimizer.init(numpy, parameters.theta), settings.learning_rate, settings.learning_rate)
        state.rule, state.averaging = settings.optimizer, settings.averaging
        state.generator = None if seed is None else noise_generator(seed, xp)
        if settings.averaging > 0:
            state.trained = parameters.astype(parameters.theta.dtype)
            state.average = numpy.zeros_like(parameters.theta)
        return state


class Trainer:
    """Trains parameters in place: ``run`` calls ``run_epoch``, which calls ``step``.

    Ctrl-C may fall in at any moment. Where ``has_stepped`` then, set ``ended`` to "interrupted" and call ``run`` again,
    which ends what was begun; whatever raises otherwise, ``undo`` gives the history back as it was.

    Parameters
    ----------
    architecture : Architecture
    parameters : Parameters
        Changed in place.
    rows : Rows
    settings : Settings
    state : TrainingState
        Advanced in place.
    progress : Progress
        At the start. Entries are added to its history.
    rng : RandomState
        Draws the order of the rows.
    validate : callable, default=None
        Returns the validation loss and score of the current parameters.
    hooks : object with methods epoch_begins() and epoch_ends(), default=None
        Called around each epoch; a true value stops training, and so does an exception, which is kept in ``error``.
    report : callable, default=None
        Takes each line of news.
    xp : module, default=numpy
        What computes. On a device the weights are trained in a copy, which is brought back at the end, and after each
        epoch if somebody looks.

    Attributes
    ----------
    progress : Progress
        After the last epoch that has ended.
    has_stepped : bool
        Whether a step has been taken.
    ended : {"converged", "max_epochs", "stopped", "interrupted"} or None
        Why training ended, if it has: stopped by a hook, or interrupted by Ctrl-C.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        rows: Rows,
        settings: Settings,
        state: TrainingState,
        progress: Progress,
        rng: numpy.random.RandomState,
        validate: Callable[[], tuple[float, float]] | None = None,
        hooks: Any = None,
        report: Callable[[str], object] | None = None,
        xp: ModuleType = numpy,
    ):
        self.architecture, self.parameters, self.rows, self.settings = architecture, parameters, rows, settings
        self.state, self.progress, self.rng = state, progress, rng
        self.validate, self.hooks = validate, hooks
        self.report, self.xp = report, xp
        self.error: Exception | None = None
        self.held_out: Rows | None = None  # the rows that ``validate`` looks at
        self.fingerprint: dict[str, str] = {}  # of the fit, noted before the first epoch where checkpoints are written
        self.has_stepped, self.ended = False, None
        self.first_epoch = progress.n_epochs
        self._before = progress, len(progress.loss_curve)
        self._has_average = False
        self._on_host = parameters if state.trained is None else state.trained
        self.trained = self._on_host if xp is numpy else self._on_host.on(xp)
        self.n_rows = len(rows)
        # statistics of a batch are those of its chunks, which a device must not change
        largest = MAX_CHUNK if xp is numpy or architecture.normalizes_batches else DEVICE_CHUNK
        self._chunk = min(settings.batch_size, largest)
        self.network = Network(architecture, self.trained, self._chunk, training=True, generator=state.generator)
        dtype = parameters.theta.dtype
        self.reader = reader_for(rows.at_hand(dtype) if xp is numpy else rows, dtype, self._chunk, xp)
        self.probe = Probe(architecture, parameters if settings.averaging > 0 else self.trained, rows)
        self.total_weight = rows.total_weight
        alpha = 0.0 if settings.optimizer.decouples_decay else settings.alpha
        self._penalty = Penalty(alpha / self.total_weight, settings.l1 / self.total_weight, self.trained.n_decayed)
        self.order = numpy.arange(self.n_rows)
        self.best = parameters.snapshot() if settings.early_stopping else None
        self._work = scratch_for(self.trained.theta)

    def run(self) -> str:
        """Train until there is no progress or ``max_epochs`` are done.

        Returns
        -------
        ended : {"converged", "max_epochs", "stopped", "interrupted"}
            The parameters are the best so far in any case.

        Raises
        ------
        DivergenceError
            If the loss or a parameter is not finite after an epoch, or a prediction for the training rows at the end.
        """
        if self.ended is None:
            self._has_average = self.state.optimizer.step > 0
            self._move(self.trained, self._on_host, self.xp)
            self.ended = self._run_epochs()
        self._finish()
        return self.ended

    def undo(self) -> None:
        """Take the entries of this run out of the history, which earlier progress shares."""
        progress, n_entries = self._before
        progress.keep_first(n_entries)

    def _finish(self) -> None:
        """Put the best parameters in place, and check them; nothing changes where that has been done before."""
        parameters, progress = self.parameters, self.progress
        self._move(self._on_host, self.trained, numpy)
        if self.best is not None and (progress.n_epochs or progress.best_score > -math.inf):
            parameters.restore(self.best)
        elif self._on_host is not parameters and not self._has_average:
            parameters.restore(self._on_host)  # no epoch has ended yet whose average could be taken
        when = f"{progress.n_epochs} epochs"
        if self.ended == "interrupted":
            check_finite(0.0, parameters, when)
        if self.best is not None or self.ended == "interrupted" or progress is self._before[0]:
            self.probe.look(parameters)  # which has seen others last, or none
        if near_overflow(self.probe.raw, self.architecture.link):
            check_outputs(self.architecture, parameters, self.rows, when, self.xp)

    def _move(self, there: Parameters, here: Parameters, xp: ModuleType) -> None:
        """Take what training changes to where ``xp`` works."""
        if there is not here:
            there.restore(here)
            self.state.move(xp)

    def _run_epochs(self) -> str:
        # asked before an epoch, not after, so that a run resumed between two asks too
        while not (self.progress.n_epochs > self.first_epoch and (self._stagnates() or self._rose_in_vain())):
            if self.progress.n_epochs >= self.first_epoch + self.settings.max_epochs:
                return "max_epochs"
            if self._hook("epoch_begins"):
                return "stopped"
            start = time.perf_counter()
            self._judge(self.run_epoch(), start)
            if self._hook("epoch_ends"):
                return "stopped"
        return "converged"

    def run_epoch(self) -> float:
        """Take a step for each batch of the rows; return the mean of the batches' losses."""
        loss = 0.0
        if self.settings.shuffle:
            self.order = self.order[self.rng.permutation(len(self.order))]
        self.reader.begin(self.order if self.settings.shuffle else None)
        with quiet():
            for batch in chunks(0, self.n_rows, self.settings.batch_size):
                loss += self.step(batch) * ((batch.stop - batch.start) / self.n_rows)
        loss = float(loss)
        check_finite(loss, self.trained, f"epoch {self.progress.n_epochs + 1}")
        if self._is_watched:
            self._publish()
        return loss

    def step(self, batch: slice) -> Owed | float:
        """Take one step; return the batch's estimate of the objective, penalties included.

        On a device nothing but the last step of an epoch waits for a number, so that the host runs ahead.
        """
        settings, xp = self.settings, self.xp
        theta, grad = self.trained.theta, self.trained.grad
        fraction = self._fraction(batch)
        self.network.noise = settings.noise_schedule.factor(fraction)
        loss, penalty = self._gradient(batch), self._penalty_at(fraction)
        if batch.stop == self.n_rows:
            self._gradient_norm = self.probe.gradient_norms(self.trained.grads)
        if settings.clip_norm < math.inf:
            loss += penalty.add_to(xp, self.trained, self._work)
            clip(xp, grad, settings.clip_norm)
            penalty = None
        rate = self._rate(batch, fraction)
        if settings.optimizer.decouples_decay and settings.alpha > 0:
            shrink(xp, self.trained, rate * self._alpha(fraction))
        stretches = self.trained.layout.stretches
        loss += settings.optimizer.update(xp, theta, grad, self.state.optimizer, rate, self._work, penalty, stretches)
        if settings.max_norm < math.inf:
            limit_norms(xp, self.trained, settings.max_norm)
        if settings.averaging > 0:
            move_average(xp, self.state.average, theta, settings.averaging, self._work)
        self.has_stepped = True
        return loss

    def _gradient(self, batch: slice) -> Owed | float:
        """Return the batch's estimate of the loss; its gradient is then in ``trained.grad``."""
        size = batch.stop - batch.start
        scale = self.n_rows / (size * self.total_weight)
        parts = [batch] if size <= self._chunk else list(chunks(batch.start, batch.stop, self._chunk))
        return batch_gradient(self.network, self.reader, parts, scale)

    def _fraction(self, batch: slice) -> float:
        """Return the fraction of training that is done before a step."""
        return min(1.0, (self.progress.n_epochs + batch.start / self.n_rows) / self.settings.schedule_epochs)

    def _penalty_at(self, fraction: float) -> Penalty:
        """Return the penalty at a step."""
        if self.settings.decay_schedule is STEADY or not self._penalty.l2:
            return self._penalty
        return replace(self._penalty, l2=self._alpha(fraction) / self.total_weight)

    def _alpha(self, fraction: float) -> float:
        """Return the strength of the L2 penalty, or of the decoupled decay, at a step."""
        return self.settings.alpha * self.settings.decay_schedule.factor(fraction)

    def _rate(self, batch: slice, fraction: float) -> float:
        """Return the learning rate of a step; the warm-up counts the step itself, so that none has a rate of 0."""
        factor = self.settings.schedule.at(fraction, self.progress.n_epochs + batch.stop / self.n_rows)
        self._last_rate = self.state.learning_rate * factor
        return self._last_rate

    @property
    def _is_watched(self) -> bool:
        """Whether somebody looks at the model's parameters after each epoch, which takes them from a device."""
        return self.xp is numpy or self.validate is not None or self.hooks is not None or self.settings.averaging > 0

    def _publish(self) -> None:
        """Write into the model's parameters what was trained beside them: on a device, or to be averaged."""
        if self.trained is not self.parameters:
            self.parameters.restore(self.trained)
        if self.settings.averaging > 0:
            weight = 1 - self.settings.averaging**self.state.optimizer.step  # frees it of its start at zero
            self.parameters.theta[...] = move(self.xp.divide(self.state.average, weight), numpy)
            self._has_average = True

    def _judge(self, loss: float, start: float) -> None:
        """Note the epoch, keep the parameters if they are the best so far, and set the next epoch's rate."""
        settings, n_entries = self.settings, len(self.progress.loss_curve)
        validation_loss, score = (None, None) if self.validate is None else self.validate()
        try:
            progress, is_best = self.progress.note(
                settings.tol,
                by_score=settings.early_stopping,
                ties=settings.ties,
                n_samples=self.n_rows,
                loss=loss,
                validation_loss=validation_loss,
                validation_score=score,
                learning_rate=self._last_rate,
                gradient_norm=self._gradient_norm,
                dead_units=self.probe.dead_units(),
                seconds=time.perf_counter() - start,
            )
            best = self.parameters.snapshot() if is_best and self.best is not None else self.best
            rate = settings.schedule.after_epoch(self.state.learning_rate, settings.learning_rate, progress.n_samples)
        except BaseException:
            self.progress.keep_first(n_entries)
            raise
        # calls nothing, so that Ctrl-C cannot fall between: the epoch has ended as a whole, or not at all
        self.progress, self.best, self.state.learning_rate = progress, best, rate
        if self.report is not None:
            self.report(_line(progress, settings.max_epochs))

    def _hook(self, name: str) -> bool:
        """Call a hook; tell whether to stop: it wants to, or it raised, and the exception waits in ``error``."""
        if self.hooks is None:
            return False
        try:
            return bool(getattr(self.hooks, name)())
        except Exception as error:  # it passes on once the best parameters are in place
            self.error = error
            return True

    def _stagnates(self) -> bool:
        """Tell whether to stop for lack of progress; the schedule may answer that with another rate instead."""
        if self.progress.stagnation <= self.settings.patience:
            return False
        subject = "Validation score" if self.settings.early_stopping else "Training loss"
        news = (
            f"{subject} did not improve more than tol={self.settings.tol:f} "
            f"for {self.settings.patience} consecutive epochs."
        )
        rate = self.settings.schedule.after_stagnation(self.state.learning_rate, self.settings.learning_rate)
        if self.report is not None:
            self.report(f"{news} Stopping." if rate is None else f"{news} Setting learning rate to {rate:g}")
        if rate is None:
            return True
        self.state.learning_rate = rate
        self.progress.stagnation = 0
        return False

    def _rose_in_vain(self) -> bool:
        """Tell whether the schedule is to restart for the last time, after a wave that brought no progress."""
        restarts = self.settings.schedule.restart_fractions
        if not self.settings.gives_up or len(restarts) < 2:
            return False
        before, last = (math.ceil(round(share * self.settings.schedule_epochs, 6)) for share in restarts[-2:])
        in_vain = self.progress.n_epochs == last and self.progress.stagnation >= last - before
        if in_vain and self.report is not None:
            self.report("No progress since the learning rate rose before. Stopping.")
        return in_vain


def _line(progress: Progress, max_epochs: int) -> str:
    """Return the news of the last epoch, the time that the remaining ones may take at most included."""
    last = {name: values[-1] for name, values in progress.history.items()}
    remaining = (max_epochs - progress.n_epochs) * last["seconds"]
    score = "" if last["validation_score"] is None else f"  validation score {last['validation_score']:.4f}"
    return (
        f"epoch {progress.n_epochs:>4}  loss {last['loss']:.6f}{score}  lr {last['learning_rate']:.2e}"
        f"  {last['seconds']:.2f} s  at most {max(remaining, 0):.0f} s left"
    )


def batch_gradient(network: Network, reader: Reader | DeviceReader, chosen: list[slice], scale: float) -> Owed | float:
    """Return the loss over a batch given in chunks; the gradient summed over them is in ``parameters.grad``."""
    grad = network.parameters.grad
    loss = network.loss_and_grad(*reader.read(chosen[0], scale))
    if len(chosen) > 1:
        total = network.parameters.grad_total
        total[...] = grad
        for chunk in chosen[1:]:
            loss += network.loss_and_grad(*reader.read(chunk, scale))
            total += grad
        grad[...] = total
    return loss


def shrink(xp: ModuleType, parameters: Parameters, part: float) -> None:
    """Take that part, times their learning-rate factor, of the weights that decay away from them."""
    for stretch, factor in parameters.layout.stretches:
        weights = parameters.theta[stretch.start : min(stretch.stop, parameters.n_decayed)]
        xp.multiply(weights, 1 - part * factor, out=weights)


def clip(xp: ModuleType, grad: Array, norm: float) -> None:
    """Scale a gradient that is longer than ``norm`` down to it [Pascanu et al., 2013, arXiv:1211.5063]."""
    square = sum_of_squares(grad)
    if xp is not numpy:  # a device is not asked whether the gradient is longer
        xp.multiply(grad, norm / xp.maximum(xp.sqrt(square), norm), out=grad)
    elif (length := math.sqrt(square)) > norm:
        xp.multiply(grad, norm / length, out=grad)


def limit_norms(xp: ModuleType, parameters: Parameters, norm: float) -> None:
    """Scale the incoming weights of every unit that are longer than ``norm`` down to it [Srivastava et al., 2014]."""
    for (_, name), weights in parameters.values.items():
        if name == "W":
            lengths = xp.sqrt(xp.einsum("i...,i...->...", weights, weights))
            least = max(norm, float(numpy.finfo(weights.dtype).tiny))  # a smaller norm would be 0 in this dtype
            xp.multiply(weights, least / xp.maximum(lengths, least), out=weights)


def move_average(xp: ModuleType, average: Array, theta: Array, share: float, work: Array) -> None:
    """Take average = share average + (1 - share) theta [Polyak & Juditsky, 1992; with decay as in Adam's means]."""
    for block in blocks(theta.size, work.size):
        scaled = work[: block.stop - block.start]
        xp.multiply(theta[block], 1 - share, out=scaled)
        xp.multiply(average[block], share, out=average[block])
        xp.add(average[block], scaled, out=average[block])
