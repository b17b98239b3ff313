"""A display of loss, validation score and learning rate during training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy
from sklearn.base import is_classifier

from ._plotting import BLUE, POINTS, VERMILION, axes_for, legend_beside, pyplot, take_styles
from .extraction import check_history, epoch_values, finds_objects, history_of, is_spatial, unwrap

_RING = {"marker": "o", "linestyle": "", "color": "black", "markerfacecolor": "none", "markersize": 9}
# the parts of the loss of detectors, with colours other than those of the loss
_PARTS = {
    "proposal_loss": {"color": "#CC79A7", "linestyle": (0, (6, 1, 1, 1, 1, 1))},
    "objectness_loss": {"color": "#56B4E9", "linestyle": (0, (1, 1))},
    "classification_loss": {"color": "#E69F00", "linestyle": (0, (8, 2))},
    "box_loss": {"color": "#009E73", "linestyle": "-."},
    "mask_loss": {"color": "#000000", "linestyle": ":"},
}


class TrainingHistoryDisplay:
    """Plot of loss, validation score and learning rate over epochs, of one network or several for comparison.

    The score has a panel if there is a validation set, and the learning rate if it is not constant. The training loss
    includes the penalties, the validation loss does not. The best epoch is the first with the highest validation score
    or, without a validation set, the lowest training loss. With early stopping, the estimator keeps the weights of the
    best epoch.

    Thin lines are the parts of the loss of a detector, unless several networks are compared.

    Create a display with ``from_estimator`` or ``from_history``.

    Parameters
    ----------
    histories : dict of str to dict
        The ``history_`` of each network, by its name in the legend.
    score_name : str, default="validation score"
        Name of the score, which labels its panel.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Axes of the panels: the loss, followed by the score and the learning rate if they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    best_epochs_ : dict of str to int
        Best epoch of each network, counted from 1.

    See Also
    --------
    skann.callbacks.LearningCurve : Plots the curves during training.

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
        """Draw the training history of one or more fitted networks.

        Parameters
        ----------
        estimator : one of skann, or dict of str to these
            Estimator fitted with a stochastic solver, or a Pipeline or search that ends in one. A dict compares several
            by name.
        ax : array of matplotlib Axes, default=None
            One for each panel. None creates a figure.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If an estimator is not fitted.
        ValueError
            If an estimator has no history, as with solver='lbfgs'.
        """
        estimators = estimator if isinstance(estimator, Mapping) else {"": estimator}
        histories = {name: history_of(member) for name, member in estimators.items()}
        names = {_score_name(unwrap(member)[0]) for member in estimators.values()}
        score_name = names.pop() if len(names) == 1 else "validation score"
        return cls._from_histories(histories, score_name, ax)

    @classmethod
    def from_history(cls, history: Any, *, score_name: str = "validation score", ax: Any = None) -> Self:
        """Draw the training history from one or more ``history_`` attributes.

        Parameters
        ----------
        history : dict of str to list, or dict of str to such dicts
            Entries "epoch" and "loss", and optionally "validation_loss", "validation_score", "learning_rate" and parts
            of the loss such as "box_loss", each with one value or None per epoch. A dict of histories compares several
            by name.
        score_name : str, default="validation score"
            Name of the score.
        ax : array of matplotlib Axes, default=None
            One for each panel. None creates a figure.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        ValueError
            If a history lacks a required entry or has no epochs.
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
            One for each panel. None creates a figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            The display itself.
        """
        panels = self._panels()
        self.axes_ = axes_for(ax, len(panels), size=(4.5, 3.8), legend_width=1.5)
        self.figure_ = self.axes_[0].figure
        self.best_epochs_ = {name: best_epoch(history) for name, history in self.histories.items()}
        self._draw_parts(self.axes_[0])
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
        """Return the entries of the history that each panel shows, by the label of the panel."""
        panels = {"loss": ["loss", "validation_loss"]}
        histories = self.histories.values()
        if any(_has_values(history, "validation_score") for history in histories):
            panels[self.score_name] = ["validation_score"]
        if len(numpy.unique(self._rates())) > 1:
            panels["learning rate"] = ["learning_rate"]
        return panels

    def _rates(self) -> numpy.ndarray:
        """Return the learning rates of all epochs and networks."""
        rates = numpy.concatenate([epoch_values(history, "learning_rate") for history in self.histories.values()])
        return rates[numpy.isfinite(rates)]

    def _draw(self, axes, history: Mapping[str, list], entries: list[str], i: int, best: int) -> None:
        """Draw entries of the i-th history, with a ring around the best epoch on the last entry that has values."""
        epochs = epoch_values(history, "epoch")
        entries = [entry for entry in entries if _has_values(history, entry)]
        for entry in entries:
            axes.plot(
                epochs, epoch_values(history, entry), **self._style(i, entry.startswith("validation"), len(epochs))
            )
        if entries and entries != ["learning_rate"]:
            at = epochs == best
            axes.plot(epochs[at], epoch_values(history, entries[-1])[at], zorder=5, **_RING)
        if len(self.histories) == 1:
            axes.axvline(best, color="0.6", linewidth=0.8, zorder=0)

    def _draw_parts(self, axes) -> None:
        """Draw the parts of the loss of a single network."""
        for name, style in self._parts().items():
            history = next(iter(self.histories.values()))
            axes.plot(epoch_values(history, "epoch"), epoch_values(history, name), linewidth=1, **style)

    def _parts(self) -> dict[str, dict[str, Any]]:
        """Return the styles of the parts of the loss that are drawn, by their entries."""
        if len(self.histories) > 1:
            return {}
        history = next(iter(self.histories.values()))
        return {name: style for name, style in _PARTS.items() if _has_values(history, name)}

    def _style(self, i: int, of_validation: bool, n_epochs: int) -> dict[str, Any]:
        """Return the style of a line: dashed for validation; each of several networks has a colour and a marker."""
        linestyle = "--" if of_validation else "-"
        if len(self.histories) == 1:
            return {"color": VERMILION if of_validation else BLUE, "linestyle": linestyle}
        return {
            **take_styles(POINTS, i + 1)[i],
            "linestyle": linestyle,
            "markersize": 4,
            "markevery": max(1, n_epochs // 8),
        }

    def _add_legend(self, axes) -> None:
        """Add a legend beside the axes."""
        from matplotlib.lines import Line2D

        kinds = {"training": False}
        if any(_has_values(history, "validation_loss") for history in self.histories.values()):
            kinds["validation"] = True
        if len(self.histories) == 1:
            handles = [Line2D([], [], label=kind, **self._style(0, kinds[kind], 1)) for kind in kinds]
            for name, style in self._parts().items():
                handles.append(Line2D([], [], label=name.replace("_", " "), linewidth=1, **style))
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
    """Return the epoch with the highest validation score or, without a validation set, the lowest training loss."""
    if _has_values(history, "validation_score"):
        i = numpy.nanargmax(epoch_values(history, "validation_score"))
    else:
        i = numpy.nanargmin(epoch_values(history, "loss"))
    return int(history["epoch"][i])


def _has_values(history: Mapping[str, list], entry: str) -> bool:
    """Return whether any epoch has a finite value of an entry."""
    return bool(numpy.isfinite(epoch_values(history, entry)).any())


def _score_name(network: Any) -> str:
    """Return the name of a network's validation score."""
    if network.scoring is None and is_spatial(network):
        return f"validation {'mean average precision' if finds_objects(network) else 'mean IoU'}"
    if network.scoring is None:
        return "validation accuracy" if is_classifier(network) else "validation R²"
    if network.scoring == "loss":
        return "minus the validation loss"
    return f"validation {network.scoring}" if isinstance(network.scoring, str) else "validation score"
