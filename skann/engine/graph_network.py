"""A network: a graph bound to parameters and to memory for a batch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .backend import Array, dense, namespace
from .graph import Graph, Node
from .kernels import kernels_for
from .layers import Bound, Layer
from .memory import Key, contributions, differentiated, plan_memory
from .parameters import Parameters


@dataclass
class Step:
    """One layer with the views that it works on for a given number of rows.

    Attributes
    ----------
    x : array, or tuple of arrays for a layer that merges
        None until a pass begins, where it is an input of the network.
    y : array
    """

    layer: Layer
    bound: Bound
    x: Any
    y: Array


@dataclass
class _Backward:
    """The gradients of a step: dx is None where nobody asks, and ``sums`` are (array, what is to be added to it)."""

    step: Step
    bound: Bound
    dy: Array
    dx: Any
    sums: list[tuple[Array, Array]]


@dataclass
class _Pass:
    """All steps for a given number of rows, and backwards for each kind of gradients asked for."""

    steps: dict[str, Step]
    outputs: tuple[Array, ...]
    gradients: dict[str, Array]
    reading_inputs: list[tuple[Step, Node]]
    weighted: list[tuple[Bound, Array | None]]
    noisy: list[Bound]
    backwards: dict[tuple[bool, bool], list[_Backward]] = field(default_factory=dict)


class Network:
    """Runs batches of up to ``n_rows`` rows through a graph, forwards and backwards.

    All memory is allocated here; batches of a size seen before allocate none. Not for two threads at once: each makes
    its own.

    Parameters
    ----------
    graph : Graph
    parameters : Parameters
        Read by ``forward``, which in training moves ``parameters.state``; ``backward`` writes ``parameters.grad``.
    n_rows : int
        Rows of the largest batch.
    training : bool, default=False
        Whether layers that act in training only take part, and gradients can be asked for.
    input_gradients : bool, default=False
        Whether those of the inputs can be asked for.
    generator : source of random bits, default=None
        For noisy layers in training.

    Attributes
    ----------
    noise : float
        What the rate of dropout and the scale of noise are multiplied by from the next pass on; 1 at first.
    """

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        n_rows: int,
        *,
        training: bool = False,
        input_gradients: bool = False,
        generator: Any = None,
    ):
        self.graph = graph
        self.parameters = parameters
        self.n_rows = n_rows
        self.training = training
        self.generator = generator
        self.noise = 1.0
        self.xp = namespace(parameters.theta)
        # prediction alone is not worth the time that Numba's import takes
        self._kernels = kernels_for(self.xp) if training else None
        self._run = graph if training else _without_noise(graph)
        self._plan = plan_memory(self._run, training=training, input_gradients=input_gradients)
        self._allocate(n_rows)
        self._passes: dict[int, _Pass] = {}
        self._last: _Pass | None = None

    def forward(self, *inputs: Array, weight: Array | None = None) -> tuple[Array, ...]:
        """Return the outputs for a batch, in memory that the next pass overwrites.

        Parameters
        ----------
        *inputs : array of shape (n_samples, ...), or CSR matrix
            In the order of the graph's inputs.
        weight : array of shape (n_samples,), default=None
            By which rows count in the batch's statistics, in training; None counts them alike.
        """
        current = self._last = self._pass(inputs[0].shape[0])
        for bound, by_position in current.weighted:
            bound.weight = weight if by_position is None or weight is None else _spread(weight, by_position)
        for bound in current.noisy:
            bound.noise = self.noise
        for step, node in current.reading_inputs:
            step.x = self._inputs_of(node, step, inputs)
        for step in current.steps.values():
            step.layer.forward(step.bound, step.x, step.y)
        return current.outputs

    def output_gradients(self, n: int) -> dict[str, Array]:
        """Return for each output the array that the gradient with respect to it may be written in, for n rows."""
        return self._pass(n).gradients

    def backward(
        self, output_gradients: Mapping[str, Array], *, parameters: bool = True, inputs: bool = False
    ) -> tuple[Array | None, ...]:
        """Run the chain rule backwards through the last pass; return the gradients with respect to the inputs.

        Parameters
        ----------
        output_gradients : dict of str to array
            The loss's gradient with respect to each output, used up; those of ``output_gradients`` are not copied.
        parameters : bool, default=True
            Whether to write ``parameters.grad``, the stretches of frozen nodes apart.
        inputs : bool, default=False
            Whether to return the gradients of the inputs, for a network made with ``input_gradients``. They lie in
            memory that the next pass overwrites.
        """
        current = self._last
        assert current is not None, "forward comes first"
        for name, lent in current.gradients.items():
            if output_gradients[name] is not lent:
                self.xp.copyto(lent, output_gradients[name])
        if (parameters, inputs) not in current.backwards:
            current.backwards[parameters, inputs] = self._plan_backwards(current, parameters, inputs)
        for back in current.backwards[parameters, inputs]:
            step = back.step
            step.layer.backward(back.bound, step.x, step.y, back.dy, back.dx)
            for total, part in back.sums:
                self.xp.add(total, part, out=total)
        if not inputs:
            return ()
        n = current.outputs[0].shape[0]
        return tuple(
            self._view(("dy", name), n) if ("dy", name) in self._plan.slot_of else None for name in self.graph.inputs
        )

    def steps(self, n: int) -> Iterator[tuple[str, Step]]:
        """Yield each node's name and what its layer works on for n rows, as the last passes left it."""
        return iter(self._pass(n).steps.items())

    def _inputs_of(self, node: Node, step: Step, inputs: tuple[Array, ...]) -> Any:
        """Return a step's arrays, among which are inputs of the network."""
        given = dict(zip(self.graph.inputs, inputs, strict=True))
        arrays = []
        for i, name in enumerate(node.inputs):
            if name in given:
                x = given[name] if node.layer.takes_sparse else dense(given[name])
                arrays.append(_positions(x) if node.layer.positionwise and x.ndim > 2 else x)
            else:
                arrays.append(step.x[i])
        return tuple(arrays) if node.layer.merges else arrays[0]

    # Memory

    def _allocate(self, n_rows: int) -> None:
        """Allocate flat stretches of memory from which the views for any number of rows up to ``n_rows`` are cut."""
        xp, dtype = self.xp, self.parameters.theta.dtype
        self._slots = [xp.empty(n_rows * width, dtype) for width in self._plan.slots]
        self._scratch: dict[str, dict[str, Array]] = {}
        longest = 1
        for name in self._run.nodes:
            declaration, per_row = self._run.declarations[name], self._n_positions(name)
            longest = max(longest, per_row)
            self._scratch[name] = {
                key: xp.empty((n_rows * per_row, *shape), own or dtype)
                for key, (shape, own) in declaration.scratch.items()
            } | {key: xp.empty(shape, dtype) for key, shape in declaration.work.items()}
        self._ones = xp.ones(n_rows * longest, dtype)

    def _n_positions(self, name: str) -> int:
        """Return how many positions of a row a node's layer sees as rows."""
        return math.prod(self._run.shapes[name][:-1]) if self._run.nodes[name].layer.positionwise else 1

    def _view(self, key: Key, n: int) -> Array:
        """View an array of the plan for n rows."""
        shape = self._run.shapes[key[1]]
        return self._slots[self._plan.slot_of[key]][: n * math.prod(shape)].reshape(n, *shape)

    def _pass(self, n: int) -> _Pass:
        """Return the views for n rows, cut once."""
        if n not in self._passes:
            self._passes[n] = self._cut(n)
        return self._passes[n]

    def _cut(self, n: int) -> _Pass:
        arrays: dict[str, Array] = {}
        steps: dict[str, Step] = {}
        reading, weighted, noisy = [], [], []
        for name, node in self._run.nodes.items():
            arrays[name] = self._view(("y", name), n)
            x = [self._seen(node, arrays[source]) if source in arrays else None for source in node.inputs]
            in_place = self._share_memory(("y", node.inputs[0]), ("y", name))
            # the same object: CuPy copies an input that overlaps the output in any other way
            y = x[0] if in_place else self._seen(node, arrays[name])
            bound = self._bind(name, n)
            steps[name] = Step(node.layer, bound, tuple(x) if node.layer.merges else x[0], y)
            if any(source in self.graph.inputs for source in node.inputs):
                reading.append((steps[name], node))
            if node.layer.mixes_rows:
                per_row = self._n_positions(name)
                by_position = self.xp.empty((n, per_row), self._ones.dtype) if per_row > 1 else None
                weighted.append((bound, by_position))
            if node.layer.only_in_training:
                noisy.append(bound)
        gradients = {name: self._view(("dy", name), n) for name in self._run.outputs} if self.training else {}
        outputs = tuple(arrays[name] for name in self._run.outputs)
        return _Pass(steps, outputs, gradients, reading, weighted, noisy)

    def _bind(self, name: str, n: int) -> Bound:
        """Lend a node's layer its arrays for n rows."""
        rows = n * self._n_positions(name)
        declaration, parameters = self._run.declarations[name], self.parameters
        scratch = {
            key: array[:rows] if key in declaration.scratch else array for key, array in self._scratch[name].items()
        }
        writes = self.training and not self._run.nodes[name].frozen
        return Bound(
            xp=self.xp,
            params={key: parameters.values[name, key] for key in declaration.parameters},
            grads={key: parameters.grads[name, key] for key in declaration.parameters} if writes else {},
            scratch=scratch,
            state={key: parameters.state[name, key] for key in declaration.state},
            ones=self._ones[:rows],
            training=self.training,
            generator=self.generator,
            kernels=self._kernels,
        )

    def _plan_backwards(self, current: _Pass, parameters: bool, inputs: bool) -> list[_Backward]:
        """Return the steps of a pass backwards, with their gradients."""
        graph, n = self._run, current.outputs[0].shape[0]
        wanted = differentiated(graph, parameters=parameters, inputs=inputs)
        steps = []
        for name in reversed(graph.nodes):
            if name not in wanted:
                continue
            node, forward = graph.nodes[name], current.steps[name]
            gradients, sums = [], []
            for i in range(len(node.inputs)):
                dx, total = self._gradient_for(name, i, wanted, n)
                gradients.append(None if dx is None else self._seen(node, dx))
                if total is not None:
                    sums.append((total, dx))
            dy = self._seen(node, self._view(("dy", name), n))
            if gradients[0] is not None and self._share_memory(("dy", node.inputs[0]), ("dy", name)):
                gradients[0] = dy
            # only its forward pass reads what changes in a bound from batch to batch
            bound = forward.bound if parameters else replace(forward.bound, grads={})
            steps.append(_Backward(forward, bound, dy, tuple(gradients) if node.layer.merges else gradients[0], sums))
        return steps

    def _gradient_for(self, reader: str, i: int, wanted: set[str], n: int) -> tuple[Array | None, Array | None]:
        """Return where a node writes the gradient of its input i, and the array that this is to be added to."""
        source = self._run.nodes[reader].inputs[i]
        if source not in wanted:
            return None, None
        total = self._view(("dy", source), n)
        if source not in self._run.outputs and contributions(self._run, wanted, source)[0] == (reader, i):
            return total, None
        return self._view(("part", source, reader, i), n), total

    def _share_memory(self, a: Key, b: Key) -> bool:
        """Tell whether two arrays of the plan lie in one slot."""
        slot_of = self._plan.slot_of
        return a in slot_of and slot_of[a] == slot_of[b]

    def _seen(self, node: Node, array: Array) -> Array:
        """View an array as a node's layer sees it."""
        return _positions(array) if node.layer.positionwise and array.ndim > 2 else array


def _without_noise(graph: Graph) -> Graph:
    """Return the graph without the layers that act in training only."""
    left_out = {name: node.inputs[0] for name, node in graph.nodes.items() if node.layer.only_in_training}
    if not left_out:
        return graph

    def source(name: str) -> str:
        return source(left_out[name]) if name in left_out else name

    nodes = [
        replace(node, inputs=tuple(map(source, node.inputs)))
        for name, node in graph.nodes.items()
        if name not in left_out
    ]
    return Graph(nodes, graph.inputs, [source(name) for name in graph.outputs])


def _positions(array: Array) -> Array:
    """View an array as one row for each position."""
    return array.reshape(-1, array.shape[-1])


def _spread(weight: Array, by_position: Array) -> Array:
    """Give every position of a row the row's weight."""
    by_position[...] = weight[:, None]
    return by_position.reshape(-1)
