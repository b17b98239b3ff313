"""Losses and links for several classification problems with one network, each with a block of outputs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy

from ..arrays.backend import Array
from ..hyperparameters import return_value_error
from .base import Loss

MULTIOUTPUT = "multioutput"  # the task of several class columns


@dataclass(frozen=True)
class BlockLink:
    """The concatenation of links, each applied to a block of the raw outputs.

    Parameters
    ----------
    links : tuple of FixedActivation
    blocks : tuple of slice
    """

    links: tuple[Any, ...]
    blocks: tuple[slice, ...]

    @property
    def name(self) -> str:
        """The names of the links."""
        return " and ".join(dict.fromkeys(link.name for link in self.links))

    @property
    def inverse_temperature(self) -> float:
        """Factor of the raw outputs, the same in each block."""
        return self.links[0].inverse_temperature

    def __call__(self, raw) -> numpy.ndarray:
        """Return the predictions for raw outputs, of the same shape."""
        parts = [link(raw[:, block]) for link, block in zip(self.links, self.blocks, strict=True)]
        return numpy.concatenate(parts, axis=1)

    def write(self, raw: numpy.ndarray, predictions: numpy.ndarray) -> None:
        """Write the predictions for raw outputs into an array of the same shape."""
        predictions[...] = self(raw)


@dataclass(frozen=True)
class BlockLoss(Loss):
    """The sum of a classification loss over blocks of outputs.

    Parameters
    ----------
    loss : Loss
    problems : tuple of (task, int)
        The task of each block, "binary" or "multiclass", and its number of outputs. At least two blocks.
    """

    loss: Loss
    problems: tuple[tuple[str, int], ...]
    tasks = frozenset({MULTIOUTPUT})

    @property
    def gives_probabilities(self) -> bool:
        """Whether the links return probabilities."""
        return self.loss.gives_probabilities

    @property
    def blocks(self) -> tuple[slice, ...]:
        """The slices of the outputs of each block."""
        ends = accumulate(width for _, width in self.problems)
        return tuple(slice(end - width, end) for end, (_, width) in zip(ends, self.problems, strict=True))

    def link(self, task, beta=1.0):
        return BlockLink(tuple(self.loss.link(task, beta) for task, _ in self.problems), self.blocks)

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        # losses require contiguous gradients, unlike a block of columns: blocks are first stored in sequence
        n_samples, flat_gradient, scratch = len(raw), gradient.reshape(-1), work.reshape(-1)
        losses.fill(0)
        for part, block in zip(link.links, link.blocks, strict=True):
            own_gradient = _block_of(flat_gradient, block, n_samples)
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
    """Return a view of a block in a flat array that stores the blocks in sequence."""
    return flat[n_samples * block.start : n_samples * block.stop].reshape(n_samples, -1)
