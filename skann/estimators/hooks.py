"""Calls of scikit-learn's callbacks at the beginning and end of the fit and of each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.callback import CallbackContext

from ..callbacks.training import TrainingView, announce


class FitHooks:
    """Calls the hooks of an estimator's callbacks.

    Parameters
    ----------
    root : CallbackContext
        Context of the whole fit.
    arguments : dict
        Arguments of all hooks: estimator, X, y, metadata.

    Attributes
    ----------
    current_attributes : callable
        Returns the attributes of a fitted network with the current weights.
    view : TrainingView or None
        View of the training, if it has epochs.
    error : Exception or None
        Error in a callback at the end of the fit.
    """

    current_attributes: Callable[[], dict[str, Any]]
    view: TrainingView | None = None

    def __init__(self, root: CallbackContext, arguments: dict[str, Any]):
        self.root, self.arguments = root, arguments
        self.error: Exception | None = None
        self._epoch: Any = None  # the context of the current epoch
        self._end_reported = False

    def fit_begins(self) -> None:
        """Call the callbacks at the beginning of the fit."""
        if self.view is not None:
            announce(self.root, self.view)
        self.root.call_on_fit_task_begin(**self.arguments)

    def fit_ends(self, attributes: dict[str, Any]) -> None:
        """Call the callbacks at the end of the fit, once, with the attributes of the fitted network."""
        if self._end_reported:
            return
        self._end_reported = True
        try:
            self.root.call_on_fit_task_end(
                **self.arguments, reconstruction_attributes=self.owner_attributes(attributes)
            )
        except Exception as error:  # raised once the estimator is fitted
            self.error = error

    def epoch_begins(self) -> None:
        """Call the callbacks at the beginning of an epoch."""
        self._epoch = self.root.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self.arguments, reconstruction_attributes=self._current_owner)

    def epoch_ends(self) -> bool:
        """Call the callbacks at the end of an epoch; return whether one requests that training stop."""
        return self._epoch.call_on_fit_task_end(**self.arguments, reconstruction_attributes=self._current_owner)

    def owner_attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes of the estimator with the callbacks, given those of the network being trained."""
        return attributes

    def _current_owner(self) -> dict[str, Any]:
        """Return the attributes of a fitted estimator with the current weights."""
        return self.owner_attributes(self.current_attributes())
