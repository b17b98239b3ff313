"""What a fit leaves of its course: attributes of the estimator, and warnings."""

from __future__ import annotations

import numpy
from sklearn.exceptions import ConvergenceWarning

from .._warnings import warn
from ..engine.learner import Learner
from ..engine.training.history import KEPT, Progress
from ..engine.training.lbfgs import LBFGSTrainer
from ..engine.training.trainer import Trainer
from .annotations import MLPAttributes
from .fit_warnings import warn_of_dead_units, warn_of_lbfgs
from .recipes import Recipe


class CourseMixin(MLPAttributes):
    """Sets the attributes that tell how training went."""

    _learner: Learner
    _recipe: Recipe

    def _note_training(self, trainer: Trainer, incremental: bool) -> None:
        """Warn of how training ended, and set the attributes that tell its course."""
        self._note(trainer.progress)
        if incremental:
            self._training_state = trainer.step.state
        else:
            vars(self).pop("_training_state", None)
        self._warn_about(trainer.ended, trainer, incremental)
        if self.warn and not incremental and trainer.progress.n_epochs:
            warn_of_dead_units(self.history_["dead_units"][-1], self._learner.graph)
        # last, since nothing can bring back what it forgets
        trainer.progress.keep_last(KEPT if incremental else max(KEPT, trainer.progress.n_epochs))

    def _warn_about(self, reason: str | None, trainer: Trainer, incremental: bool) -> None:
        """Warn unless training ended of itself."""
        if reason == "interrupted":
            kept = "best weights so far" if trainer.best is not None else "last weights"
            _warn_of_interrupt(f"{trainer.progress.n_epochs} epochs", kept)
        elif reason == "max_epochs" and not incremental and not self._recipe.takes_all_epochs:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
            )

    # what a stochastic solver leaves of its course, and lbfgs has not
    _COURSE = (
        "_training_state",
        "_progress",
        "history_",
        "loss_curve_",
        "best_loss_",
        "validation_scores_",
        "best_validation_score_",
    )

    def _note(self, progress: Progress) -> None:
        """Set the attributes that tell the course of training."""
        self._progress = progress
        self.history_ = progress.history
        self.n_iter_ = progress.n_epochs
        self.t_ = progress.n_samples
        self.loss_curve_ = progress.loss_curve
        self.loss_ = progress.loss_curve[-1] if progress.loss_curve else numpy.nan
        self.best_loss_ = None if self.early_stopping else progress.best_loss
        self.validation_scores_ = progress.scores if self.early_stopping else None
        self.best_validation_score_ = progress.best_score if self.early_stopping else None

    def _note_minimum(self, trainer: LBFGSTrainer) -> None:
        """Set the attributes that tell how L-BFGS went, and warn unless it converged."""
        result = trainer.result
        for name in self._COURSE:
            vars(self).pop(name, None)
        self.n_iter_, self.t_, self.loss_ = min(result.nit, self.max_iter), 0, float(result.fun)
        if trainer.ended == "interrupted":
            _warn_of_interrupt(f"{result.nit} iterations", "last weights")
        else:
            warn_of_lbfgs(result, self.max_iter)


def _warn_of_interrupt(after: str, kept: str) -> None:
    """Warn that Ctrl-C has ended training."""
    warn(f"Training interrupted by user after {after}: the {kept} are kept.")
