"""L1 and L2 penalties on the weights."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from .arrays.backend import Array
from .arrays.deferred_sum import DeferredSum, scalar
from .functions.algebra import sum_of_squares
from .parameters import Parameters, blocks


@dataclass(frozen=True)
class Penalty:
    """``l2 / 2 ||W||^2 + l1 |W|`` over the weights W, the first ``n_decayed`` parameters.

    The subgradient of |w| at 0 is taken as 0.

    Attributes
    ----------
    l2, l1 : float
        Strengths of the penalties; 0 disables one.
    n_decayed : int
        Number of weights, to which the penalties apply.
    """

    l2: float = 0.0
    l1: float = 0.0
    n_decayed: int = 0

    def n_penalized(self, block: slice) -> int:
        """Return the number of weights in a block of parameters; they come first."""
        return max(0, min(block.stop, self.n_decayed) - block.start)

    def l2_value(self, weights: Array) -> DeferredSum | float:
        """Return the L2 penalty of a block of weights."""
        return scalar(sum_of_squares(weights)) * (self.l2 / 2) if self.l2 else 0.0

    def add(self, xp: ModuleType, weights: Array, slope: Array, scaled: Array) -> DeferredSum | float:
        """Add the gradient of the penalty to that of a block of weights; return the penalty.

        SciPy's axpy would take a single pass, but its own thread pool spins against NumPy's: a step took 20 times as
        long.

        Parameters
        ----------
        weights, slope : array of shape (n_weights,)
            The weights and their gradient.
        scaled : array of the same shape
            Scratch.
        """
        penalty = self.l2_value(weights)
        if self.l2:
            xp.multiply(weights, self.l2, out=scaled)
            xp.add(slope, scaled, out=slope)
        if self.l1:
            xp.sign(weights, out=scaled)
            penalty += scalar(scaled @ weights) * self.l1
            xp.multiply(scaled, self.l1, out=scaled)
            xp.add(slope, scaled, out=slope)
        return penalty

    def add_to(self, xp: ModuleType, parameters: Parameters, work: Array) -> DeferredSum | float:
        """Add the gradient of the penalty to that of the parameters; return the penalty."""
        theta, grad = parameters.theta, parameters.grad
        penalty = 0.0
        for block in blocks(self.n_decayed, work.size):
            penalty += self.add(xp, theta[block], grad[block], work[: block.stop - block.start])
        return penalty
