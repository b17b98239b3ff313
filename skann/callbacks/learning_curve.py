"""Learning curves, plotted while training runs."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from ..version import install_command
from .base import Callback, check_positive_int
from .training import training_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class LearningCurve(Callback):
    """Plots the training loss and any validation score over epochs, and updates the plot in a notebook.

    Outside a notebook nothing is displayed. Requires matplotlib.

    Parameters
    ----------
    every : int, default=1
        Number of epochs between updates, at least 1.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        The last plot of any fit in this process.

    Raises
    ------
    ValueError
        If ``every`` is out of range.
    ImportError
        In fit, if matplotlib is not installed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.callbacks import LearningCurve
    >>> curve = LearningCurve(every=10)
    >>> clf = MLPClassifier(max_iter=1000, early_stopping=True, random_state=0).set_callbacks(curve)
    >>> clf = clf.fit(*load_iris(return_X_y=True))
    >>> [axes.get_ylabel() for axes in curve.figure_.axes]
    ['training loss', 'validation score']
    """

    def __init__(self, every: int = 1):
        self.every = check_positive_int("every", every)

    def setup(self, estimator, context) -> None:
        """Raise ImportError before training starts if matplotlib is not installed."""
        try:
            import matplotlib.figure  # noqa: F401
        except ImportError as error:
            raise ImportError(f"LearningCurve needs matplotlib: {install_command('plot')}.") from error

    def on_epoch_end(self, estimator, context) -> None:
        """Update the plot if an interval ends with this epoch."""
        n_epochs, training = context.task_id + 1, training_of(context)
        if training is not None and n_epochs % self.every == 0:
            self.figure_ = _draw(training.history)
            _show(self.figure_, f"skann-{context.parent.init_time}", is_first=n_epochs == self.every)


def _draw(history: dict[str, list]) -> Figure:
    """Return a figure of the loss and the score, made without pyplot, which would keep it open."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(history["epoch"], history["loss"], color="C0")
    axes.set_xlabel("epoch")
    axes.set_ylabel("training loss", color="C0")
    if history["validation_score"][-1] is not None:
        right = axes.twinx()
        right.plot(history["epoch"], history["validation_score"], color="C1")
        right.set_ylabel("validation score", color="C1")
    return figure


def _show(figure: Figure, display_id: str, is_first: bool) -> None:
    """Display a figure in a notebook; it replaces the last one with that id unless it is the first."""
    if "IPython" not in sys.modules:
        return
    from IPython import display, get_ipython  # pyright: ignore[reportMissingImports]

    if hasattr(get_ipython(), "kernel"):
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        display.display(display.Image(picture.getvalue()), display_id=display_id, update=not is_first)
