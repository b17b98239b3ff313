"""Findings about what the network has made of the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
import scipy.sparse
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from ...engine.statistics import power_of_two
from .base import symptom
from .case import Case

BETTER = 0.05  # by how much a simple model's score on unseen rows beats the network's on rows that it has seen
N_COMPARED = 1_000  # rows
RARE = 0.1  # a class's rows over those of the largest
FEWEST_ROWS = 5  # of a class, to speak of its recall
RECALLED = 0.5
PARAMETERS_PER_VALUE = 100
REGULARIZING_ALPHA = 1e-3


@symptom("under-fitting")
def under_fitting(case: Case) -> tuple[str, str] | None:
    """A simple model scores higher on rows that it has not seen, by 0.05, than the network on rows that it has."""
    network = case.network
    # several quantiles are no mean, and weights of classes trade accuracy for recall
    if hasattr(network._architecture.loss, "levels") or getattr(network, "class_weight", None) is not None:
        return None
    rows = numpy.unique(numpy.linspace(0, case.X.shape[0] - 1, N_COMPARED).astype(int))
    X, y = case.X[rows].astype(float), case.y[rows]
    if not case.is_classifier:
        y = numpy.asarray(y, float) / power_of_two(y)  # R2 does not depend on the units, but squares overflow
    if len(rows) < 2 * KFold().n_splits:
        return None
    score = case.predictor.score(case.X[rows], case.y[rows])
    name, folds = max(_references(case, X, y), key=lambda item: item[1].mean())
    reference = folds.mean()
    # in every fold, lest it is luck
    if not (reference > score + BETTER and folds.min() > score):
        return None
    measure = "accuracy" if case.is_classifier else "R2"
    if network.early_stopping:
        remedy = "Early stopping ended training too soon: raise n_iter_no_change, set scoring='loss', or get "
        remedy += "a larger validation set. Then try "
    else:
        remedy = "Train longer (max_iter; a smaller tol), scale the features"
        remedy += " and the target (target_transform='standard')" if not case.is_classifier else ""
        remedy += ", lower alpha and dropout, or try "
    return (
        f"The {measure} on training rows is {score:.2f}, where {name} have {reference:.2f} on rows that they have not "
        "seen.",
        f"{remedy}more or larger hidden layers.",
    )


def _references(case: Case, X, y) -> Iterator[tuple[str, numpy.ndarray]]:
    """Yield simple models with their scores on each fold of a cross-validation."""
    y = y.toarray() if scipy.sparse.issparse(y) else y
    models: dict[str, Any] = {
        "nearest neighbours": KNeighborsClassifier() if case.is_classifier else KNeighborsRegressor(),
        "linear models": RidgeClassifier() if case.is_classifier else Ridge(),
    }
    for name, model in models.items():
        scaler = MaxAbsScaler() if scipy.sparse.issparse(X) else StandardScaler()
        folds = KFold(shuffle=True, random_state=0)
        yield name, cross_val_score(make_pipeline(scaler, model), X, y, cv=folds)


@symptom("class imbalance ignored")
def imbalance_ignored(case: Case) -> tuple[str, str] | None:
    """Fewer than half of the rows of a rare class are recognised, and class_weight is None."""
    if not case.is_classifier or case.network.class_weight is not None:
        return None
    worst = min(_recalls(case), key=lambda item: item[2], default=None)
    if worst is None or worst[2] >= RECALLED:
        return None
    label, n_rows, recall = worst
    return (
        f"Class {label!r} is rare, {n_rows:,} of {case.X.shape[0]:,} rows, and {recall:.0%} of them are recognised.",
        "Set class_weight='balanced', or a dict with what a mistake costs, and judge by balanced accuracy or average "
        "precision instead of accuracy.",
    )


def _recalls(case: Case) -> Iterator[tuple[Any, int, float]]:
    """Yield each rare class with its number of rows and the share of them that are recognised."""
    predicted = case.predictor.predict(case.X)
    if case.network._task == "multilabel":
        truth, said = (a.toarray() if scipy.sparse.issparse(a) else numpy.asarray(a) for a in (case.y, predicted))
        members = [(label, truth[:, label] == 1, said[:, label] == 1) for label in case.network.classes_.tolist()]
        largest = case.X.shape[0]
    else:
        y = case.y.ravel()
        members = [(label, y == label, predicted == label) for label in case.network.classes_.tolist()]
        largest = max(is_member.sum() for _, is_member, _ in members)
    for label, is_member, is_said in members:
        n_rows = int(is_member.sum())
        if FEWEST_ROWS <= n_rows < RARE * largest:
            yield label, n_rows, float(is_said[is_member].mean())


@symptom("more parameters than the data can carry")
def too_many_parameters(case: Case) -> tuple[str, str] | None:
    """There are 100 parameters for each value of y, and nothing restrains them."""
    network = case.network
    n_values = case.n_samples * (1 if case.is_classifier else max(1, case.y.size // len(case.y)))
    n_parameters = network._parameters.theta.size
    restrained = (
        network._architecture.is_noisy
        or network.early_stopping
        or network.alpha >= REGULARIZING_ALPHA
        or network.l1 > 0
        or network.max_norm is not None
        or case.course("validation_loss") is not None  # which tells over-fitting better
    )
    if restrained or n_parameters <= PARAMETERS_PER_VALUE * n_values:
        return None
    return (
        f"{n_parameters:,} parameters are learned from {case.n_samples:,} rows, {n_parameters / n_values:,.0f} for "
        "each value of y, without dropout, early stopping or a penalty.",
        "Make hidden_layer_sizes smaller, add dropout or early_stopping=True, or raise alpha.",
    )
