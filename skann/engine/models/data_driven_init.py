"""Data-driven initialization of the weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy

from ..arrays.backend import Array, ignore_overflow
from ..graph import Graph
from ..initializers import Initializer
from ..network import BoundLayer, Network
from ..parameters import Parameters

_N_ROWS_PER_UNIT = 5  # number of rows at whose weighted mean the input of a unit is initially zero


@dataclass(frozen=True)
class DataDriven(Initializer):
    """N(0, 1); ``fit_to_rows`` then scales the weights and draws biases to spread units over the data."""

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.normal(size=shape)


def fit_to_rows(graph: Graph, parameters: Parameters, x: Array, rng: numpy.random.RandomState) -> None:
    """Scale the weights and draw the biases of the layers whose initializer is DataDriven, in place.

    For each layer in turn, let z be its output for the rows, without the biases. The weights of each unit are divided
    by the standard deviation of its z, and its bias is -sum_k w_k z[i_k] with five rows i_k drawn per unit and weights
    w_k from Exp(1), normalized to a sum of 1. The input of the unit is then zero at a random point within the data
    [he+5: Steinwart, 2019, arXiv:1903.11482; Holzmüller et al., 2024, arXiv:2407.04491].

    Parameters
    ----------
    x : array of shape (n_samples, n_features)
        Training rows, or a sample of a few thousand of them.
    """
    network = Network(graph, parameters, len(x))
    x = numpy.asarray(x, parameters.theta.dtype)
    with ignore_overflow():
        for name, item in network.walk(x):
            if isinstance(getattr(item.layer, "init", None), DataDriven):
                weight, bias = (graph.declarations[name].name_of(role) for role in ("weight", "bias"))
                _fit_units(item, item.bound.params[weight], item.bound.params[bias], rng)


def _fit_units(item: BoundLayer, W: Array, b: Array, rng: numpy.random.RandomState) -> None:
    """Scale the weights of one layer and draw its biases."""
    z = item.y
    b.fill(0)
    item.layer.forward(item.bound, item.x, z)
    deviation = z.std(axis=0)
    deviation[deviation == 0] = 1  # a unit with constant input
    W /= deviation
    z /= deviation
    shape = (_N_ROWS_PER_UNIT, z.shape[1])
    sample = numpy.take_along_axis(z, rng.randint(len(z), size=shape), axis=0)
    weights = rng.exponential(size=shape)
    b[...] = -(weights * sample).sum(axis=0) / weights.sum(axis=0)
