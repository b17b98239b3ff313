"""What keeps weights small: terms added to the loss and to its gradient."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from .backend import Array, as_double
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

    l2: float = 0.0
    l1: float = 0.0
    n_decayed: int = 0

    def n_penalized(self, block: slice) -> int:
        """Return how many of a block's parameters are weights; they come first."""
        return max(0, min(block.stop, self.n_decayed) - block.start)

    def l2_value(self, theta: Array, block: slice) -> float:
        """Return the L2 penalty of a block's weights."""
        weights = theta[block][: self.n_penalized(block)]
        return self.l2 / 2 * as_double(weights @ weights) if self.l2 else 0.0

    def add(self, xp: ModuleType, theta: Array, grad: Array, work: Array, block: slice) -> float:
        """Add to the gradient of a block's weights; return their penalty.

        SciPy's axpy would add in one pass, but with a thread pool of its own, which spins against NumPy's: a step took
        20 times as long.

        Parameters
        ----------
        theta, grad : array of shape (n_parameters,)
        work : array, as long as the block at least
            Scratch.
        block : slice
        """
        n, penalty = self.n_penalized(block), self.l2_value(theta, block)
        weights, slope, scaled = theta[block][:n], grad[block][:n], work[:n]
        if self.l2:
            xp.multiply(weights, self.l2, out=scaled)
            xp.add(slope, scaled, out=slope)
        if self.l1:
            xp.sign(weights, out=scaled)
            penalty += self.l1 * as_double(scaled @ weights)
            xp.multiply(scaled, self.l1, out=scaled)
            xp.add(slope, scaled, out=slope)
        return penalty

    def add_to(self, xp: ModuleType, parameters: Parameters, work: Array) -> float:
        """Add to the whole gradient of the parameters; return the penalty."""
        theta, grad = parameters.theta, parameters.grad
        return sum((self.add(xp, theta, grad, work, block) for block in blocks(self.n_decayed, work.size)), 0.0)
