"""The base class of losses, and their registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy

from ..activations import FixedActivation, Identity, Logistic, Softmax
from ..arrays.backend import Array
from ..hyperparameters import Hyperparameters
from ..registry import Registry

CLASSIFICATION = frozenset({"binary", "multiclass", "multilabel"})
REGRESSION = frozenset({"regression"})


@dataclass(frozen=True)
class Loss(Hyperparameters, ABC):
    """Base class of losses: a sum over the outputs of a row; the objective weights and averages the rows.

    Attributes
    ----------
    tasks : frozenset of {"binary", "multiclass", "multilabel", "regression"}
        The tasks to which the loss applies.
    gives_probabilities : bool
        Whether the link of a classifier returns probabilities.
    positive_target : bool
        Whether negative targets are invalid.
    over_positions : bool
        Whether the loss is one of all positions of a row together, such as those of an image. ``evaluate`` then
        receives arrays of shape (n_samples, n_positions, ...) and writes one loss per row.
    parts : tuple of str
        Names of the terms of the loss, if they are reported in the history. ``losses`` is then of shape
        (n_parts, n_samples).
    """

    tasks = CLASSIFICATION | REGRESSION
    gives_probabilities = True
    positive_target = False
    over_positions = False
    parts = ()

    def link(self, task: str, beta: float = 1.0) -> FixedActivation:
        """Return the link, which maps raw outputs to predictions: by default softmax, logistic or identity.

        Parameters
        ----------
        task : {"binary", "multiclass", "multilabel", "regression"}
            The task.
        beta : float other than 0, default=1.0
            Inverse temperature of a classifier's link.

        Returns
        -------
        link : FixedActivation
            The link.
        """
        if task == "regression":
            return Identity()
        return Softmax(beta) if task == "multiclass" else Logistic(scale=beta)

    def n_outputs(self, n_targets: int) -> int:
        """Return the number of raw outputs for a target: by default one per column.

        Parameters
        ----------
        n_targets : int
            Number of columns of the target.

        Returns
        -------
        n_outputs : int
            Number of raw outputs of the network.
        """
        return n_targets

    def check_target(self, y: numpy.ndarray) -> None:
        """Check that a target is in the domain of the loss.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_targets)
            The target.

        Raises
        ------
        ValueError
            If the target is out of the domain.
        """

    @abstractmethod
    def evaluate(
        self,
        xp: ModuleType,
        link: Any,
        raw: Array,
        target: Array,
        losses: Array,
        gradient: Array,
        work: Array,
    ) -> None:
        """Write the loss of each row and its gradient with respect to the raw outputs.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        link : FixedActivation
            The link, from ``self.link``.
        raw : array of shape (n_samples, n_outputs)
            Raw outputs, not modified.
        target : array of shape (n_samples, n_targets)
            Target, not modified. Classes are one-hot columns, two classes a single column of 0 and 1. ``n_outputs`` is
            ``self.n_outputs(n_targets)``.
        losses : array of shape (n_samples,)
            Array for the losses.
        gradient : array of shape (n_samples, n_outputs)
            Array for the gradient.
        work : array of shape (2, n_samples, n_outputs)
            Scratch.
        """


LOSSES = Registry("loss", Loss)
