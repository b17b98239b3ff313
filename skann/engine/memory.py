"""Memory planning by liveness: arrays that are not needed at the same time share a slot of memory.

Time counts the passes of the layers: of N nodes, node i runs forward at time i, the loss is evaluated at time N, and
node i runs backward at time 2 N - i. An array is live from the pass that writes it to the last pass that may read it or
use it as scratch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .graph import Graph

Key = tuple[Any, ...]


@dataclass(frozen=True)
class MemoryPlan:
    """The slots of the arrays of a pass.

    Attributes
    ----------
    slots : list of int
        Size of each slot in elements per row.
    slot_of : dict of tuple to int
        The slot of each array: ("y", node) is the output of a node, ("dy", name) the gradient with respect to a node's
        output or to an input, and ("part", name, reader, i) the term of that gradient from a reader's input i.
    in_place : frozenset of tuple
        The arrays that overwrite another: an output its first input, or the gradient of an input that of the output.
    """

    slots: list[int]
    slot_of: dict[Key, int]
    in_place: frozenset[Key]


@dataclass(frozen=True)
class _Lifetime:
    """The lifetime of an array: its elements per row, first and last use, and the array that it overwrites, if any."""

    key: Key
    width: int
    birth: int
    death: int
    overwrites: Key | None = None


def plan_memory(
    graph: Graph, *, training: bool, input_gradients: bool = False, keep_outputs: bool = False
) -> MemoryPlan:
    """Return the memory plan of a pass through a graph.

    Parameters
    ----------
    training : bool
        Whether a backward pass follows, which reads the arrays that layers keep and needs gradients.
    input_gradients : bool, default=False
        Whether the backward pass can return the gradients with respect to the inputs.
    keep_outputs : bool, default=False
        Whether the outputs of all nodes are preserved until the end of the pass.
    """
    options = training, input_gradients, keep_outputs
    if options not in graph.memory_plans:
        lifetimes = _output_lifetimes(graph, training, keep_outputs)
        if training:
            lifetimes += _gradient_lifetimes(graph, input_gradients)
        graph.memory_plans[options] = _assign_slots(sorted(lifetimes, key=lambda life: life.birth))
    return graph.memory_plans[options]


def differentiated(graph: Graph, *, parameters: bool = True, inputs: bool = False) -> set[str]:
    """Return the nodes and inputs whose gradients are needed for those of the parameters or of the inputs."""
    wanted = set(graph.inputs) if inputs else set()
    used = set(graph.outputs)
    for node in reversed(graph.nodes.values()):
        used |= set(node.inputs) if node.name in used else set()
    for name, node in graph.nodes.items():
        learns = parameters and not node.frozen and bool(graph.declarations[name].parameters)
        if name in used and (learns or wanted & set(node.inputs)):
            wanted.add(name)
    return wanted & used


def contributions(graph: Graph, wanted: set[str], name: str) -> list[tuple[str, int]]:
    """Return the edges (reader, index of its input) that contribute to an array's gradient, in backward order."""
    return [
        (reader, i)
        for reader in reversed(graph.readers[name])
        if reader in wanted
        for i, source in enumerate(graph.nodes[reader].inputs)
        if source == name
    ]


def _output_lifetimes(graph: Graph, training: bool, keep_outputs: bool) -> list[_Lifetime]:
    at = {name: i for i, name in enumerate(graph.nodes)}
    end = len(at)

    def death(name: str) -> int:
        readers = graph.readers[name]
        last = max([at[name], *(at[reader] for reader in readers)])
        if name in graph.outputs or keep_outputs:
            last = end
        if training:
            own = graph.nodes[name].layer
            keepers = [reader for reader in readers if "x" in graph.nodes[reader].layer.keeps]
            if own.y_is_scratch:
                keepers.append(name)
            last = max([last, *(2 * end - at[keeper] for keeper in keepers)])
        return last

    return [
        _Lifetime(
            ("y", name),
            math.prod(graph.shapes[name]),
            at[name],
            death(name),
            ("y", node.inputs[0]) if _runs_in_place(graph, name) else None,
        )
        for name, node in graph.nodes.items()
    ]


def _runs_in_place(graph: Graph, name: str) -> bool:
    """Return whether a node may overwrite its first input: it is a node's output that no later pass reads."""
    node = graph.nodes[name]
    source = node.inputs[0]
    return (
        node.layer.in_place
        and "x" not in node.layer.keeps
        and source in graph.nodes
        and "y" not in graph.nodes[source].layer.keeps
        and source not in graph.outputs
        and graph.readers[source] == [name]
        and node.inputs.count(source) == 1
        and graph.shapes[source] == graph.shapes[name]
    )


def _gradient_lifetimes(graph: Graph, input_gradients: bool) -> list[_Lifetime]:
    wanted = differentiated(graph, inputs=input_gradients)
    end = len(graph.nodes)
    backwards = {name: 2 * end - i for i, name in enumerate(graph.nodes)}
    lifetimes = []
    for name in [name for name in graph.shapes if name in wanted]:
        width, edges = math.prod(graph.shapes[name]), contributions(graph, wanted, name)
        is_output = name in graph.outputs
        if not (edges or is_output):
            continue
        birth = end if is_output else backwards[edges[0][0]]
        overwrites = None
        if not is_output and len(edges) == 1 and _backpropagates_in_place(graph, edges[0][0]):
            overwrites = ("dy", edges[0][0])
        lifetimes.append(_Lifetime(("dy", name), width, birth, backwards.get(name, 2 * end + 1), overwrites))
        lifetimes += [
            _Lifetime(("part", name, reader, i), width, backwards[reader], backwards[reader])
            for reader, i in (edges if is_output else edges[1:])
        ]
    return lifetimes


def _backpropagates_in_place(graph: Graph, name: str) -> bool:
    """Return whether a node may write the gradient of its input over that of its output."""
    node = graph.nodes[name]
    return node.layer.in_place and len(node.inputs) == 1 and graph.shapes[node.inputs[0]] == graph.shapes[name]


def _assign_slots(lifetimes: list[_Lifetime]) -> MemoryPlan:
    """Assign each array a slot that is free during its lifetime: the best fit, else the closest in size, enlarged."""
    slots: list[int] = []
    slot_of: dict[Key, int] = {}
    busy_until: list[int] = []
    for life in lifetimes:
        if life.overwrites is not None:
            slot = slot_of[life.overwrites]
        else:
            free = [slot for slot, until in enumerate(busy_until) if until < life.birth]
            if free:
                slot = min(free, key=lambda slot: (slots[slot] < life.width, abs(slots[slot] - life.width)))
            else:
                slot = len(slots)
                slots.append(0)
                busy_until.append(-1)
        slots[slot] = max(slots[slot], life.width)
        busy_until[slot] = max(busy_until[slot], life.death)
        slot_of[life.key] = slot
    in_place = frozenset(life.key for life in lifetimes if life.overwrites is not None)
    return MemoryPlan(slots, slot_of, in_place)
