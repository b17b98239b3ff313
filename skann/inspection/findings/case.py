"""A fitted network with its data and training history, on which the checks work."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy
import scipy.sparse
from sklearn.utils import check_consistent_length

from ...engine.data.rows import Rows
from ...engine.data.source import take
from ...engine.training.probe import Probe
from ...estimators.fit_warnings import column_name
from ...estimators.tabular.base import TabularMLP
from ..extraction import find_owner, input_names, takes_images, transform_before, unwrap

MAX_ROWS = 10_000
MAX_NUMBERS = 2**26  # in the images of a sample, and in the outputs of their layers


class Case:
    """A fitted network with its training data and history.

    Parameters
    ----------
    estimator : estimator
        A fitted network, or a Pipeline or search that ends in one.
    X, y : array-like
        Training data, as passed to the estimator's fit.

    Attributes
    ----------
    estimator : estimator of skann
        The estimator whose parameters the user sets.
    network : estimator of skann
        The network inside.
    n_samples : int
        Number of rows of the training data.
    X : ndarray or CSR matrix
        Up to 10,000 rows at equal distances, as input of the network; fewer of large images.
    y : ndarray or CSR matrix
        Targets of these rows.
    """

    def __init__(self, estimator: Any, X: Any, y: Any):
        self.estimator, _ = find_owner(estimator)
        self.network: Any
        self.network, before = unwrap(estimator)
        if y is None:
            raise ValueError("diagnose requires y, the targets that the network was trained on. Got None.")
        check_consistent_length(X, y)
        self._names = input_names(self.network, before)
        X = self.network._prediction_data(transform_before(before, X))
        y = y.tocsr() if scipy.sparse.issparse(y) else numpy.asarray(y)
        self.n_samples = X.shape[0]
        n_rows = min(MAX_ROWS, max(1, MAX_NUMBERS // math.prod(X.shape[1:])) if self.takes_images else MAX_ROWS)
        if self.n_samples > n_rows or hasattr(X, "read"):
            rows = numpy.linspace(0, self.n_samples - 1, min(n_rows, self.n_samples)).astype(int)
            X, y = take(X, rows), y[rows]
        self.X, self.y = X, y

    def history(self, name: str) -> Any:
        """Return an entry of ``history_`` with one element per epoch, or None if it is missing."""
        values = getattr(self.network, "history_", {}).get(name, [None])
        return None if any(value is None for value in values) else numpy.asarray(values, dtype=float)

    def name_of(self, column: int) -> str:
        """Return the name of a column in messages."""
        return column_name(self._names, column)

    def has(self, parameter: str) -> bool:
        """Return whether the estimator has a parameter."""
        return parameter in self.estimator.get_params(deep=False)

    @property
    def penalty(self) -> str:
        """The name of the parameter for the strength of the penalty on weights."""
        return "alpha" if self.has("alpha") else "weight_decay"

    @property
    def is_table(self) -> bool:
        """Whether the estimator itself encodes and scales a table."""
        return isinstance(self.estimator, TabularMLP)

    @property
    def takes_images(self) -> bool:
        """Whether X is an array of images, whose channels the network standardises."""
        return takes_images(self.network)

    @property
    def way_to_validate(self) -> str:
        """The parameter that sets validation rows aside."""
        return "a validation_fraction above 0" if self.is_table else "early_stopping=True"

    @property
    def is_classifier(self) -> bool:
        """Whether the network classifies."""
        return hasattr(self.network, "classes_")

    @cached_property
    def predictor(self) -> Any:
        """The network without feature names, as ``X`` has none."""
        return self.network._fitted_copy(self.network._learner)

    @cached_property
    def dead_units(self) -> list[float]:
        """The fraction of dead units, or of dead filters, in each hidden layer, over up to 1,000 rows."""
        learner = self.network._learner
        n_rows = max(1, min(1_000, MAX_NUMBERS // sum(learner.graph.sizes.values())))
        probe = Probe(learner.graph, learner.parameters, Rows(self.X), n_rows=n_rows)
        return probe.dead_units()
