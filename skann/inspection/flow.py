"""What flows through the hidden layers over the course of training: dead units and gradients."""

from __future__ import annotations

from typing import Any, Self

import numpy

from ._plotting import axes_for, legend_beside, pyplot
from .extraction import check_history, history_of, layer_values

_STYLES = ("-", "--", "-.", ":")
_MOST_NAMED = 8  # layers in a legend; of more, some are left out


class _LayerCourse:
    """An entry of ``history_`` that is a list over hidden layers, drawn as a line for each."""

    _entry: str  # its name in the history
    _label: str  # of the vertical axis

    def __init__(self, values, *, epochs=None):
        self.values = values
        self.epochs = epochs

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw a fitted network's hidden layers.

        Parameters
        ----------
        estimator : one of skann
            Fitted by a stochastic solver; alone, at the end of a Pipeline, or in a search.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

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
        return cls.from_history(history_of(estimator), ax=ax)

    @classmethod
    def from_history(cls, history: Any, *, ax: Any = None) -> Self:
        """Draw the hidden layers from an estimator's ``history_``.

        Parameters
        ----------
        history : dict of str to list
            One entry an epoch.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : object of the class

        Raises
        ------
        ValueError
            If the history lacks what is to be drawn or has no epochs.
        """
        pyplot()
        check_history(history, cls._entry)
        return cls(layer_values(history, cls._entry), epochs=numpy.asarray(history["epoch"])).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw a line for each hidden layer, from dark (the first) to light (the last).

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : object of the class
            The object itself, with its attributes set.
        """
        (self.ax_,) = axes_for(ax, 1, size=(5.5, 4), beside=1)
        self.figure_ = self.ax_.figure
        values = numpy.asarray(self.values, dtype=float)
        epochs = numpy.arange(1, len(values) + 1) if self.epochs is None else self.epochs
        n_layers = values.shape[1]
        shades = pyplot().get_cmap("viridis")(numpy.linspace(0, 0.85, n_layers))
        named = set(numpy.linspace(0, n_layers - 1, min(n_layers, _MOST_NAMED)).round().astype(int))
        self.lines_ = [
            self.ax_.plot(
                epochs,
                self._shown(values[:, i]),
                color=shades[i],
                linestyle=_STYLES[i % len(_STYLES)],
                label=f"hidden {i + 1}" if i in named else None,
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

    def _shown(self, values: numpy.ndarray) -> numpy.ndarray:
        """Return the values as they are drawn."""
        return values


class DeadUnitsDisplay(_LayerCourse):
    """The fraction of dead units in each hidden layer over epochs.

    A unit is dead if its output is zero, or its slope, on all of 32 training rows: no gradient passes through it, and
    its weights stay as they are. Many dead ReLUs tell of a learning rate that is too high.

    Make one with ``from_estimator`` or ``from_history``.

    Parameters
    ----------
    values : array-like of shape (n_epochs, n_hidden)
        Fractions from 0 to 1.
    epochs : array-like of shape (n_epochs,), default=None
        Numbers of the epochs; None counts from 1.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure that holds it.
    lines_ : list of matplotlib Line2D
        One for each hidden layer.

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

    def _shown(self, values):
        return 100 * values


class GradientFlowDisplay(_LayerCourse):
    """The norm of the gradient in each hidden layer over epochs, on a logarithmic scale.

    It is the Euclidean norm of the loss's gradient with respect to the layer's weights, in the last step of the epoch.
    Lines that lie close together tell of a healthy network. Where the first layer lies orders of magnitude below the
    last, gradients vanish on the way back; where it lies far above, or lines climb without end, they explode
    [Glorot & Bengio, 2010]. A gradient of zero has no place on the scale and leaves a gap.

    Make one with ``from_estimator`` or ``from_history``.

    Parameters
    ----------
    values : array-like of shape (n_epochs, n_hidden)
        Norms, 0 or more.
    epochs : array-like of shape (n_epochs,), default=None
        Numbers of the epochs; None counts from 1.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib.figure.Figure
        The figure that holds it.
    lines_ : list of matplotlib Line2D
        One for each hidden layer.

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

    def _scale(self):
        if any(numpy.isfinite(line.get_ydata()).any() for line in self.lines_):
            self.ax_.set_yscale("log")

    def _shown(self, values):
        return numpy.where(values > 0, values, numpy.nan)
