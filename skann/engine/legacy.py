"""Conversion of networks in pickles of earlier versions."""

from __future__ import annotations

from typing import Any

from .graph import Graph, chain
from .layers import Dense, Layer, MaxoutLayer
from .objective import Objective
from .parameters import Parameters


class Architecture:
    """A chain of named layers with the loss and the link of its output, as in pickles of earlier versions."""

    layers: dict[str, Layer]
    in_shape: tuple[int, ...]
    loss: Any
    link: Any
    hidden: tuple[str, ...]


def convert(architecture: Architecture, parameters: Parameters) -> tuple[Graph, Objective, Parameters]:
    """Convert a network of an earlier version, sharing theta.

    Raises
    ------
    ValueError
        If the parameters do not match the layers.
    """
    last = list(architecture.layers)[-1]
    layers = []
    for name, layer in architecture.layers.items():
        role = "hidden" if name in architecture.hidden else "output" if name == last else ""
        if isinstance(layer, MaxoutLayer):  # included the weights
            old = vars(layer)
            layers.append((name, Dense(old["units"], old["init"], old["pieces"]), ""))
            name, layer = f"{name}_1", MaxoutLayer(old["pieces"])
        layers.append((name, layer, role))
    graph, layout = chain(layers, architecture.in_shape), parameters.layout
    converted = graph.layout()
    if (converted.shapes(), converted.slices) != (layout.shapes(), layout.slices):
        raise ValueError("The parameters in the pickle do not fit its layers.")
    objective = Objective.of(last, architecture.loss, architecture.link)
    return graph, objective, Parameters(converted, parameters.theta, parameters.state)
