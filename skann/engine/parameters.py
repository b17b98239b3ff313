"""The parameters of a network: one flat vector, with every parameter array as a view into it."""

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

# Number of elements of a flat vector in a block that, with its temporaries, stays in cache. Adam on 670,000 parameters
# took 1.0 ms in blocks of 2^15 and 1.9 ms without blocks on one machine; on another with a larger cache it took 1.7 ms
# in blocks of 2^15, 1.5 ms in blocks of 2^16 and 1.3 ms without.
BLOCK = 2**16


def scratch_for(theta: Array) -> Array:
    """Return scratch of the length of a block of theta; on a device, where each call has a cost, of all of theta."""
    xp = namespace(theta)
    return xp.empty(min(BLOCK, theta.size) if xp is numpy else theta.size, theta.dtype)


def blocks(stop: int, length: int, start: int = 0) -> Iterator[slice]:
    """Yield slices of at most ``length`` elements that cover a vector from ``start`` to ``stop``."""
    for begin in range(start, stop, length):
        yield slice(begin, min(begin + length, stop))


@dataclass(frozen=True)
class ParameterSpec:
    """A layer's declaration of one parameter array.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    init : Initializer
        Draws the initial values.
    fans : (int, int)
        ``fan_in`` and ``fan_out``, the numbers of incoming and outgoing connections, for the initializer.
    bias : bool
        Whether the initializer draws it as a bias; biases are drawn after the weights of their layer.
    decays : bool
        Whether the L2 penalty applies to it.
    rate : float
        Factor of its learning rate.
    role : {"weight", "bias", ""}
        "weight" for the weights of a sum of inputs, "bias" for the offset of the sum; "" for all others.
    """

    shape: tuple[int, ...]
    init: Initializer
    fans: tuple[int, int] = (1, 1)
    bias: bool = False
    decays: bool = True
    rate: float = 1.0
    role: str = ""

    def draw(self, rng: numpy.random.RandomState) -> numpy.ndarray:
        """Draw initial values.

        Parameters
        ----------
        rng : RandomState
            Random number generator.

        Returns
        -------
        values : ndarray of the spec's shape
            float64.

        Raises
        ------
        TypeError
            If the initializer returns something else.
        """
        draw = self.init.biases if self.bias else self.init.weights
        values = draw(rng, self.shape, *self.fans)
        if not isinstance(values, numpy.ndarray) or values.shape != self.shape:
            got = f"of shape {values.shape}" if isinstance(values, numpy.ndarray) else repr(values)
            raise TypeError(
                f"{draw.__qualname__} returned {got}. It has to return an array of the shape {self.shape} it is given."
            )
        return values


def by_layer(items: dict[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Nest a dict with keys (layer, name)."""
    nested: dict[str, dict[str, Any]] = defaultdict(dict)
    for (layer, name), item in items.items():
        nested[layer][name] = item
    return nested


def by_key(items: dict) -> dict[tuple[str, str], Any]:
    """Invert ``by_layer``. A dict with keys (layer, name), as in older pickles, is returned as it is."""
    if any(isinstance(key, tuple) for key in items):
        return items
    return {(layer, name): item for layer, named in items.items() for name, item in named.items()}


class Layout:
    """The positions of the parameter arrays in the flat vector: arrays that decay come first, else in layer order.

    Within the decaying and within the other arrays, those with the same learning-rate factor are adjacent. The vector
    thus consists of a few segments with one factor each, and an optimizer needs no vector of factors.

    A pickle holds the arguments, nested by layer since formats other than pickle allow no tuples as keys.

    Parameters
    ----------
    specs : iterable of (layer name, parameter name, ParameterSpec)
    state : dict of (layer name, state name) to (shape, initial value), default=None
        Arrays that are not learned, stored in a vector of their own. An initial value is a number, or a tuple of the
        length of the array.

    Attributes
    ----------
    segments : list of (slice, float)
        The segments of the vector in order, with their learning-rate factors.
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
        # in the order of first occurrence, so that the layer order is kept where all factors are 1
        factors = list(dict.fromkeys(spec.rate for spec in self.specs.values()))
        self.segments: list[tuple[slice, float]] = []
        for key, spec in sorted(self.specs.items(), key=lambda item: (not item[1].decays, factors.index(item[1].rate))):
            start, self.size = self.size, self.size + math.prod(spec.shape)
            self.slices[key] = slice(start, self.size)
            self.n_decayed += math.prod(spec.shape) if spec.decays else 0
            if self.segments and self.segments[-1][1] == spec.rate:
                start = self.segments.pop()[0].start
            self.segments.append((slice(start, self.size), spec.rate))

    def __eq__(self, other: object) -> bool:
        """Return whether the vectors of one layout are valid for the other."""
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
        """Return the shape of each array by (layer, name)."""
        return {key: spec.shape for key, spec in self.specs.items()}

    def with_role(self, role: str) -> list[tuple[str, str]]:
        """Return the keys (layer, name) of the parameters with a role, in layer order."""
        return [key for key, spec in self.specs.items() if spec.role == role]

    def views(self, vector: Array) -> dict[tuple[str, str], Array]:
        """Return views into a flat vector by (layer, name), in layer order."""
        return {key: vector[self.slices[key]].reshape(spec.shape) for key, spec in self.specs.items()}

    def state_views(self, vector: Array) -> dict[tuple[str, str], Array]:
        """Return views into the flat vector of the layers' state by (layer, name)."""
        views, start = {}, 0
        for key, (shape, _) in self.state.items():
            stop = start + math.prod(shape)
            views[key] = vector[start:stop].reshape(shape)
            start = stop
        return views

    def initial_state(self, dtype: numpy.dtype) -> numpy.ndarray:
        """Return the flat vector of the layers' initial state."""
        vector = numpy.empty(sum(math.prod(shape) for shape, _ in self.state.values()), dtype)
        for key, view in self.state_views(vector).items():
            view[...] = self.state[key][1]
        return vector


class Parameters:
    """The parameters ``theta``, their gradient ``grad`` and the layers' ``state``, each one contiguous vector.

    A pickle holds theta and the state once, and neither the gradient nor the views.

    Parameters
    ----------
    layout : Layout
    theta : array of shape (layout.size,)
    state : array of shape (n_state,), default=None
        Numbers that layers update from batch to batch and that are not learned, such as running statistics. None uses
        the initial values.
    """

    def __init__(self, layout: Layout, theta: Array, state: Array | None = None):
        self.layout = layout
        self.theta = theta
        self.state = layout.initial_state(theta.dtype) if state is None else state

    @classmethod
    def draw(cls, layout: Layout, rng: numpy.random.RandomState, dtype: numpy.dtype) -> Parameters:
        """Return parameters with initial values, drawn in float64 in layer order and then cast."""
        parameters = cls(layout, numpy.empty(layout.size, dtype))
        for key, spec in layout.specs.items():
            parameters.values[key][...] = spec.draw(rng)
        return parameters

    def astype(self, dtype: DTypeLike, copy: bool = True) -> Parameters:
        """Return the parameters in another dtype; ``copy=False`` shares the arrays if the dtype is the same."""
        return Parameters(self.layout, self.theta.astype(dtype, copy=copy), self.state.astype(dtype, copy=copy))

    def on(self, xp: ModuleType) -> Parameters:
        """Return the parameters in the memory of ``xp``; arrays that are there already are shared."""
        return Parameters(self.layout, move(self.theta, xp), move(self.state, xp))

    def snapshot(self) -> Parameters:
        """Return a copy of theta and state."""
        return self.astype(self.theta.dtype)

    def copy_matching(self, other: Parameters) -> None:
        """Copy the arrays of other parameters that have the same name and shape."""
        for own, theirs in ((self.values, other.values), (self.states, other.states)):
            for key, array in own.items():
                if key in theirs and theirs[key].shape == array.shape:
                    array[...] = theirs[key]

    def restore(self, snapshot: Parameters) -> None:
        """Copy theta and state from a snapshot on any device; all views stay valid."""
        xp = namespace(self.theta)
        self.theta[...] = move(snapshot.theta, xp)
        self.state[...] = move(snapshot.state, xp)

    @cached_property
    def grad(self) -> Array:
        """The gradient, with the layout of theta; allocated on first access."""
        return namespace(self.theta).zeros_like(self.theta)

    @cached_property
    def grad_total(self) -> Array:
        """Buffer for the sum of the gradients of a batch's chunks; allocated on first access."""
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
        """Views into theta by layer, then by name; empty for layers without any."""
        return by_layer(self.values)

    @cached_property
    def grads_by_layer(self) -> dict[str, dict[str, Array]]:
        """Views into grad by layer, then by name; empty for layers without any."""
        return by_layer(self.grads)

    @cached_property
    def states_by_layer(self) -> dict[str, dict[str, Array]]:
        """Views into state by layer, then by name; empty for layers without any."""
        return by_layer(self.states)

    @cached_property
    def states(self) -> dict[tuple[str, str], Array]:
        """Views into state by (layer, name)."""
        return self.layout.state_views(self.state)

    def with_role(self, role: str) -> list[Array]:
        """Return the views into theta of the parameters with a role, in layer order."""
        return [self.values[key] for key in self.layout.with_role(role)]

    @cached_property
    def trained_weights(self) -> list[Array]:
        """Views into theta of the weights of the layers that are not frozen."""
        return [self.values[key] for key in self.layout.with_role("weight") if self.layout.specs[key].rate]

    @property
    def n_decayed(self) -> int:
        """Number of leading elements to which the L2 penalty applies."""
        return self.layout.n_decayed

    def state_dict(self) -> dict[str, Any]:
        """Return theta and the state arrays, nested by layer and name, in host memory."""
        states = {key: move(array, numpy) for key, array in self.states.items()}
        return {"theta": move(self.theta, numpy), **by_layer(states)}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Load the values of a ``state_dict``."""
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
