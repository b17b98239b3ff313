"""The blocks of a network's layers, as summaries and diagrams list them."""

from __future__ import annotations

from ...engine.functions.pairs import pair
from ...engine.graph import Graph
from ...engine.layers import (
    ActivationLayer,
    Affine,
    Conv2D,
    ConvTranspose2D,
    Dense,
    Layer,
    Normalization,
    Pool2D,
    Upsample2D,
)
from ...engine.parameters import Layout
from .names import short_name

_OPERATIONS = {
    "Affine": "scaling",
    "AveragePool2D": "average pool",
    "Canvas2D": "resize canvas",
    "Dense": "dense",
    "GlobalAveragePool2D": "global average",
    "JoinPositions": "join positions",
    "MaxPool2D": "max pool",
    "Upsample2D": "upsample",
}


def blocks_of(graph: Graph) -> dict[str, list[str]]:
    """Return the nodes of each block of a graph, by its title.

    A block begins with weights, or with a layer that mixes positions or merges its inputs. Before the hidden layers,
    each layer is a block. The blocks with the role "hidden" are numbered from 0, as in ``hidden_layer_output``. The
    only block with the role "output" is called so; several ones have the names of their layers.
    """
    inputs: list[str] = []  # dropout and noise on the inputs
    blocks = [inputs]
    is_past_inputs = False
    for name, node in graph.nodes.items():
        has_weights = any(spec.role == "weight" for spec in graph.declarations[name].parameters.values())
        mixes = not node.layer.positionwise or node.layer.merges
        if (has_weights or mixes or not is_past_inputs) and not node.layer.only_in_training:
            blocks.append([])
        is_past_inputs |= has_weights
        blocks[-1].append(name)
    hidden = {name: f"hidden {i}" for i, name in enumerate(graph.with_role("hidden"))}
    return {"input": inputs, **{_title(graph, names, hidden): names for names in blocks[1:]}}


def weighted_blocks(graph: Graph, layout: Layout) -> list[str]:
    """Return the title of the block of each array of weights whose gradient the history has.

    These are all but the outputs for whole images; a two-stage detector has further ones for its regions.
    """
    titles = {name: title for title, names in blocks_of(graph).items() for name in names}
    first = list(graph.inputs)[:1]
    outputs = [name for name in graph.with_role("output") if list(graph.up_to(name).inputs) == first]
    return [titles[name] for name, _ in layout.with_role("weight") if name not in outputs]


def describe_operation(layer: Layer) -> str:
    """Return the name of an operation on images with the size of its windows, such as "conv 3 x 3"."""
    name = _OPERATIONS.get(type(layer).__name__, "")
    if isinstance(layer, Conv2D):
        name = "conv {} x {}".format(*pair(layer.kernel_size))
    elif isinstance(layer, ConvTranspose2D):
        name = "transposed conv {} x {}".format(*pair(layer.kernel_size))
    elif isinstance(layer, Upsample2D):
        name += " {} x {}".format(*pair(layer.factor))
    elif isinstance(layer, Pool2D):
        name += " {} x {}".format(*pair(layer.size))
    return name or type(layer).__name__.lower()


def is_operation(layer: Layer) -> bool:
    """Return whether the layer is named in the column of operations rather than as an activation."""
    return isinstance(layer, (Affine, Dense)) or not layer.positionwise or layer.merges


def activation_names(layers: list[Layer]) -> str:
    """Return the names of the activations in a block: all that is no operation, normalization, dropout or noise."""
    rest = [
        layer
        for layer in layers
        if not (is_operation(layer) or isinstance(layer, Normalization) or layer.only_in_training)
    ]
    return ", ".join(
        short_name(layer.activation) if isinstance(layer, ActivationLayer) else short_name(layer) for layer in rest
    )


def _title(graph: Graph, names: list[str], hidden: dict[str, str]) -> str:
    """Return the title of a block after the input."""
    numbered = [hidden[name] for name in names if name in hidden]
    if graph.with_role("output") == [names[0]]:
        return "output"
    return numbered[0] if numbered else names[0].replace("_", " ")
