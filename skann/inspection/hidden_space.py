"""What a hidden layer does to space: the inputs before, its outputs after."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Self

import numpy
import pandas
from sklearn.base import is_classifier
from sklearn.decomposition import PCA
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from ..engine.losses import MULTIOUTPUT
from ._plotting import POINTS, axes_for, legend_beside, pyplot, some_of
from .extraction import find_owner, input_names, title_of, transform_before, unwrap

_FINE = 300  # points a side from which the decision line is found, and points of each line of the grid


@dataclass
class Plane:
    """What is drawn in a plane.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        The rows.
    grid : list of ndarray of shape (n_points, 2)
        The lines of the grid, straight or bent.
    boundary : list of ndarray of shape (n_points, 2)
        The pieces of the decision line.
    labels : tuple of str
        Of the two axes.
    """

    points: numpy.ndarray
    grid: list[numpy.ndarray]
    boundary: list[numpy.ndarray]
    labels: tuple[str, str]


class HiddenSpaceDisplay:
    """How a hidden layer bends space until a straight cut can part the classes.

    On the left the plane of the two inputs, with a grid, the rows and the line on which the decision changes. On the
    right what the layer makes of each: its two outputs or, of more units, their first two principal components on the
    rows given, labelled with their share of the variance. Of two units in the last hidden layer the decision is
    linear, so that the line on the right is straight; a projection may fold it.

    Make one with ``from_estimator``.

    Parameters
    ----------
    before, after : Plane
        Points, grid and decision line among the inputs, and where the layer puts them.
    y : ndarray of shape (n_samples,)
        The class of each row.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        For the inputs and for the hidden layer.
    figure_ : matplotlib.figure.Figure
        The figure that holds them.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skann import MLPClassifier
    >>> from skann.inspection import HiddenSpaceDisplay
    >>> X, y = make_moons(noise=0.1, random_state=0)
    >>> clf = MLPClassifier((8, 2), "tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> display = HiddenSpaceDisplay.from_estimator(clf, X, y)
    >>> [axes.get_xlabel() for axes in display.axes_]
    ['input 1', 'hidden 2, unit 1']
    """

    def __init__(self, before, after, *, y):
        self.before = before
        self.after = after
        self.y = y

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, layer: int = -1, grid: int = 20, ax: Any = None) -> Self:
        """Draw what a hidden layer of a fitted classifier does to the plane of its inputs.

        Parameters
        ----------
        estimator : MLPClassifier
            Fitted on two features; alone, at the end of a Pipeline, or in a search. In a Pipeline, the inputs are what
            the steps before the network make of X.
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows to draw.
        y : array-like of shape (n_samples,)
            Their classes.
        layer : int, default=-1
            Which hidden layer, from 0; negative counts from the last.
        grid : int in [2, inf), default=20
            Lines of the grid in each direction.
        ax : array of two matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : HiddenSpaceDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is no classifier.
        ValueError
            If the network has other than two inputs or several labels a row, or there is no such layer, or it has one
            unit only.
        """
        pyplot()
        network, steps = unwrap(estimator)
        _check_can_be_drawn(network, title_of(find_owner(estimator)[0]))
        if not isinstance(grid, Integral) or grid < 2:
            raise ValueError(f"grid must be an int of at least 2. Got {grid!r} instead.")
        X = check_array(transform_before(steps, X), ensure_min_samples=2, dtype=float)  # pyright: ignore[reportArgumentType]
        y = _checked_labels(y, X, network)
        names = input_names(network, steps) or ["input 1", "input 2"]
        before = _inputs(network, X, grid, (names[0], names[1]))
        return cls(before, _hidden(network, before, layer), y=y).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the two planes.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : HiddenSpaceDisplay
            The object itself, with its attributes set.
        """
        self.axes_ = axes_for(ax, 2, size=(5, 4.6), beside=1)
        self.figure_ = self.axes_[0].figure
        for axes, plane in zip(self.axes_, (self.before, self.after), strict=True):
            self._draw(axes, plane)
        legend_beside(self.axes_[1])
        return self

    def _draw(self, axes, plane: Plane) -> None:
        """Draw a plane: the grid beneath, the rows on it, the decision line on top."""
        from matplotlib.collections import LineCollection

        axes.add_collection(LineCollection(plane.grid, colors="0.75", linewidths=0.6, zorder=1))
        classes = numpy.unique(self.y)
        for label, look in zip(classes, some_of(POINTS, len(classes)), strict=True):
            x = plane.points[self.y == label]
            axes.scatter(*x.T, s=18, linewidths=0.8, alpha=0.8, label=str(label), zorder=2, **look)
        lines = LineCollection(plane.boundary, colors="black", linewidths=2, label="decision", zorder=3)
        axes.add_collection(lines)
        axes.autoscale_view()
        axes.set(xlabel=plane.labels[0], ylabel=plane.labels[1])


def _check_can_be_drawn(network: Any, title: str) -> None:
    """Raise an error unless the network is a classifier of two features and one label a row."""
    if not is_classifier(network):
        raise TypeError(f"HiddenSpaceDisplay draws classes: pass an MLPClassifier. Got {title} instead.")
    if network._task in ("multilabel", MULTIOUTPUT):
        raise ValueError(
            f"HiddenSpaceDisplay draws one label for each row. Got {title} with several: fit one for a column of y."
        )
    if network.n_features_in_ != 2:
        raise ValueError(
            f"HiddenSpaceDisplay draws a network with 2 inputs. Got one with {network.n_features_in_}: fit a Pipeline "
            "whose steps before the network leave two, such as PCA(n_components=2), or choose two features. What a "
            "layer makes of many inputs, hidden_layer_output tells."
        )


def _checked_labels(y, X: numpy.ndarray, network: Any) -> numpy.ndarray:
    """Return y, one known class for each row."""
    y = column_or_1d(y)
    check_consistent_length(X, y)
    unknown = set(numpy.unique(y).tolist()) - set(network.classes_.tolist())
    if unknown:
        raise ValueError(
            f"y has classes that the network does not know: {sorted(unknown)}. It knows {network.classes_}."
        )
    return y


def _inputs(network: Any, X: numpy.ndarray, n_lines: int, labels: tuple[str, str]) -> Plane:
    """Return the plane of the inputs, a little larger than the rows need."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = numpy.where(high > low, 0.1 * (high - low), 0.5)
    low, high = low - margin, high + margin
    fine = numpy.linspace(low, high, _FINE)
    lines = []
    for at in numpy.linspace(low, high, n_lines):
        lines.append(numpy.column_stack([numpy.full(_FINE, at[0]), fine[:, 1]]))
        lines.append(numpy.column_stack([fine[:, 0], numpy.full(_FINE, at[1])]))

    def decision(points):
        return network.decision_function(_as_input(network, points))

    return Plane(X, lines, _boundary(decision, *fine.T), labels)


def _hidden(network: Any, before: Plane, layer: int) -> Plane:
    """Return the plane of a hidden layer, with what it makes of everything in the plane before."""

    def outputs(points):
        return network.hidden_layer_output(_as_input(network, points), layer)

    points = outputs(before.points)
    n_hidden = len(network.coefs_) - 1
    name = f"hidden {layer % n_hidden + 1}"
    if points.shape[1] == 1:
        raise ValueError(f"Layer {layer} has one unit: a plane needs two. Choose another with layer=.")
    if points.shape[1] == 2:
        labels = (f"{name}, unit 1", f"{name}, unit 2")
        grid, boundary = ([outputs(line) for line in lines] for lines in (before.grid, before.boundary))
        if layer % n_hidden == n_hidden - 1:
            boundary = _linear_boundary(network, numpy.vstack([points, *grid]))
        return Plane(points, grid, boundary, labels)
    if not numpy.ptp(points, axis=0).any():
        raise ValueError(f"Layer {layer} gives the same outputs for all rows: there is no plane to draw them in.")
    pca = PCA(2).fit(points)
    shares = 100 * pca.explained_variance_ratio_
    first, second = (f"{name}, principal component {i + 1} ({share:.0f} %)" for i, share in enumerate(shares))
    grid, boundary = ([pca.transform(outputs(line)) for line in lines] for lines in (before.grid, before.boundary))
    return Plane(pca.transform(points), grid, boundary, (first, second))


def _linear_boundary(network: Any, outputs: numpy.ndarray) -> list[numpy.ndarray]:
    """Return where the decision changes in the plane of the last two hidden units, all through these outputs."""

    def decision(h):
        raw = network.softmax_beta * (h @ network.coefs_[-1] + network.intercepts_[-1])
        return raw[:, 0] if raw.shape[1] == 1 and len(network.classes_) == 2 else raw

    return _boundary(decision, *numpy.linspace(outputs.min(axis=0), outputs.max(axis=0), _FINE).T)


def _boundary(decision: Any, x: numpy.ndarray, y: numpy.ndarray) -> list[numpy.ndarray]:
    """Return the lines on which the largest of several decision values, or the sign of one, changes."""
    from contourpy import contour_generator  # comes with matplotlib

    values = decision(numpy.column_stack([axis.ravel() for axis in numpy.meshgrid(x, y)]))
    if values.ndim == 1:
        margins = [values]
    elif values.shape[1] == 1:
        margins = []
    else:
        others = [numpy.delete(values, k, axis=1).max(axis=1) for k in range(values.shape[1])]
        margins = [values[:, k] - other for k, other in enumerate(others)]
    generators: list[Any] = [contour_generator(x, y, margin.reshape(len(y), len(x))) for margin in margins]
    return [line for generator in generators for line in generator.lines(0.0)]


def _as_input(network: Any, points: numpy.ndarray) -> Any:
    """Return points with the names of the features, if the network knows any."""
    names = getattr(network, "feature_names_in_", None)
    return points if names is None else pandas.DataFrame(points, columns=names)
