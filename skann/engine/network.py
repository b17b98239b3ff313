"""A network: a graph bound to parameters and to memory for a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .arrays.backend import Array, dense, namespace
from .graph import Graph, Node
from .hyperparameters import must_write
from .kernels import training_library
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
class _Reading:
    """A step that reads inputs of the network.

    ``sources`` are the numbers of these inputs, None for the outputs of nodes; ``convert`` makes an input what the
    layer takes, if that may be another array.
    """

    step: Step
    sources: list[int | None]
    convert: Callable[[Array], Array] | None
    merges: bool

    def take(self, inputs: tuple[Array, ...]) -> Any:
        """Return the step's x for a batch."""
        convert = self.convert or (lambda x: x)
        xs = self.step.x if self.merges else (None,)
        taken = tuple(
            x if source is None else convert(inputs[source]) for x, source in zip(xs, self.sources, strict=True)
        )
        return taken if self.merges else taken[0]


@dataclass
class _Pass:
    """All steps for a given number of rows, and backwards for each kind of gradients asked for.

    ``passing`` and ``converting`` are the steps that read inputs of the network, as they are or otherwise; ``weighted``
    and ``noisy`` the bounds that are told the rows' weights, with room for a weight per position, and the factor of the
    noise.
    """

    steps: dict[str, Step]
    outputs: tuple[Array, ...]
    gradients: dict[str, Array]
    passing: list[tuple[Step, int]]
    converting: list[_Reading]
    weighted: list[tuple[Bound, Array | None]]
    noisy: list[Bound]
    forwards: list[Step]
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
    keep_outputs : bool, default=False
        Whether the outputs of all nodes last to the end of a pass, for those who look at them.
    generator : source of random bits, default=None
        For noisy layers in training.

    Attributes
    ----------
    noise : float
        Factor of the rate of dropout and of the scale of noise from the next pass on; 1 at first.
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
        self.xp = training_library(xp) if training else xp
        self._run = graph if training else graph.for_prediction
        self._plan = plan_memory(
            self._run, training=training, input_gradients=input_gradients, keep_outputs=keep_outputs
        )
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
        current = self._take(inputs, weight)
        for step in current.forwards:
            if step.layer.forward(step.bound, step.x, step.y) is not None:
                raise must_write(step.layer, "forward")
        return current.outputs

    def walk(self, *inputs: Array) -> Iterator[tuple[str, Step]]:
        """Yield each node's name and step before its layer runs forward on a batch."""
        for name, step in self._take(inputs, None).steps.items():
            yield name, step
            step.layer.forward(step.bound, step.x, step.y)

    def _take(self, inputs: tuple[Array, ...], weight: Array | None) -> _Pass:
        """Return the views for a batch, after its inputs and the weights of its rows are put where layers read them."""
        n = inputs[0].shape[0]
        try:
            current = self._last = self._passes[n]
        except KeyError:
            current = self._last = self._pass(n)
        for bound, by_position in current.weighted:
            bound.weight = weight if by_position is None or weight is None else _spread(weight, by_position)
        for bound in current.noisy:
            bound.noise = self.noise
        for step, source in current.passing:
            step.x = inputs[source]
        for reading in current.converting:
            reading.step.x = reading.take(inputs)
        return current

    def output_gradients(self, n: int) -> dict[str, Array]:
        """Return for each output the array that the gradient with respect to it may be written in, for n rows."""
        return self._pass(n).gradients

    def outputs(self, n: int) -> tuple[Array, ...]:
        """Return the arrays that ``forward`` writes the outputs for n rows into."""
        return self._pass(n).outputs

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
        if output_gradients is not current.gradients:
            for name, lent in current.gradients.items():
                if output_gradients[name] is not lent:
                    self.xp.copyto(lent, output_gradients[name])
        if (parameters, inputs) not in current.backwards:
            current.backwards[parameters, inputs] = self._plan_backwards(current, parameters, inputs)
        for back in current.backwards[parameters, inputs]:
            step = back.step
            if step.layer.backward(back.bound, step.x, step.y, back.dy, back.dx) is not None:
                raise must_write(step.layer, "backward")
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

    # Memory

    def _allocate(self, n_rows: int) -> None:
        """Allocate flat stretches of memory from which the views for any number of rows up to ``n_rows`` are cut."""
        xp, dtype = self.xp, self.parameters.theta.dtype
        self._slots = [xp.empty(n_rows * width, dtype) for width in self._plan.slots]
        self._scratch: dict[str, dict[str, Array]] = {}
        most = n_rows
        for name in self._run.nodes:
            declaration, rows = self._run.declarations[name], n_rows * self._run.n_positions[name]
            most = rows if rows > most else most
            scratch = self._scratch[name] = {}
            if declaration.scratch or declaration.work:
                for key, (shape, own) in declaration.scratch.items():
                    scratch[key] = xp.empty((rows, *shape), own or dtype)
                for key, shape in declaration.work.items():
                    scratch[key] = xp.empty(shape, dtype)
        self._ones = xp.ones(most, dtype)

    def _view(self, key: Key, n: int) -> Array:
        """View an array of the plan for n rows."""
        graph = self._run
        return self._slots[self._plan.slot_of[key]][: n * graph.sizes[key[1]]].reshape(n, *graph.shapes[key[1]])

    def _pass(self, n: int) -> _Pass:
        """Return the views for n rows, cut once."""
        if n not in self._passes:
            self._passes[n] = self._cut(n)
        return self._passes[n]

    def _cut(self, n: int) -> _Pass:
        arrays: dict[str, Array] = {}
        steps: dict[str, Step] = {}
        passing, converting, weighted, noisy = [], [], [], []
        numbers = {name: i for i, name in enumerate(self.graph.inputs)}
        for name, node in self._run.nodes.items():
            x = tuple([self._seen(node, arrays[source]) if source in arrays else None for source in node.inputs])
            if ("y", name) in self._plan.in_place:
                # the same object: CuPy copies an input that overlaps the output in any other way
                arrays[name], y = arrays[node.inputs[0]], x[0]
            else:
                arrays[name] = self._view(("y", name), n)
                y = self._seen(node, arrays[name])
            bound = self._bind(name, n)
            steps[name] = step = Step(node.layer, bound, x if node.layer.merges else x[0], y)
            if not numbers.keys().isdisjoint(node.inputs):
                convert = self._conversion(node)
                sources = [numbers.get(source) for source in node.inputs]
                if convert is None and not node.layer.merges:
                    passing.append((step, sources[0]))
                else:
                    converting.append(_Reading(step, sources, convert, node.layer.merges))
            if node.layer.mixes_rows:
                per_row = self._run.n_positions[name]
                by_position = self.xp.empty((n, per_row), self._ones.dtype) if per_row > 1 else None
                weighted.append((bound, by_position))
            if node.layer.only_in_training:
                noisy.append(bound)
        gradients = {name: self._view(("dy", name), n) for name in self._run.outputs} if self.training else {}
        outputs = tuple(arrays[name] for name in self._run.outputs)
        return _Pass(steps, outputs, gradients, passing, converting, weighted, noisy, [*steps.values()])

    def _conversion(self, node: Node) -> Callable[[Array], Array] | None:
        """Return what makes an input of the network, an array of any rank or a sparse matrix, what a layer takes."""
        if len(self._run.shapes[node.inputs[0]]) > 1:
            return _positions if node.layer.positionwise else None
        return None if node.layer.takes_sparse else dense

    def _bind(self, name: str, n: int) -> Bound:
        """Lend a node's layer its arrays for n rows."""
        rows = n * self._run.n_positions[name]
        parameters, scratch = self.parameters, self._scratch[name]
        if scratch:
            shared = self._run.declarations[name].work
            scratch = {key: array if key in shared else array[:rows] for key, array in scratch.items()}
        writes = self.training and not self._run.nodes[name].frozen
        return Bound(
            xp=self.xp,
            params=parameters.values_by_layer[name],
            grads=parameters.grads_by_layer[name] if writes else {},
            scratch=scratch,
            state=parameters.states_by_layer[name],
            ones=self._ones[:rows],
            training=self.training,
            generator=self.generator,
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
                gradients.append(dx if dx is None or dx.ndim == 2 else self._seen(node, dx))
                if total is not None:
                    sums.append((total, dx))
            dy = self._seen(node, self._view(("dy", name), n))
            if gradients[0] is not None and ("dy", node.inputs[0]) in self._plan.in_place:
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

    def _seen(self, node: Node, array: Array) -> Array:
        """View an array as a node's layer sees it."""
        return _positions(array) if node.layer.positionwise and array.ndim > 2 else array


def _positions(array: Array) -> Array:
    """View an array as one row for each position."""
    return array.reshape(-1, array.shape[-1])


def _spread(weight: Array, by_position: Array) -> Array:
    """Give every position of a row the row's weight."""
    by_position[...] = weight[:, None]
    return by_position.reshape(-1)
