"""A display of activations and their derivatives."""

from __future__ import annotations

from typing import Any, Self

import numpy
from numpy.typing import ArrayLike

from ..engine.activations import ACTIVATIONS, Activation, ElementwiseActivation, Maxout, PReLU
from ..estimators.constraints import check_activations
from ._plotting import LINES, axes_for, legend_beside, pyplot, take_styles
from .extraction import unwrap


class ActivationDisplay:
    """Plot of one or more activations and their derivatives.

    Two activations learn their shape and are drawn as an example: PReLU with its initial slope, and maxout as the
    maximum of k lines, drawn in grey: tangents of x^2 / 4, as maxima of lines approximate any convex function
    [Goodfellow et al., 2013, arXiv:1302.4389].

    Create a display with ``from_activations`` or ``from_estimator``.

    Parameters
    ----------
    activations : list of objects of skann.activations
        Functions of one variable, or ``PReLU`` or ``Maxout``.
    x : array-like of shape (n_points,), default=None
        Points at which the functions are evaluated. None: 801 points from -4 to 4.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        Axes of the functions and of their derivatives.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    lines_ : list of tuple of matplotlib Line2D
        The lines of each activation and its derivative.

    Examples
    --------
    >>> from skann.activations import Logistic
    >>> from skann.inspection import ActivationDisplay
    >>> display = ActivationDisplay.from_activations([Logistic(scale=0.5), Logistic(), Logistic(scale=10)])
    >>> len(display.lines_)
    3
    """

    def __init__(self, activations, *, x=None):
        self.activations = activations
        self.x = x

    @classmethod
    def from_activations(cls, activations: Any, *, x: ArrayLike | None = None, ax: Any = None) -> Self:
        """Draw activations.

        Parameters
        ----------
        activations : str, object of skann.activations, or list of these
            Activations to draw; a name stands for default parameters.
        x : array-like of shape (n_points,), default=None
            Points at which the functions are evaluated. None: 801 points from -4 to 4.
        ax : array of two matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : ActivationDisplay

        Raises
        ------
        ValueError
            If a name is unknown, or an activation is not a function of one variable, such as softmax.
        """
        pyplot()
        is_single = isinstance(activations, (str, Activation))
        activations = [activations] if is_single else list(activations)
        if not activations:
            raise ValueError("There is nothing to draw: the list of activations is empty.")
        return cls([ACTIVATIONS.get(activation) for activation in activations], x=x).plot(ax)

    @classmethod
    def from_estimator(cls, estimator: Any, *, x: ArrayLike | None = None, ax: Any = None) -> Self:
        """Draw the activations of a fitted network's hidden layers, each once.

        Parameters
        ----------
        estimator : one of skann
            Fitted estimator, or a Pipeline or search that ends in one.
        x : array-like of shape (n_points,), default=None
            Points at which the functions are evaluated. None: 801 points from -4 to 4.
        ax : array of two matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : ActivationDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no hidden layer, or an activation is not a function of one variable.
        """
        network, _ = unwrap(estimator)
        n_hidden = len(network.coefs_) - 1
        if not n_hidden:
            raise ValueError("The network has no hidden layer, and so no activation to draw.")
        return cls.from_activations(list(dict.fromkeys(check_activations(network.activation, n_hidden))), x=x, ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the functions on the left and their derivatives on the right.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : ActivationDisplay
            The display itself.
        """
        x = numpy.linspace(-4, 4, 801) if self.x is None else numpy.asarray(self.x, dtype=float)
        curves = [_curves(activation, x) for activation in self.activations]
        self.axes_ = axes_for(ax, 2, size=(4.5, 4), legend_width=2)
        self.figure_ = self.axes_[0].figure
        self.lines_ = []
        left, right = self.axes_
        for activation, (y, slope), style in zip(
            self.activations, curves, take_styles(LINES, len(self.activations)), strict=True
        ):
            if isinstance(activation, Maxout):
                left.plot(x, _tangents(activation.pieces, x).T, color="0.7", linewidth=0.8, zorder=1)
            label = _label(activation)
            self.lines_.append((left.plot(x, y, **style)[0], right.plot(x, slope, label=label, **style)[0]))
        left.set(xlabel="weighted input x", ylabel="activation f(x)")
        right.set(xlabel="weighted input x", ylabel="derivative f'(x)")
        # the limits leave out the tangents of a maxout, which reach far beyond it
        low, high = min(y.min() for y, _ in curves), max(y.max() for y, _ in curves)
        left.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        for axes in self.axes_:
            axes.grid(alpha=0.3)
        legend_beside(right)
        return self


def _curves(activation: Activation, x: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return the values of an activation and of its derivative at x."""
    if isinstance(activation, ElementwiseActivation):
        return activation(x), activation.derivative(x)
    if isinstance(activation, PReLU):
        return numpy.where(x > 0, x, activation.init * x), numpy.where(x > 0, 1.0, activation.init)
    if isinstance(activation, Maxout):
        lines = _tangents(activation.pieces, x)
        winner = lines.argmax(axis=0)
        return lines.max(axis=0), _touching_points(activation.pieces)[winner] / 2
    raise ValueError(
        f"{activation!r} is not a function of one variable and cannot be drawn: each output depends on all units "
        "of the layer."
    )


def _touching_points(pieces: int) -> numpy.ndarray:
    """Return the points where the tangents that illustrate a maxout touch x^2 / 4."""
    return numpy.linspace(-3, 3, pieces + 2)[1:-1]


def _tangents(pieces: int, x: numpy.ndarray) -> numpy.ndarray:
    """Return the values at x of tangents of x^2 / 4, of shape (pieces, n_points)."""
    touching = _touching_points(pieces)[:, None]
    return touching / 2 * (x - touching) + touching**2 / 4


def _label(activation: Activation) -> str:
    """Return the label of an activation in the legend."""
    if isinstance(activation, PReLU):
        return f"{activation!r}, at its start"
    if isinstance(activation, Maxout):
        return f"{activation!r}, one example"
    return repr(activation)
