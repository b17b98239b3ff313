"""Starting weights that fit the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy

from ..arrays.backend import Array, quiet
from ..graph import Graph
from ..initializers import Initializer
from ..network import Network, Step
from ..parameters import Parameters

_N_ROWS_PER_UNIT = 5  # whose weighted mean is where a unit's input starts at zero


@dataclass(frozen=True)
class DataDriven(Initializer):
    """N(0, 1), which ``fit_to_rows`` then scales and shifts so that each unit starts in the midst of the data."""

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.normal(size=shape)


def fit_to_rows(graph: Graph, parameters: Parameters, x: Array, rng: numpy.random.RandomState) -> None:
    """Scale the weights and draw the biases of the layers whose initializer is DataDriven, in place.

    Layer by layer, with z the layer's output for the rows without its biases: each unit's weights are divided by the
    standard deviation of its z, and its bias is -sum_k w_k z[i_k], with five rows i_k drawn for each unit and weights
    w_k from Exp(1), normalised to 1: a random point of the data is where the unit's input is zero [he+5: Steinwart,
    2019, arXiv:1903.11482; Holzmüller et al., 2024, arXiv:2407.04491].

    Parameters
    ----------
    x : array of shape (n_samples, n_features)
        Training rows, or a sample of some thousands.
    """
    network = Network(graph, parameters, len(x))
    x = numpy.asarray(x, parameters.theta.dtype)
    with quiet():
        for name, step in network.walk(x):
            if isinstance(getattr(step.layer, "init", None), DataDriven):
                weight, bias = (graph.declarations[name].named(role) for role in ("weight", "bias"))
                _fit_units(step, step.bound.params[weight], step.bound.params[bias], rng)


def _fit_units(step: Step, W: Array, b: Array, rng: numpy.random.RandomState) -> None:
    """Scale the weights of one layer and draw its biases."""
    z = step.y
    b.fill(0)
    step.layer.forward(step.bound, step.x, z)
    deviation = z.std(axis=0)
    deviation[deviation == 0] = 1  # a unit that sees constants only
    W /= deviation
    z /= deviation
    shape = (_N_ROWS_PER_UNIT, z.shape[1])
    chosen = numpy.take_along_axis(z, rng.randint(len(z), size=shape), axis=0)
    weights = rng.exponential(size=shape)
    b[...] = -(weights * chosen).sum(axis=0) / weights.sum(axis=0)
