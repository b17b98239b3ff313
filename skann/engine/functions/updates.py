"""Update rules of optimizers, including the L2 penalty of the weights.

``theta``, ``grad`` and the moments are vectors; the first ``n_penalized`` elements of theta are weights, to
the gradient of which ``l2 theta`` is added. ``grad`` may be overwritten, and ``work`` is scratch of the shape of theta.
"""

from __future__ import annotations

from types import ModuleType

from ..arrays.backend import Array
from ..kernels import typed
from .operations import operation


def add_l2(xp: ModuleType, theta: Array, grad: Array, work: Array, n_penalized: int, l2: float) -> None:
    """Add the gradient of l2 / 2 ||theta||^2 over the weights."""
    scaled = work[:n_penalized]
    xp.multiply(theta[:n_penalized], l2, out=scaled)
    xp.add(grad[:n_penalized], scaled, out=grad[:n_penalized])


@operation
def sgd_step(xp, theta, grad, velocity, work, n_penalized, l2, momentum, nesterov, rate):
    """Update v = momentum v - rate g, then theta += v, or theta += momentum v - rate g with Nesterov's momentum."""
    if l2:
        add_l2(xp, theta, grad, work, n_penalized, l2)
    xp.multiply(grad, rate, out=work)
    xp.multiply(velocity, momentum, out=velocity)
    xp.subtract(velocity, work, out=velocity)
    if nesterov:
        xp.subtract(theta, work, out=theta)
        xp.multiply(velocity, momentum, out=work)
        xp.add(theta, work, out=theta)
    else:
        xp.add(theta, velocity, out=theta)


@sgd_step.with_kernels
def _(kernels, theta, grad, velocity, work, n_penalized, l2, momentum, nesterov, rate):
    kernels.sgd(theta, grad, velocity, n_penalized, *typed(theta, l2, momentum, nesterov, rate))


@operation
def adam_step(xp, theta, grad, first, second, work, n_penalized, l2, beta_1, beta_2, epsilon, size):
    """Update m = beta_1 m + g, v = beta_2 v + g^2 and theta -= size m / (sqrt(v) + epsilon)."""
    if l2:
        add_l2(xp, theta, grad, work, n_penalized, l2)
    advance_moments(xp, grad, first, second, work, beta_1, beta_2, epsilon)
    xp.divide(first, work, out=work)
    xp.multiply(work, size, out=work)
    xp.subtract(theta, work, out=theta)


@adam_step.with_kernels
def _(kernels, theta, grad, first, second, work, n_penalized, l2, beta_1, beta_2, epsilon, size):
    kernels.adam(theta, grad, first, second, n_penalized, *typed(theta, l2, beta_1, beta_2, epsilon, size))


def advance_moments(xp: ModuleType, grad, first, second, work, beta_1: float, beta_2: float, epsilon: float) -> None:
    """Update m = beta_1 m + g and v = beta_2 v + g^2, and write sqrt(v) + epsilon into work."""
    xp.multiply(first, beta_1, out=first)
    xp.add(first, grad, out=first)
    xp.multiply(grad, grad, out=work)
    xp.multiply(second, beta_2, out=second)
    xp.add(second, work, out=second)
    xp.sqrt(second, out=work)
    xp.add(work, epsilon, out=work)
