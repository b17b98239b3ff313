"""scikit-learn's callbacks, called at the fit's begin and end and around each epoch."""

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
        Of the whole fit.
    arguments : dict
        Arguments of every hook: estimator, X, y, metadata.

    Attributes
    ----------
    fitted_now : callable
        Returns the attributes of a fitted estimator with the present weights.
    view : TrainingView or None
        Of the training, if it has epochs.
    error : Exception or None
        Of a callback at the end of the fit.
    """

    fitted_now: Callable[[], dict[str, Any]]
    view: TrainingView | None = None

    def __init__(self, root: CallbackContext, arguments: dict[str, Any]):
        self.root, self.arguments = root, arguments
        self.error: Exception | None = None
        self._epoch: Any = None  # the context of the current one
        self._has_ended = False

    def fit_begins(self) -> None:
        """Tell that training begins."""
        if self.view is not None:
            announce(self.root, self.view)
        self.root.call_on_fit_task_begin(**self.arguments)

    def fit_ends(self, attributes: dict[str, Any]) -> None:
        """Tell once that training has ended; the attributes make a fitted estimator."""
        if self._has_ended:
            return
        self._has_ended = True
        try:
            self.root.call_on_fit_task_end(
                **self.arguments, reconstruction_attributes=self.attributes_of_owner(attributes)
            )
        except Exception as error:  # it passes on once the estimator is fitted
            self.error = error

    def epoch_begins(self) -> None:
        """Tell that an epoch begins."""
        self._epoch = self.root.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self.arguments, reconstruction_attributes=self._attributes_now)

    def epoch_ends(self) -> bool:
        """Tell that an epoch has ended; return whether a callback wants to stop training."""
        return self._epoch.call_on_fit_task_end(**self.arguments, reconstruction_attributes=self._attributes_now)

    def attributes_of_owner(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes of the estimator that has the callbacks, given those of the network that trains."""
        return attributes

    def _attributes_now(self) -> dict[str, Any]:
        """Return the attributes that make a fitted estimator of the present weights."""
        return self.attributes_of_owner(self.fitted_now())
