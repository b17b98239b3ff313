"""How to train, in plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..optimizers import Optimizer
from ..schedules import Schedule

STEADY = Schedule()  # a factor of 1 throughout


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
        Epochs of this run.
    shuffle : bool
    tol : float
        An epoch counts as progress if it beats the best by this much.
    patience : float
        Maximum number of consecutive epochs without progress.
    schedule_epochs : int
        Epochs that the schedule is stretched over.
    alpha, l1 : float
        Strengths of the penalties alpha / 2 ||W||^2 and l1 |W|, divided by the rows' total weight as the loss is.
    clip_norm : float
        Longer gradients are scaled down to this Euclidean norm.
    max_norm : float
        After a step, the incoming weights of a unit are scaled down to this Euclidean norm.
    averaging : float in [0, 1)
        Share of the last step's average of the weights in the next; 0 takes the weights as they are.
    early_stopping : bool
        Whether the validation score, and not the training loss, is what makes progress; the best weights are then
        restored at the end.
    ties : {"first", "last"}
        Which of epochs with equally good scores, or losses, is the best.
    skip_idle_wave : bool
        Whether training stops where the schedule restarts for the last time, if there was no progress since it
        restarted before.
    noise_schedule, decay_schedule : Schedule
        Factors at a step of the rate of dropout and the scale of noise, and of alpha.
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
