"""Static graphs of layers, which hold no arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .layers import Declaration, Layer, Shape
from .parameters import Layout


@dataclass(frozen=True)
class Node:
    """A layer and its place in a graph.

    Attributes
    ----------
    name : str
        The key of the layer's parameters.
    layer : Layer
    inputs : tuple of str
        Names of nodes or of inputs of the graph, in the order of the layer's inputs.
    role : str
        The function of the node in the network: "hidden" marks the last layer of a hidden block, dropout excluded.
    frozen : bool
        Whether its parameters are excluded from training.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    role: str = ""
    frozen: bool = False


class Graph:
    """A directed acyclic graph of layers, in topological order. It holds no arrays.

    Parameters
    ----------
    nodes : iterable of Node
        Each reads earlier nodes or inputs.
    inputs : dict of str to tuple of int
        Shape of each input, without the batch axis. The last axis holds the features, or channels.
    outputs : sequence of str
        The nodes whose outputs ``Network.forward`` returns. Other nodes may read them as well.

    Attributes
    ----------
    shapes : dict of str to tuple of int
        Shape of each input and of each node's output, without the batch axis.
    declarations : dict of str to Declaration
        Declaration of each node. For a ``positionwise`` layer it describes a single position.

    Raises
    ------
    ValueError
        If a name is duplicated or unknown, or if the inputs of a node are incompatible.
    """

    def __init__(self, nodes: Iterable[Node], inputs: Mapping[str, Shape], outputs: Sequence[str]):
        self.inputs = dict(inputs)
        self.nodes: dict[str, Node] = {}
        self.shapes: dict[str, Shape] = dict(inputs)
        self.declarations: dict[str, Declaration] = {}
        for node in nodes:
            self._add(node)
        self.outputs = tuple(outputs)
        unknown = [name for name in self.outputs if name not in self.nodes]
        if unknown or not self.outputs:
            raise ValueError(f"The outputs of a graph must be names of its nodes. Got {list(outputs)}.")

    def _add(self, node: Node) -> None:
        if node.name in self.shapes:
            raise ValueError(f"The name {node.name!r} stands twice in the graph. Give each node a name of its own.")
        missing = [name for name in node.inputs if name not in self.shapes]
        if missing:
            raise ValueError(f"{node.name!r} reads {missing[0]!r}, which is neither an input nor an earlier node.")
        declaration = _declare(node, [self.shapes[name] for name in node.inputs])
        self.nodes[node.name] = node
        self.declarations[node.name] = declaration
        leading = self.shapes[node.inputs[0]][:-1] if node.layer.positionwise else ()
        self.shapes[node.name] = (*leading, *declaration.shape)

    def __getstate__(self) -> dict[str, Any]:
        return {"nodes": [*self.nodes.values()], "inputs": self.inputs, "outputs": self.outputs}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)

    @cached_property
    def prediction_graph(self) -> Graph:
        """The graph without the layers that act only in training; the graph itself if there are none."""
        skipped = {name: node.inputs[0] for name, node in self.nodes.items() if node.layer.only_in_training}
        if not skipped:
            return self

        def source(name: str) -> str:
            return source(skipped[name]) if name in skipped else name

        remaining = [node for name, node in self.nodes.items() if name not in skipped]
        nodes = [replace(node, inputs=tuple(map(source, node.inputs))) for node in remaining]
        return Graph(nodes, self.inputs, [source(name) for name in self.outputs])

    @cached_property
    def n_positions(self) -> dict[str, int]:
        """Number of positions per row that each node's layer treats as rows."""
        return {
            name: math.prod(self.shapes[name][:-1]) if node.layer.positionwise else 1
            for name, node in self.nodes.items()
        }

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Number of elements per row of each input and each node's output."""
        return {name: math.prod(shape) for name, shape in self.shapes.items()}

    @cached_property
    def largest_product(self) -> int:
        """Number of multiplications per row in the largest weighted sum of a node."""
        products = [
            math.prod(spec.shape) * math.prod(self.shapes[name][:-1])
            for name, declaration in self.declarations.items()
            for spec in declaration.parameters.values()
            if spec.role == "weight"
        ]
        return max(products, default=0)

    @cached_property
    def memory_plans(self) -> dict[tuple[bool, ...], Any]:
        """Cache of ``memory.plan_memory``, by its options: predictions create networks for the same graph again."""
        return {}

    def adopt_plans(self, other: Graph) -> bool:
        """Take over the plans of a graph of the same structure; return whether it is, and so has the same layout.

        Layers are not compared: those of a user's own may hold arrays, or attributes that ``==`` leaves out.
        """
        if self._structure != other._structure:
            return False
        for name in ("memory_plans", "sizes", "n_positions", "readers", "largest_product", "convolves"):
            vars(self)[name] = getattr(other, name)
        return True

    @cached_property
    def _structure(self) -> list[Any]:
        """Return all that plans of memory and the layout depend on."""
        structure: list[Any] = [self.shapes, self.outputs]
        for name, declaration in self.declarations.items():
            node = self.nodes[name]
            layer = node.layer
            specs = [(key, spec.shape, spec.decays, spec.rate) for key, spec in declaration.parameters.items()]
            flags = layer.in_place, layer.y_is_scratch, layer.only_in_training, layer.positionwise
            structure += name, node.inputs, node.frozen, layer.keeps, flags, specs, declaration.state
        return structure

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """Names of the nodes that read each input and each node, in order."""
        readers: dict[str, list[str]] = {name: [] for name in self.shapes}
        for node in self.nodes.values():
            for name in dict.fromkeys(node.inputs):
                readers[name].append(node.name)
        return readers

    def with_role(self, role: str) -> list[str]:
        """Return the names of the nodes with a role, in order."""
        return [name for name, node in self.nodes.items() if node.role == role]

    @cached_property
    def convolves(self) -> bool:
        """Whether a layer convolves."""
        return any(node.layer.convolves for node in self.nodes.values())

    @property
    def is_noisy(self) -> bool:
        """Whether layers draw random numbers in training, so that a repeated pass differs."""
        return any(node.layer.only_in_training for node in self.nodes.values())

    @property
    def mixes_rows(self) -> bool:
        """Whether a row's output in training depends on the other rows of its batch."""
        return any(node.layer.mixes_rows for node in self.nodes.values())

    def layout(self) -> Layout:
        """Return the layout of the nodes' parameters in the flat vector, and of their state."""
        specs, state = [], {}
        for name, declaration in self.declarations.items():
            for parameter, spec in declaration.parameters.items():
                # optimizers skip segments of rate 0
                spec = replace(spec, rate=0.0, decays=False) if self.nodes[name].frozen else spec
                specs.append((name, parameter, spec))
            state |= {(name, key): entry for key, entry in declaration.state.items()}
        return Layout(specs, state)

    def up_to(self, *outputs: str) -> Graph:
        """Return the subgraph on which the given nodes depend, with these as its outputs."""
        needed = set(outputs)
        for node in reversed(self.nodes.values()):
            if node.name in needed:
                needed |= set(node.inputs)
        nodes = [node for node in self.nodes.values() if node.name in needed]
        inputs = {name: shape for name, shape in self.inputs.items() if name in needed}
        return Graph(nodes, inputs, outputs)


def _declare(node: Node, shapes: list[Shape]) -> Declaration:
    """Return the declaration of a node's layer for inputs of the given shapes."""
    layer = node.layer
    if len(shapes) > 1 and not layer.merges:
        raise ValueError(f"{node.name!r} is a layer of one input, {layer!r}. Got {len(shapes)} inputs.")
    if layer.positionwise:
        if any(shape[:-1] != shapes[0][:-1] for shape in shapes):
            raise ValueError(
                f"The inputs of {node.name!r} must agree in all axes but the last. Got the shapes {shapes}."
            )
        shapes = [shape[-1:] for shape in shapes]
    in_shape: Any = tuple(shapes) if layer.merges else shapes[0]
    return layer.declare(in_shape)


class GraphBuilder:
    """Builds a graph node by node. Composites, such as a residual block, are functions that add nodes to it.

    Parameters
    ----------
    **inputs : tuple of int
        Shape of each input, without the batch axis.

    Examples
    --------
    >>> from skann.engine.initializers import HeNormal
    >>> from skann.engine.layers import Add, Dense
    >>> builder = GraphBuilder(x=(4,))
    >>> first = builder.add(Dense(8, HeNormal()), "x")
    >>> total = builder.add(Add(), first, builder.add(Dense(8, HeNormal()), first))
    >>> builder.build(total).shapes[total]
    (8,)
    """

    def __init__(self, **inputs: Shape):
        self.inputs = inputs
        self._nodes: list[Node] = []

    def add(self, layer: Layer, *inputs: str, name: str | None = None, role: str = "", frozen: bool = False) -> str:
        """Add a layer that reads the given nodes or inputs; return its name, by default its type and number."""
        name = name or f"{type(layer).__name__.lower()}_{len(self._nodes)}"
        self._nodes.append(Node(name, layer, inputs, role, frozen))
        return name

    def chain(self, layers: Iterable[Layer], x: str) -> str:
        """Add a chain of layers, the first of which reads ``x``; return the name of the last."""
        for layer in layers:
            x = self.add(layer, x)
        return x

    def build(self, *outputs: str) -> Graph:
        """Return the graph with the given outputs."""
        return Graph(self._nodes, self.inputs, outputs)


def chain(layers: Iterable[tuple[str, Layer] | tuple[str, Layer, str]], in_shape: Shape) -> Graph:
    """Return a sequential graph: the first layer reads the input "x", and the last one is the output.

    Parameters
    ----------
    layers : iterable of (name, layer) or (name, layer, role)
    in_shape : tuple of int
        Shape of the input, without the batch axis.
    """
    nodes, last = [], "x"
    for name, layer, *role in layers:
        nodes.append(Node(name, layer, (last,), "".join(role)))
        last = name
    return Graph(nodes, {"x": in_shape}, (last,))
