"""The parameters of a network: one flat vector, of which every weight array is a view."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy
from numpy.typing import DTypeLike

from .arrays.backend import Array, move, namespace
from .initializers import Initializer

# Elements of a flat vector to work on at a time, so that they and their temporaries stay in cache. Adam over 670,000
# parameters took 1.0 ms in blocks of 2^15 and 1.9 whole on one machine, 1.7 and 1.3 on another with a larger cache, and
# 1.5 there in blocks of 2^16.
BLOCK = 2**16


def scratch_for(theta: Array) -> Array:
    """Return scratch as long as the blocks that theta is worked on in: on a device, where each call costs, whole."""
    xp = namespace(theta)
    return xp.empty(min(BLOCK, theta.size) if xp is numpy else theta.size, theta.dtype)


def blocks(stop: int, length: int, start: int = 0) -> Iterator[slice]:
    """Yield slices of at most ``length`` elements that cover a vector from start to stop."""
    for begin in range(start, stop, length):
        yield slice(begin, min(begin + length, stop))


@dataclass(frozen=True)
class ParameterSpec:
    """What a layer declares of one parameter array.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    init : Initializer
        Draws the starting values.
    fans : (int, int)
        Numbers of connections in and out, ``fan_in`` and ``fan_out``, which the initializer scales by.
    bias : bool
        Whether it starts as a bias does; biases are drawn after the weights of their layer.
    decays : bool
        Whether the L2 penalty touches it.
    rate : float
        The factor of its learning rate.
    role : {"weight", "bias", ""}
        "weight" for the weights of a sum of inputs, "bias" for what is added to the sum; "" for all else.
    """

    shape: tuple[int, ...]
    init: Initializer
    fans: tuple[int, int] = (1, 1)
    bias: bool = False
    decays: bool = True
    rate: float = 1.0
    role: str = ""

    def draw(self, rng: numpy.random.RandomState) -> numpy.ndarray:
        """Draw starting values.

        Parameters
        ----------
        rng : RandomState
            Source of the numbers.

        Returns
        -------
        values : ndarray of the spec's shape
            float64.
        """
        draw = self.init.biases if self.bias else self.init.weights
        return draw(rng, self.shape, *self.fans)


def by_layer(items: dict[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Nest a dict with keys (layer, name)."""
    nested: dict[str, dict[str, Any]] = defaultdict(dict)
    for (layer, name), item in items.items():
        nested[layer][name] = item
    return nested


def by_key(items: dict) -> dict[tuple[str, str], Any]:
    """Undo ``by_layer``; a dict that has keys (layer, name) already, as in older pickles, stays."""
    if any(isinstance(key, tuple) for key in items):
        return items
    return {(layer, name): item for layer, named in items.items() for name, item in named.items()}


class Layout:
    """Where each parameter array lies in the flat vector: those that decay first, otherwise in the layers' order.

    Among those that decay, and among the others, arrays of the same learning-rate factor are neighbours, so that the
    vector is a few stretches of one factor each: an optimizer multiplies a number, not a vector of factors.

    A pickle holds what the layout is computed from, by layer: formats other than pickle take no tuples as keys.

    Parameters
    ----------
    specs : iterable of (layer name, parameter name, ParameterSpec)
    state : dict of (layer name, state name) to (shape, initial value), default=None
        Arrays beside the vector, which are not learned. A value is a number, or a tuple of the array's length.

    Attributes
    ----------
    stretches : list of (slice, float)
        The vector in order, each stretch with its learning-rate factor.
    """

    def __init__(
        self,
        specs: Iterable[tuple[str, str, ParameterSpec]],
        state: dict[tuple[str, str], tuple[tuple[int, ...], float | tuple]] | None = None,
    ):
        self.state = state or {}
        self.specs = {(layer, name): spec for layer, name, spec in specs}
        self.slices: dict[tuple[str, str], slice] = {}
        self.n_decayed = self.size = 0
        # factors in the order in which they come first: where all are 1, the order is the layers'
        factors = list(dict.fromkeys(spec.rate for spec in self.specs.values()))
        self.stretches: list[tuple[slice, float]] = []
        for key, spec in sorted(self.specs.items(), key=lambda item: (not item[1].decays, factors.index(item[1].rate))):
            start, self.size = self.size, self.size + math.prod(spec.shape)
            self.slices[key] = slice(start, self.size)
            self.n_decayed += math.prod(spec.shape) if spec.decays else 0
            if self.stretches and self.stretches[-1][1] == spec.rate:
                start = self.stretches.pop()[0].start
            self.stretches.append((slice(start, self.size), spec.rate))

    def __eq__(self, other: object) -> bool:
        """Two layouts are equal if one's vector and state can serve as the other's."""
        return (
            isinstance(other, Layout)
            and self.shapes() == other.shapes()
            and self.slices == other.slices
            and self.state == other.state
        )

    def __getstate__(self) -> dict:
        return {"specs": dict(by_layer(self.specs)), "state": dict(by_layer(self.state))}

    def __setstate__(self, state: dict) -> None:
        specs = by_key(state["specs"])
        self.__init__([(layer, name, spec) for (layer, name), spec in specs.items()], by_key(state["state"]))

    def shapes(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Return the shape of each array, by layer and name."""
        return {key: spec.shape for key, spec in self.specs.items()}

    def with_role(self, role: str) -> list[tuple[str, str]]:
        """Return the keys, layer and name, of the parameters that play a role, in the layers' order."""
        return [key for key, spec in self.specs.items() if spec.role == role]

    def views(self, vector: Array) -> dict[tuple[str, str], Array]:
        """Return views into a flat vector, by layer and name, in the layers' order."""
        return {key: vector[self.slices[key]].reshape(spec.shape) for key, spec in self.specs.items()}

    def state_views(self, vector: Array) -> dict[tuple[str, str], Array]:
        """Return views into the flat vector of the layers' state, by layer and name."""
        views, start = {}, 0
        for key, (shape, _) in self.state.items():
            stop = start + math.prod(shape)
            views[key] = vector[start:stop].reshape(shape)
            start = stop
        return views

    def initial_state(self, dtype: numpy.dtype) -> numpy.ndarray:
        """Return the flat vector of the layers' state with its initial values."""
        vector = numpy.empty(sum(math.prod(shape) for shape, _ in self.state.values()), dtype)
        for key, view in self.state_views(vector).items():
            view[...] = self.state[key][1]
        return vector


class Parameters:
    """A network's parameters: ``theta``, its gradient ``grad`` and the layers' ``state``, each one contiguous vector.

    A pickle holds theta and state once, and neither gradient nor views.

    Parameters
    ----------
    layout : Layout
    theta : array of shape (layout.size,)
    state : array of shape (n_state,), default=None
        Numbers that layers carry from batch to batch and that are not learned; None takes the initial values.
    """

    def __init__(self, layout: Layout, theta: Array, state: Array | None = None):
        self.layout = layout
        self.theta = theta
        self.state = layout.initial_state(theta.dtype) if state is None else state

    @classmethod
    def draw(cls, layout: Layout, rng: numpy.random.RandomState, dtype: numpy.dtype) -> Parameters:
        """Return parameters with starting values, drawn in float64 in the layers' order, then cast."""
        parameters = cls(layout, numpy.empty(layout.size, dtype))
        for key, spec in layout.specs.items():
            parameters.values[key][...] = spec.draw(rng)
        return parameters

    def astype(self, dtype: DTypeLike, copy: bool = True) -> Parameters:
        """Return the same values in another precision; with ``copy=False`` they are shared if it is the same one."""
        return Parameters(self.layout, self.theta.astype(dtype, copy=copy), self.state.astype(dtype, copy=copy))

    def on(self, xp: ModuleType) -> Parameters:
        """Return the same values in the memory that ``xp`` works on; those that lie there are shared."""
        return Parameters(self.layout, move(self.theta, xp), move(self.state, xp))

    def snapshot(self) -> Parameters:
        """Return a copy of theta and state."""
        return self.astype(self.theta.dtype)

    def adopt(self, other: Parameters) -> None:
        """Copy the arrays of another network that have the same name and shape here."""
        for own, theirs in ((self.values, other.values), (self.states, other.states)):
            for key, array in own.items():
                if key in theirs and theirs[key].shape == array.shape:
                    array[...] = theirs[key]

    def restore(self, snapshot: Parameters) -> None:
        """Copy theta and state back from a snapshot, wherever it lies; all views stay valid."""
        xp = namespace(self.theta)
        self.theta[...] = move(snapshot.theta, xp)
        self.state[...] = move(snapshot.state, xp)

    @cached_property
    def grad(self) -> Array:
        """The gradient, laid out as theta is; allocated when first asked for."""
        return namespace(self.theta).zeros_like(self.theta)

    @cached_property
    def grad_total(self) -> Array:
        """The sum of the gradients of a batch's chunks; allocated when first asked for."""
        return namespace(self.theta).zeros_like(self.theta)

    @cached_property
    def values(self) -> dict[tuple[str, str], Array]:
        """Views into theta by (layer, name)."""
        return self.layout.views(self.theta)

    @cached_property
    def grads(self) -> dict[tuple[str, str], Array]:
        """Views into grad by (layer, name)."""
        return self.layout.views(self.grad)

    @cached_property
    def values_by_layer(self) -> dict[str, dict[str, Array]]:
        """Views into theta by layer, then by name; empty for layers without."""
        return by_layer(self.values)

    @cached_property
    def grads_by_layer(self) -> dict[str, dict[str, Array]]:
        """Views into grad by layer, then by name; empty for layers without."""
        return by_layer(self.grads)

    @cached_property
    def states_by_layer(self) -> dict[str, dict[str, Array]]:
        """Views into state by layer, then by name; empty for layers without."""
        return by_layer(self.states)

    @cached_property
    def states(self) -> dict[tuple[str, str], Array]:
        """Views into state by (layer, name)."""
        return self.layout.state_views(self.state)

    def with_role(self, role: str) -> list[Array]:
        """Return the views into theta whose parameters play a role, in the layers' order."""
        return [self.values[key] for key in self.layout.with_role(role)]

    @cached_property
    def trained_weights(self) -> list[Array]:
        """The views into theta that are weights of layers which are not frozen."""
        return [self.values[key] for key in self.layout.with_role("weight") if self.layout.specs[key].rate]

    @property
    def n_decayed(self) -> int:
        """Number of leading elements that the L2 penalty touches."""
        return self.layout.n_decayed

    def state_dict(self) -> dict[str, Any]:
        """Return theta and the arrays of state by layer and name, on the host."""
        states = {key: move(array, numpy) for key, array in self.states.items()}
        return {"theta": move(self.theta, numpy), **by_layer(states)}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Take over values as ``state_dict`` returns them."""
        self.theta[...] = values["theta"]
        for (layer, name), array in self.states.items():
            array[...] = values[layer][name]

    def __getstate__(self) -> dict:
        return {"layout": self.layout, "theta": self.theta, "state": self.state}

    def __setstate__(self, state: dict) -> None:
        layout, values = state["layout"], state["state"]
        if isinstance(values, dict):  # by layer, or by layer and name, in pickles of earlier versions
            named = by_key(values)
            values = numpy.empty(sum(array.size for array in named.values()), state["theta"].dtype)
            for key, view in layout.state_views(values).items():
                view[...] = named[key]
        self.__init__(layout, state["theta"], values)
