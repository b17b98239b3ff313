"""A network: a graph bound to parameters and to the memory for a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy

from .arrays.backend import Array, dense, namespace
from .graph import Graph, Node
from .hyperparameters import return_value_error
from .kernels import with_loops
from .layers import Bound, Layer
from .memory import Key, contributions, differentiated, plan_memory
from .parameters import Parameters


@dataclass
class BoundLayer:
    """A layer with the arrays that it works on for a given number of rows.

    Attributes
    ----------
    layer : Layer
    bound : Bound
        The layer's parameters, gradients, scratch and state.
    x : array, or tuple of arrays for a layer that merges
        The input. None before the first pass, where it is an input of the network.
    y : array
        The output.
    """

    layer: Layer
    bound: Bound
    x: Any
    y: Array


@dataclass
class _Backward:
    """The backward pass of a bound layer.

    ``dx`` is None where no gradient of the input is needed; ``sums`` are pairs of a total and the term to add to it.
    """

    forward: BoundLayer
    bound: Bound
    dy: Array
    dx: Any
    sums: list[tuple[Array, Array]]


@dataclass
class _InputLayer:
    """A bound layer that reads inputs of the network.

    ``sources`` are the positions of these inputs, None for the outputs of nodes; ``convert`` turns an input into the
    array that the layer takes, None if the input is that array.
    """

    bound_layer: BoundLayer
    sources: list[int | None]
    convert: Callable[[Array], Array] | None
    merges: bool

    def set_x(self, inputs: tuple[Array, ...]) -> None:
        """Set the layer's x for a batch."""
        convert = self.convert or (lambda x: x)
        xs = self.bound_layer.x if self.merges else (None,)
        arrays = tuple(
            x if source is None else convert(inputs[source]) for x, source in zip(xs, self.sources, strict=True)
        )
        self.bound_layer.x = arrays if self.merges else arrays[0]


@dataclass
class _Pass:
    """All bound layers for a given number of rows, and the backward passes for each combination of gradients.

    ``direct`` and ``converted`` are the layers that read inputs of the network, unchanged or after a conversion.
    ``weighted`` are the bounds that need the rows' weights, each with a buffer for the weights of positions, or None;
    ``noisy`` are those that need the noise factor.
    """

    layers: dict[str, BoundLayer]
    outputs: tuple[Array, ...]
    gradients: dict[str, Array]
    direct: list[tuple[BoundLayer, int]]
    converted: list[_InputLayer]
    weighted: list[tuple[Bound, Array | None]]
    noisy: list[Bound]
    forwards: list[BoundLayer]
    backwards: dict[tuple[bool, bool], list[_Backward]] = field(default_factory=dict)


class Network:
    """Forward and backward passes of batches of up to ``n_rows`` rows through a graph.

    The network allocates all memory; a batch of a size seen before allocates none. A network is not thread-safe: each
    thread needs its own.

    Parameters
    ----------
    graph : Graph
    parameters : Parameters
        ``forward`` reads theta and, in training, updates ``parameters.state``; ``backward`` writes ``parameters.grad``.
    n_rows : int
        Maximum number of rows in a batch.
    training : bool, default=False
        Whether the layers that act only in training take part, and ``backward`` is available.
    input_gradients : bool, default=False
        Whether ``backward`` can return the gradients with respect to the inputs.
    keep_outputs : bool, default=False
        Whether the outputs of all nodes are preserved until the end of a pass, for inspection.
    generator : source of random bits, default=None
        For noisy layers in training.

    Attributes
    ----------
    noise : float
        Factor of the dropout rate and of the scale of noise, applied from the next pass on; initially 1.
    """

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        n_rows: int,
        *,
        training: bool = False,
        input_gradients: bool = False,
        keep_outputs: bool = False,
        generator: Any = None,
    ):
        self.graph = graph
        self.parameters = parameters
        self.n_rows = n_rows
        self.training = training
        self.generator = generator
        self.noise = 1.0
        xp = namespace(parameters.theta)
        self._graph = graph if training else graph.prediction_graph
        self.xp = with_loops(xp) if training or graph.convolves else xp
        self._shares = graph.convolves and xp is numpy
        self._plan = plan_memory(
            self._graph, training=training, input_gradients=input_gradients, keep_outputs=keep_outputs
        )
        self._allocate(n_rows)
        self._passes: dict[int, _Pass] = {}
        self._last: _Pass | None = None

    def forward(self, *inputs: Array, weight: Array | None = None) -> tuple[Array, ...]:
        """Return the outputs for a batch; the next pass overwrites them.

        Parameters
        ----------
        *inputs : array of shape (n_samples, ...), or CSR matrix
            In the order of the graph's inputs.
        weight : array of shape (n_samples,), default=None
            Weights of the rows in the batch's statistics, in training; None weights them equally.
        """
        current = self._set_inputs(inputs, weight)
        for item in current.forwards:
            if item.layer.forward(item.bound, item.x, item.y) is not None:
                raise return_value_error(item.layer, "forward")
        return current.outputs

    def walk(self, *inputs: Array) -> Iterator[tuple[str, BoundLayer]]:
        """Yield the name and the bound layer of each node before its forward pass on a batch."""
        for name, item in self._set_inputs(inputs, None).layers.items():
            yield name, item
            item.layer.forward(item.bound, item.x, item.y)

    def _set_inputs(self, inputs: tuple[Array, ...], weight: Array | None) -> _Pass:
        """Return the pass for a batch, with its inputs and the weights of its rows set."""
        n = inputs[0].shape[0]
        try:
            current = self._last = self._passes[n]
        except KeyError:
            current = self._last = self._pass(n)
        for bound, by_position in current.weighted:
            bound.weight = weight if by_position is None or weight is None else _repeat(weight, by_position)
        for bound in current.noisy:
            bound.noise = self.noise
        for item, source in current.direct:
            item.x = inputs[source]
        for item in current.converted:
            item.set_x(inputs)
        return current

    def output_gradients(self, n: int) -> dict[str, Array]:
        """Return, for each output, the array for the gradient with respect to it, for n rows."""
        return self._pass(n).gradients

    def outputs(self, n: int) -> tuple[Array, ...]:
        """Return the arrays into which ``forward`` writes the outputs for n rows."""
        return self._pass(n).outputs

    def backward(
        self, output_gradients: Mapping[str, Array], *, parameters: bool = True, inputs: bool = False
    ) -> tuple[Array | None, ...]:
        """Backpropagate through the last forward pass; return the gradients with respect to the inputs.

        Parameters
        ----------
        output_gradients : dict of str to array
            Gradient of the loss with respect to each output, overwritten. Arrays of the method ``output_gradients``
            are not copied.
        parameters : bool, default=True
            Whether to write ``parameters.grad``, except for the segments of frozen nodes.
        inputs : bool, default=False
            Whether to return the gradients with respect to the inputs; requires ``input_gradients``. The next pass
            overwrites them.

        Returns
        -------
        input_gradients : tuple of array or None
            One per input, None where no gradient reaches it. Empty without ``inputs``.
        """
        current = self._last
        assert current is not None, "forward comes first"
        if output_gradients is not current.gradients:
            for name, own in current.gradients.items():
                if output_gradients[name] is not own:
                    self.xp.copyto(own, output_gradients[name])
        if (parameters, inputs) not in current.backwards:
            current.backwards[parameters, inputs] = self._plan_backwards(current, parameters, inputs)
        for item in current.backwards[parameters, inputs]:
            forward = item.forward
            if forward.layer.backward(item.bound, forward.x, forward.y, item.dy, item.dx) is not None:
                raise return_value_error(forward.layer, "backward")
            for total, term in item.sums:
                self.xp.add(total, term, out=total)
        if not inputs:
            return ()
        n = current.outputs[0].shape[0]
        return tuple(
            self._view(("dy", name), n) if ("dy", name) in self._plan.slot_of else None for name in self.graph.inputs
        )

    def bound_layers(self, n: int) -> Iterator[tuple[str, BoundLayer]]:
        """Yield the name and the bound layer of each node for n rows, in the state that the last passes left."""
        return iter(self._pass(n).layers.items())

    # Memory

    def _allocate(self, n_rows: int) -> None:
        """Allocate the flat buffers from which the views for any number of rows up to ``n_rows`` are taken."""
        xp, dtype = self.xp, self.parameters.theta.dtype
        self._slots = [xp.empty(n_rows * width, dtype) for width in self._plan.slots]
        self._scratch: dict[str, dict[str, Array]] = {}
        max_rows, temporary = n_rows, 0
        for name in self._graph.nodes:
            declaration, rows = self._graph.declarations[name], n_rows * self._graph.n_positions[name]
            max_rows = rows if rows > max_rows else max_rows
            temporary = declaration.temporary if declaration.temporary > temporary else temporary
            scratch = self._scratch[name] = {}
            if declaration.scratch or declaration.work:
                for key, (shape, scratch_dtype) in declaration.scratch.items():
                    scratch[key] = xp.empty((rows, *shape), scratch_dtype or dtype)
                for key, shape in declaration.work.items():
                    scratch[key] = xp.empty(shape, dtype)
        self._ones = xp.ones(max_rows, dtype)
        self._temporary = xp.empty(temporary, dtype) if temporary else None

    def _view(self, key: Key, n: int) -> Array:
        """Return the view of a planned array for n rows."""
        graph = self._graph
        return self._slots[self._plan.slot_of[key]][: n * graph.sizes[key[1]]].reshape(n, *graph.shapes[key[1]])

    def _pass(self, n: int) -> _Pass:
        """Return the pass for n rows, built once."""
        if n not in self._passes:
            self._passes[n] = self._build_pass(n)
        return self._passes[n]

    def _build_pass(self, n: int) -> _Pass:
        arrays: dict[str, Array] = {}
        layers: dict[str, BoundLayer] = {}
        direct, converted, weighted, noisy = [], [], [], []
        indices = {name: i for i, name in enumerate(self.graph.inputs)}
        for name, node in self._graph.nodes.items():
            x = tuple([self._layer_view(node, arrays[source]) if source in arrays else None for source in node.inputs])
            if ("y", name) in self._plan.in_place:
                # the same object: CuPy copies an input that overlaps the output in any other way
                arrays[name], y = arrays[node.inputs[0]], x[0]
            else:
                arrays[name] = self._view(("y", name), n)
                y = self._layer_view(node, arrays[name])
            bound = self._bind(name, n)
            layers[name] = item = BoundLayer(node.layer, bound, x if node.layer.merges else x[0], y)
            if not indices.keys().isdisjoint(node.inputs):
                convert = self._input_conversion(node)
                sources = [indices.get(source) for source in node.inputs]
                if convert is None and not node.layer.merges:
                    direct.append((item, sources[0]))
                else:
                    converted.append(_InputLayer(item, sources, convert, node.layer.merges))
            if node.layer.mixes_rows:
                per_row = self._graph.n_positions[name]
                by_position = self.xp.empty((n, per_row), self._ones.dtype) if per_row > 1 else None
                weighted.append((bound, by_position))
            if node.layer.only_in_training:
                noisy.append(bound)
        gradients = {name: self._view(("dy", name), n) for name in self._graph.outputs} if self.training else {}
        outputs = tuple(arrays[name] for name in self._graph.outputs)
        return _Pass(layers, outputs, gradients, direct, converted, weighted, noisy, [*layers.values()])

    def _input_conversion(self, node: Node) -> Callable[[Array], Array] | None:
        """Return the function that turns an input, of any rank or sparse, into the layer's x; None for no change."""
        if len(self._graph.shapes[node.inputs[0]]) > 1:
            return _positions if node.layer.positionwise else None
        return None if node.layer.takes_sparse else dense

    def _bind(self, name: str, n: int) -> Bound:
        """Return the arrays of a node's layer for n rows."""
        rows = n * self._graph.n_positions[name]
        parameters, scratch = self.parameters, self._scratch[name]
        if scratch:
            shared = self._graph.declarations[name].work
            scratch = {key: array if key in shared else array[:rows] for key, array in scratch.items()}
        writes = self.training and not self._graph.nodes[name].frozen
        return Bound(
            xp=self.xp,
            params=parameters.values_by_layer[name],
            grads=parameters.grads_by_layer[name] if writes else {},
            scratch=scratch,
            state=parameters.states_by_layer[name],
            ones=self._ones[:rows],
            training=self.training,
            generator=self.generator,
            temporary=self._temporary if self._graph.declarations[name].temporary else None,
            shares=self._shares,
        )

    def _plan_backwards(self, current: _Pass, parameters: bool, inputs: bool) -> list[_Backward]:
        """Return the layers of a backward pass, in order, with their gradients."""
        graph, n = self._graph, current.outputs[0].shape[0]
        wanted = differentiated(graph, parameters=parameters, inputs=inputs)
        backwards = []
        for name in reversed(graph.nodes):
            if name not in wanted:
                continue
            node, forward = graph.nodes[name], current.layers[name]
            gradients, sums = [], []
            for i in range(len(node.inputs)):
                dx, total = self._gradient_for(name, i, wanted, n)
                gradients.append(dx if dx is None or dx.ndim == 2 else self._layer_view(node, dx))
                if total is not None:
                    sums.append((total, dx))
            dy = self._layer_view(node, self._view(("dy", name), n))
            if gradients[0] is not None and ("dy", node.inputs[0]) in self._plan.in_place:
                gradients[0] = dy
            # the attributes of a bound that change from batch to batch are read by the forward pass only
            bound = forward.bound if parameters else replace(forward.bound, grads={})
            backwards.append(
                _Backward(forward, bound, dy, tuple(gradients) if node.layer.merges else gradients[0], sums)
            )
        return backwards

    def _gradient_for(self, reader: str, i: int, wanted: set[str], n: int) -> tuple[Array | None, Array | None]:
        """Return the array for the gradient of a node's input i, and the total that it is added to, if there is one."""
        source = self._graph.nodes[reader].inputs[i]
        if source not in wanted:
            return None, None
        total = self._view(("dy", source), n)
        if source not in self._graph.outputs and contributions(self._graph, wanted, source)[0] == (reader, i):
            return total, None
        return self._view(("part", source, reader, i), n), total

    def _layer_view(self, node: Node, array: Array) -> Array:
        """Return the view of an array that a node's layer works on."""
        return _positions(array) if node.layer.positionwise and array.ndim > 2 else array


def _positions(array: Array) -> Array:
    """Return a view with one row per position."""
    return array.reshape(-1, array.shape[-1])


def _repeat(weight: Array, by_position: Array) -> Array:
    """Repeat the weight of each row for its positions."""
    by_position[...] = weight[:, None]
    return by_position.reshape(-1)
