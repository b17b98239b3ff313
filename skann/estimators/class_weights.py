"""Weights of classes, as weights of rows."""

from __future__ import annotations

import numpy
import scipy.sparse
from sklearn.utils.class_weight import compute_class_weight

from .labels import Labels


def weigh_classes(class_weight: str | dict | list, labels: Labels, y, sample_weight) -> numpy.ndarray:
    """Return the rows' weights times those of their classes; over the columns of a multilabel target, their product."""
    _check(class_weight, labels)
    row_weight = numpy.ones(y.shape[0]) if sample_weight is None else sample_weight.copy()
    columns = y.toarray().T if scipy.sparse.issparse(y) else numpy.reshape(y, (len(y), -1)).T
    for i, column in enumerate(columns):
        classes = numpy.unique(column) if labels.task == "multilabel" else labels.classes
        of_column = class_weight[i] if isinstance(class_weight, list) else class_weight
        with numpy.errstate(divide="ignore"):  # a class whose rows all weigh 0
            weights = compute_class_weight(of_column, classes=classes, y=column, sample_weight=sample_weight)
        weights[~numpy.isfinite(weights)] = 0
        row_weight *= weights[numpy.searchsorted(classes, column)]
    return row_weight


def _check(class_weight: str | dict | list, labels: Labels) -> None:
    """Raise ValueError for weights of classes that there are not, or of another number of label columns."""
    if isinstance(class_weight, list):
        if labels.task != "multilabel" or len(class_weight) != len(labels.classes):
            raise ValueError(
                "class_weight as a list must hold one dict for each column of a multilabel target. Got "
                f"{len(class_weight)} for a {labels.task} target. Use a single dict of class to weight, or 'balanced'."
            )
    elif isinstance(class_weight, dict):
        if labels.task == "multilabel":
            raise ValueError(
                "class_weight must be 'balanced' or a list of dicts, one for each column, for a multilabel target."
            )
        unknown = [label for label in class_weight if label not in labels.classes]
        if unknown:
            raise ValueError(
                f"class_weight names classes that y lacks: {unknown}. The classes are {labels.classes.tolist()}."
            )
