"""The network inside a Pipeline or a search, and what the steps before it make of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..estimators.base import BaseMLP


@dataclass
class Unwrapped:
    """A fitted network, X as it takes it, and the names of its inputs, or None where nobody has named them."""

    network: BaseMLP
    X: Any
    feature_names: list[str] | None


def unwrap(estimator: Any, X: Any = None) -> Unwrapped:
    """Return the network in an estimator, and X (if any) as transformed by the steps before it.

    Raises
    ------
    TypeError
        If there is no network of skann's at the end.
    ValueError
        If a search has kept no estimator.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    """
    names = None
    while isinstance(estimator, Pipeline) or _is_search(estimator):
        check_is_fitted(estimator)
        if not isinstance(estimator, Pipeline):
            estimator = _best_of(estimator)
            continue
        if len(estimator) > 1:
            before = estimator[:-1]
            names = _names_from(before)
            X = None if X is None else before.transform(X)
        estimator = estimator[-1]
    _check_is_network(estimator)
    check_is_fitted(estimator)
    names = getattr(estimator, "feature_names_in_", names)
    return Unwrapped(estimator, X, None if names is None else [str(name) for name in names])


def _is_search(estimator: Any) -> bool:
    """Whether this looks like GridSearchCV and its kin, whose base class scikit-learn keeps to itself."""
    return all(hasattr(estimator, name) for name in ("estimator", "refit", "cv", "scoring"))


def _best_of(search: Any) -> Any:
    """Return the estimator that a search has fitted on all rows."""
    if not hasattr(search, "best_estimator_"):
        raise ValueError(
            f"This {type(search).__name__} has no best_estimator_, since it was made with refit={search.refit!r}. "
            "Use refit=True, or pass an estimator that you have fitted yourself."
        )
    return search.best_estimator_


def _names_from(steps: Pipeline) -> Any:
    """Return the names of what the steps make, or None if one of them cannot tell."""
    try:
        return steps.get_feature_names_out()
    except (AttributeError, ValueError):
        return None


def _check_is_network(estimator: Any) -> None:
    """Raise TypeError that says what to pass unless the estimator is one of ours."""
    if isinstance(estimator, BaseMLP):
        return
    way_out = "Pass the network inside it."
    if isinstance(estimator, (MLPClassifier, MLPRegressor)):
        name = type(estimator).__name__
        way_out = f"It is scikit-learn's: pass skann.{name}.from_sklearn(estimator)."
    raise TypeError(
        "This display needs a fitted MLPClassifier or MLPRegressor of skann: alone, as the last step of a Pipeline, "
        f"or as the best_estimator_ of a search. Got {type(estimator).__name__} instead. {way_out}"
    )
