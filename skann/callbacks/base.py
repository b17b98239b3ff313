"""What the callbacks share: the hooks of scikit-learn's protocol, which do nothing unless a callback says so."""

from __future__ import annotations

from typing import Any

from sklearn.callback import CallbackContext


class Callback:
    """A callback for the epochs of a fit. Clones share it, so it keeps nothing of a fit but in the fit's context."""

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing before fit.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            What is fitted.
        context : CallbackContext
            Of the fit.
        """

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing after fit, whether it failed or not.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            What was fitted.
        context : CallbackContext
            Of the fit.
        """

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing before the fit or an epoch of it.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            What is fitted.
        context : CallbackContext
            Of the fit, or of the epoch.
        """

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> bool:
        """Call ``on_epoch_end`` after an epoch.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            What is fitted.
        context : CallbackContext
            Of the fit, or of the epoch.

        Returns
        -------
        stop : bool
            Whether to stop training.
        """
        return context.task_name == "epoch" and bool(self.on_epoch_end(estimator, context))  # pyright: ignore[reportAttributeAccessIssue]

    def on_epoch_end(self, estimator: Any, context: CallbackContext) -> bool | None:
        """Do what is to be done after an epoch.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            What is fitted.
        context : CallbackContext
            Of the epoch.

        Returns
        -------
        stop : bool or None
            True stops training.
        """


def positive_int(name: str, value: Any) -> int:
    """Return the value of a parameter that must be an int of at least 1, or raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be an int of at least 1. Got {value!r} instead.")
    return value
