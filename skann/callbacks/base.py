"""The base class of callbacks: the hooks of scikit-learn's protocol, which do nothing by default."""

from __future__ import annotations

from typing import Any

from sklearn.callback import CallbackContext


class Callback:
    """A callback for the epochs of a fit. Clones share it, so the state of a fit belongs in its context."""

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing before the fit.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator being fitted.
        context : CallbackContext
            Context of the fit.
        """

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing after the fit, whether or not it failed.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator whose fit has ended.
        context : CallbackContext
            Context of the fit.
        """

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing before the fit or one of its epochs.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator being fitted.
        context : CallbackContext
            Context of the fit or of the epoch.
        """

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> bool:
        """Call ``on_epoch_end`` after an epoch.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator being fitted.
        context : CallbackContext
            Context of the fit or of the epoch.

        Returns
        -------
        stop : bool
            Whether to stop training.
        """
        return context.task_name == "epoch" and bool(self.on_epoch_end(estimator, context))  # pyright: ignore[reportAttributeAccessIssue]

    def on_epoch_end(self, estimator: Any, context: CallbackContext) -> bool | None:
        """Do nothing after an epoch.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            The estimator being fitted.
        context : CallbackContext
            Context of the epoch.

        Returns
        -------
        stop : bool or None
            True stops training.
        """


def check_positive_int(name: str, value: Any) -> int:
    """Return the value of a parameter; raise ValueError unless it is an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be an int of at least 1. Got {value!r} instead.")
    return value
