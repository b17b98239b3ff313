"""Encoding of class labels of any type as the engine's targets, and decoding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from ..engine.losses import MULTIOUTPUT

# by dtype, as Python floats: the smallest positive normal number, and the distance from 1 to the next smaller number
_LIMITS = {
    limits.dtype: (float(limits.tiny), float(limits.epsneg))
    for limits in (numpy.finfo(numpy.float32), numpy.finfo(numpy.float64))
}


def infer_labels(y) -> Labels:
    """Return the labels found in y: an array of labels, several columns of them, or a multilabel indicator matrix."""
    check_classification_targets(y)
    kind = _kind_of(y)
    if kind == "multiclass-multioutput":
        return LabelColumns(tuple(ColumnLabels.from_classes(numpy.unique(column)) for column in y.T))
    if kind == "multilabel-indicator":
        return ColumnLabels(numpy.arange(y.shape[1]), "multilabel", scipy.sparse.issparse(y))
    return ColumnLabels.from_classes(unique_labels(y))


def labels_from_classes(classes: Any, y) -> Labels:
    """Return the labels for a list of all classes, with the type of target taken from y.

    Raises
    ------
    ValueError
        If y is multilabel and the classes are not its column numbers.
    """
    if isinstance(classes, list):
        return LabelColumns(tuple(ColumnLabels.from_classes(column) for column in classes))
    if not _kind_of(y).startswith("multilabel"):
        return ColumnLabels.from_classes(classes)
    labels = infer_labels(y)
    if not numpy.array_equal(classes, labels.classes):
        raise ValueError(
            f"classes must be the column numbers {labels.classes.tolist()} for a multilabel target with "
            f"{len(labels.classes)} columns. Got {classes.tolist()}."
        )
    return labels


def _kind_of(y) -> str:
    """Return scikit-learn's type of target, except that an indicator matrix must hold 0 and 1 only."""
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator" and not scipy.sparse.issparse(y) and not numpy.isin(y, (0, 1)).all():
        return "multiclass-multioutput"
    return kind


class Labels(ABC):
    """The classes of a classification problem and their mapping to the outputs of the network.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,), or a list of such
    task : {"binary", "multiclass", "multilabel", "multioutput"}
    n_one_hot : int or None
        Number of one-hot columns, or None if the target is not encoded as class codes.
    """

    classes: Any
    task: str
    n_one_hot: int | None = None

    @abstractmethod
    def check(self, y, require_all: bool) -> None:
        """Raise ValueError if y has unknown classes or, with ``require_all``, lacks one."""

    @abstractmethod
    def extend(self, y) -> Labels:
        """Return labels extended by those found in y, if the type of target allows it."""

    @abstractmethod
    def encode(self, y) -> numpy.ndarray:
        """Return the engine's target: codes of shape (n,), or columns of 0 and 1, one per output."""

    @abstractmethod
    def decode(self, decision: numpy.ndarray) -> Any:
        """Return the labels for values of the decision function, of shape (n_samples, n_outputs)."""

    @abstractmethod
    def is_correct(self, decision: numpy.ndarray, target: numpy.ndarray) -> numpy.ndarray:
        """Return for each row whether all labels predicted by the decision function equal the encoded target."""

    @abstractmethod
    def format_decision(self, decision: numpy.ndarray) -> Any:
        """Return the values of the decision function in scikit-learn's shape."""

    @abstractmethod
    def probabilities(self, p: numpy.ndarray) -> Any:
        """Return the class probabilities for the probabilities of the outputs, which may be overwritten."""


@dataclass(frozen=True, eq=False)
class ColumnLabels(Labels):
    """The labels of one column of classes, or of a multilabel indicator matrix.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted class labels.
    task : {"binary", "multiclass", "multilabel"}
        A target with a single class is "multiclass".
    sparse : bool, default=False
        Whether a multilabel y was a sparse matrix, as predictions then are.
    """

    classes: numpy.ndarray
    task: str
    sparse: bool = False

    @classmethod
    def from_classes(cls, classes: numpy.ndarray) -> ColumnLabels:
        """Return the labels of a binary or multiclass target with the given sorted classes."""
        return cls(classes, "binary" if len(classes) == 2 else "multiclass")

    @property
    def n_one_hot(self) -> int | None:
        """Number of one-hot columns, or None if the target is not encoded as class codes."""
        return len(self.classes) if self.task == "multiclass" else None

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network."""
        return 1 if self.task == "binary" else len(self.classes)

    def check(self, y, require_all: bool) -> None:
        """Raise ValueError if y has unknown classes or, with ``require_all``, lacks one."""
        found = infer_labels(y)
        if found.task != self.task and {found.task, self.task} & {"multilabel", MULTIOUTPUT}:
            raise ValueError(f"The classifier was fitted on a {self.task} target, but y is {found.task}.")
        self.check_classes(found.classes, require_all)

    def check_classes(self, found: numpy.ndarray, require_all: bool) -> None:
        """Raise ValueError if there are unknown classes or, with ``require_all``, one is missing."""
        if require_all and set(found) != set(self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes}, `y` has {found}"
            )
        if not set(found) <= set(self.classes):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. Got {found}."
            )

    def extend(self, y) -> Labels:
        """Return labels extended by those found in y, unless either is multilabel or has several columns."""
        found = infer_labels(y)
        if {self.task, found.task} & {"multilabel", MULTIOUTPUT}:
            return self
        return self.from_classes(unique_labels(self.classes, found.classes))

    def encode(self, y) -> numpy.ndarray:
        """Return the engine's target: codes of shape (n,), or 0/1 columns of shape (n, 1) or (n, n_classes).

        Raises
        ------
        ValueError
            If a multilabel y has a different number of columns than in fit.
        """
        if self.task == "multilabel":
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"y must have {len(self.classes)} columns of 0 and 1, one per label. Got shape {y.shape}."
                )
            return (y.toarray() if scipy.sparse.issparse(y) else y).astype(numpy.uint8)
        codes = numpy.searchsorted(self.classes, y).astype(numpy.int32)
        return codes.astype(numpy.uint8)[:, None] if self.task == "binary" else codes

    def decode(self, decision: numpy.ndarray) -> Any:
        """Return the labels for values of the decision function, of shape (n_samples, n_outputs)."""
        if self.task == "multiclass":
            return self.classes[decision.argmax(axis=1)]
        positive = decision > 0
        if self.task == "binary":
            return self.classes[positive[:, 0].astype(numpy.intp)]
        indicator = positive.astype(int)
        return scipy.sparse.csr_matrix(indicator) if self.sparse else indicator

    def is_correct(self, decision: numpy.ndarray, target: numpy.ndarray) -> numpy.ndarray:
        """Return for each row whether all labels predicted by the decision function equal the encoded target."""
        if self.task == "multiclass":
            return decision.argmax(axis=1) == target
        return ((decision > 0) == target).all(axis=1)

    def format_decision(self, decision: numpy.ndarray) -> numpy.ndarray:
        """Return the values of the decision function, of shape (n_samples,) for binary targets."""
        return decision[:, 0] if self.task == "binary" else decision

    def probabilities(self, p: numpy.ndarray) -> numpy.ndarray:
        """Return the class probabilities, clipped to the inside of (0, 1) unless there is a single class."""
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
    """The labels of a target with several columns of classes, with one block of outputs per column.

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
        """Number of outputs of the network."""
        return sum(column.n_outputs for column in self.columns)

    def check(self, y, require_all: bool) -> None:
        """Raise ValueError if y has a wrong shape, unknown classes or, with ``require_all``, lacks a class."""
        if y.ndim != 2 or y.shape[1] != len(self.columns):
            raise ValueError(f"y must have {len(self.columns)} columns of classes, as in fit. Got shape {y.shape}.")
        check_classification_targets(y)
        for column, values in zip(self.columns, y.T, strict=True):
            column.check_classes(numpy.unique(values), require_all)

    def extend(self, y) -> Labels:
        """Return the same labels: a target with several columns cannot be extended."""
        return self

    def encode(self, y) -> numpy.ndarray:
        """Return 0/1 columns of shape (n, n_outputs), with a one-hot block per column of classes."""
        blocks = []
        for column, values in zip(self.columns, y.T, strict=True):
            target = column.encode(values)
            blocks.append(target if column.n_one_hot is None else numpy.eye(column.n_one_hot, dtype="uint8")[target])
        return numpy.hstack(blocks)

    def decode(self, decision: numpy.ndarray) -> numpy.ndarray:
        """Return the labels, of shape (n_samples, n_columns), for values of the decision function."""
        return numpy.column_stack([column.decode(part) for column, part in self._blocks(decision)])

    def is_correct(self, decision: numpy.ndarray, target: numpy.ndarray) -> numpy.ndarray:
        """Return for each row whether the predictions equal the encoded target in all columns."""
        correct = []
        for (column, values), (_, truth) in zip(self._blocks(decision), self._blocks(target), strict=True):
            correct.append(column.is_correct(values, truth if column.n_one_hot is None else truth.argmax(axis=1)))
        return numpy.all(correct, axis=0)

    def format_decision(self, decision: numpy.ndarray) -> list[numpy.ndarray]:
        """Return a list with the values of the decision function for each column."""
        return [column.format_decision(part) for column, part in self._blocks(decision)]

    def probabilities(self, p: numpy.ndarray) -> list[numpy.ndarray]:
        """Return a list with the class probabilities of each column."""
        return [column.probabilities(part) for column, part in self._blocks(p)]

    def _blocks(self, outputs: numpy.ndarray) -> list[tuple[ColumnLabels, numpy.ndarray]]:
        """Return each column with its block of outputs."""
        ends = numpy.cumsum([column.n_outputs for column in self.columns])
        return list(zip(self.columns, numpy.split(outputs, ends[:-1], axis=1), strict=True))
