"""What keeps weights small: terms added to the loss and to its gradient."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from .backend import Array
from .parameters import Parameters, blocks


@dataclass(frozen=True)
class Penalty:
    """``l2 / 2 ||W||^2 + l1 |W|`` over the weights W, the first ``n_decayed`` parameters; the slope of |w| at 0 is 0.

    Attributes
    ----------
    l2, l1 : float
        0 is none.
    n_decayed : int
    """

    l2: float
    l1: float
    n_decayed: int

    def add(self, xp: ModuleType, theta: Array, grad: Array, work: Array, block: slice) -> float:
        """Add to the gradient within a block of the parameters; return the penalty of the block's weights.

        SciPy's axpy would add in one pass, but with a thread pool of its own, which spins against NumPy's: a step took
        20 times as long.

        Parameters
        ----------
        theta, grad : array of shape (n_parameters,)
        work : array, as long as the block at least
            Scratch.
        block : slice
        """
        penalized = slice(block.start, min(block.stop, self.n_decayed))
        if penalized.start >= penalized.stop or not (self.l2 or self.l1):
            return 0.0
        weights, slope = theta[penalized], grad[penalized]
        scaled, penalty = work[: weights.size], 0.0
        if self.l2:
            penalty += self.l2 / 2 * float(weights @ weights)
            xp.multiply(weights, self.l2, out=scaled)
            xp.add(slope, scaled, out=slope)
        if self.l1:
            xp.sign(weights, out=scaled)
            penalty += self.l1 * float(scaled @ weights)
            xp.multiply(scaled, self.l1, out=scaled)
            xp.add(slope, scaled, out=slope)
        return penalty

    def add_to(self, xp: ModuleType, parameters: Parameters, work: Array) -> float:
        """Add to the whole gradient of the parameters; return the penalty."""
        theta, grad = parameters.theta, parameters.grad
        return sum((self.add(xp, theta, grad, work, block) for block in blocks(self.n_decayed)), 0.0)
