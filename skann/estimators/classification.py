"""Classifiers: labels, probabilities and decisions."""

from __future__ import annotations

from numbers import Real
from typing import Any, Self, cast

import numpy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import check_array

from .._sklearn_compat import Interval, StrOptions, _check_partial_fit_first_call, _fit_context, available_if
from ..engine.losses import CLASSIFICATION, LOSSES, MULTIOUTPUT, BlockLoss, Loss
from ..engine.parameters import Parameters
from .annotations import ClassWeight
from .assigned_network import build_binarizer, set_binarizer
from .base import BaseMLP
from .builders import is_stochastic
from .constraints import NonZero, RegisteredName
from .fit_warnings import warn_about_imbalance
from .labels import LabelColumns, labels_from_classes
from .sample_weights import apply_class_weight
from .targets import as_labels

_MAX_BETA = 1e6  # finite when multiplied by realistic raw outputs, in float32, too


class Classification(ClassifierMixin, BaseMLP):
    """Base class of classifiers: labels, probabilities and decisions from the outputs of a network."""

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [RegisteredName(LOSSES, accepts=lambda cls: bool(cls.tasks & CLASSIFICATION)), Loss],
        "softmax_beta": [NonZero(_MAX_BETA)],
        "class_weight": [None, StrOptions({"balanced"}), dict, list],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    class_weight: ClassWeight
    classes_: NDArray[Any]

    _y_numeric = False
    _may_grow = False  # whether partial_fit accepts new classes, as its first call did not list any

    @available_if(lambda self: self._check_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None, classes: ArrayLike | None = None
    ) -> Self:
        """Update the model with a single iteration over the given data.

        Not available with solver='lbfgs' or early_stopping=True.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values. They need not contain all classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, non-negative and not all zero. The loss of the call is divided by its number of samples.
        classes : array-like of shape (n_classes,), or a list of them, default=None
            Classes across all calls to partial_fit; for a target with several columns, a list of the classes of each
            column. If the first call does not list any, later calls may contain new classes, unless there are several
            columns: each new class gets a new output, and the parameters of the other outputs are kept.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        fitted = self._can_continue()

        def begin() -> None:
            if classes is not None:
                self._check_classes(classes)
            if not fitted:
                self._may_grow = classes is None

        return self._partial_fit(X, y, sample_weight, fitted, begin)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each sample.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,), or (n_samples, n_outputs) if y had several columns in fit
            The predicted classes. For multilabel targets, an indicator matrix, which is sparse if y was.
        """
        decision = self._decision(X)
        return self._labels.decode(decision)

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return the raw outputs multiplied by ``softmax_beta``; predict returns the class with the largest value.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            float32 if X and the weights are, else float64. For binary and multilabel targets, values are positive where
            the class (``classes_[1]``) is predicted. For a target with several columns of classes, a list of such
            arrays.
        """
        decision = self._decision(X)
        return self._labels.format_decision(decision)

    @available_if(lambda self: self._check_probabilities())
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probability estimates.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities in (0, 1), in the order of ``classes_``: float32 if X and the weights are, else float64. If
            there is a single class, its probability is 1. Rows sum to one, except for multilabel targets. For a target
            with several columns of classes, a list of such arrays.
        """
        p = self._linked_outputs(X)
        return self._labels.probabilities(p)

    @available_if(lambda self: self._check_probabilities())
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Return the log of probability estimates, which is finite.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            Logarithms of ``predict_proba`` in its dtype, in the order of ``classes_``. For a target with several
            columns of classes, a list of such arrays.
        """
        p: Any = self.predict_proba(X)
        return cast("Any", [numpy.log(column) for column in p]) if isinstance(p, list) else numpy.log(p)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return accuracy on provided data and labels.

        With several columns or labels, this is the subset accuracy: all labels of a sample must be correct.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Test samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels for X.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            Mean accuracy, in [0, 1].
        """
        y = as_labels(y)
        self._check_fitted()
        if self._task != MULTIOUTPUT:
            return super().score(X, y, sample_weight)
        truth = check_array(y, dtype=None)  # pyright: ignore[reportArgumentType]
        right = (self.predict(X) == truth).all(axis=1)
        return float(numpy.average(right, weights=cast("Any", sample_weight)))

    def _decision(self, X) -> numpy.ndarray:
        """Return the raw outputs times the inverse temperature, of shape (n_samples, n_outputs)."""
        decision = self._raw_outputs(X)
        decision *= self._learner.objective.link.inverse_temperature
        return decision

    @property
    def _label_binarizer(self):
        """The binarizer of scikit-learn's classifier, which scripts read or assign."""
        if "_label_binarizer" in vars(self):
            return vars(self)["_label_binarizer"]
        if "_labels" not in vars(self) or self._task == MULTIOUTPUT:
            raise AttributeError(f"This {type(self).__name__} has no _label_binarizer.")
        return build_binarizer(self._labels)

    @_label_binarizer.setter
    def _label_binarizer(self, binarizer) -> None:
        set_binarizer(self, binarizer)

    @property
    def _task(self) -> str:
        return self._labels.task

    @property
    def _n_one_hot(self) -> int | None:
        return self._labels.n_one_hot

    def _check_classes(self, classes) -> None:
        """Set ``classes_`` in the first call to partial_fit; raise ValueError if a later call lists others."""
        has_columns = isinstance(classes, list) and any(numpy.ndim(column) for column in classes)
        if not has_columns:
            _check_partial_fit_first_call(self, as_labels(classes))
            return
        classes = [numpy.unique(as_labels(column)) for column in classes]
        known = getattr(self, "classes_", classes)
        if len(known) != len(classes) or not all(map(numpy.array_equal, known, classes)):
            raise ValueError(f"`classes={classes}` is not the same as on last call to partial_fit, was: {known}")
        self.classes_ = cast("Any", classes)

    def _encode_target(self, y, sample_weight, continuing, incremental):
        self._may_grow = self._may_grow and incremental
        if continuing:
            if incremental and self._may_grow:
                self._grown_from, self._labels = self._labels.classes, self._labels.extend(y)
        elif incremental and not self._may_grow:
            self._labels = labels_from_classes(self.classes_, y)
        else:
            self._labels = self._recipe.labels(y)
        if continuing or incremental:
            self._labels.check(y, require_all=not incremental)
        self.classes_ = self._labels.classes
        return self._labels.encode(y)

    def _build_loss(self):
        if self._task != MULTIOUTPUT:
            return super()._build_loss()
        assert isinstance(self._labels, LabelColumns)
        return BlockLoss(self._build_loss_for("multiclass"), self._labels.problems)

    def _adapt_parameters(self, parameters, graph, rng):
        """Return the parameters extended by a freshly drawn output for each new class.

        A logistic output z of two classes becomes the softmax outputs 0 and z, which give the same probabilities.
        """
        (output,) = graph.with_role("output")
        n_outputs = parameters.values[parameters.layout.with_role("bias")[-1]].shape[-1]
        if not self._may_grow or graph.shapes[output][-1] == n_outputs:
            return super()._adapt_parameters(parameters, graph, rng)
        grown = Parameters.draw(graph.layout(), rng, parameters.theta.dtype)
        grown.copy_matching(parameters)
        kept = numpy.searchsorted(self._labels.classes, self._grown_from)
        for key in ((output, graph.declarations[output].name_of(role)) for role in ("weight", "bias")):
            new, value = grown.values[key], parameters.values[key]
            if len(kept) == 2:
                new[..., kept] = 0
            new[..., kept[-value.shape[-1] :]] = value
        return grown

    def _warn_about_data(self, rows, held_out, sample_weight):
        super()._warn_about_data(rows, held_out, sample_weight)
        by_accuracy = self.early_stopping and self.scoring is None and is_stochastic(self.solver)
        unweighted = sample_weight is None and self.class_weight is None
        if by_accuracy and unweighted and self._task in ("binary", "multiclass"):
            warn_about_imbalance(numpy.bincount(rows.target.ravel(), minlength=len(self.classes_)))

    def _apply_class_weight(self, y, sample_weight):
        if self.class_weight is None:
            return sample_weight
        return apply_class_weight(self.class_weight, self._labels, y, sample_weight)

    def _check_partial_fit(self) -> bool:
        if self.class_weight == "balanced":
            raise AttributeError(
                "partial_fit does not support class_weight='balanced', as it does not see all samples. Compute the "
                "weights with sklearn.utils.class_weight.compute_class_weight('balanced', classes=..., y=...) and "
                "pass them as a dict."
            )
        return super()._check_partial_fit()

    def _check_probabilities(self) -> bool:
        """Raise AttributeError if the loss does not give probabilities, else return True."""
        if hasattr(self, "_learner"):
            loss = self._learner.objective.loss
        else:
            loss = LOSSES[self.loss] if isinstance(self.loss, str) and self.loss in LOSSES.names() else self.loss
        if not getattr(loss, "gives_probabilities", True):
            raise AttributeError(
                f"The loss {self.loss!r} does not give probabilities. Use decision_function, loss='log_loss', or "
                "sklearn.calibration.CalibratedClassifierCV around the classifier."
            )
        return True

    def _classes_to_stratify(self, rows):
        return rows.target.ravel() if self._task in ("binary", "multiclass") else None

    def _validation_score(self, raw, link: Any, rows):
        right = self._labels.is_correct(link.inverse_temperature * raw, rows.of(rows.target))
        return numpy.average(right, weights=rows.of(rows.weight))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        # target_tags.multi_output stays unset, as in scikit-learn's MLP: its check forbids ties among probabilities of
        # different decisions, but near 1, where those of separable classes lie, float64 cannot distinguish them
        return tags
