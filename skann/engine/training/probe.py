"""Signs of a network that trains badly: dead units and gradients that vanish or explode."""

from __future__ import annotations

import math

import numpy

from ..arrays.backend import Array, dense, move, quiet
from ..data.reader import Reader
from ..data.rows import Rows
from ..functions.algebra import sum_of_squares
from ..functions.base import ElementwiseFunction
from ..graph import Graph
from ..layers import ActivationLayer
from ..network import Network, Step
from ..parameters import Parameters

N_ROWS = 32  # enough to tell a dead unit, few enough to take under 3 % of an epoch


def sample(rows: Rows, dtype: numpy.dtype, n_rows: int = N_ROWS) -> Array:
    """Return X of a few rows at equal distances, or a CSR matrix of them."""
    n_rows = min(n_rows, len(rows))
    reader = Reader(Rows(rows.X, index=rows.index), dtype, n_rows)
    reader.begin(numpy.linspace(0, len(rows) - 1, n_rows).astype(int))
    with quiet():
        return reader.read(slice(0, n_rows))[0]


class Probe:
    """Looks at hidden units on a few of the training rows.

    Parameters
    ----------
    graph : Graph
        With a single input and output.
    parameters : Parameters
    rows : Rows
    n_rows : int
        How many of them, at equal distances, are the sample.
    """

    def __init__(self, graph: Graph, parameters: Parameters, rows: Rows, n_rows: int = N_ROWS):
        self.parameters = parameters
        self._hidden = graph.with_role("hidden")
        outputs = graph.with_role("output")
        self._weights = [key for key in parameters.layout.with_role("weight") if key[0] not in outputs]
        x = sample(rows, parameters.theta.dtype, n_rows)
        self.network = Network(graph, parameters, x.shape[0], keep_outputs=True)
        xp = self.network.xp
        self.x = x if xp is numpy else move(dense(x), xp)

    @property
    def widths(self) -> dict[str, int]:
        """Lengths of the lists that the methods of these names return."""
        return {"dead_units": len(self._hidden), "gradient_norm": len(self._weights)}

    def dead_units(self) -> list[float]:
        """Return, for each hidden layer, the fraction of units with zero output or zero slope on every row."""
        with quiet():
            (self._outputs,) = self.network.forward(self.x)
            steps = dict(self.network.steps(self.x.shape[0]))
            return [float(_dead(steps[name]).mean()) for name in self._hidden]

    def look(self, parameters: Parameters) -> None:
        """Look at the rows with these parameters in place of those there."""
        if parameters is not self.parameters:
            self.parameters.restore(parameters)
        with quiet():
            (self._outputs,) = self.network.forward(self.x)

    @property
    def raw(self) -> numpy.ndarray:
        """The rows' raw outputs when they were last looked at."""
        return move(self._outputs, numpy)

    def gradient_norms(self, grads: dict[tuple[str, str], Array]) -> list[float]:
        """Return, for each hidden layer, the Euclidean norm of the gradient of its weights."""
        return [math.sqrt(float(sum_of_squares(grads[key].reshape(-1)))) for key in self._weights]


def _dead(step: Step) -> Array:
    """Tell for each unit of a layer whether its output is zero, or its slope at the input, on every row."""
    xp = step.bound.xp
    dead = ~step.y.any(axis=0)
    if isinstance(step.layer, ActivationLayer) and isinstance(step.layer.activation, ElementwiseFunction):
        slope = xp.ones_like(step.y)
        step.layer.backward(step.bound, step.x, step.y, slope, slope)
        xp.logical_or(dead, ~slope.any(axis=0), out=dead)
    return dead
