"""The evaluation of an objective on batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .arrays.backend import Array
from .arrays.deferred_sum import DeferredSum, scalar
from .hyperparameters import return_value_error
from .network import Network
from .objective import Head, Objective


@dataclass
class _BoundHead:
    """A head with the arrays of its loss for a given number of rows.

    Positions are rows, unless the loss is one over positions: the arrays then have an axis of positions of their own.
    """

    head: Head
    raw: Array
    losses: Array
    gradient: Array
    work: Array


class Criterion:
    """An objective bound to a network in training: evaluates the loss of a batch and its gradient.

    A batch of a size seen before allocates nothing.

    Parameters
    ----------
    objective : Objective
        Has a head for each output of the graph, except for those whose gradients are written by others.
    network : Network

    Attributes
    ----------
    parts : dict of str to float or DeferredSum
        The weighted terms of the losses that have named parts, by the names of ``Objective.parts``, summed over all
        batches until it is cleared.
    """

    def __init__(self, objective: Objective, network: Network):
        self.objective, self.network = objective, network
        self.parts: dict[str, Any] = {}
        xp, dtype, shapes = network.xp, network.parameters.theta.dtype, network.graph.shapes
        self._flat = []
        self._outputs = [output for output in network.graph.outputs if output in objective.heads]
        for output in self._outputs:
            *positions, channels = shapes[output]
            head, n = objective.heads[output], network.n_rows * math.prod(positions)
            n_losses = (network.n_rows if head.loss.over_positions else n) * max(1, len(head.loss.parts))
            self._flat.append((head, xp.empty(n_losses, dtype), xp.empty(2 * n * channels, dtype)))
        self._bound: dict[int, tuple[list[_BoundHead], dict[str, Array]]] = {}

    def loss_and_grad(self, x: Any, target: Any, weight: Any) -> DeferredSum | float:
        """Return the weighted loss of a batch, and write its gradient into ``network.parameters.grad``.

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
        x : array of shape (n_samples, ...), CSR matrix, or tuple of these
            The input, or one for each input of the graph.
        target : array of shape (n_samples, ..., n_targets), or tuple of these
            The target of the output, or one for each output of the graph that has a head.
        weight : float, or array of shape (n_samples,) or (n_samples, ...)
            Weight of the loss of each row or of each position.
        """
        inputs = x if isinstance(x, tuple) else (x,)
        rows: Array = None if isinstance(weight, float) or weight.ndim > 1 else weight
        self.network.forward(*inputs, weight=rows)
        n = inputs[0].shape[0]
        try:
            bound, self._gradients = self._bound[n]
        except KeyError:
            bound, self._gradients = self._bound[n] = self._bind(n)
        loss: DeferredSum | float = 0.0
        for head, own in zip(bound, target if isinstance(target, tuple) else (target,), strict=True):
            loss += self._evaluate(head, own, weight)
        return loss

    def sum_over(self, reader: Any, chunks: list[slice], scale: float) -> DeferredSum | float:
        """Return the loss of a batch given in chunks, and write the gradient summed over them into ``parameters.grad``.

        Parameters
        ----------
        reader : Reader or DeviceReader
        chunks : list of slice
            Positions of the chunks in the order of the reader.
        scale : float
            Factor of the rows' weights.
        """
        loss = self.loss_and_grad(*reader.read(chunks[0], scale))
        if len(chunks) > 1:
            parameters = self.network.parameters
            total = parameters.grad_total
            total[...] = parameters.grad
            for chunk in chunks[1:]:
                loss += self.loss_and_grad(*reader.read(chunk, scale))
                total += parameters.grad
            parameters.grad[...] = total
        return loss

    def _evaluate(self, bound: _BoundHead, target: Array, weight: Any) -> DeferredSum | float:
        """Return the weighted loss of a head, and write its gradient."""
        xp, head, gradient = self.network.xp, bound.head, bound.gradient
        if target.ndim != gradient.ndim:
            target = target.reshape(*gradient.shape[:-1], target.shape[-1])
        arrays = bound.raw, target, bound.losses, gradient, bound.work
        if head.loss.evaluate(xp, head.link, *arrays) is not None:
            raise return_value_error(head.loss, "evaluate")
        if isinstance(weight, float):
            factor = weight * head.weight
            xp.multiply(gradient, factor, out=gradient)
            if head.loss.parts:
                return self._add_parts(head.loss.parts, [scalar(losses.sum()) * factor for losses in bound.losses])
            return scalar(bound.losses.sum()) * factor
        factors = weight if head.weight == 1 else weight * head.weight
        if factors.size != len(gradient):  # a weight per row, many positions
            factors = xp.repeat(factors, len(gradient) // factors.size)
        factors = factors.reshape(-1)
        xp.multiply(gradient, factors[:, None] if gradient.ndim == 2 else factors[:, None, None], out=gradient)
        if head.loss.parts:
            return self._add_parts(head.loss.parts, [scalar(losses @ factors) for losses in bound.losses])
        return scalar(bound.losses @ factors)

    def _add_parts(self, names: tuple[str, ...], values: list[Any]) -> DeferredSum | float:
        """Add the terms of a loss to ``parts``; return their sum."""
        total: DeferredSum | float = 0.0
        for part, value in zip(names, values, strict=True):
            name = f"{part}_loss"
            self.parts[name] = self.parts.get(name, 0.0) + value
            total = total + value
        return total

    def _bind(self, n: int) -> tuple[list[_BoundHead], dict[str, Array]]:
        """Return the heads with their arrays for n rows, and the gradients of the outputs."""
        gradients, bound = self.network.output_gradients(n), []
        arrays = dict(zip(self.network.graph.outputs, self.network.outputs(n), strict=True))
        for name, (head, losses, work) in zip(self._outputs, self._flat, strict=True):
            raw = arrays[name]
            shape = (n, -1, raw.shape[-1]) if head.loss.over_positions else (-1, raw.shape[-1])
            raw, gradient = raw.reshape(shape), gradients[name].reshape(shape)
            bound.append(
                _BoundHead(
                    head,
                    raw,
                    _losses_view(head, losses, len(raw)),
                    gradient,
                    work[: 2 * raw.size].reshape(2, *raw.shape),
                )
            )
        return bound, gradients


def _losses_view(head: Head, losses: Array, n: int) -> Array:
    """Return the view of a flat array for the losses of n rows, or for each part of them."""
    n_parts = len(head.loss.parts)
    return losses[: n * n_parts].reshape(n_parts, n) if n_parts else losses[:n]
