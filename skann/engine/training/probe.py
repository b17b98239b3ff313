"""Diagnostics of training: dead units and gradient norms."""

from __future__ import annotations

import math

import numpy

from ..arrays.backend import Array, dense, ignore_overflow, move, namespace
from ..data.reader import Reader
from ..data.rows import Rows
from ..functions.algebra import sum_of_squares
from ..functions.base import ElementwiseFunction
from ..graph import Graph
from ..layers import ActivationLayer
from ..network import BoundLayer, Network
from ..parameters import Parameters

N_ROWS = 32  # enough to detect dead units, few enough to take under 3 % of an epoch
# of images, each position counts, so that fewer are enough: an epoch of 367 images of 90 x 120 pixels takes 7 % less
_N_POSITIONS, _MIN_ROWS = 2**15, 4


def sample_rows(rows: Rows, dtype: numpy.dtype, n_rows: int = N_ROWS) -> Array:
    """Return X, an array or a CSR matrix, of a few equally spaced rows."""
    n_rows = min(n_rows, len(rows))
    reader = Reader(Rows(rows.X, index=rows.index), dtype, n_rows)
    reader.begin(numpy.linspace(0, len(rows) - 1, n_rows).astype(int))
    with ignore_overflow():
        return reader.read(slice(0, n_rows))[0]


class Probe:
    """Computes diagnostics of the hidden layers on a sample of the training rows.

    Parameters
    ----------
    graph : Graph
        With a single input and output.
    parameters : Parameters
    rows : Rows
    n_rows : int, default=None
        Number of equally spaced rows in the sample; by default 32, down to 4 where a row has thousands of positions.
    """

    def __init__(self, graph: Graph, parameters: Parameters, rows: Rows, n_rows: int | None = None):
        self.parameters = parameters
        self._hidden = graph.with_role("hidden")
        outputs = graph.with_role("output")
        self._weights = [key for key in parameters.layout.with_role("weight") if key[0] not in outputs]
        if n_rows is None:
            n_rows = min(N_ROWS, max(_MIN_ROWS, _N_POSITIONS // math.prod(rows.X.shape[1:-1])))
        x = sample_rows(rows, parameters.theta.dtype, n_rows)
        self.network = Network(graph, parameters, x.shape[0], keep_outputs=True)
        xp = namespace(parameters.theta)
        self.x = x if xp is numpy else move(dense(x), xp)

    @property
    def widths(self) -> dict[str, int]:
        """Lengths of the lists in the history, by name."""
        return {"dead_units": len(self._hidden), "gradient_norm": len(self._weights)}

    def dead_units(self) -> list[float]:
        """Return, for each hidden layer, the fraction of units with zero output or zero slope on every row."""
        with ignore_overflow():
            (self._outputs,) = self.network.forward(self.x)
            layers = dict(self.network.bound_layers(self.x.shape[0]))
            return [float(_dead_units(layers[name]).mean()) for name in self._hidden]

    def evaluate(self, parameters: Parameters) -> None:
        """Compute the outputs of the sample with the given parameters."""
        if parameters is not self.parameters:
            self.parameters.restore(parameters)
        with ignore_overflow():
            (self._outputs,) = self.network.forward(self.x)

    @property
    def raw(self) -> numpy.ndarray:
        """The raw outputs of the sample at the last evaluation."""
        return move(self._outputs, numpy)

    def gradient_norms(self, grads: dict[tuple[str, str], Array]) -> list[float]:
        """Return, for each hidden layer, the Euclidean norm of the gradient of its weights."""
        return [math.sqrt(float(sum_of_squares(grads[key].reshape(-1)))) for key in self._weights]


def _dead_units(layer: BoundLayer) -> Array:
    """Return, for each unit, whether its output or its derivative is zero on every row."""
    xp = layer.bound.xp
    dead = ~layer.y.any(axis=0)
    if isinstance(layer.layer, ActivationLayer) and isinstance(layer.layer.activation, ElementwiseFunction):
        slope = xp.ones_like(layer.y)
        layer.layer.backward(layer.bound, layer.x, layer.y, slope, slope)
        xp.logical_or(dead, ~slope.any(axis=0), out=dead)
    return dead
