"""scikit-learn's callbacks, called at the fit's begin and end and around each epoch."""

from __future__ import annotations

from typing import Any

from sklearn.callback import CallbackContext


class FitHooks:
    """Calls the hooks of an estimator's callbacks.

    Parameters
    ----------
    root : CallbackContext
        Of the whole fit.
    told : dict
        What every hook may ask for: estimator, X, y, metadata.
    """

    def __init__(self, root: CallbackContext, told: dict[str, Any]):
        self.root, self.told = root, told
        self.epoch: Any = None  # the context of the current one
        self.fitted_now: Any = None  # returns the attributes of a fitted estimator
        self._has_ended = False

    def fit_begins(self) -> None:
        """Tell that training begins."""
        self.root.call_on_fit_task_begin(**self.told)

    def fit_ends(self, attributes: dict[str, Any]) -> None:
        """Tell once that training has ended; the attributes make a fitted estimator."""
        if self._has_ended:
            return
        self._has_ended = True
        self.root.call_on_fit_task_end(**self.told, reconstruction_attributes=self.shown(attributes))

    def epoch_begins(self) -> None:
        """Tell that an epoch begins."""
        self.epoch = self.root.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.told, reconstruction_attributes=self._shown_now)

    def epoch_ends(self) -> bool:
        """Tell that an epoch has ended; return whether a callback wants to stop training."""
        return self.epoch.call_on_fit_task_end(**self.told, reconstruction_attributes=self._shown_now)

    def shown(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes of ``told["estimator"]`` from those of the network that trains: here they are one."""
        return attributes

    def _shown_now(self) -> dict[str, Any]:
        """Return the attributes that make a fitted estimator of the present weights."""
        return self.shown(self.fitted_now())
