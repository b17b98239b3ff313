"""What a loss is, and the registry of all of them."""

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
    """The training loss: a sum over the outputs of a row, weighted and averaged over the rows elsewhere.

    Attributes
    ----------
    tasks : frozenset of {"binary", "multiclass", "multilabel", "regression"}
        Where the loss applies.
    gives_probabilities : bool
        Whether what the link makes of a classifier's raw outputs are probabilities.
    positive_target : bool
        Whether the target must not be negative.
    """

    tasks = CLASSIFICATION | REGRESSION
    gives_probabilities = True
    positive_target = False

    def link(self, task: str, beta: float = 1.0) -> FixedActivation:
        """Return what turns raw outputs into predictions: by default softmax, logistic or identity.

        Parameters
        ----------
        task : {"binary", "multiclass", "multilabel", "regression"}
            What the outputs mean.
        beta : float other than 0, default=1.0
            Inverse temperature of a classifier's link.

        Returns
        -------
        link : FixedActivation
            A function without learnable parameters.
        """
        if task == "regression":
            return Identity()
        return Softmax(beta) if task == "multiclass" else Logistic(scale=beta)

    def n_outputs(self, n_targets: int) -> int:
        """Return how many raw outputs a target takes: by default one for each column.

        Parameters
        ----------
        n_targets : int
            Columns of the target.

        Returns
        -------
        n_outputs : int
            Raw outputs of the network.
        """
        return n_targets

    def check_target(self, y: numpy.ndarray) -> None:
        """Check that a target lies in the loss's domain.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_targets)
            The target.

        Raises
        ------
        ValueError
            If it does not.
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
        """Write each row's loss, and the gradient of that with respect to the raw outputs.

        Parameters
        ----------
        xp : module
            NumPy or a library with the same functions.
        link : FixedActivation
            As ``self.link`` made it.
        raw : array of shape (n_samples, n_outputs)
            Not modified.
        target : array of shape (n_samples, n_targets)
            Classes are one-hot columns, two classes a single column of 0 and 1. ``n_outputs`` is
            ``self.n_outputs(n_targets)``. Not modified.
        losses : array of shape (n_samples,)
            For the losses.
        gradient : array of shape (n_samples, n_outputs)
            For the gradient.
        work : array of shape (2, n_samples, n_outputs)
            Scratch.
        """


LOSSES = Registry("loss", Loss)
