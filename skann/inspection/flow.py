"""Displays of dead units and gradient norms of the hidden layers during training."""

from __future__ import annotations

from typing import Any, Self

import numpy

from ._plotting import axes_for, legend_beside, pyplot
from .extraction import check_history, history_of, layer_values, unwrap, weighted_blocks

_STYLES = ("-", "--", "-.", ":")
_MAX_LABELS = 8  # layers in a legend; of more layers, some are left out


class _LayerCurvesDisplay:
    """Plot of an entry of ``history_`` with a value for each hidden layer, one line per layer."""

    _entry: str  # key of the history
    _label: str  # label of the vertical axis

    def __init__(self, values, *, epochs=None, names=None):
        self.values = values
        self.epochs = epochs
        self.names = names

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the curves of a fitted network.

        Parameters
        ----------
        estimator : one of skann
            Estimator fitted with a stochastic solver, or a Pipeline or search that ends in one.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure.

        Returns
        -------
        display : object of the class

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no history, as after solver='lbfgs', or no hidden layer.
        """
        pyplot()
        return cls._of_history(history_of(estimator), cls._layer_names(unwrap(estimator)[0])).plot(ax)

    @classmethod
    def from_history(cls, history: Any, *, ax: Any = None) -> Self:
        """Draw the curves from an estimator's ``history_``.

        Parameters
        ----------
        history : dict of str to list
            Lists with one value per epoch.
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure.

        Returns
        -------
        display : object of the class

        Raises
        ------
        ValueError
            If the history lacks the entry or has no epochs.
        """
        pyplot()
        return cls._of_history(history).plot(ax)

    @classmethod
    def _of_history(cls, history: Any, names: list[str] | None = None) -> Self:
        """Return a display of a history that has been checked."""
        check_history(history, cls._entry)
        return cls(layer_values(history, cls._entry), epochs=numpy.asarray(history["epoch"]), names=names)

    @classmethod
    def _layer_names(cls, network: Any) -> list[str] | None:
        """Return the labels of the lines of a network, or None for numbered hidden layers."""
        return None

    def plot(self, ax: Any = None) -> Self:
        """Draw a line for each hidden layer, from dark (the first) to light (the last).

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a figure.

        Returns
        -------
        display : object of the class
            The display itself.
        """
        (self.ax_,) = axes_for(ax, 1, size=(5.5, 4), legend_width=1)
        self.figure_ = self.ax_.figure
        values = numpy.asarray(self.values, dtype=float)
        epochs = numpy.arange(1, len(values) + 1) if self.epochs is None else self.epochs
        n_layers = values.shape[1]
        names = self.names or [f"hidden {i + 1}" for i in range(n_layers)]
        shades = pyplot().get_cmap("viridis")(numpy.linspace(0, 0.85, n_layers))
        labelled = set(numpy.linspace(0, n_layers - 1, min(n_layers, _MAX_LABELS)).round().astype(int))
        self.lines_ = [
            self.ax_.plot(
                epochs,
                self._convert(values[:, i]),
                color=shades[i],
                linestyle=_STYLES[i % len(_STYLES)],
                label=names[i] if i in labelled else None,
            )[0]
            for i in range(n_layers)
        ]
        self.ax_.set(xlabel="epoch", ylabel=self._label)
        self.ax_.grid(alpha=0.3)
        legend_beside(self.ax_)
        self._scale()
        return self

    def _scale(self) -> None:
        """Set the scale of the vertical axis."""

    def _convert(self, values: numpy.ndarray) -> numpy.ndarray:
        """Return the values in the units of the vertical axis."""
        return values


class DeadUnitsDisplay(_LayerCurvesDisplay):
    """Plot of the percentage of dead units in each hidden layer over epochs.

    A unit is dead if its output or its slope is zero on all of 32 training rows: it passes no gradient on, and its
    weights do not change. Many dead ReLUs indicate that the learning rate is too high.

    Create a display with ``from_estimator`` or ``from_history``.

    Parameters
    ----------
    values : array-like of shape (n_epochs, n_hidden)
        Fractions from 0 to 1.
    epochs : array-like of shape (n_epochs,), default=None
        Numbers of the epochs. None: 1, 2, ...
    names : list of str of length n_hidden, default=None
        Names of the layers. None: "hidden 1", "hidden 2", ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    lines_ : list of matplotlib Line2D
        One line per hidden layer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.inspection import DeadUnitsDisplay
    >>> clf = MLPClassifier((20, 20), learning_rate_init=0.1, random_state=0, warn=False)
    >>> clf = clf.fit(*load_iris(return_X_y=True))
    >>> display = DeadUnitsDisplay.from_estimator(clf)
    >>> len(display.lines_)
    2
    """

    _entry = "dead_units"
    _label = "dead units (%)"

    def _scale(self):
        self.ax_.set_ylim(-3, 103)

    def _convert(self, values):
        return 100 * values


class GradientFlowDisplay(_LayerCurvesDisplay):
    """Plot of the gradient norm of each hidden layer over epochs, on a logarithmic scale.

    The values are Euclidean norms of the gradient of the loss with respect to the layer's weights, in the last step of
    each epoch. Residual blocks have a line for each of their convolutions, named as in ``summary``. In a healthy
    network the lines are close together. If the first layer is orders of magnitude below the last, gradients vanish
    during backpropagation; if it is far above, or if lines grow steadily, they explode [Glorot & Bengio, 2010].
    Gradients of zero leave gaps in the lines.

    Create a display with ``from_estimator`` or ``from_history``.

    Parameters
    ----------
    values : array-like of shape (n_epochs, n_hidden)
        Norms, not negative.
    epochs : array-like of shape (n_epochs,), default=None
        Numbers of the epochs. None: 1, 2, ...
    names : list of str of length n_hidden, default=None
        Names of the layers. None: "hidden 1", "hidden 2", ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    lines_ : list of matplotlib Line2D
        One line per hidden layer.

    References
    ----------
    .. [1] Glorot & Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.inspection import GradientFlowDisplay
    >>> deep = MLPClassifier([20] * 6, "logistic", random_state=0).fit(*load_iris(return_X_y=True))
    >>> display = GradientFlowDisplay.from_estimator(deep)
    >>> first, last = (display.lines_[i].get_ydata()[0] for i in (0, -1))
    >>> bool(first < last / 100)
    True
    """

    _entry = "gradient_norm"
    _label = "norm of the gradient (loss per unit of weight)"

    @classmethod
    def _layer_names(cls, network):
        learner = network._learner
        titles = weighted_blocks(learner.graph, learner.parameters.layout)
        return titles if len(titles) != len(learner.hidden) else None  # those of residual blocks are not numbered

    def _scale(self):
        if any(numpy.isfinite(line.get_ydata()).any() for line in self.lines_):
            self.ax_.set_yscale("log")

    def _convert(self, values):
        return numpy.where(values > 0, values, numpy.nan)
