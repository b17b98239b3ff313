"""Tabular classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, Literal

import numpy
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from ..._sklearn_compat import Interval, StrOptions, _check_y
from ...engine.activations import Activation
from ..annotations import LearningRate, RandomState, Scoring, Sizes
from ..data import ravel_column
from ..sample_weights import apply_class_weight
from ..targets import as_labels
from .base import TabularMLP
from .calibration import inverse_temperature
from .docs import fill_docstring
from .member_networks import SoftmaxLabels, TableClassifier


@fill_docstring(
    "classification",
    score="accuracy",
    of_probabilities=" 'roc_auc' (also 'roc_auc_ovr' and 'roc_auc_ovo') and 'neg_log_loss' are replaced by 'loss', "
    "without label smoothing.",
    averaged="probabilities",
    network="an :class:`skann.MLPClassifier`",
    oof_shape="(n_samples, n_classes)",
    oof="the probabilities",
    oof_note="With ``calibrate``, their calibration was fitted on the same samples.",
)
class TabularMLPClassifier(ClassifierMixin, TabularMLP):
    """Multi-layer perceptron classifier for raw tables.

    Text, categories, booleans, dates, missing values and features on different scales need no preprocessing, and the
    default parameters were tuned on hundreds of tables.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    {attributes}

    See Also
    --------
    TabularMLPRegressor : Multi-layer perceptron regressor for raw tables.
    MLPClassifier : Multi-layer perceptron classifier for numeric arrays.
    skann.preprocessing.TabularEncoder : The transformer that encodes the table.

    Notes
    -----
    {notes}

    References
    ----------
    {references}
    - Guo et al., 2017, "On calibration of modern neural networks", arXiv:1706.04599.

    Examples
    --------
    >>> import pandas
    >>> from skann import TabularMLPClassifier
    >>> people = pandas.DataFrame({
    ...     "age": [31, 52, None, 47, 23, 64] * 10,
    ...     "city": ["Oslo", "Rome", None, "Lima", "Oslo", "Rome"] * 10,
    ... })
    >>> y = ["yes", "no", "no", "yes", "yes", "no"] * 10
    >>> clf = TabularMLPClassifier(max_iter=20, random_state=0).fit(people, y)
    >>> clf.predict(people[:3])
    array(['yes', 'no', 'no'], dtype='<U3')
    """

    _parameter_constraints: dict = {
        **TabularMLP._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "calibrate": ["boolean"],
        "class_weight": [None, StrOptions({"balanced"}), dict],
    }
    _task = "classification"

    classes_: NDArray[Any]

    def __init__(
        self,
        preset: Literal["fast", "best"] = "best",
        *,
        hidden_layer_sizes: Sizes = (256, 256, 256),
        activation: str | Activation = "auto",
        parametric_activation: bool | Literal["auto"] = "auto",
        numeric_embedding: Literal["auto", "pbld", "piecewise_linear"] | None = "auto",
        categorical_features: str | Sequence[Any] | NDArray[Any] | None = "from_dtype",
        max_one_hot: int | Literal["auto"] | None = "auto",
        embedding_size: int = 8,
        dropout: float | Literal["auto"] = "auto",
        weight_decay: float | Literal["auto"] = "auto",
        regularization_schedule: LearningRate = "constant",
        label_smoothing: float | Literal["auto"] = "auto",
        learning_rate_init: float | Literal["auto"] = "auto",
        learning_rate: LearningRate = "coslog4",
        weight_init: Literal["auto", "data_driven", "normal"] = "auto",
        batch_size: int = 256,
        max_iter: int = 256,
        early_stopping: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.95,
        epsilon: float = 1e-8,
        validation_fraction: float = 0.2,
        scoring: Scoring = None,
        n_members: int = 1,
        calibrate: bool = False,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
        warn: bool = True,
    ):
        self.preset = preset
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.parametric_activation = parametric_activation
        self.numeric_embedding = numeric_embedding
        self.categorical_features = categorical_features
        self.max_one_hot = max_one_hot
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.regularization_schedule = regularization_schedule
        self.label_smoothing = label_smoothing
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.weight_init = weight_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.n_members = n_members
        self.calibrate = calibrate
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose
        self.warn = warn

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each sample.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The input data, with the columns of fit in the same order.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The predicted classes.
        """
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probability estimates.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The input data, with the columns of fit in the same order.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities in (0, 1) as float64, in the order of ``classes_``; rows sum to one. If there is a single
            class, its probability is 1.
        """
        return self._average_outputs(X)

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Return the log of probability estimates, which is finite.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The input data, with the columns of fit in the same order.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            Logarithms of ``predict_proba`` as float64, in the order of ``classes_``.
        """
        return numpy.log(self.predict_proba(X))

    def score(self, X, y, sample_weight=None):
        """Return accuracy on provided data and labels.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The input data, with the columns of fit in the same order.
        y : array-like of shape (n_samples,)
            True labels for X.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            Mean accuracy, in [0, 1].
        """
        return super().score(X, as_labels(y), sample_weight)

    def _check_target(self, y, known=False):
        y = _check_y(ravel_column(numpy.asarray(as_labels(y))), estimator=self)
        check_classification_targets(y)
        if known:
            self._labels.check(y, require_all=False)
        else:
            self.classes_ = unique_labels(y)
            self._labels = SoftmaxLabels(self.classes_, "multiclass")
        return y

    def _row_weights(self, y, sample_weight):
        if self.class_weight is None:
            return sample_weight
        return apply_class_weight(self.class_weight, self._labels, y, sample_weight)

    def _classes_to_stratify(self, y):
        return self._labels.encode(y)

    def _build_network(self, params, choices, recipe):
        return TableClassifier.with_recipe(replace(recipe, classes=self.classes_), loss="log_loss", **params)

    def _member_output(self, member, X):
        return member.network.predict_proba(member.encode(X))

    def _postprocess_members(self, held_out):
        validated = [(member, rows) for member, rows in zip(self.members_, held_out, strict=True) if rows is not None]
        if not self.calibrate or not validated:
            return
        raw = numpy.vstack([member.network._raw_outputs(rows.X) for member, rows in validated])
        codes = numpy.concatenate([self._labels.encode(rows.y) for _, rows in validated])
        weights = [rows.weight for _, rows in validated if rows.weight is not None]
        weight = numpy.concatenate(weights) if len(weights) == len(validated) else None
        beta = inverse_temperature(raw, codes, weight)
        for member in self.members_:
            member.network.set_inverse_temperature(beta)
