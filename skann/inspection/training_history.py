"""The course of training: loss, score and learning rate over epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy
from sklearn.base import is_classifier

from ._plotting import BLUE, POINTS, VERMILION, axes_for, legend_beside, pyplot, some_of
from .extraction import check_history, epoch_values, history_of, unwrap

_RING = {"marker": "o", "linestyle": "", "color": "black", "markerfacecolor": "none", "markersize": 9}


class TrainingHistoryDisplay:
    """Loss, validation score and learning rate over epochs, of one network or of several to compare.

    The score has a panel where there is a validation set, the learning rate where it changes or differs. The training
    loss includes the penalties, the validation loss does not. The best epoch is that of the highest validation score,
    or without a validation set that of the lowest training loss; the first, if several tie. With early stopping it is
    the one whose weights the estimator has kept.

    Make one with ``from_estimator`` or ``from_history``.

    Parameters
    ----------
    histories : dict of str to dict
        Each network's ``history_``, by the name it has in the legend.
    score_name : str, default="validation score"
        What the score is, for the label of its panel.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each panel: the loss, then the score and the learning rate if there is something to tell.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.
    best_epochs_ : dict of str to int
        Each network's best epoch, counted from 1.

    See Also
    --------
    skann.callbacks.LearningCurve : Draws the curves while training runs.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.inspection import TrainingHistoryDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(early_stopping=True, random_state=0)
    >>> networks = {solver: clone(mlp).set_params(solver=solver).fit(X, y) for solver in ("adam", "sgd")}
    >>> display = TrainingHistoryDisplay.from_estimator(networks)
    >>> [axes.get_ylabel() for axes in display.axes_]
    ['loss', 'validation accuracy']
    """

    def __init__(self, histories: dict[str, Mapping[str, list]], *, score_name: str = "validation score"):
        self.histories = histories
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the course of training of a fitted network, or of several.

        Parameters
        ----------
        estimator : one of skann, or dict of str to these
            Fitted by a stochastic solver; alone, at the end of a Pipeline, or in a search. A dict compares several
            by name.
        ax : array of matplotlib Axes, default=None
            One for each panel; None makes a figure.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If an estimator is not fitted.
        ValueError
            If one has no history, as after solver='lbfgs'.
        """
        estimators = estimator if isinstance(estimator, Mapping) else {"": estimator}
        histories = {name: history_of(member) for name, member in estimators.items()}
        names = {_score_name(unwrap(member)[0]) for member in estimators.values()}
        score_name = names.pop() if len(names) == 1 else "validation score"
        return cls._from_histories(histories, score_name, ax)

    @classmethod
    def from_history(cls, history: Any, *, score_name: str = "validation score", ax: Any = None) -> Self:
        """Draw the course of training from an estimator's ``history_``, or from several.

        Parameters
        ----------
        history : dict of str to list, or dict of str to such dicts
            With the entries "epoch" and "loss", and as there are "validation_loss", "validation_score" and
            "learning_rate", one value or None for each epoch. A dict of histories compares several by name.
        score_name : str, default="validation score"
            What the score is.
        ax : array of matplotlib Axes, default=None
            One for each panel; None makes a figure.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        ValueError
            If a history lacks an entry or has no epochs.
        """
        several = isinstance(history, Mapping) and all(isinstance(member, Mapping) for member in history.values())
        return cls._from_histories(dict(history) if several else {"": history}, score_name, ax)

    @classmethod
    def _from_histories(cls, histories, score_name, ax):
        """Check the histories and draw them."""
        pyplot()
        if not histories:
            raise ValueError("There is nothing to draw: the dict is empty.")
        for history in histories.values():
            check_history(history, "loss")
        return cls(histories, score_name=score_name).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            One for each panel; None makes a figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            The object itself, with its attributes set.
        """
        panels = self._panels()
        self.axes_ = axes_for(ax, len(panels), size=(4.5, 3.8), beside=1.5)
        self.figure_ = self.axes_[0].figure
        self.best_epochs_ = {name: best_epoch(history) for name, history in self.histories.items()}
        for axes, (label, entries) in zip(self.axes_, panels.items(), strict=True):
            for i, (name, history) in enumerate(self.histories.items()):
                self._draw(axes, history, entries, i, self.best_epochs_[name])
            axes.set(xlabel="epoch", ylabel=label)
            axes.grid(alpha=0.3)
            if entries == ["learning_rate"] and 0 < 10 * self._rates().min() <= self._rates().max():
                axes.set_yscale("log")
        self._add_legend(self.axes_[-1])
        return self

    def _panels(self) -> dict[str, list[str]]:
        """Return for each panel's label the entries of the history that it shows."""
        panels = {"loss": ["loss", "validation_loss"]}
        histories = self.histories.values()
        if any(_is_noted(history, "validation_score") for history in histories):
            panels[self.score_name] = ["validation_score"]
        if len(numpy.unique(self._rates())) > 1:
            panels["learning rate"] = ["learning_rate"]
        return panels

    def _rates(self) -> numpy.ndarray:
        """Return all learning rates that were noted."""
        rates = numpy.concatenate([epoch_values(history, "learning_rate") for history in self.histories.values()])
        return rates[numpy.isfinite(rates)]

    def _draw(self, axes, history: Mapping[str, list], entries: list[str], i: int, best: int) -> None:
        """Draw entries of the history number i, with a ring round the best epoch on the last that there is."""
        epochs = epoch_values(history, "epoch")
        entries = [entry for entry in entries if _is_noted(history, entry)]
        for entry in entries:
            axes.plot(
                epochs, epoch_values(history, entry), **self._style(i, entry.startswith("validation"), len(epochs))
            )
        if entries and entries != ["learning_rate"]:
            at = epochs == best
            axes.plot(epochs[at], epoch_values(history, entries[-1])[at], zorder=5, **_RING)
        if len(self.histories) == 1:
            axes.axvline(best, color="0.6", linewidth=0.8, zorder=0)

    def _style(self, i: int, of_validation: bool, n_epochs: int) -> dict[str, Any]:
        """Return how a line looks: dashed for the validation set; several networks have a colour and marker each."""
        linestyle = "--" if of_validation else "-"
        if len(self.histories) == 1:
            return {"color": VERMILION if of_validation else BLUE, "linestyle": linestyle}
        return {
            **some_of(POINTS, i + 1)[i],
            "linestyle": linestyle,
            "markersize": 4,
            "markevery": max(1, n_epochs // 8),
        }

    def _add_legend(self, axes) -> None:
        """Say beside the axes what the lines mean."""
        from matplotlib.lines import Line2D

        kinds = {"training": False}
        if any(_is_noted(history, "validation_loss") for history in self.histories.values()):
            kinds["validation"] = True
        if len(self.histories) == 1:
            handles = [Line2D([], [], label=kind, **self._style(0, kinds[kind], 1)) for kind in kinds]
            best = f"best epoch: {next(iter(self.best_epochs_.values()))}"
        else:
            names = enumerate(self.histories)
            handles = [Line2D([], [], label=name, **self._style(i, False, 1)) for i, name in names]
            handles += [
                Line2D([], [], label=kind, color="0.4", linestyle="--" if of_validation else "-")
                for kind, of_validation in kinds.items()
            ]
            best = "best epoch"
        handles.append(Line2D([], [], label=best, **_RING))
        legend_beside(axes, handles=handles)


def best_epoch(history: Mapping[str, list]) -> int:
    """Return the epoch of the highest validation score, or if there is none of the lowest training loss."""
    if _is_noted(history, "validation_score"):
        i = numpy.nanargmax(epoch_values(history, "validation_score"))
    else:
        i = numpy.nanargmin(epoch_values(history, "loss"))
    return int(history["epoch"][i])


def _is_noted(history: Mapping[str, list], entry: str) -> bool:
    """Whether any epoch has a number there."""
    return bool(numpy.isfinite(epoch_values(history, entry)).any())


def _score_name(network: Any) -> str:
    """Return what the validation score of a network is."""
    if network.scoring is None:
        return "validation accuracy" if is_classifier(network) else "validation R²"
    if network.scoring == "loss":
        return "minus the validation loss"
    return f"validation {network.scoring}" if isinstance(network.scoring, str) else "validation score"
