"""A diagram of a network with its units and weights."""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral
from typing import Any, Self

import numpy
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from ..engine.layers import Conv2D
from ..estimators.constraints import check_activations, check_dropout
from ._map_stacks import draw_stack, map_stacks
from ._plotting import BLUE, ORANGE, axes_for, layer_name, pyplot
from .extraction import find_owner, input_names, is_spatial, title_of, unwrap

_MAX_LINE_WIDTH = 3.5  # of the largest weight, in points
_DISTANCE = 5.0  # between layers, relative to that between neighbouring units


class NetworkDisplay:
    """Diagram of a network: units as circles, weights as lines coloured by sign, with widths by absolute value.

    In layers with more units than ``max_units``, only the first and the last units are drawn, with an ellipsis in
    between. All layers share one scale of line widths. Of the weights between an input and a maxout unit, one per
    piece, the largest in absolute value is drawn. Biases and normalization are not drawn.

    Of convolutional networks, the image and the maps after each stage are stacks of rectangles, followed by the dense
    layers, whose inputs are the flattened or averaged maps.

    Create a display with ``from_estimator`` or ``from_weights``.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, units)
        Weights of each layer.
    feature_names : list of str, default=None
        Labels of the inputs.
    output_names : list of str, default=None
        Labels of the outputs.
    captions : list of str, default=None
        Texts below the inputs and each layer. None: name and number of units of each layer.
    max_units : int, default=10
        Maximum number of units drawn per layer, at least 2.
    dropped : list of ndarray of bool of shape (units,), default=None
        The units of the inputs and of each hidden layer that dropout removes in one random draw. If given, a second
        panel shows the network with these crossed out.
    maps : list, default=()
        The maps before the dense layers, as ``from_estimator`` finds them.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Axes of the whole network and, with ``dropped``, of the network under dropout.
    figure_ : matplotlib.figure.Figure
        The figure with these axes.
    edges_ : list of matplotlib LineCollection
        The lines on each of the axes, in order of increasing absolute weight.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.inspection import NetworkDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = MLPClassifier((6, 4), dropout=0.3, max_iter=500, random_state=0).fit(X, y)
    >>> display = NetworkDisplay.from_estimator(clf, dropout=True, random_state=0)
    >>> len(display.axes_)
    2
    """

    def __init__(
        self, coefs, *, feature_names=None, output_names=None, captions=None, max_units=10, dropped=None, maps=()
    ):
        self.coefs = coefs
        self.feature_names = feature_names
        self.output_names = output_names
        self.captions = captions
        self.max_units = max_units
        self.dropped = dropped
        self.maps = maps

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, max_units: int = 10, dropout: bool = False, random_state: Any = None, ax: Any = None
    ) -> Self:
        """Draw a fitted network, labelled with its feature names and classes if available.

        Parameters
        ----------
        estimator : one of skann
            Fitted estimator, or a Pipeline or search that ends in one.
        max_units : int, default=10
            Maximum number of units drawn per layer, at least 2.
        dropout : bool, default=False
            Whether to draw a second panel with the units that remain under one random draw of dropout.
        random_state : int, RandomState instance or None, default=None
            Source of randomness of this draw.
        ax : matplotlib Axes, or array of two with ``dropout=True``, default=None
            None creates a figure.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the network ends in maps, as those of segmenters and detectors do.
        ValueError
            If ``dropout=True`` and the estimator uses no dropout.
        """
        network, before = unwrap(estimator)
        if is_spatial(network):
            raise TypeError(
                "NetworkDisplay draws chains of layers that end in units. The network of "
                f"{title_of(find_owner(estimator)[0])} branches and ends in maps: summary lists its layers."
            )
        coefs = [_largest_piece(weights) for weights in _dense_weights(network)]
        maps = map_stacks(network._learner.graph)
        names = None if maps else input_names(network, before)
        return cls._from_checked_weights(
            ax,
            coefs,
            feature_names=names if names and len(names) == len(coefs[0]) else None,  # embedded inputs have none
            output_names=_output_names(network),
            captions=_captions(network, coefs),
            max_units=max_units,
            maps=maps,
            dropped=_sample_dropout(network, coefs, random_state) if dropout else None,
        )

    @classmethod
    def from_weights(
        cls, coefs: Any, *, feature_names: Any = None, output_names: Any = None, max_units: int = 10, ax: Any = None
    ) -> Self:
        """Draw a network, given its weights.

        Parameters
        ----------
        coefs : list of array-like of shape (fan_in, units) or (fan_in, pieces, units)
            Weights of each layer, such as an estimator's ``coefs_``.
        feature_names : list of str of length n_features, default=None
            Labels of the inputs.
        output_names : list of str of length n_outputs, default=None
            Labels of the outputs.
        max_units : int, default=10
            Maximum number of units drawn per layer, at least 2.
        ax : matplotlib Axes, default=None
            None creates a figure.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        ValueError
            If the shapes of the weights and the numbers of names are inconsistent.
        """
        coefs = [_largest_piece(numpy.asarray(weights, dtype=float)) for weights in coefs]
        return cls._from_checked_weights(
            ax, coefs, feature_names=feature_names, output_names=output_names, max_units=max_units
        )

    @classmethod
    def _from_checked_weights(cls, ax, coefs, **options):
        """Check weights and options, and draw the network."""
        pyplot()
        if not isinstance(options["max_units"], Integral) or options["max_units"] < 2:
            raise ValueError(f"max_units must be an int of at least 2. Got {options['max_units']!r} instead.")
        for before, after in pairwise(coefs):
            if before.shape[-1] != len(after):
                raise ValueError(f"A layer of {before.shape[-1]} units is followed by weights for {len(after)} inputs.")
        for name, n_units in (("feature_names", len(coefs[0])), ("output_names", coefs[-1].shape[-1])):
            if options[name] is not None and len(options[name]) != n_units:
                raise ValueError(
                    f"{name} has {len(options[name])} entries, but the network has {n_units} of these units."
                )
        return cls(coefs, **options).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, or array of two if ``dropped`` is given, default=None
            None creates a figure.

        Returns
        -------
        display : NetworkDisplay
            The display itself.
        """
        sizes = [len(self.coefs[0])] + [weights.shape[1] for weights in self.coefs]
        places = [_places(n_units, self.max_units) for n_units in sizes]
        highest = max(heights.max() for _, heights in places)
        n_panels = 1 if self.dropped is None else 2
        size = 1.5 + 1.35 * (len(sizes) + len(self.maps)), 1.6 + 0.75 * highest
        self.axes_ = axes_for(ax, n_panels, size=size)
        self.figure_ = self.axes_[0].figure
        whole = [numpy.zeros(n_units, bool) for n_units in sizes]
        self.edges_ = [self._draw(self.axes_[0], places, highest, whole)]
        if self.dropped is not None:
            draw = [*self.dropped, whole[-1]]
            self.edges_.append(self._draw(self.axes_[1], places, highest, draw))
            self.axes_[0].set_title("the whole network")
            self.axes_[1].set_title(f"one draw of dropout: {sum(map(sum, draw))} units dropped")
        self._add_legend(self.axes_[0])
        return self

    def _draw(self, axes, places, highest: float, dropped):
        """Draw a network without the lines of dropped units, and return its lines."""
        edges = self._edges(axes, places, dropped)
        captions = self.captions or _numbered_captions([len(units) for units in dropped])
        for i, ((units, heights), caption) in enumerate(zip(places, captions, strict=True)):
            out = dropped[i][units]
            x = numpy.full(len(units), _DISTANCE * i)
            axes.scatter(x[~out], heights[~out], s=170, color="white", edgecolors="black", zorder=3)
            axes.scatter(x[out], heights[out], s=170, color="0.93", edgecolors="0.6", zorder=3)
            axes.scatter(x[out], heights[out], s=150, color="black", marker="x", linewidths=1.8, zorder=4)
            if len(units) < len(dropped[i]):
                axes.text(_DISTANCE * i, 0, "⋮", ha="center", va="center", fontsize=20)
            axes.text(_DISTANCE * i, -highest - 0.7, caption, ha="center", va="top")
        self._label(axes, places)
        self._draw_maps(axes, -highest - 0.7)
        axes.set_ylim(-highest - 2.2, highest + 0.7)
        left = _DISTANCE * (len(self.maps) + 0.2) if self.maps else 0.0
        axes.set_xlim(-left - 0.9, _DISTANCE * (len(places) - 1) + 0.9)
        axes.set_axis_off()
        return edges

    def _draw_maps(self, axes, bottom: float) -> None:
        """Draw the stacks of maps to the left of the units, with captions and arrows."""
        for i, stack in enumerate(self.maps):
            x = -_DISTANCE * (len(self.maps) - i)
            draw_stack(axes, stack, max(self.maps[0].shape[:2]), x)
            axes.text(x, bottom, stack.caption, ha="center", va="top")
            arrow = {"arrowstyle": "-|>", "color": "0.4"}
            axes.annotate("", (x + 0.62 * _DISTANCE, 0), (x + 0.42 * _DISTANCE, 0), arrowprops=arrow)

    def _edges(self, axes, places, dropped):
        """Draw and return the lines between the units that are drawn and not dropped."""
        from matplotlib.collections import LineCollection

        segments, weights = [], []
        for i, layer in enumerate(self.coefs):
            for j, y in zip(*places[i], strict=True):
                for k, z in zip(*places[i + 1], strict=True):
                    if not dropped[i][j] and not dropped[i + 1][k]:
                        segments.append([(_DISTANCE * i, y), (_DISTANCE * (i + 1), z)])
                        weights.append(layer[j, k])
        weights = numpy.array(weights, dtype=float)
        order = numpy.argsort(numpy.abs(weights), kind="stable")
        share = numpy.abs(weights[order]) / self._largest()
        edges = LineCollection(
            [segments[i] for i in order],
            colors=[ORANGE if negative else BLUE for negative in weights[order] < 0],
            linewidths=0.2 + (_MAX_LINE_WIDTH - 0.2) * share,
            alpha=0.25 + 0.75 * share,
            zorder=1,
        )
        return axes.add_collection(edges)

    def _largest(self) -> float:
        """Return the largest absolute weight, or 1 if all are zero."""
        return max(numpy.abs(weights).max() for weights in self.coefs) or 1.0

    def _label(self, axes, places) -> None:
        """Write the names of the inputs and outputs beside them."""
        for names, (units, heights), x, side in (
            (self.feature_names, places[0], -0.7, "right"),
            (self.output_names, places[-1], _DISTANCE * (len(places) - 1) + 0.7, "left"),
        ):
            if names is not None:
                for unit, y in zip(units, heights, strict=True):
                    axes.text(x, y, names[unit], ha=side, va="center")

    def _add_legend(self, axes) -> None:
        """Add a legend of colours and line widths."""
        from matplotlib.lines import Line2D

        handles = [
            Line2D([], [], color=BLUE, linewidth=_MAX_LINE_WIDTH, label=f"weight +{self._largest():.2g}"),
            Line2D([], [], color=ORANGE, linewidth=_MAX_LINE_WIDTH, label=f"weight -{self._largest():.2g}"),
        ]
        axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, frameon=False)


def _dense_weights(network) -> list[numpy.ndarray]:
    """Return the weights of the layers that are not convolutions."""
    learner = network._learner
    keys = learner.parameters.layout.with_role("weight")
    return [learner.parameters.values[key] for key in keys if not isinstance(learner.graph.nodes[key[0]].layer, Conv2D)]


def _largest_piece(weights: numpy.ndarray) -> numpy.ndarray:
    """Return weights of shape (fan_in, units), of maxout pieces the largest in absolute value."""
    if weights.ndim == 2:
        return weights.copy()
    winner = numpy.abs(weights).argmax(axis=1)[:, None]
    return numpy.take_along_axis(weights, winner, axis=1)[:, 0]


def _places(n_units: int, max_units: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return the units of a layer that are drawn and their heights, from the top down and centred at 0."""
    if n_units <= max_units:
        return numpy.arange(n_units), numpy.arange(n_units)[::-1] - (n_units - 1) / 2
    below = max_units // 2
    above = max_units - below
    units = numpy.r_[:above, n_units - below : n_units]
    # the ellipsis at height 0 takes the place of a unit
    return units, numpy.r_[numpy.arange(above)[::-1] + 1, -1 - numpy.arange(below)].astype(float)


def _numbered_captions(sizes: list[int]) -> list[str]:
    """Return captions with the name and the size of each layer."""
    names = ["input"] + [layer_name(i, len(sizes) - 1) for i in range(len(sizes) - 1)]
    return [f"{name}: {n_units}" for name, n_units in zip(names, sizes, strict=True)]


def _captions(network, coefs) -> list[str]:
    """Return captions with the name, the size and the activation of each layer."""
    n_hidden = len(coefs) - 1
    activations = [activation.name for activation in check_activations(network.activation, n_hidden)]
    sizes = [len(coefs[0])] + [weights.shape[1] for weights in coefs]
    functions = ["", *activations, network.out_activation_]
    captions = [f"{caption}\n{name}" for caption, name in zip(_numbered_captions(sizes), functions, strict=True)]
    if len(network._learner.graph.inputs["x"]) > 1:
        captions[0] = f"features: {sizes[0]}\n"
    return captions


def _output_names(network) -> list[str]:
    """Return the classes, with the number of the column if y has several, or numbered names for regression."""
    n_outputs = network.n_outputs_
    if is_classifier(network):
        if isinstance(network.classes_, list):
            columns = enumerate(network._labels.columns)
            return [f"{i}: {label}" for i, column in columns for label in column.classes[-column.n_outputs :]]
        # a single output is the probability of the last class
        return [str(label) for label in network.classes_[-n_outputs:]]
    return ["y"] if n_outputs == 1 else [f"output {i + 1}" for i in range(n_outputs)]


def _sample_dropout(network, coefs, random_state) -> list[numpy.ndarray]:
    """Return masks of the inputs and the units of each hidden layer that a random draw of dropout removes."""
    rates = check_dropout(network.dropout, len(coefs) - 1)
    if not any(rates):
        raise ValueError(
            f"dropout=True shows the units that dropout removes, but the network has dropout={network.dropout!r}. Fit "
            "one with dropout, or use dropout=False."
        )
    rng = check_random_state(random_state)
    return [rng.uniform(size=len(weights)) < rate for weights, rate in zip(coefs, rates, strict=True)]
