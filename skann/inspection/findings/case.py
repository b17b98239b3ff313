"""A fitted network with its data and the course of its training: what findings are drawn from."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy
import scipy.sparse
from sklearn.utils import check_consistent_length

from ...engine.data.rows import Rows
from ...engine.training.probe import Probe
from ...estimators.advice import column_name
from ...estimators.data import prediction_data
from ...estimators.tabular.base import TabularMLP
from ..extraction import find_owner, input_names, transform_before, unwrap

N_ROWS = 10_000  # of the data, at equal distances


class Case:
    """What findings are drawn from.

    Parameters
    ----------
    estimator : estimator
        A fitted network, or what ends in one.
    X, y : array-like
        The rows that it was trained on, as the estimator takes them.

    Attributes
    ----------
    estimator : estimator of skann
        The one whose parameters the user sets.
    network : MLPClassifier or MLPRegressor
        The network in it.
    n_samples : int
        Rows of X.
    X : ndarray or CSR matrix
        Up to 10,000 rows, as the network gets them.
    y : ndarray or CSR matrix
        Their targets.
    """

    def __init__(self, estimator: Any, X: Any, y: Any):
        self.estimator, _ = find_owner(estimator)
        self.network: Any
        self.network, before = unwrap(estimator)
        if y is None:
            raise ValueError("diagnose requires y, the targets that the network was trained on. Got None.")
        check_consistent_length(X, y)
        self._names = input_names(self.network, before)
        X = prediction_data(self.network, transform_before(before, X))
        y = y.tocsr() if scipy.sparse.issparse(y) else numpy.asarray(y)
        self.n_samples = X.shape[0]
        if self.n_samples > N_ROWS:
            rows = numpy.linspace(0, self.n_samples - 1, N_ROWS).astype(int)
            X, y = X[rows], y[rows]
        self.X, self.y = X, y

    def course(self, name: str) -> Any:
        """Return an entry of ``history_``, with an element for each epoch, or None if there is none."""
        values = getattr(self.network, "history_", {}).get(name, [None])
        return None if any(value is None for value in values) else numpy.asarray(values, dtype=float)

    def name_of(self, column: int) -> str:
        """Return what to call a column."""
        return column_name(self._names, column)

    def has(self, parameter: str) -> bool:
        """Return whether the user can set a parameter of that name."""
        return parameter in self.estimator.get_params(deep=False)

    @property
    def penalty(self) -> str:
        """The name of the parameter that is the strength of the penalty on weights."""
        return "alpha" if self.has("alpha") else "weight_decay"

    @property
    def is_table(self) -> bool:
        """Whether the estimator itself encodes and scales a table."""
        return isinstance(self.estimator, TabularMLP)

    @property
    def way_to_validate(self) -> str:
        """The parameter that sets rows aside to validate on."""
        return "a validation_fraction above 0" if self.is_table else "early_stopping=True"

    @property
    def is_classifier(self) -> bool:
        """Whether the network classifies."""
        return hasattr(self.network, "classes_")

    @cached_property
    def predictor(self) -> Any:
        """The network as it is, for X, which has no column names."""
        return self.network._as_fitted(self.network._learner)

    @cached_property
    def dead_units(self) -> list[float]:
        """The fraction of dead units of each hidden layer, over up to 1,000 rows."""
        learner = self.network._learner
        probe = Probe(learner.graph, learner.parameters, Rows(self.X), n_rows=1_000)
        return probe.dead_units()
