"""Class labels of any type, as the engine's targets and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a classification problem, and how they lie on the network's outputs.

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
    def of(cls, y) -> Labels:
        """Return the labels found in y, an array of labels or a multilabel indicator matrix."""
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(
                "Multioutput target data is not supported with label binarization: y has several columns of classes. "
                "Fit one classifier for each column, for example with sklearn.multioutput.MultiOutputClassifier."
            )
        if kind == "multilabel-indicator":
            return cls(numpy.arange(y.shape[1]), "multilabel", scipy.sparse.issparse(y))
        return cls.from_classes(unique_labels(y))

    @classmethod
    def from_classes(cls, classes: numpy.ndarray) -> Labels:
        """Return the labels of a problem with the given sorted classes, one a row."""
        return cls(classes, "binary" if len(classes) == 2 else "multiclass")

    def joined_by(self, y) -> Labels:
        """Return labels that also hold those found in y, unless either is multilabel."""
        found = Labels.of(y)
        if "multilabel" in (self.task, found.task):
            return self
        return Labels.from_classes(unique_labels(self.classes, found.classes))

    @property
    def n_one_hot(self) -> int | None:
        """Columns that class codes are spread over, or None if the target is not one of codes."""
        return len(self.classes) if self.task == "multiclass" else None

    def encode(self, y) -> numpy.ndarray:
        """Return the engine's target: codes (n,), a 0/1 column (n, 1), or 0/1 columns (n, n_classes).

        Raises
        ------
        ValueError
            If y has a label that is not among the classes, or another number of columns.
        """
        if self.task == "multilabel":
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"y must have {len(self.classes)} columns of 0 and 1, one a label. Got shape {y.shape}."
                )
            return (y.toarray() if scipy.sparse.issparse(y) else y).astype(numpy.uint8)
        codes = numpy.searchsorted(self.classes, y).astype(numpy.int32)
        return codes.astype(numpy.uint8)[:, None] if self.task == "binary" else codes

    def decode(self, decision: numpy.ndarray):
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
