"""A display of the inputs and of their images under a hidden layer."""

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
from ._plotting import POINTS, axes_for, legend_beside, pyplot, take_styles
from .extraction import find_owner, input_names, takes_images, title_of, transform_before, unwrap

_RESOLUTION = 300  # points per side for the decision boundary, and points per grid line


@dataclass
class Plane:
    """The contents of one panel.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Samples.
    grid : list of ndarray of shape (n_points, 2)
        Grid lines, straight or bent.
    boundary : list of ndarray of shape (n_points, 2)
        Pieces of the decision boundary.
    labels : tuple of str
        Labels of the two axes.
    """

    points: numpy.ndarray
    grid: list[numpy.ndarray]
    boundary: list[numpy.ndarray]
    labels: tuple[str, str]


class HiddenSpaceDisplay:
    """Plot of how a hidden layer deforms the input space until the classes are linearly separable.

    The left panel shows the plane of the two inputs with a grid, the samples and the decision boundary. The right panel
    shows all of these at the layer's outputs: its two units or, of more units, the first two principal components on
    the given samples, labelled with their fraction of the variance. If the last hidden layer has two units, its
    decision boundary is straight; a projection may fold it.

    Create a display with ``from_estimator``.

    Parameters
    ----------
    before, after : Plane
        Samples, grid and decision boundary in the input space and at the outputs of the layer.
    y : ndarray of shape (n_samples,)
        Class of each sample.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        Axes of the inputs and of the hidden layer.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.

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
        """Draw how a hidden layer of a fitted classifier deforms the plane of its inputs.

        Parameters
        ----------
        estimator : MLPClassifier
            Classifier fitted on two features, or a Pipeline or search that ends in one. In a Pipeline, the inputs are
            the outputs of the step before the network.
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Samples to draw.
        y : array-like of shape (n_samples,)
            Class labels of the samples.
        layer : int, default=-1
            Index of the hidden layer, from 0; negative indices count from the last.
        grid : int in [2, inf), default=20
            Number of grid lines in each direction.
        ax : array of two matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : HiddenSpaceDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is not a classifier, or takes images.
        ValueError
            If the network does not have two inputs or predicts several labels per sample, or if the layer does not
            exist or has a single unit.
        """
        pyplot()
        network, steps = unwrap(estimator)
        _check_drawable(network, title_of(find_owner(estimator)[0]))
        if not isinstance(grid, Integral) or grid < 2:
            raise ValueError(f"grid must be an int of at least 2. Got {grid!r} instead.")
        X = check_array(transform_before(steps, X), ensure_min_samples=2, dtype=float)  # pyright: ignore[reportArgumentType]
        y = _check_labels(y, X, network)
        names = input_names(network, steps) or ["input 1", "input 2"]
        before = _inputs(network, X, grid, (names[0], names[1]))
        return cls(before, _hidden(network, before, layer), y=y).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the two panels.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : HiddenSpaceDisplay
            The display itself.
        """
        self.axes_ = axes_for(ax, 2, size=(5, 4.6), legend_width=1)
        self.figure_ = self.axes_[0].figure
        for axes, plane in zip(self.axes_, (self.before, self.after), strict=True):
            self._draw(axes, plane)
        legend_beside(self.axes_[1])
        return self

    def _draw(self, axes, plane: Plane) -> None:
        """Draw a panel: the grid at the back, then the samples, then the decision boundary."""
        from matplotlib.collections import LineCollection

        axes.add_collection(LineCollection(plane.grid, colors="0.75", linewidths=0.6, zorder=1))
        classes = numpy.unique(self.y)
        for label, style in zip(classes, take_styles(POINTS, len(classes)), strict=True):
            x = plane.points[self.y == label]
            axes.scatter(*x.T, s=18, linewidths=0.8, alpha=0.8, label=str(label), zorder=2, **style)
        lines = LineCollection(plane.boundary, colors="black", linewidths=2, label="decision", zorder=3)
        axes.add_collection(lines)
        axes.autoscale_view()
        axes.set(xlabel=plane.labels[0], ylabel=plane.labels[1])


def _check_drawable(network: Any, title: str) -> None:
    """Raise an error unless the network is a classifier with two features and one label per sample."""
    if not is_classifier(network):
        raise TypeError(f"HiddenSpaceDisplay draws classes: pass an MLPClassifier. Got {title} instead.")
    if takes_images(network):
        raise TypeError(
            f"HiddenSpaceDisplay draws the plane of two features, but {title} takes images. HiddenLayerTransformer "
            "returns the outputs of a hidden layer, for a projection such as PCA(n_components=2)."
        )
    if network._task in ("multilabel", MULTIOUTPUT):
        raise ValueError(
            f"HiddenSpaceDisplay draws one label for each row. Got {title} with several: fit it on one column of y."
        )
    if network.n_features_in_ != 2:
        raise ValueError(
            f"HiddenSpaceDisplay draws a network with 2 inputs. Got one with {network.n_features_in_}: fit a Pipeline "
            "whose steps before the network reduce X to two, such as PCA(n_components=2), or select two features. For "
            "networks with more inputs, hidden_layer_output returns the outputs of a layer."
        )


def _check_labels(y, X: numpy.ndarray, network: Any) -> numpy.ndarray:
    """Return y as a 1-D array; raise ValueError unless it holds one known class per row."""
    y = column_or_1d(y)
    check_consistent_length(X, y)
    unknown = set(numpy.unique(y).tolist()) - set(network.classes_.tolist())
    if unknown:
        raise ValueError(
            f"y has classes that the network does not know: {sorted(unknown)}. It knows {network.classes_}."
        )
    return y


def _inputs(network: Any, X: numpy.ndarray, n_lines: int, labels: tuple[str, str]) -> Plane:
    """Return the plane of the inputs, with a margin around the samples."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = numpy.where(high > low, 0.1 * (high - low), 0.5)
    low, high = low - margin, high + margin
    fine = numpy.linspace(low, high, _RESOLUTION)
    lines = []
    for x, y in numpy.linspace(low, high, n_lines):
        lines.append(numpy.column_stack([numpy.full(_RESOLUTION, x), fine[:, 1]]))
        lines.append(numpy.column_stack([fine[:, 0], numpy.full(_RESOLUTION, y)]))

    def decision(points):
        return network.decision_function(_as_input(network, points))

    return Plane(X, lines, _boundary(decision, *fine.T), labels)


def _hidden(network: Any, before: Plane, layer: int) -> Plane:
    """Return the plane of the outputs of a hidden layer, given that of the inputs."""

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
    """Return the decision boundary in the plane of the last two hidden units, over the range of these outputs."""

    def decision(h):
        raw = network.softmax_beta * (h @ network.coefs_[-1] + network.intercepts_[-1])
        return raw[:, 0] if raw.shape[1] == 1 and len(network.classes_) == 2 else raw

    return _boundary(decision, *numpy.linspace(outputs.min(axis=0), outputs.max(axis=0), _RESOLUTION).T)


def _boundary(decision: Any, x: numpy.ndarray, y: numpy.ndarray) -> list[numpy.ndarray]:
    """Return the lines on which the largest of several decision values, or the sign of a single one, changes."""
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
    """Return points as a DataFrame if the network was fitted with feature names."""
    names = getattr(network, "feature_names_in_", None)
    return points if names is None else pandas.DataFrame(points, columns=names)
