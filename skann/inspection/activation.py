"""Activations and their derivatives as curves."""

from __future__ import annotations

from typing import Any, Self

import numpy
from numpy.typing import ArrayLike

from ..engine.activations import ACTIVATIONS, Activation, ElementwiseActivation, Maxout, PReLU
from ..estimators.constraints import check_activations
from ._plotting import LINES, axes_for, legend_beside, pyplot, some_of
from .extraction import unwrap


class ActivationDisplay:
    """Activations and their derivatives, a family of them in one picture.

    Two kinds learn their shape and are drawn as an example: PReLU with the slope it starts from, and maxout as the
    maximum over k lines, which are drawn beneath it: tangents of x^2 / 4, since maxima of lines come near every
    convex function [Goodfellow et al., 2013, arXiv:1302.4389].

    Make one with ``from_activations`` or ``from_estimator``.

    Parameters
    ----------
    activations : list of objects of skann.activations
        Functions of one variable, or ``PReLU`` or ``Maxout``.
    x : array-like of shape (n_points,), default=None
        Where they are drawn; None is 801 points from -4 to 4.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        For the functions and for their derivatives.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.
    lines_ : list of tuple of matplotlib Line2D
        For each activation, the line of the function and that of the derivative.

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
            What to draw; a name means its default parameters.
        x : array-like of shape (n_points,), default=None
            Where they are drawn; None is 801 points from -4 to 4.
        ax : array of two matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : ActivationDisplay

        Raises
        ------
        ValueError
            If a name is unknown, or an activation is no function of one variable, as softmax.
        """
        pyplot()
        is_one = isinstance(activations, (str, Activation))
        listed = [activations] if is_one else list(activations)
        if not listed:
            raise ValueError("There is nothing to draw: the list of activations is empty.")
        return cls([ACTIVATIONS.get(activation) for activation in listed], x=x).plot(ax)

    @classmethod
    def from_estimator(cls, estimator: Any, *, x: ArrayLike | None = None, ax: Any = None) -> Self:
        """Draw the activations of a fitted network's hidden layers, each once.

        Parameters
        ----------
        estimator : one of skann
            Fitted; alone, at the end of a Pipeline, or in a search.
        x : array-like of shape (n_points,), default=None
            Where they are drawn; None is 801 points from -4 to 4.
        ax : array of two matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : ActivationDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no hidden layer, or its activation is no function of one variable.
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
            None makes a figure.

        Returns
        -------
        display : ActivationDisplay
            The object itself, with its attributes set.
        """
        x = numpy.linspace(-4, 4, 801) if self.x is None else numpy.asarray(self.x, dtype=float)
        curves = [_curves(activation, x) for activation in self.activations]
        self.axes_ = axes_for(ax, 2, size=(4.5, 4), beside=2)
        self.figure_ = self.axes_[0].figure
        self.lines_ = []
        left, right = self.axes_
        for activation, (y, slope), look in zip(
            self.activations, curves, some_of(LINES, len(self.activations)), strict=True
        ):
            if isinstance(activation, Maxout):
                left.plot(x, _tangents(activation.pieces, x).T, color="0.7", linewidth=0.8, zorder=1)
            label = _label(activation)
            self.lines_.append((left.plot(x, y, **look)[0], right.plot(x, slope, label=label, **look)[0]))
        left.set(xlabel="weighted input x", ylabel="activation f(x)")
        right.set(xlabel="weighted input x", ylabel="derivative f'(x)")
        # the lines beneath a maxout would stretch the axis
        low, high = min(y.min() for y, _ in curves), max(y.max() for y, _ in curves)
        left.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        for axes in self.axes_:
            axes.grid(alpha=0.3)
        legend_beside(right)
        return self


def _curves(activation: Activation, x: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return an activation at x, and its derivative."""
    if isinstance(activation, ElementwiseActivation):
        return activation(x), activation.derivative(x)
    if isinstance(activation, PReLU):
        return numpy.where(x > 0, x, activation.init * x), numpy.where(x > 0, 1.0, activation.init)
    if isinstance(activation, Maxout):
        lines = _tangents(activation.pieces, x)
        winner = lines.argmax(axis=0)
        return lines.max(axis=0), _touching_points(activation.pieces)[winner] / 2
    raise ValueError(
        f"{activation!r} is no function of one variable and so has no curve: an output depends on all units of a layer."
    )


def _touching_points(pieces: int) -> numpy.ndarray:
    """Return where the tangents of a maxout's example touch x^2 / 4."""
    return numpy.linspace(-3, 3, pieces + 2)[1:-1]


def _tangents(pieces: int, x: numpy.ndarray) -> numpy.ndarray:
    """Return tangents of x^2 / 4 at x, of shape (pieces, n_points)."""
    at = _touching_points(pieces)[:, None]
    return at / 2 * (x - at) + at**2 / 4


def _label(activation: Activation) -> str:
    """Return an activation's name in the legend."""
    if isinstance(activation, PReLU):
        return f"{activation!r}, at its start"
    if isinstance(activation, Maxout):
        return f"{activation!r}, one example"
    return repr(activation)
