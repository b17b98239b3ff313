"""A network as it predicts, in a form whose gradients can be computed."""

from __future__ import annotations

from dataclasses import replace

import numpy

from .graph import Graph
from .layers import Affine, BatchNorm
from .parameters import Parameters


def prediction_form(graph: Graph, parameters: Parameters) -> tuple[Graph, Parameters]:
    """Return a graph and parameters whose training pass equals the prediction of the given ones.

    Layers that act only in training are left out, and batch normalization becomes the affine function of its running
    statistics: ``gamma / sqrt(variance + epsilon) (x - mean) + beta``. A backward pass thus differentiates the
    function that predicts, in which no row depends on another.

    Parameters
    ----------
    graph : Graph
    parameters : Parameters
        In host memory. They are copied.

    Returns
    -------
    graph : Graph
        With the same names of nodes.
    parameters : Parameters

    Raises
    ------
    ValueError
        If another layer than BatchNorm mixes rows in training.
    """
    nodes, values = [], {}
    for name, node in graph.prediction_graph.nodes.items():
        own = {key: array for (layer, key), array in parameters.values.items() if layer == name}
        if isinstance(node.layer, BatchNorm):
            own = _affine(node.layer, own, {key: parameters.states[name, key] for key in ("mean", "variance")})
            node = replace(node, layer=Affine())
        elif node.layer.mixes_rows:
            raise ValueError(
                f"{node.layer!r} depends on the other rows of a batch in training, and has no known form for the "
                "gradients of predictions. Use normalization='batch', 'layer' or None."
            )
        nodes.append(node)
        values |= {(name, key): array for key, array in own.items()}
    form = Graph(nodes, graph.inputs, graph.prediction_graph.outputs)
    layout = form.layout()
    copied = Parameters(layout, numpy.empty(layout.size, parameters.theta.dtype))
    for key, view in copied.values.items():
        view[...] = values[key]
    for key, view in copied.states.items():
        view[...] = parameters.states[key]
    return form, copied


def _affine(
    layer: BatchNorm, values: dict[str, numpy.ndarray], state: dict[str, numpy.ndarray]
) -> dict[str, numpy.ndarray]:
    """Return the scale and the shift of batch normalization with its running statistics."""
    scale = values["gamma"] / numpy.sqrt(state["variance"] + layer.epsilon)
    return {"scale": scale, "shift": values["beta"] - state["mean"] * scale}
