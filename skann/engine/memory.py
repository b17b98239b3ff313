"""Which stretch of memory each array of a pass lies in: arrays that are not needed at the same time share one.

Time counts the layers' passes: node i of N runs forwards at time i, the loss at N, and node i backwards at 2 N - i. An
array lives from the pass that writes it to the last that may read it, or use it as scratch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .graph import Graph

Key = tuple[Any, ...]


@dataclass(frozen=True)
class MemoryPlan:
    """Where the arrays of a pass lie.

    Attributes
    ----------
    slots : list of int
        Elements per row of each slot.
    slot_of : dict of tuple to int
        The slot of each array: ("y", node) is a node's output, ("dy", name) the gradient with respect to that, or to an
        input, and ("part", name, reader, i) what a node adds to that as its input i.
    in_place : frozenset of tuple
        The arrays that are written over another: outputs over the first input, gradients of it over the output's.
    """

    slots: list[int]
    slot_of: dict[Key, int]
    in_place: frozenset[Key]


@dataclass(frozen=True)
class _Life:
    """An array, its width, and the times of its first and of its last use; ``over`` is the array it may replace."""

    key: Key
    width: int
    birth: int
    death: int
    over: Key | None = None


def plan_memory(
    graph: Graph, *, training: bool, input_gradients: bool = False, keep_outputs: bool = False
) -> MemoryPlan:
    """Return where the arrays of a pass through a graph lie.

    Parameters
    ----------
    training : bool
        Whether there is a pass backwards, which reads what the layers keep and needs gradients.
    input_gradients : bool, default=False
        Whether that pass may be asked for the gradients of the inputs.
    keep_outputs : bool, default=False
        Whether the outputs of all nodes last to the end of the pass.
    """
    options = training, input_gradients, keep_outputs
    if options not in graph.memory_plans:
        lives = _outputs(graph, training, keep_outputs)
        if training:
            lives += _gradients(graph, input_gradients)
        graph.memory_plans[options] = _assign(sorted(lives, key=lambda life: life.birth))
    return graph.memory_plans[options]


def differentiated(graph: Graph, *, parameters: bool = True, inputs: bool = False) -> set[str]:
    """Return the nodes and inputs whose gradients lead from the outputs to the parameters, or to the inputs."""
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
    """Return the edges, a node and the number of its input, that add to an array's gradient, in backward order."""
    return [
        (reader, i)
        for reader in reversed(graph.readers[name])
        if reader in wanted
        for i, source in enumerate(graph.nodes[reader].inputs)
        if source == name
    ]


def _outputs(graph: Graph, training: bool, keep: bool) -> list[_Life]:
    at = {name: i for i, name in enumerate(graph.nodes)}
    end = len(at)

    def death(name: str) -> int:
        readers = graph.readers[name]
        last = max([at[name], *(at[reader] for reader in readers)])
        if name in graph.outputs or keep:
            last = end
        if training:
            own = graph.nodes[name].layer
            keepers = [reader for reader in readers if "x" in graph.nodes[reader].layer.keeps]
            if own.y_is_scratch:
                keepers.append(name)
            last = max([last, *(2 * end - at[keeper] for keeper in keepers)])
        return last

    return [
        _Life(
            ("y", name),
            math.prod(graph.shapes[name]),
            at[name],
            death(name),
            ("y", node.inputs[0]) if _works_in_place(graph, name) else None,
        )
        for name, node in graph.nodes.items()
    ]


def _works_in_place(graph: Graph, name: str) -> bool:
    """Whether a node may write its output over its first input: nobody reads that again, and it is not the caller's."""
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


def _gradients(graph: Graph, input_gradients: bool) -> list[_Life]:
    wanted = differentiated(graph, inputs=input_gradients)
    end = len(graph.nodes)
    backwards = {name: 2 * end - i for i, name in enumerate(graph.nodes)}
    lives = []
    for name in wanted:
        width, by = math.prod(graph.shapes[name]), contributions(graph, wanted, name)
        is_output = name in graph.outputs
        if not (by or is_output):
            continue
        birth = end if is_output else backwards[by[0][0]]
        over = None
        if not is_output and len(by) == 1 and _passes_in_place(graph, by[0][0]):
            over = ("dy", by[0][0])
        lives.append(_Life(("dy", name), width, birth, backwards.get(name, 2 * end + 1), over))
        lives += [
            _Life(("part", name, reader, i), width, backwards[reader], backwards[reader])
            for reader, i in (by if is_output else by[1:])
        ]
    return lives


def _passes_in_place(graph: Graph, name: str) -> bool:
    """Whether a node may write the gradient of its input over that of its output."""
    node = graph.nodes[name]
    return node.layer.in_place and len(node.inputs) == 1 and graph.shapes[node.inputs[0]] == graph.shapes[name]


def _assign(lives: list[_Life]) -> MemoryPlan:
    """Give each array a slot that is free all its life: the one that fits best, else the nearest, made larger."""
    slots: list[int] = []
    slot_of: dict[Key, int] = {}
    busy_until: list[int] = []
    for life in lives:
        if life.over is not None:
            slot = slot_of[life.over]
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
    in_place = frozenset(life.key for life in lives if life.over is not None)
    return MemoryPlan(slots, slot_of, in_place)
