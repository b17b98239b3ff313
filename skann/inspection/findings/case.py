"""A fitted network with its data and training history, on which the checks work."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy
import scipy.sparse
from sklearn.utils import check_consistent_length

from ...engine.data.rows import Rows
from ...engine.data.source import take
from ...engine.graph import Graph
from ...engine.training.probe import Probe
from ...estimators.fit_warnings import column_name
from ...estimators.tabular.base import TabularMLP
from ...estimators.vision.label_maps import check_label_maps
from ..extraction import (
    find_owner,
    finds_objects,
    images_and_places,
    input_names,
    is_spatial,
    takes_images,
    transform_before,
    unwrap,
)

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
        Targets of these rows; an array of objects if these are label maps or dicts of objects.
    places : list of Letterbox, or None
        The place of each image of other sizes in a row of X.
    """

    def __init__(self, estimator: Any, X: Any, y: Any):
        self.estimator, _ = find_owner(estimator)
        self.network: Any
        self.network, before = unwrap(estimator)
        if y is None:
            raise ValueError("diagnose requires y, the targets that the network was trained on. Got None.")
        check_consistent_length(X, y)
        self._names = input_names(self.network, before)
        X, self.places = images_and_places(self.network, transform_before(before, X))
        y = as_object_array(y) if self.is_spatial else as_targets(y)
        self.n_samples = X.shape[0]
        n_rows = min(MAX_ROWS, max(1, MAX_NUMBERS // math.prod(X.shape[1:])) if self.takes_images else MAX_ROWS)
        if self.n_samples > n_rows or hasattr(X, "read"):
            rows = numpy.linspace(0, self.n_samples - 1, min(n_rows, self.n_samples)).astype(int)
            X, y = take(X, rows), y[rows]
            self.places = self.places and [self.places[row] for row in rows]
        self.X, self.y = X, y
        if self.is_spatial:
            self._check_targets()

    def _check_targets(self) -> None:
        """Raise TypeError or ValueError unless y has a label map, or a dict of objects, of each image.

        Boxes may be invalid for fit: a finding explains them.
        """
        name = type(self.network).__name__
        if not self.finds_objects:
            check_label_maps(list(self.y), [self.size_of(i) for i in range(len(self.y))])
            return
        for i, image in enumerate(self.y):
            is_valid = "labels" in image if isinstance(image, Mapping) else numpy.ndim(image) == 2
            if not is_valid:
                raise TypeError(
                    f"diagnose requires y as passed to fit: {name} takes a dict with 'labels' for each image. Got "
                    f"{type(image).__name__} for image {i}."
                )

    def history(self, name: str) -> Any:
        """Return an entry of ``history_`` with one element per epoch, or None if it is missing."""
        values = getattr(self.network, "history_", {}).get(name, [None])
        if any(value is None for value in values):
            return None
        values = numpy.asarray(values, dtype=float)
        return None if values.size and numpy.isnan(values).all() else values

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
    def is_spatial(self) -> bool:
        """Whether y holds the labels of pixels or the objects of each image."""
        return is_spatial(self.network)

    @property
    def finds_objects(self) -> bool:
        """Whether y holds the objects of each image."""
        return finds_objects(self.network)

    def size_of(self, i: int) -> tuple[int, int]:
        """Return the height and the width of the image in row i of X, before it was resized."""
        return self.X.shape[1:3] if self.places is None else self.places[i].size

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
    def probed(self) -> Graph:
        """The graph of the hidden layers that are checked: of a network with several inputs, those after the first."""
        graph = self.network._learner.graph
        if len(graph.inputs) == 1:
            return graph
        first = next(iter(graph.inputs))
        return graph.up_to([name for name in graph.with_role("hidden") if set(graph.up_to(name).inputs) == {first}][-1])

    @cached_property
    def dead_units(self) -> list[float]:
        """The fraction of dead units, or of dead filters, in each hidden layer of ``probed``, over up to 1,000 rows."""
        n_rows = max(1, min(1_000, MAX_NUMBERS // sum(self.probed.sizes.values())))
        probe = Probe(self.probed, self.network._learner.parameters, Rows(self.X), n_rows=n_rows)
        return probe.dead_units()


def as_targets(y: Any) -> Any:
    """Return targets as an array or, if sparse, as CSR."""
    return y.tocsr() if scipy.sparse.issparse(y) else numpy.asarray(y)


def as_object_array(y: Any) -> numpy.ndarray:
    """Return an array of objects with an entry for each image."""
    listed = list(y)
    array = numpy.empty(len(listed), object)
    for i, entry in enumerate(listed):
        array[i] = entry
    return array
