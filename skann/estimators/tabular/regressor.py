"""Tabular regressor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from ..._sklearn_compat import StrOptions, _check_y
from ...engine.activations import Activation
from ...engine.losses import LOSSES, REGRESSION, Loss
from ..annotations import LearningRate, RandomState, Scoring, Sizes
from ..constraints import RegisteredName, check_loss
from ..data import ravel_column
from ..targets import as_numbers
from .base import TabularMLP
from .docs import fill_docstring
from .member_networks import TableRegressor


@fill_docstring(
    "regression",
    score="R2",
    of_probabilities="",
    averaged="predictions",
    network="an :class:`skann.MLPRegressor`",
    oof_shape="(n_samples,) or (n_samples, n_outputs)",
    oof="the prediction",
    oof_note="",
)
class TabularMLPRegressor(RegressorMixin, TabularMLP):
    """Multi-layer perceptron regressor for raw tables.

    Text, categories, booleans, dates, missing values and features on different scales need no preprocessing, and the
    default parameters were tuned on hundreds of tables. A single network predicts one or several outputs.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    TabularMLPClassifier : Multi-layer perceptron classifier for raw tables.
    MLPRegressor : Multi-layer perceptron regressor for numeric arrays.
    skann.preprocessing.TabularEncoder : The transformer that encodes the table.

    Notes
    -----
    {notes}

    References
    ----------
    {references}

    Examples
    --------
    >>> import pandas
    >>> from skann import TabularMLPRegressor
    >>> flats = pandas.DataFrame({"area": [31, 52, None, 47] * 15, "city": ["Oslo", "Rome", "Oslo", "Lima"] * 15})
    >>> y = [310, 420, 350, 260] * 15
    >>> reg = TabularMLPRegressor(max_iter=50, random_state=0).fit(flats, y)
    >>> reg.score(flats, y) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **TabularMLP._parameter_constraints,
        "loss": [RegisteredName(LOSSES, accepts=lambda cls: bool(cls.tasks & REGRESSION)), Loss],
        "clip_predictions": ["boolean", StrOptions({"auto"})],
    }
    _task = "regression"

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
        loss: str | Loss = "squared_error",
        clip_predictions: bool | Literal["auto"] = "auto",
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
        self.loss = loss
        self.clip_predictions = clip_predictions
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
        self.random_state = random_state
        self.verbose = verbose
        self.warn = warn

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target of each sample.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The input data, with the columns of fit in the same order.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values, as float64.
        """
        return self._average_outputs(X)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R2 of the prediction.

        For a loss with several quantile levels, return the mean D2 pinball score over the levels instead.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The input data, with the columns of fit in the same order.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True values for X.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            The best possible score is 1; the best constant prediction has a score of 0.
        """
        predicted = self.predict(X)
        return self.members_[0].network._score_predictions(predicted, y, sample_weight)

    def _check_target(self, y, known=False):
        y = _check_y(as_numbers(y), multi_output=True, y_numeric=True, estimator=self)
        return ravel_column(y)

    def _build_network(self, params, choices, recipe):
        positive = check_loss(self.loss, "regression").positive_target
        recipe = replace(recipe, clips=choices["clip_predictions"])
        return TableRegressor.with_recipe(recipe, target_transform=None if positive else "standard", **params)

    def _member_output(self, member, X):
        return member.network.predict(member.encode(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        loss = LOSSES[self.loss] if isinstance(self.loss, str) and self.loss in LOSSES.names() else self.loss
        tags.target_tags.positive_only = getattr(loss, "positive_target", False)
        return tags
