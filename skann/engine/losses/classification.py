"""Classification losses."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from ..activations import Logistic, Softmax
from ..arrays.backend import Array
from ..functions.entropy import logistic_terms, softmax_cross_entropy
from ..hyperparameters import real
from .base import CLASSIFICATION, LOSSES, Loss

__all__ = ["Focal", "Hinge", "LogLoss"]


@LOSSES.register("log_loss")
@dataclass(frozen=True)
class LogLoss(Loss):
    """Cross-entropy, -sum_k y_k log p_k over the classes; for a logistic output also the term (1 - y) log(1 - p).

    With softmax or logistic link of inverse temperature beta the gradient is beta (p - y) [Bishop, 2006, section 4.3].

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        The share e of each label that is distributed over all K classes: y becomes (1 - e) y + e / K, with K = 2 for a
        logistic output, so that probabilities of 1 are no longer optimal [Szegedy et al., 2016, section 7].
    """

    label_smoothing: float = real(0.0, low=0, high=1, include_high=False)
    tasks = CLASSIFICATION

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        if isinstance(link, Softmax):
            softmax_cross_entropy(xp, link.inverse_temperature, raw, target, losses, gradient, work)
        else:
            _logistic_cross_entropy(xp, link, raw, target, losses, gradient, work)
        if self.label_smoothing:
            _smooth_labels(xp, link, self.label_smoothing, raw, target, losses, gradient, work)


def _logistic_cross_entropy(xp: ModuleType, link: Logistic, raw, target, losses, gradient, work) -> None:
    """Write the cross-entropy summed over the columns."""
    terms, v = work
    logistic_terms(xp, link.inverse_temperature, raw, target, terms, v, gradient)
    terms.sum(axis=-1, out=losses)
    _logistic_gradient(xp, link, raw, target, gradient)


def _logistic_gradient(xp: ModuleType, link: Logistic, raw, target, gradient) -> None:
    """Write the gradient of each column's cross-entropy, beta (p - y)."""
    link.forward(xp, raw, gradient)
    xp.subtract(gradient, target, out=gradient)
    _scale(xp, gradient, link.inverse_temperature)


def _smooth_labels(xp: ModuleType, link: Softmax | Logistic, e: float, raw, target, losses, gradient, work) -> None:
    """Add the effect of smoothing on a cross-entropy, linear in y: e sum_k (y_k - 1 / K) v_k with v = beta raw."""
    n_classes = raw.shape[1] if isinstance(link, Softmax) else 2
    moved, terms = work
    xp.subtract(target, 1 / n_classes, out=moved)
    xp.multiply(moved, e * link.inverse_temperature, out=moved)
    xp.multiply(moved, raw, out=terms)
    xp.add(terms[:, 0], losses, out=terms[:, 0])
    terms.sum(axis=-1, out=losses)
    xp.add(gradient, moved, out=gradient)


def _scale(xp: ModuleType, array: Array, factor: float) -> None:
    """Multiply in place, unless the factor is 1."""
    if factor != 1:
        xp.multiply(array, factor, out=array)


@LOSSES.register("focal")
@dataclass(frozen=True)
class Focal(Loss):
    """Focal loss, -(1 - p_t)^gamma log p_t with p_t the true class's probability [Lin et al., 2017, arXiv:1708.02002].

    It reduces the weight of rows that are classified well, so that many easy rows do not dominate a few hard ones. Each
    column of a multilabel target is a binary problem, and the losses are summed.

    Parameters
    ----------
    gamma : float in [0, inf), default=2.0
        Strength of the reduction; 0 gives the log loss.
    """

    gamma: float = real(2.0, low=0)
    tasks = CLASSIFICATION

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        if isinstance(link, Softmax):
            softmax_cross_entropy(xp, link.inverse_temperature, raw, target, losses, gradient, work)
            slope, factor = work.reshape(-1)[: 2 * len(losses)].reshape(2, -1)
            self._focus(xp, losses, slope, factor)
            xp.multiply(gradient, slope[:, None], out=gradient)
        else:
            terms, slope = work
            logistic_terms(xp, link.inverse_temperature, raw, target, terms, slope, gradient)
            self._focus(xp, terms, slope, gradient)
            terms.sum(axis=-1, out=losses)
            _logistic_gradient(xp, link, raw, target, gradient)
            xp.multiply(gradient, slope, out=gradient)

    def _focus(self, xp: ModuleType, c: Array, slope: Array, factor: Array) -> None:
        """Transform the cross-entropies c = -log p_t to f(c) = (1 - p_t)^gamma c, and write the derivative of f.

        It is (1 - p_t)^gamma (1 + gamma c / (exp(c) - 1)), in which all terms are finite for any p_t and gamma.
        """
        xp.maximum(c, xp.finfo(c.dtype).tiny, out=factor)  # the quotient's limit at c = 0 is 1
        xp.expm1(factor, out=slope)
        xp.divide(factor, slope, out=slope)
        xp.multiply(slope, self.gamma, out=slope)
        xp.add(slope, 1, out=slope)
        xp.negative(c, out=factor)
        xp.expm1(factor, out=factor)
        xp.negative(factor, out=factor)
        xp.power(factor, self.gamma, out=factor)
        xp.multiply(slope, factor, out=slope)
        xp.multiply(c, factor, out=c)


@LOSSES.register("hinge")
@dataclass(frozen=True)
class Hinge(Loss):
    """Hinge loss, max(0, 1 + max_j v_j - v_y) over the wrong classes j, or max(0, 1 - s v) [Crammer & Singer, 2001].

    v is beta raw. The second form is for two classes, with s = -1 for the first and 1 for the second. Each column of a
    multilabel target is such a problem, and the losses are summed. The loss gives margins, not probabilities.
    """

    tasks = CLASSIFICATION
    gives_probabilities = False

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        hinge = _hinge_of_classes if isinstance(link, Softmax) else _hinge_of_columns
        hinge(xp, link.inverse_temperature, raw, target, losses, gradient, work)


def _hinge_of_classes(xp: ModuleType, beta: float, raw, target, losses, gradient, work) -> None:
    """Write max_j (v_j + 1 - y_j) - v_y, where the true class contributes 0. Tied classes share the gradient."""
    n_samples, n_classes = raw.shape
    v, other = work.reshape(2, n_classes, n_samples)  # classes first, since reductions over the first axis are fast
    row = gradient.reshape(-1)[:n_samples]  # scratch until the gradient is written
    xp.multiply(raw.T, beta, out=v)
    xp.multiply(v, target.T, out=other)
    other.sum(axis=0, out=losses)
    xp.subtract(1, target.T, out=other)
    xp.add(v, other, out=v)
    v.max(axis=0, out=row)
    xp.subtract(row, losses, out=losses)
    largest = xp.equal(v, row, out=other)
    largest.sum(axis=0, out=row)
    xp.divide(largest, row, out=largest)
    xp.subtract(largest.T, target, out=gradient)
    _scale(xp, gradient, beta)


def _hinge_of_columns(xp: ModuleType, beta: float, raw, target, losses, gradient, work) -> None:
    """Write max(0, 1 - s v) with s = 2 y - 1, summed over the columns."""
    s, terms = work
    xp.multiply(target, 2, out=s)
    xp.subtract(s, 1, out=s)
    _scale(xp, s, beta)
    xp.multiply(s, raw, out=terms)
    xp.subtract(1, terms, out=terms)
    xp.maximum(terms, 0, out=terms)
    terms.sum(axis=-1, out=losses)
    xp.sign(terms, out=gradient)
    xp.multiply(gradient, s, out=gradient)
    xp.negative(gradient, out=gradient)
