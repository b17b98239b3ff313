"""Checks of the quality of the fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
import scipy.sparse
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import KFold, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from ...engine.statistics import power_of_two
from .base import symptom
from .case import Case

MARGIN = 0.05  # of a simple model's score on unseen rows over the network's score on training rows
MAX_COMPARED_ROWS = 1_000  # with simple models
RARE = 0.1  # size of a class relative to the largest
MIN_ROWS = 5  # of a class, to estimate its recall
MIN_RECALL = 0.5
PARAMETERS_PER_VALUE = 100
REGULARIZING_ALPHA = 1e-3


@symptom("under-fitting")
def under_fitting(case: Case) -> tuple[str, str] | None:
    """A simple model scores higher on unseen rows, by 0.05, than the network on its training rows."""
    network = case.network
    if case.is_spatial:  # simple models predict neither pixels nor objects
        return None
    # quantiles do not estimate the mean, and class weights trade accuracy for recall
    if hasattr(network._learner.objective.loss, "levels") or getattr(case.estimator, "class_weight", None) is not None:
        return None
    rows = numpy.unique(numpy.linspace(0, case.X.shape[0] - 1, MAX_COMPARED_ROWS).astype(int))
    X, y = case.X[rows].astype(float), case.y[rows]
    if case.takes_images:
        X = X.reshape(len(X), -1)
    if not case.is_classifier:
        y = numpy.asarray(y, float) / power_of_two(y)  # R2 does not depend on the units, but squares overflow
    if len(rows) < 2 * KFold().n_splits:
        return None
    score = case.predictor.score(case.X[rows], case.y[rows])
    name, folds = max(_references(case, X, y), key=lambda item: item[1].mean())
    reference = folds.mean()
    # in every fold, to exclude chance
    if not (reference > score + MARGIN and folds.min() > score):
        return None
    measure = "accuracy" if case.is_classifier else "R2"
    return (
        f"The {measure} on training rows is {score:.2f}, whereas {name} reach {reference:.2f} on unseen rows.",
        f"{_remedy(case)} more {'filters' if case.takes_images else 'or larger hidden layers'}.",
    )


def _remedy(case: Case) -> str:
    """Return advice to follow before trying a larger network."""
    if case.is_table:
        return "Train longer (max_iter), raise learning_rate_init, lower weight_decay and dropout, or try"
    if case.network.early_stopping:
        return (
            "Early stopping ended training too soon: raise n_iter_no_change, set scoring='loss', or get a larger "
            "validation set. Then try"
        )
    if case.takes_images:
        return "Train longer (max_iter), raise learning_rate_init, lower alpha and dropout, or try"
    target = "" if case.is_classifier else " and the target (target_transform='standard')"
    return f"Train longer (max_iter; a smaller tol), scale the features{target}, lower alpha and dropout, or try"


def _references(case: Case, X, y) -> Iterator[tuple[str, numpy.ndarray]]:
    """Yield the names of simple models and their cross-validated scores, one per fold."""
    y = _codes(y) if case.is_classifier else y
    linear = RidgeClassifier() if y.ndim == 1 else MultiOutputClassifier(RidgeClassifier())
    models: dict[str, Any] = {
        "nearest neighbours": KNeighborsClassifier() if case.is_classifier else KNeighborsRegressor(),
        "linear models": linear if case.is_classifier else Ridge(),
    }
    for name, model in models.items():
        scaler = MaxAbsScaler() if scipy.sparse.issparse(X) else StandardScaler()
        folds = KFold(shuffle=True, random_state=0)
        scoring = _subset_accuracy if case.is_classifier else None
        yield name, cross_val_score(make_pipeline(scaler, model), X, y, cv=folds, scoring=scoring)


def _codes(y) -> numpy.ndarray:
    """Return labels of any type as ints, with one column per output, as all classifiers accept."""
    codes = numpy.column_stack([numpy.unique(column, return_inverse=True)[1] for column in _columns(y).T])
    return codes if codes.shape[1] > 1 else codes[:, 0]


def _subset_accuracy(model, X, y) -> float:
    """Return the fraction of rows with all labels right, which scikit-learn does not define for several outputs."""
    return float((_columns(model.predict(X)) == _columns(y)).all(axis=1).mean())


def _columns(y) -> numpy.ndarray:
    """Return a target as a dense 2-D array."""
    y = y.toarray() if scipy.sparse.issparse(y) else numpy.asarray(y)
    return y.reshape(len(y), -1)


@symptom("class imbalance ignored")
def imbalance_ignored(case: Case) -> tuple[str, str] | None:
    """The recall of a rare class is below one half, and class_weight is None."""
    if not case.is_classifier or case.is_spatial or getattr(case.estimator, "class_weight", None) is not None:
        return None
    worst = min(_recalls(case), key=lambda item: item[2], default=None)
    if worst is None or worst[2] >= MIN_RECALL:
        return None
    name, n_rows, recall = worst
    costs = "a dict" if case.network._task in ("binary", "multiclass") else "a list of dicts"
    return (
        f"{name} is rare, {n_rows:,} of {case.X.shape[0]:,} rows, and {recall:.0%} of them are recognised.",
        f"Set class_weight='balanced', or {costs} with the costs of mistakes, and evaluate balanced accuracy or "
        "average precision instead of accuracy.",
    )


def _recalls(case: Case) -> Iterator[tuple[str, int, float]]:
    """Yield each rare class with its number of rows and its recall."""
    truth, predicted = _columns(case.y), _columns(case.predictor.predict(case.X))
    for name, column, label, largest in _classes(case, truth):
        is_member = truth[:, column] == label
        n_rows = int(is_member.sum())
        if MIN_ROWS <= n_rows < RARE * largest:
            yield name, n_rows, float((predicted[is_member, column] == label).mean())


def _classes(case: Case, truth: numpy.ndarray) -> Iterator[tuple[str, int, Any, int]]:
    """Yield the name of each class, its column of y, its label there and the size of the largest class."""
    classes = case.network.classes_
    if case.network._task == "multilabel":
        yield from ((f"Class {label}", label, 1, len(truth)) for label in classes.tolist())
        return
    several = isinstance(classes, list)
    for column, of_column in enumerate(classes if several else [classes]):
        largest = int(numpy.unique(truth[:, column], return_counts=True)[1].max())
        of_y = f" of column {column} of y" if several else ""
        for label, plain in zip(of_column, of_column.tolist(), strict=True):
            yield f"Class {plain!r}{of_y}", column, label, largest


@symptom("more parameters than the data can carry")
def too_many_parameters(case: Case) -> tuple[str, str] | None:
    """There are 100 parameters per value of y, and no regularization."""
    if case.is_spatial:  # one image has thousands of values
        return None
    network = case.network
    n_values = case.n_samples * (1 if case.is_classifier else max(1, case.y.size // len(case.y)))
    n_parameters = network._learner.parameters.theta.size
    is_regularized = (
        network._learner.graph.is_noisy
        or network.early_stopping
        or network.alpha >= REGULARIZING_ALPHA
        or network.l1 > 0
        or network.max_norm is not None
        or case.history("validation_loss") is not None  # a better indicator of over-fitting
    )
    if is_regularized or n_parameters <= PARAMETERS_PER_VALUE * n_values:
        return None
    return (
        f"{n_parameters:,} parameters are learned from {case.n_samples:,} rows, {n_parameters / n_values:,.0f} for "
        "each value of y, without dropout, early stopping or a penalty.",
        f"Make hidden_layer_sizes smaller, add dropout or {case.way_to_validate}, or raise {case.penalty}.",
    )
