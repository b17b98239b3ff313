"""Attributes that describe the course of training, and warnings about its end."""

from __future__ import annotations

import numpy
from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..engine.learner import Learner
from ..engine.training.history import MAX_ENTRIES, Progress
from ..engine.training.lbfgs import LBFGSTrainer
from ..engine.training.trainer import Trainer
from .annotations import MLPAttributes
from .fit_warnings import warn_about_dead_units, warn_about_lbfgs
from .recipes import Recipe


class TrainingAttributesMixin(MLPAttributes):
    """Mixin that sets the attributes about the course of training."""

    _learner: Learner
    _recipe: Recipe

    def _set_training_attributes(self, trainer: Trainer, incremental: bool) -> None:
        """Set the attributes about a stochastic solver's training, and warn unless it ended normally."""
        self._set_progress_attributes(trainer.progress)
        if incremental:
            self._training_state = trainer.step.state
        else:
            vars(self).pop("_training_state", None)
        self._warn_about_ending(trainer.ended, trainer, incremental)
        if self.warn and not incremental and trainer.progress.n_epochs:
            warn_about_dead_units(self.history_["dead_units"][-1], self._learner.graph)
        # last, since it cannot be undone
        trainer.progress.keep_last(MAX_ENTRIES if incremental else max(MAX_ENTRIES, trainer.progress.n_epochs))

    def _warn_about_ending(self, reason: str | None, trainer: Trainer, incremental: bool) -> None:
        """Warn if training was interrupted or did not converge."""
        if reason == "interrupted":
            kept = "best weights so far" if trainer.best is not None else "last weights"
            _warn_about_interrupt(f"{trainer.progress.n_epochs} epochs", kept)
        elif reason == "max_epochs" and not incremental and not self._recipe.runs_all_epochs:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
            )

    # attributes that only stochastic solvers set
    _STOCHASTIC_ATTRIBUTES = (
        "_training_state",
        "_progress",
        "history_",
        "loss_curve_",
        "best_loss_",
        "validation_scores_",
        "best_validation_score_",
    )

    def _set_progress_attributes(self, progress: Progress) -> None:
        """Set the attributes that are derived from the history."""
        self._progress = progress
        self.history_ = progress.history
        self.n_iter_ = progress.n_epochs
        self.t_ = progress.n_samples
        self.loss_curve_ = progress.loss_curve
        self.loss_ = progress.loss_curve[-1] if progress.loss_curve else numpy.nan
        self.best_loss_ = None if self.early_stopping else progress.best_loss
        self.validation_scores_ = progress.scores if self.early_stopping else None
        self.best_validation_score_ = progress.best_score if self.early_stopping else None

    def _set_lbfgs_attributes(self, trainer: LBFGSTrainer) -> None:
        """Set the attributes about the course of L-BFGS, and warn unless it converged."""
        result = trainer.result
        for name in self._STOCHASTIC_ATTRIBUTES:
            vars(self).pop(name, None)
        self.n_iter_, self.t_, self.loss_ = min(result.nit, self.max_iter), 0, float(result.fun)
        if trainer.ended == "interrupted":
            _warn_about_interrupt(f"{result.nit} iterations", "last weights")
        else:
            warn_about_lbfgs(result, self.max_iter)


def _warn_about_interrupt(progress: str, kept: str) -> None:
    """Warn that training was ended by Ctrl-C."""
    warn(f"Training interrupted by user after {progress}: the {kept} are kept.")
