"""The training loop: epochs, batches, stopping. It knows nothing of classes or columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy

from .architecture import Architecture
from .backend import Array, noise_generator, quiet
from .batches import Reader, Rows
from .network import Network
from .optimizers import Optimizer, OptimizerState
from .parameters import BLOCK, Parameters, blocks
from .schedules import Schedule

# Larger batches run in chunks of this many rows whose gradients are summed, so that memory does not grow with them.
MAX_CHUNK = 4096


class DivergenceError(ValueError):
    """Training left the finite numbers."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes
    ----------
    optimizer : Optimizer
    schedule : Schedule
    learning_rate : float
        The initial one.
    batch_size : int
    max_epochs : int
    shuffle : bool
    alpha : float
        Strength of the L2 penalty alpha / 2 ||W||^2, which is divided by the rows' total weight as the loss is.
    tol : float
        An epoch counts as progress if it beats the best by this much.
    patience : float
        Epochs in a row without progress that are let pass.
    """

    optimizer: Optimizer
    schedule: Schedule
    learning_rate: float
    batch_size: int
    max_epochs: int
    shuffle: bool
    alpha: float
    tol: float
    patience: float


@dataclass
class TrainingState:
    """What later batches need of earlier ones: the optimizer's state, the current rate, the noise generator."""

    optimizer: OptimizerState
    learning_rate: float
    generator: Any = None

    @classmethod
    def start(
        cls, settings: Settings, architecture: Architecture, parameters: Parameters, rng: numpy.random.RandomState
    ) -> TrainingState:
        """Return the state before the first batch; draws a seed from ``rng`` only if the network is noisy."""
        seed = rng.randint(2**31 - 1) if architecture.is_noisy else None
        generator = None if seed is None else noise_generator(seed)
        return cls(settings.optimizer.init(numpy, parameters.theta), settings.learning_rate, generator)


@dataclass
class Progress:
    """How training went, over all calls that continued one another."""

    n_epochs: int = 0
    n_samples: int = 0
    loss_curve: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_score: float = -math.inf
    stagnation: int = 0

    def note_loss(self, tol: float) -> bool:
        """Judge the last epoch by its training loss; tell whether it is the best so far."""
        loss = self.loss_curve[-1]
        self.stagnation = self.stagnation + 1 if loss > self.best_loss - tol else 0
        if loss < self.best_loss:
            self.best_loss = loss
            return True
        return False

    def note_score(self, score: float, tol: float) -> bool:
        """Judge the last epoch by its validation score; tell whether it is the best so far, the first of ties."""
        self.scores.append(score)
        self.stagnation = self.stagnation + 1 if score < self.best_score + tol else 0
        if score > self.best_score:
            self.best_score = score
            return True
        return False


class Trainer:
    """Trains parameters in place: ``run`` calls ``run_epoch``, which calls ``step``.

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
        Advanced in place.
    rng : RandomState
        Draws the order of the rows.
    score : callable, default=None
        Returns the validation score of the current parameters; the best ones are restored at the end. None judges
        progress by the training loss.
    report : callable, default=None
        Takes each line of news.
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
        score: Callable[[], float] | None = None,
        report: Callable[[str], object] | None = None,
    ):
        self.parameters, self.rows, self.settings = parameters, rows, settings
        self.state, self.progress, self.rng = state, progress, rng
        self.score = score
        self.report = report or _say_nothing
        n_rows = min(settings.batch_size, MAX_CHUNK)
        self.network = Network(architecture, parameters, n_rows, training=True, generator=state.generator)
        self.reader = Reader(rows, parameters.theta.dtype, n_rows)
        self.total_weight = rows.total_weight
        self._work = numpy.empty(min(BLOCK, parameters.theta.size), parameters.theta.dtype)

    def run(self) -> str:
        """Train until there is no progress or ``max_epochs`` are done; return which, or "interrupted" (Ctrl-C).

        Returns
        -------
        reason : {"converged", "max_epochs", "interrupted"}

        Raises
        ------
        DivergenceError
            If the loss or a parameter is not finite after an epoch.
        """
        order = numpy.arange(len(self.rows))
        best = self.parameters.theta.copy() if self.score else None
        reason = "max_epochs"
        try:
            for _ in range(self.settings.max_epochs):
                if self.settings.shuffle:
                    order = order[self.rng.permutation(len(order))]
                self.run_epoch(order if self.settings.shuffle else None)
                if self._judge_epoch() and best is not None:
                    best[...] = self.parameters.theta
                if self._stagnates():
                    reason = "converged"
                    break
        except KeyboardInterrupt:
            reason = "interrupted"
        if best is not None:
            self.parameters.theta[...] = best
        return reason

    def run_epoch(self, order: numpy.ndarray | None) -> None:
        """Take a step for each batch of the rows, in the given order, and note the mean of the batches' losses."""
        loss = 0.0
        with quiet():
            for batch in chunks(0, len(self.rows), self.settings.batch_size):
                loss += self.step(batch, order) * ((batch.stop - batch.start) / len(self.rows))
        self.progress.n_epochs += 1
        self.progress.n_samples += len(self.rows)
        self.progress.loss_curve.append(loss)
        self.report(f"Iteration {self.progress.n_epochs}, loss = {loss:.8f}")
        check_finite(loss, self.parameters, f"epoch {self.progress.n_epochs}")

    def step(self, batch: slice, order: numpy.ndarray | None) -> float:
        """Take one step; return the batch's estimate of the objective, penalty included."""
        scale = len(self.rows) / ((batch.stop - batch.start) * self.total_weight)
        parts = [part if order is None else order[part] for part in chunks(batch.start, batch.stop)]
        loss = batch_gradient(self.network, self.reader, parts, scale)
        loss += add_penalty(self.network.xp, self.parameters, self.settings.alpha / self.total_weight, self._work)
        self.settings.optimizer.update(
            self.network.xp,
            self.parameters.theta,
            self.parameters.grad,
            self.state.optimizer,
            self.state.learning_rate,
            self._work,
        )
        return float(loss)

    def _judge_epoch(self) -> bool:
        """Note whether the epoch made progress and set the next one's rate; tell whether its score is the best."""
        progress, tol = self.progress, self.settings.tol
        if self.score is None:
            is_best = progress.note_loss(tol)
        else:
            is_best = progress.note_score(self.score(), tol)
            self.report(f"Validation score: {progress.scores[-1]:f}")
        self.state.learning_rate = self.settings.schedule.after_epoch(
            self.state.learning_rate, self.settings.learning_rate, progress.n_samples
        )
        return is_best

    def _stagnates(self) -> bool:
        """Tell whether to stop for lack of progress; the schedule may answer that with another rate instead."""
        if self.progress.stagnation <= self.settings.patience:
            return False
        subject = "Training loss" if self.score is None else "Validation score"
        news = (
            f"{subject} did not improve more than tol={self.settings.tol:f} "
            f"for {self.settings.patience} consecutive epochs."
        )
        rate = self.settings.schedule.after_stagnation(self.state.learning_rate)
        if rate is None:
            self.report(f"{news} Stopping.")
            return True
        self.report(f"{news} Setting learning rate to {rate:f}")
        self.state.learning_rate = rate
        self.progress.stagnation = 0
        return False


def _say_nothing(line: str) -> None:
    """Report nothing."""


def check_finite(loss: float, parameters: Parameters, when: str) -> None:
    """Raise DivergenceError unless the loss and every parameter are finite."""
    if not (math.isfinite(loss) and numpy.isfinite(parameters.theta).all()):
        raise DivergenceError(
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            f"preprocessed. After {when} the loss was {loss}. Scale the features (StandardScaler), and a regression "
            "target too, or lower learning_rate_init."
        )


def batch_gradient(network: Network, reader: Reader, chosen: list[slice | numpy.ndarray], scale: float) -> float:
    """Return the loss over a batch given in chunks; the gradient summed over them is in ``parameters.grad``."""
    grad = network.parameters.grad
    loss = network.loss_and_grad(*reader.read(chosen[0], scale))
    if len(chosen) > 1:
        total = grad.copy()
        for chunk in chosen[1:]:
            loss += network.loss_and_grad(*reader.read(chunk, scale))
            total += grad
        grad[...] = total
    return loss


def add_penalty(xp: ModuleType, parameters: Parameters, factor: float, work: Array) -> float:
    """Add ``factor * W`` to the gradient for the weights W that decay; return ``factor / 2 ||W||^2``.

    SciPy's axpy would do it in one pass, but with a thread pool of its own, which spins against NumPy's: a step took
    20 times as long.
    """
    if factor == 0:
        return 0.0
    weights = parameters.theta[: parameters.n_decayed]
    for block in blocks(weights.size):
        scaled = work[: block.stop - block.start]
        xp.multiply(weights[block], factor, out=scaled)
        xp.add(parameters.grad[block], scaled, out=parameters.grad[block])
    return factor / 2 * float(weights @ weights)


def chunks(start: int, stop: int, size: int = MAX_CHUNK) -> Iterator[slice]:
    """Yield slices of at most ``size`` rows from start to stop; the last may be short."""
    for begin in range(start, stop, size):
        yield slice(begin, min(begin + size, stop))
