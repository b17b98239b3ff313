"""Several classification problems on one network: a loss over blocks of outputs, each with a link of its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy

from ..arrays.backend import Array
from ..hyperparameters import return_value_error
from .base import Loss

MULTIOUTPUT = "multioutput"  # the task of several columns of classes


@dataclass(frozen=True)
class BlockLink:
    """Links side by side, each for its own columns of the raw outputs.

    Parameters
    ----------
    links : tuple of FixedActivation
    blocks : tuple of slice
    """

    links: tuple[Any, ...]
    blocks: tuple[slice, ...]

    @property
    def name(self) -> str:
        """The links' names."""
        return " and ".join(dict.fromkeys(link.name for link in self.links))

    @property
    def inverse_temperature(self) -> float:
        """What a raw output is multiplied by, the same in each block."""
        return self.links[0].inverse_temperature

    def __call__(self, raw) -> numpy.ndarray:
        """Return the predictions for raw outputs, of the same shape."""
        parts = [link(raw[:, block]) for link, block in zip(self.links, self.blocks, strict=True)]
        return numpy.concatenate(parts, axis=1)

    def write(self, raw: numpy.ndarray, made: numpy.ndarray) -> None:
        """Write the predictions for raw outputs into an array of the same shape."""
        made[...] = self(raw)


@dataclass(frozen=True)
class BlockLoss(Loss):
    """The sum of a classification loss over blocks of outputs.

    Parameters
    ----------
    loss : Loss
    problems : tuple of (task, int)
        The task of each block, "binary" or "multiclass", and how many outputs it has; two blocks at least.
    """

    loss: Loss
    problems: tuple[tuple[str, int], ...]
    tasks = frozenset({MULTIOUTPUT})

    @property
    def gives_probabilities(self) -> bool:
        """Whether what the links make of raw outputs are probabilities."""
        return self.loss.gives_probabilities

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Where each block's outputs lie."""
        ends = accumulate(width for _, width in self.problems)
        return tuple(slice(end - width, end) for end, (_, width) in zip(ends, self.problems, strict=True))

    def link(self, task, beta=1.0):
        return BlockLink(tuple(self.loss.link(task, beta) for task, _ in self.problems), self.blocks)

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        # losses count on contiguous gradients, which a block of columns is not: they lie one after the other at first
        n_samples, side_by_side, scratch = len(raw), gradient.reshape(-1), work.reshape(-1)
        losses.fill(0)
        for part, block in zip(link.links, link.blocks, strict=True):
            own_gradient = _block_of(side_by_side, block, n_samples)
            size = 2 * own_gradient.size
            own_work, own_losses = scratch[:size].reshape(2, *own_gradient.shape), scratch[size : size + n_samples]
            own = own_losses, own_gradient, own_work
            if self.loss.evaluate(xp, part, raw[:, block], target[:, block], *own) is not None:
                raise return_value_error(self.loss, "evaluate")
            xp.add(losses, own_losses, out=losses)
        xp.copyto(work[0], gradient)
        for block in link.blocks:
            gradient[:, block] = _block_of(scratch, block, n_samples)


def _block_of(flat: Array, block: slice, n_samples: int) -> Array:
    """View a block of columns in a flat array that holds one block after the other."""
    return flat[n_samples * block.start : n_samples * block.stop].reshape(n_samples, -1)
