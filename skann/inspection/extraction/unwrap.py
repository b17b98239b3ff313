"""The fitted network inside a Pipeline, a search or a tabular estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..._sklearn_compat import is_search
from ...estimators.base import BaseMLP
from ...estimators.tabular.base import TabularMLP
from ...estimators.tabular.members import Member


def unwrap(estimator: Any) -> tuple[BaseMLP, list[Any]]:
    """Return the fitted network inside an estimator, and the fitted transformers before it.

    Of an estimator with several members, the network is that of the first. The errors are those of ``find_owner``.
    """
    owner, before = find_owner(estimator)
    if isinstance(owner, TabularMLP):
        return owner.members_[0].network, [*before, _Encoding(owner.members_[0])]
    return owner, before


def find_owner(estimator: Any) -> tuple[BaseMLP | TabularMLP, list[Any]]:
    """Return the fitted estimator of skann that holds the network, and the fitted transformers before it.

    Raises
    ------
    TypeError
        If the estimator does not end in a network.
    ValueError
        If it is a search without a best estimator.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    before = []
    while not isinstance(estimator, (BaseMLP, TabularMLP)):
        if isinstance(estimator, Pipeline):
            if len(estimator.steps) > 1:
                before.append(estimator[:-1])
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif is_search(estimator):
            estimator = _best_of(estimator)
        else:
            raise TypeError(
                "The estimator must be one of skann's, or a Pipeline, search or FrozenEstimator that ends in one. "
                f"Got {estimator!r} instead. Pass the fitted network inside."
            )
    if isinstance(estimator, TabularMLP):
        check_is_fitted(estimator)
    else:
        estimator._check_fitted()
    return estimator, before


def title_of(owner: BaseMLP | TabularMLP) -> str:
    """Return the title of reports about the network of an estimator."""
    name, n_members = type(owner).__name__, len(getattr(owner, "members_", ()))
    return f"{name}, member 1 of {n_members}" if n_members > 1 else name


@dataclass(frozen=True)
class _Encoding:
    """The transformer before the network of a member; if its encoder keeps no column, a column of zeros."""

    member: Member

    def transform(self, X: Any) -> numpy.ndarray:
        """Return X encoded for the network."""
        return self.member.encode(X)

    def get_feature_names_out(self, input_features: Any = None) -> numpy.ndarray:
        """Return the names of the encoded columns."""
        names = self.member.encoder.get_feature_names_out(input_features)
        return names if len(names) else numpy.array(["none is left"], dtype=object)


def _best_of(search: Any) -> Any:
    """Return the best estimator of a search, fitted on all rows."""
    check_is_fitted(search, "cv_results_")
    if not hasattr(search, "best_estimator_"):
        raise ValueError(
            f"This {type(search).__name__} has refit={search.refit!r} and so no best_estimator_. Set refit=True, or "
            "pass a network fitted with parameters of your choice."
        )
    return search.best_estimator_


def transform_before(steps: list[Any], X: Any) -> Any:
    """Return X transformed by the steps before the network."""
    for transformer in steps:
        X = transformer.transform(X)
    return X
