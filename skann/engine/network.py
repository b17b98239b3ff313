"""A network: an architecture bound to parameters and to buffers for a batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .architecture import Architecture
from .backend import Array, dense, namespace
from .hyperparameters import must_write
from .kernels import kernels_for
from .layers import Bound, Layer
from .owed import Owed, number
from .parameters import Parameters, by_layer


@dataclass
class Step:
    """One layer with the views it works on for a given number of rows. Gradients are None outside training."""

    layer: Layer
    bound: Bound
    y: Array
    dy: Array | None = None
    dx: Array | None = None


@dataclass
class _Plan:
    """All steps for a given number of rows, with the loss's arrays; ``first`` is the first step with parameters."""

    steps: list[Step]
    first: int = 0
    losses: Array = None
    loss_work: Array = None


class Network:
    """Runs batches of up to ``n_rows`` rows through an architecture, forwards and backwards.

    All buffers are allocated here; batches of a size seen before allocate none. Not for two threads at once:
    each makes its own.

    Parameters
    ----------
    architecture : Architecture
    parameters : Parameters
        Read by ``forward``, which in training moves ``parameters.state``; ``loss_and_grad`` writes ``parameters.grad``.
    n_rows : int
        Rows of the largest batch.
    training : bool, default=False
        Whether layers that act in training only take part, and gradients can be asked for.
    generator : source of random bits, default=None
        For noisy layers in training.

    Attributes
    ----------
    noise : float
        What the rate of dropout and the scale of noise are multiplied by from the next pass on; 1 at first.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        n_rows: int,
        *,
        training: bool = False,
        generator: Any = None,
    ):
        self.architecture = architecture
        self.parameters = parameters
        self.n_rows = n_rows
        self.training = training
        self.generator = generator
        self.noise = 1.0
        self.xp = namespace(parameters.theta)
        # prediction alone is not worth the time that Numba's import takes
        self._kernels = kernels_for(self.xp) if training else None
        self._names = [name for name, layer in architecture.layers.items() if training or not layer.only_in_training]
        self._allocate(n_rows)
        self._plans: dict[int, _Plan] = {}

    def forward(self, x: Array, weight: Array | None = None) -> Array:
        """Return the raw outputs for the batch x, in a buffer that the next call overwrites.

        Parameters
        ----------
        x : array of shape (n_samples, n_features), or CSR matrix
        weight : array of shape (n_samples,), default=None
            By which rows count in the batch's statistics, in training; None counts them alike.
        """
        steps = self._plan(x.shape[0]).steps
        if not steps[0].layer.takes_sparse:
            x = dense(x)
        for step in steps:
            step.bound.weight = weight
            step.bound.noise = self.noise
            if step.layer.forward(step.bound, x, step.y) is not None:
                raise must_write(step.layer, "forward")
            x = step.y
        return x

    def loss_and_grad(self, x: Array, target: Array, weight: Array) -> Owed | float:
        """Return the batch's weighted loss; its gradient is then in ``parameters.grad``.

        Parameters
        ----------
        x : array of shape (n_samples, n_features), or CSR matrix
        target : array of shape (n_samples, n_outputs)
        weight : float, or array of shape (n_samples,)
            What each row's loss is multiplied by.
        """
        xp, architecture = self.xp, self.architecture
        plan = self._plan(x.shape[0])
        raw = self.forward(x, None if isinstance(weight, float) else weight)
        gradient = plan.steps[-1].dy
        given = architecture.link, raw, target, plan.losses, gradient, plan.loss_work
        if self._kernels:
            architecture.loss.fused_evaluate(self._kernels, *given)
        elif architecture.loss.evaluate(xp, *given) is not None:
            raise must_write(architecture.loss, "evaluate")
        if isinstance(weight, float):
            xp.multiply(gradient, weight, out=gradient)
            loss = number(plan.losses.sum()) * weight
        else:
            xp.multiply(gradient, weight[:, None], out=gradient)
            loss = number(plan.losses @ weight)
        self._backward(plan, x)
        return loss

    def steps(self, n: int) -> Iterator[tuple[str, Step]]:
        """Yield each layer's name and what it works on for n rows, as the last passes left it."""
        return zip(self._names, self._plan(n).steps, strict=True)

    def _backward(self, plan: _Plan, x: Array) -> None:
        """Run the chain rule from the last step to the first with parameters."""
        for i in range(len(plan.steps) - 1, plan.first - 1, -1):
            step = plan.steps[i]
            if step.layer.backward(step.bound, plan.steps[i - 1].y if i else x, step.y, step.dy, step.dx) is not None:
                raise must_write(step.layer, "backward")

    def _allocate(self, n_rows: int) -> None:
        """Allocate flat buffers from which the views for any number of rows up to ``n_rows`` are cut."""
        xp, dtype = self.xp, self.parameters.theta.dtype
        declarations = self.architecture.declarations
        self._ones = xp.ones(n_rows, dtype)
        self._outputs: list[Array] = []
        self._scratch = []
        self._work = []
        for i, name in enumerate(self._names):
            declaration = declarations[name]
            if self._works_in_place(i):
                self._outputs.append(self._outputs[-1])
            else:
                self._outputs.append(xp.empty(n_rows * math.prod(declaration.shape), dtype))
            self._scratch.append(
                {
                    key: xp.empty((n_rows, *shape), scratch_dtype or dtype)
                    for key, (shape, scratch_dtype) in declaration.scratch.items()
                }
            )
            self._work.append({key: xp.empty(shape, dtype) for key, shape in declaration.work.items()})
        if self.training:
            # a gradient is written from one into the other: two flat arrays serve every layer
            widest = max(math.prod(declaration.shape) for declaration in declarations.values())
            self._gradients = [xp.empty(n_rows * widest, dtype) for _ in range(2)]
            self._losses = xp.empty(n_rows, dtype)
            self._loss_work = xp.empty(2 * n_rows * math.prod(self.architecture.out_shape), dtype)

    def _works_in_place(self, i: int) -> bool:
        """Whether layer i may write its output over its input: nobody reads that again, and it is not the caller's."""
        layer = self.architecture.layers[self._names[i]]
        if i == 0 or not layer.in_place or "x" in layer.keeps:
            return False
        return "y" not in self.architecture.layers[self._names[i - 1]].keeps

    def _plan(self, n: int) -> _Plan:
        """Return the views for n rows, cut once."""
        if n not in self._plans:
            self._plans[n] = self._cut_plan(n)
        return self._plans[n]

    def _cut_plan(self, n: int) -> _Plan:
        architecture, parameters = self.architecture, self.parameters
        values = by_layer(parameters.values)
        grads = by_layer(parameters.grads) if self.training else {}
        state = by_layer(parameters.state)
        steps = []
        for i, (name, output) in enumerate(zip(self._names, self._outputs, strict=True)):
            bound = Bound(
                xp=self.xp,
                params=values.get(name, {}),
                grads=grads.get(name, {}),
                scratch={key: array[:n] for key, array in self._scratch[i].items()} | self._work[i],
                state=state.get(name, {}),
                ones=self._ones[:n],
                training=self.training,
                generator=self.generator,
                kernels=self._kernels,
            )
            # in place it is the same object: CuPy copies an input that overlaps the output in any other way
            y = steps[-1].y if self._works_in_place(i) else _cut(output, n, architecture.declarations[name].shape)
            steps.append(Step(architecture.layers[name], bound, y))
        if not self.training:
            return _Plan(steps)
        first = next(i for i, step in enumerate(steps) if step.bound.params)
        self._cut_gradients(steps, first)
        work = _cut(self._loss_work, 2, (n, *architecture.out_shape))
        return _Plan(steps, first, self._losses[:n], work)

    def _cut_gradients(self, steps: list[Step], first: int) -> None:
        """Give each step its dy and dx: the same array where the layer can, else the one array and the other."""
        side = 0
        gradient = _cut(self._gradients[side], *_row_shape(steps[-1].y))
        for i in range(len(steps) - 1, first - 1, -1):
            step = steps[i]
            step.dy = gradient
            if i > first:
                if not step.layer.in_place:
                    side = 1 - side
                    gradient = _cut(self._gradients[side], *_row_shape(steps[i - 1].y))
                step.dx = gradient


def _row_shape(array: Array) -> tuple[int, tuple[int, ...]]:
    """Split a shape into rows and the rest."""
    return array.shape[0], array.shape[1:]


def _cut(flat: Array, n: int, shape: tuple[int, ...]) -> Array:
    """View the start of a flat array as a contiguous one of shape (n, *shape)."""
    return flat[: n * math.prod(shape)].reshape(n, *shape)
