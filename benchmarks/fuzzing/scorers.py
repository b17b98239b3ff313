"""Scorers of validation rows: names, callables with and without weights, and failing ones."""

import math

import numpy
from sklearn.metrics import accuracy_score, get_scorer_names, make_scorer, max_error, mean_absolute_error

from .calls import Fault, Interrupt, OwnError, bad
from .values import chance, pick


def plain(estimator, X, y):
    """Score as the documentation spells a scorer."""
    return estimator.score(X, y)


def weighted(estimator, X, y, sample_weight=None):
    """Score with weights."""
    return estimator.score(X, y, sample_weight)


def of_float32(estimator, X, y, **params):
    """Score as a NumPy number."""
    return numpy.float32(estimator.predict(X).shape[0])


class Scorer:
    """An object that scores."""

    def __call__(self, estimator, X, y):
        """Return a score."""
        return -int(estimator.predict(X).shape[0])


def without_value(estimator, X, y):
    """Score as one does where a metric is not defined."""
    return math.nan


def failing(estimator, X, y):
    """Fail as the user's own code may."""
    raise OwnError("a scorer's own error")


class Interrupting:
    """A scorer in which Ctrl-C is pressed at one of its calls.

    Parameters
    ----------
    at : int
        Which call, from 1.
    """

    def __init__(self, at):
        self.at, self.n_calls = at, 0

    def __call__(self, estimator, X, y):
        """Return a score, or raise."""
        self.n_calls += 1
        if self.n_calls == self.at:
            raise Interrupt
        return float(self.n_calls)

    def __repr__(self):
        return f"Interrupting({self.at})"


_OF_CLASSES = ["accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "matthews_corrcoef"]
_OF_NUMBERS = ["r2", "neg_mean_squared_error", "neg_mean_absolute_error", "neg_median_absolute_error"]
_OF_ONE_COLUMN = ["neg_max_error", make_scorer(max_error, greater_is_better=False)]
_UNSUITED = Fault("a scorer that does not suit", (ValueError, AttributeError, TypeError), r"^(?!.*sample_weight)")
_NOT_FINITE = bad("a score that is not finite", r"validation score")


def draw_scoring(rng, fit):
    """Return a value of ``scoring``, with its faults and risks if epochs are scored."""
    if not chance(rng, 0.5 if fit.validates else 0.1):
        return None, [], _risks_of_own(fit)
    kind = rng.random()
    if kind < 0.2 or _is_huge(fit):  # elsewhere scikit-learn's metrics would overflow
        return "loss", [], []
    if kind < 0.55:
        return *_suited(rng, fit), _risks_of_scorers(fit)
    if kind < 0.75:
        scorer = pick(rng, [plain, weighted, of_float32, Scorer()])
        return scorer, [], _risks_of_scorers(fit)
    if kind < 0.82:
        return pick(rng, get_scorer_names()), [], [_UNSUITED, _NOT_FINITE]
    if kind < 0.87:
        return "no such scorer", [bad("an unknown scorer", r"no such scorer")], []
    if kind < 0.91:
        return without_value, [_NOT_FINITE], []
    if kind < 0.95:
        return failing, [Fault("the scorer's own error", (OwnError,), "own error")], []
    return Interrupting(int(rng.integers(1, 5))), [], []


def _suited(rng, fit):
    """Return a scorer for the target, with its faults."""
    task = fit.target.task
    if fit.is_classifier:
        one_column = task in ("one class", "binary", "multiclass")
        return pick(rng, [*_OF_CLASSES, make_scorer(accuracy_score)] if one_column else ["accuracy"]), []
    scorers = [*_OF_NUMBERS, make_scorer(mean_absolute_error, greater_is_better=False)]
    return pick(rng, scorers + _OF_ONE_COLUMN * (fit.target.n_columns == 1)), []


def _risks_of_own(fit):
    """Return the risks of the estimator's own score."""
    return [_NOT_FINITE] if _is_of_one_row(fit) and not fit.is_classifier else []


def _risks_of_scorers(fit):
    """Return the risks of a scorer on few rows, of huge predictions or of several columns."""
    may_overflow = bool(fit.wild) or _is_of_one_row(fit)
    # predictions of several columns, which metrics do not take
    unsuited = fit.target.task == "multioutput" or numpy.size(getattr(fit.settings["loss"], "levels", 0.5)) > 1
    return [_NOT_FINITE] * may_overflow + [_UNSUITED] * unsuited


def _is_of_one_row(fit):
    """Return whether there is one validation row, for which R2 is undefined."""
    return fit.validation is not None and len(fit.validation.target.codes) < 2


def _is_huge(fit):
    """Return whether squares of y overflow."""
    return not fit.is_classifier and not 1e-100 < fit.target.scale < 1e100
