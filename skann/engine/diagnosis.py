"""What tells a healthy network from a sick one while it trains."""

from __future__ import annotations

import math

import numpy

from .activations import ElementwiseActivation
from .architecture import Architecture
from .backend import Array, dense, move, quiet, sum_of_squares
from .batches import Reader, Rows
from .layers import ActivationLayer
from .network import Network, Step
from .parameters import Parameters

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
    architecture : Architecture
    parameters : Parameters
    rows : Rows
    n_rows : int
        How many of them, at equal distances, are the sample.
    """

    def __init__(self, architecture: Architecture, parameters: Parameters, rows: Rows, n_rows: int = N_ROWS):
        self.architecture = architecture
        self.parameters = parameters
        x = sample(rows, parameters.theta.dtype, n_rows)
        self.network = Network(architecture, parameters, x.shape[0])
        xp = self.network.xp
        self.x = x if xp is numpy else move(dense(x), xp)

    @property
    def widths(self) -> dict[str, int]:
        """How many numbers each of the lists below has."""
        n_weights = sum(name == "W" for _, name in self.parameters.layout.specs)
        return {"dead_units": len(self.architecture.hidden), "gradient_norm": n_weights - 1}

    def dead_units(self) -> list[float]:
        """Return, for each hidden layer, the fraction of units with zero output or zero slope on every row."""
        previous, fractions = self.x, []
        with quiet():
            self._outputs = self.network.forward(self.x)
            for name, step in self.network.steps(self.x.shape[0]):
                if name in self.architecture.hidden:
                    fractions.append(float(_dead(step, previous).mean()))
                previous = step.y
        return fractions

    def look(self, parameters: Parameters) -> None:
        """Look at the rows with these parameters in place of those there."""
        if parameters is not self.parameters:
            self.parameters.restore(parameters)
        with quiet():
            self._outputs = self.network.forward(self.x)

    @property
    def raw(self) -> numpy.ndarray:
        """The rows' raw outputs when they were last looked at."""
        return move(self._outputs, numpy)

    def gradient_norms(self, grads: dict[tuple[str, str], Array]) -> list[float]:
        """Return, for each hidden layer, the Euclidean norm of the gradient of its weights."""
        weights = [gradient.reshape(-1) for (_, name), gradient in grads.items() if name == "W"]
        return [math.sqrt(float(sum_of_squares(gradient))) for gradient in weights[:-1]]


def _dead(step: Step, x: Array) -> Array:
    """Tell for each unit of a layer whether its output is zero, or its slope at the input x, on every row."""
    xp = step.bound.xp
    dead = ~step.y.any(axis=0)
    if isinstance(step.layer, ActivationLayer) and isinstance(step.layer.activation, ElementwiseActivation):
        slope = xp.ones_like(step.y)
        step.layer.backward(step.bound, x, step.y, slope, slope)
        xp.logical_or(dead, ~slope.any(axis=0), out=dead)
    return dead
