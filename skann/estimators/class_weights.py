"""Weights of classes, as weights of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import scipy.sparse
from sklearn.utils.class_weight import compute_class_weight

from .labels import LabelColumns, Labels


def weigh_classes(class_weight: str | dict | list, labels: Labels, y, sample_weight) -> numpy.ndarray:
    """Return the rows' weights times those of their classes; over the columns of a target, their product."""
    _check(class_weight, labels)
    row_weight = numpy.ones(y.shape[0]) if sample_weight is None else sample_weight.copy()
    for i, (classes, column) in enumerate(_columns(labels, y)):
        of_column = class_weight[i] if isinstance(class_weight, list) else class_weight
        with numpy.errstate(divide="ignore"):  # a class whose rows all weigh 0
            weights = compute_class_weight(of_column, classes=classes, y=column, sample_weight=sample_weight)
        weights[~numpy.isfinite(weights)] = 0
        row_weight *= weights[numpy.searchsorted(classes, column)]
    return row_weight


def _columns(labels: Labels, y) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    """Return each column of the target with its classes."""
    columns = y.toarray().T if scipy.sparse.issparse(y) else numpy.reshape(y, (len(y), -1)).T
    if labels.task == "multilabel":
        return ((numpy.unique(column), column) for column in columns)
    return zip(labels.classes if isinstance(labels, LabelColumns) else [labels.classes], columns, strict=True)


def _check(class_weight: str | dict | list, labels: Labels) -> None:
    """Raise ValueError for weights of classes that there are not, or of another number of columns."""
    has_columns = labels.task == "multilabel" or isinstance(labels, LabelColumns)
    if isinstance(class_weight, list):
        if not has_columns or len(class_weight) != len(labels.classes):
            raise ValueError(
                f"class_weight as a list must hold one dict for each column of the target. Got {len(class_weight)} for "
                f"a {labels.task} target. Use a single dict of class to weight, or 'balanced'."
            )
    elif isinstance(class_weight, dict) and has_columns:
        raise ValueError(
            "class_weight must be 'balanced' or a list of dicts, one for each column, for a target with several "
            "columns."
        )
    if labels.task == "multilabel" or isinstance(class_weight, str):
        return
    by_column = class_weight if has_columns else [class_weight]
    for weights, classes in zip(by_column, labels.classes if has_columns else [labels.classes], strict=True):
        unknown = [] if isinstance(weights, str) else [label for label in weights if label not in classes]
        if unknown:
            raise ValueError(f"class_weight names classes that y lacks: {unknown}. The classes are {classes.tolist()}.")
