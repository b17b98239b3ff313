"""An objective with the arrays that it is evaluated in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .arrays.backend import Array
from .arrays.deferred_sum import DeferredSum, number
from .hyperparameters import must_write
from .network import Network
from .objective import Head, Objective


@dataclass
class _BoundHead:
    """A head with the arrays that its loss works on for a given number of rows, one row per position."""

    head: Head
    raw: Array
    losses: Array
    gradient: Array
    work: Array


class Criterion:
    """An objective bound to a network that trains: it evaluates the losses of batches, and their gradient.

    Batches of a size seen before allocate nothing.

    Parameters
    ----------
    objective : Objective
        With a head on each output of the graph.
    network : Network
    """

    def __init__(self, objective: Objective, network: Network):
        self.objective, self.network = objective, network
        xp, dtype, shapes = network.xp, network.parameters.theta.dtype, network.graph.shapes
        self._flat = []
        for output in network.graph.outputs:
            *positions, channels = shapes[output]
            n = network.n_rows * math.prod(positions)
            self._flat.append((objective.heads[output], xp.empty(n, dtype), xp.empty(2 * n * channels, dtype)))
        self._bound: dict[int, tuple[list[_BoundHead], dict[str, Array]]] = {}

    def loss_and_grad(self, x: Any, target: Any, weight: Any) -> DeferredSum | float:
        """Return the batch's weighted loss; its gradient is then in ``network.parameters.grad``.

        Parameters are those of ``evaluate``.
        """
        loss = self.evaluate(x, target, weight)
        self.network.backward(self._gradients)
        return loss

    def evaluate(self, x: Any, target: Any, weight: Any) -> DeferredSum | float:
        """Return the batch's weighted loss; its gradient with respect to the outputs is in their arrays then.

        These are ``network.output_gradients(n)``, with which ``network.backward`` goes on.

        Parameters
        ----------
        x : array of shape (n_samples, ...), CSR matrix, or tuple of those
            The input, or one for each input of the graph.
        target : array of shape (n_samples, ..., n_targets), or tuple of those
            The target of the output, or one for each output of the graph.
        weight : float, or array of shape (n_samples,) or (n_samples, ...)
            Factor of each row's loss, or of each position's.
        """
        inputs = x if isinstance(x, tuple) else (x,)
        rows: Array = None if isinstance(weight, float) or weight.ndim > 1 else weight
        self.network.forward(*inputs, weight=rows)
        n = inputs[0].shape[0]
        try:
            bound, self._gradients = self._bound[n]
        except KeyError:
            bound, self._gradients = self._bound[n] = self._cut(n)
        loss = self._evaluate(bound[0], target[0] if isinstance(target, tuple) else target, weight)
        for i, head in enumerate(bound[1:], start=1):
            loss += self._evaluate(head, target[i], weight)
        return loss

    def sum_over(self, reader: Any, chosen: list[slice], scale: float) -> DeferredSum | float:
        """Return the loss over a batch given in chunks; the gradient summed over them is in ``parameters.grad``.

        Parameters
        ----------
        reader : Reader or DeviceReader
        chosen : list of slice
            The chunks, in the order that the reader was told.
        scale : float
            Factor of the loss.
        """
        loss = self.loss_and_grad(*reader.read(chosen[0], scale))
        if len(chosen) > 1:
            parameters = self.network.parameters
            total = parameters.grad_total
            total[...] = parameters.grad
            for chunk in chosen[1:]:
                loss += self.loss_and_grad(*reader.read(chunk, scale))
                total += parameters.grad
            parameters.grad[...] = total
        return loss

    def _evaluate(self, bound: _BoundHead, target: Array, weight: Any) -> DeferredSum | float:
        """Return the weighted loss of an output, and write its gradient."""
        xp, head, gradient = self.network.xp, bound.head, bound.gradient
        if target.ndim > 2:
            target = target.reshape(-1, target.shape[-1])
        arrays = bound.raw, target, bound.losses, gradient, bound.work
        if head.loss.evaluate(xp, head.link, *arrays) is not None:
            raise must_write(head.loss, "evaluate")
        if isinstance(weight, float):
            factor = weight * head.weight
            xp.multiply(gradient, factor, out=gradient)
            return number(bound.losses.sum()) * factor
        factors = weight if head.weight == 1 else weight * head.weight
        if factors.size != bound.losses.size:  # a weight per row, many positions
            factors = xp.repeat(factors, bound.losses.size // factors.size)
        factors = factors.reshape(-1)
        xp.multiply(gradient, factors[:, None], out=gradient)
        return number(bound.losses @ factors)

    def _cut(self, n: int) -> tuple[list[_BoundHead], dict[str, Array]]:
        """View the outputs and the losses' arrays for n rows; return them with the outputs' gradients."""
        gradients, bound = self.network.output_gradients(n), []
        outputs = zip(self.network.graph.outputs, self.network.outputs(n), self._flat, strict=True)
        for name, raw, (head, losses, work) in outputs:
            raw, gradient = (array.reshape(-1, array.shape[-1]) for array in (raw, gradients[name]))
            bound.append(
                _BoundHead(head, raw, losses[: len(raw)], gradient, work[: 2 * raw.size].reshape(2, *raw.shape))
            )
        return bound, gradients
