"""Cross-entropies of softmax and logistic outputs, with their gradients."""

from __future__ import annotations

from types import ModuleType

from ..kernels import typed
from .operations import operation
from .pointwise import write_softplus


@operation
def softmax_cross_entropy(xp, beta, raw, target, losses, gradient, work):
    """Write log sum_j exp(v_j) - sum_k y_k v_k with v = beta raw, shifted so that max v = 0, and the gradient.

    The arrays are those of ``Loss.evaluate``.
    """
    n_samples, n_classes = raw.shape
    v, yv = work.reshape(2, n_classes, n_samples)  # classes first, since reductions over the first axis are fast
    total = gradient.reshape(-1)[:n_samples]  # scratch until the gradient is written
    xp.multiply(raw.T, beta, out=v)
    v.max(axis=0, out=total)
    xp.subtract(v, total, out=v)
    xp.multiply(v, target.T, out=yv)
    yv.sum(axis=0, out=losses)
    xp.exp(v, out=v)
    v.sum(axis=0, out=total)
    xp.divide(v, total, out=v)
    xp.log(total, out=total)
    xp.subtract(total, losses, out=losses)
    xp.subtract(v.T, target, out=gradient)
    if beta != 1:
        xp.multiply(gradient, beta, out=gradient)


@softmax_cross_entropy.with_kernels
def _(kernels, beta, raw, target, losses, gradient, work):
    xp = kernels.xp
    n_samples, n_classes = raw.shape
    v, other = work.reshape(2, n_classes, n_samples)
    (beta,), total = typed(raw, beta), other[0]
    kernels.softmax_shift(raw, target, beta, v, total, losses)
    xp.exp(v, out=v)
    kernels.softmax_gradient(v, target, beta, total, gradient)
    xp.log(total, out=total)
    xp.subtract(total, losses, out=losses)


def logistic_terms(xp: ModuleType, beta: float, raw, target, terms, v, work) -> None:
    """Write the cross-entropy of each column, log(1 + exp(v)) - y v with v = beta raw; v and work are scratch."""
    xp.multiply(raw, beta, out=v)
    write_softplus(xp, v, terms, work)
    xp.multiply(v, target, out=v)
    xp.subtract(terms, v, out=terms)
