"""Class labels of any type, as the engine's targets and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from ..engine.losses import MULTIOUTPUT

# by dtype: the least normal number, and the distance from 1 to the number below it, as Python's floats
_LIMITS = {
    limits.dtype: (float(limits.tiny), float(limits.epsneg))
    for limits in (numpy.finfo(numpy.float32), numpy.finfo(numpy.float64))
}


def labels_of(y) -> Labels:
    """Return the labels found in y, an array of labels, of columns of them, or a multilabel indicator matrix."""
    check_classification_targets(y)
    kind = _kind_of(y)
    if kind == "multiclass-multioutput":
        return LabelColumns(tuple(ColumnLabels.from_classes(numpy.unique(column)) for column in y.T))
    if kind == "multilabel-indicator":
        return ColumnLabels(numpy.arange(y.shape[1]), "multilabel", scipy.sparse.issparse(y))
    return ColumnLabels.from_classes(unique_labels(y))


def labels_named(classes: Any, y) -> Labels:
    """Return the labels of the classes named beforehand; y tells whether they are those of columns.

    Raises
    ------
    ValueError
        If they cannot be those of y.
    """
    if isinstance(classes, list):
        return LabelColumns(tuple(ColumnLabels.from_classes(of_column) for of_column in classes))
    if not _kind_of(y).startswith("multilabel"):
        return ColumnLabels.from_classes(classes)
    labels = labels_of(y)
    if not numpy.array_equal(classes, labels.classes):
        raise ValueError(
            f"classes must be the column numbers {labels.classes.tolist()} for a multilabel target with "
            f"{len(labels.classes)} columns. Got {classes.tolist()}."
        )
    return labels


def _kind_of(y) -> str:
    """Return scikit-learn's type of a target, which takes columns of any two numbers for those of an indicator."""
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator" and not scipy.sparse.issparse(y) and not numpy.isin(y, (0, 1)).all():
        return "multiclass-multioutput"
    return kind


class Labels(ABC):
    """The classes of a classification problem, and how they lie on the network's outputs.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,), or a list of such
    task : {"binary", "multiclass", "multilabel", "multioutput"}
    n_one_hot : int or None
        Columns that class codes are spread over, or None if the target is not one of codes.
    """

    classes: Any
    task: str
    n_one_hot: int | None = None

    @abstractmethod
    def check(self, y, all_there: bool) -> None:
        """Raise ValueError if y has other classes than these or, with ``all_there``, lacks one."""

    @abstractmethod
    def joined_by(self, y) -> Labels:
        """Return labels that also hold those found in y, where the problem may grow."""

    @abstractmethod
    def encode(self, y) -> numpy.ndarray:
        """Return the engine's target: codes (n,), or columns of 0 and 1, one for each output."""

    @abstractmethod
    def decode(self, decision: numpy.ndarray) -> Any:
        """Return the labels for the decision function's values, of shape (n_samples, n_outputs)."""

    @abstractmethod
    def is_right(self, decision: numpy.ndarray, target: numpy.ndarray) -> numpy.ndarray:
        """Tell for each row whether the decision function's values give the encoded target, every label of it."""

    @abstractmethod
    def shown(self, decision: numpy.ndarray) -> Any:
        """Return the decision function's values in the shape that scikit-learn gives them."""

    @abstractmethod
    def probabilities(self, p: numpy.ndarray) -> Any:
        """Return the probabilities of the classes from those of the outputs, which may be overwritten."""


@dataclass(frozen=True, eq=False)
class ColumnLabels(Labels):
    """The labels of one column of classes, or of a multilabel indicator matrix.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    task : {"binary", "multiclass", "multilabel"}
        A single class is "multiclass".
    sparse : bool, default=False
        Whether a multilabel y came as a sparse matrix, and so leaves as one.
    """

    classes: numpy.ndarray
    task: str
    sparse: bool = False

    @classmethod
    def from_classes(cls, classes: numpy.ndarray) -> ColumnLabels:
        """Return the labels of a problem with the given sorted classes, one a row."""
        return cls(classes, "binary" if len(classes) == 2 else "multiclass")

    @property
    def n_one_hot(self) -> int | None:
        """Columns that class codes are spread over, or None if the target is not one of codes."""
        return len(self.classes) if self.task == "multiclass" else None

    @property
    def n_outputs(self) -> int:
        """Outputs of the network."""
        return 1 if self.task == "binary" else len(self.classes)

    def check(self, y, all_there: bool) -> None:
        """Raise ValueError if y has other classes than these or, with ``all_there``, lacks one."""
        found = labels_of(y)
        if found.task != self.task and {found.task, self.task} & {"multilabel", MULTIOUTPUT}:
            raise ValueError(f"The classifier was fitted on a {self.task} target, but y is {found.task}.")
        self.check_classes(found.classes, all_there)

    def check_classes(self, found: numpy.ndarray, all_there: bool) -> None:
        """Raise ValueError if there are other classes than these or, with ``all_there``, one is lacking."""
        if all_there and set(found) != set(self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes}, `y` has {found}"
            )
        if not set(found) <= set(self.classes):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. Got {found}."
            )

    def joined_by(self, y) -> Labels:
        """Return labels that also hold those found in y, unless either is no plain column of classes."""
        found = labels_of(y)
        if {self.task, found.task} & {"multilabel", MULTIOUTPUT}:
            return self
        return self.from_classes(unique_labels(self.classes, found.classes))

    def encode(self, y) -> numpy.ndarray:
        """Return the engine's target: codes (n,), a 0/1 column (n, 1), or 0/1 columns (n, n_classes).

        Raises
        ------
        ValueError
            If a multilabel y has another number of columns.
        """
        if self.task == "multilabel":
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"y must have {len(self.classes)} columns of 0 and 1, one a label. Got shape {y.shape}."
                )
            return (y.toarray() if scipy.sparse.issparse(y) else y).astype(numpy.uint8)
        codes = numpy.searchsorted(self.classes, y).astype(numpy.int32)
        return codes.astype(numpy.uint8)[:, None] if self.task == "binary" else codes

    def decode(self, decision: numpy.ndarray) -> Any:
        """Return the labels for the decision function's values, of shape (n_samples, n_outputs)."""
        if self.task == "multiclass":
            return self.classes[decision.argmax(axis=1)]
        positive = decision > 0
        if self.task == "binary":
            return self.classes[positive[:, 0].astype(numpy.intp)]
        indicator = positive.astype(int)
        return scipy.sparse.csr_matrix(indicator) if self.sparse else indicator

    def is_right(self, decision: numpy.ndarray, target: numpy.ndarray) -> numpy.ndarray:
        """Tell for each row whether the decision function's values give the encoded target, every label of it."""
        if self.task == "multiclass":
            return decision.argmax(axis=1) == target
        return ((decision > 0) == target).all(axis=1)

    def shown(self, decision: numpy.ndarray) -> numpy.ndarray:
        """Return the decision function's values, those of two classes as (n_samples,)."""
        return decision[:, 0] if self.task == "binary" else decision

    def probabilities(self, p: numpy.ndarray) -> numpy.ndarray:
        """Return the probabilities of the classes, inside (0, 1), so that logarithms are finite; one alone is 1."""
        tiny, gap = _LIMITS[p.dtype]
        if self.task == "multiclass" and len(self.classes) == 1:
            return p
        numpy.maximum(p, tiny if self.task == "multiclass" else gap, out=p)
        numpy.minimum(p, 1 - gap, out=p)
        if self.task != "binary":
            return p
        both = numpy.empty((len(p), 2), p.dtype)
        numpy.subtract(1, p[:, 0], out=both[:, 0])
        both[:, 1] = p[:, 0]
        return both


@dataclass(frozen=True, eq=False)
class LabelColumns(Labels):
    """The labels of a target with several columns of classes: a block of outputs for each.

    Attributes
    ----------
    columns : tuple of ColumnLabels
    """

    columns: tuple[ColumnLabels, ...]
    task = MULTIOUTPUT

    @property
    def classes(self) -> list[numpy.ndarray]:
        """The classes of each column."""
        return [column.classes for column in self.columns]

    @property
    def problems(self) -> tuple[tuple[str, int], ...]:
        """The task and the number of outputs of each column."""
        return tuple((column.task, column.n_outputs) for column in self.columns)

    @property
    def n_outputs(self) -> int:
        """Outputs of the network."""
        return sum(column.n_outputs for column in self.columns)

    def check(self, y, all_there: bool) -> None:
        """Raise ValueError if y has other columns or classes than these or, with ``all_there``, lacks a class."""
        if y.ndim != 2 or y.shape[1] != len(self.columns):
            raise ValueError(f"y must have {len(self.columns)} columns of classes, as in fit. Got shape {y.shape}.")
        check_classification_targets(y)
        for column, values in zip(self.columns, y.T, strict=True):
            column.check_classes(numpy.unique(values), all_there)

    def joined_by(self, y) -> Labels:
        """Return the same labels: a target with several columns does not grow."""
        return self

    def encode(self, y) -> numpy.ndarray:
        """Return 0/1 columns (n, n_outputs), one-hot for each column of classes."""
        blocks = []
        for column, values in zip(self.columns, y.T, strict=True):
            target = column.encode(values)
            blocks.append(target if column.n_one_hot is None else numpy.eye(column.n_one_hot, dtype="uint8")[target])
        return numpy.hstack(blocks)

    def decode(self, decision: numpy.ndarray) -> numpy.ndarray:
        """Return the labels (n_samples, n_columns) for the decision function's values."""
        return numpy.column_stack([column.decode(part) for column, part in self._parts(decision)])

    def is_right(self, decision: numpy.ndarray, target: numpy.ndarray) -> numpy.ndarray:
        """Tell for each row whether the decision function's values give the encoded target, in every column."""
        right = []
        for (column, values), (_, truth) in zip(self._parts(decision), self._parts(target), strict=True):
            right.append(column.is_right(values, truth if column.n_one_hot is None else truth.argmax(axis=1)))
        return numpy.all(right, axis=0)

    def shown(self, decision: numpy.ndarray) -> list[numpy.ndarray]:
        """Return a list of the decision function's values, one for each column."""
        return [column.shown(part) for column, part in self._parts(decision)]

    def probabilities(self, p: numpy.ndarray) -> list[numpy.ndarray]:
        """Return a list of the probabilities of the classes, one for each column."""
        return [column.probabilities(part) for column, part in self._parts(p)]

    def _parts(self, outputs: numpy.ndarray) -> list[tuple[ColumnLabels, numpy.ndarray]]:
        """Return each column with its outputs."""
        ends = numpy.cumsum([column.n_outputs for column in self.columns])
        return list(zip(self.columns, numpy.split(outputs, ends[:-1], axis=1), strict=True))
