"""From what users fit, a Pipeline, a search or an estimator of tables, to the network inside."""

from __future__ import annotations

from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..estimators.base import BaseMLP
from ..estimators.compat import is_search
from ..estimators.tabular.base import TabularMLP


def unwrap(estimator: Any) -> tuple[BaseMLP, list[Any]]:
    """Return the fitted network inside an estimator, and the fitted transformers that X passes before it.

    Of several members it is the first.

    Raises
    ------
    TypeError
        If the estimator does not end in a network.
    ValueError
        If it is a search without its best estimator.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    before = []
    while not isinstance(estimator, BaseMLP):
        if isinstance(estimator, Pipeline):
            if len(estimator.steps) > 1:
                before.append(estimator[:-1])
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif isinstance(estimator, TabularMLP):
            check_is_fitted(estimator)
            encoder, estimator = estimator.members_[0]
            before.append(encoder)
        elif is_search(estimator):
            estimator = _best_of(estimator)
        else:
            raise TypeError(
                "The estimator must be one of skann's, or a Pipeline, search or FrozenEstimator that ends in one. "
                f"Got {estimator!r} instead. Pass the fitted network inside."
            )
    estimator._check_fitted()
    return estimator, before


def _best_of(search: Any) -> Any:
    """Return a search's best estimator, fitted on all rows."""
    check_is_fitted(search, "cv_results_")
    if not hasattr(search, "best_estimator_"):
        raise ValueError(
            f"This {type(search).__name__} has refit={search.refit!r} and so no best_estimator_. Set refit=True, or "
            "pass a network fitted with the parameters of your choice."
        )
    return search.best_estimator_


def transformed(X: Any, before: list[Any]) -> Any:
    """Return X as the network gets it."""
    for transformer in before:
        X = transformer.transform(X)
    return X
