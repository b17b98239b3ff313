"""The settings of training, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..data.augmentation import Augment
from ..optimizers import Optimizer
from ..schedules import Schedule

STEADY = Schedule()  # a factor of 1 throughout


@dataclass(frozen=True)
class Settings:
    """The settings of training.

    Attributes
    ----------
    optimizer : Optimizer
    schedule : Schedule
    learning_rate : float
        The initial learning rate.
    batch_size : int
    max_epochs : int
        Maximum number of epochs of this run.
    shuffle : bool
    tol : float
        Minimum improvement over the best epoch for an epoch to count as progress.
    patience : float
        Maximum number of consecutive epochs without progress.
    schedule_epochs : int
        Number of epochs that the schedule spans.
    alpha, l1 : float
        Strengths of the penalties alpha / 2 ||W||^2 and l1 |W|, divided by the rows' total weight as the loss is.
    clip_norm : float
        Maximum Euclidean norm of the gradient; longer gradients are scaled down to it.
    max_norm : float
        Maximum Euclidean norm of the incoming weights of a unit; longer ones are scaled down to it after each step.
    averaging : float in [0, 1)
        Decay of the moving average of the weights per step; 0 disables averaging.
    early_stopping : bool
        Whether progress is measured by the validation score instead of the training loss. The weights of the best epoch
        are then restored at the end.
    ties : {"first", "last"}
        Which of several epochs with the same best score, or loss, is selected.
    skip_idle_wave : bool
        Whether training stops before the last cycle of the schedule if the cycle before it brought no progress.
    noise_schedule, decay_schedule : Schedule
        Factors per step of the dropout rate and the scale of noise, and of alpha.
    augment : Augment, default=None
        Changes the batches of training.
    """

    optimizer: Optimizer
    schedule: Schedule
    learning_rate: float
    batch_size: int
    max_epochs: int
    shuffle: bool
    tol: float
    patience: float
    schedule_epochs: int
    alpha: float = 0.0
    l1: float = 0.0
    clip_norm: float = math.inf
    max_norm: float = math.inf
    averaging: float = 0.0
    early_stopping: bool = False
    ties: str = "first"
    skip_idle_wave: bool = False
    noise_schedule: Schedule = STEADY
    decay_schedule: Schedule = STEADY
    augment: Augment | None = None
