"""Type annotations of the estimators' parameters and fitted attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy
from numpy.typing import NDArray

from ..engine.activations import Activation
from ..engine.data.augmentation import Augment
from ..engine.initializers import Initializer
from ..engine.layers import Normalization
from ..engine.losses import Loss
from ..engine.schedules import Schedule
from ..engine.solvers import Solver

Sizes: TypeAlias = int | Sequence[int] | NDArray[numpy.integer]
Activations: TypeAlias = str | Activation | Sequence[str | Activation]
SolverChoice: TypeAlias = str | Solver
WeightInit: TypeAlias = str | Initializer
NormalizationChoice: TypeAlias = str | Normalization | None
LearningRate: TypeAlias = str | Schedule | Callable[..., float]
RandomState: TypeAlias = int | numpy.random.RandomState | None
Rates: TypeAlias = float | Sequence[float] | NDArray[numpy.floating]
Scoring: TypeAlias = str | Callable[..., float] | None
ClassWeight: TypeAlias = Mapping[Any, float] | Sequence[Mapping[Any, float]] | Literal["balanced"] | None
Augmentation: TypeAlias = str | Augment | Callable[..., Any] | Sequence[str | Augment | Callable[..., Any]] | None
Precision: TypeAlias = Literal["auto", "float32", "float64"]
Device: TypeAlias = Literal["cpu", "cuda", "auto"]
History: TypeAlias = dict[str, list[Any]]


class MLPAttributes:
    """Parameters and attributes common to MLPClassifier and MLPRegressor."""

    hidden_layer_sizes: Sizes
    activation: Activations
    solver: SolverChoice
    alpha: float
    batch_size: int | Literal["auto"]
    learning_rate: LearningRate
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: RandomState
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    loss: str | Loss
    dropout: Rates
    weight_init: WeightInit
    dtype: Precision
    device: Device
    scoring: Scoring
    l1: float
    normalization: NormalizationChoice
    noise: float
    averaging: float
    clip_norm: float | None
    max_norm: float | None
    warn: bool

    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    history_: History
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    t_: int
    n_iter_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    n_features_in_: int
    feature_names_in_: NDArray[Any]


class TabularAttributes:
    """Parameters and attributes common to TabularMLPClassifier and TabularMLPRegressor."""

    preset: Literal["fast", "best"]
    hidden_layer_sizes: Sizes
    activation: str | Activation
    parametric_activation: bool | Literal["auto"]
    numeric_embedding: Literal["auto", "pbld", "piecewise_linear"] | None
    categorical_features: str | Sequence[Any] | NDArray[Any] | None
    max_one_hot: int | Literal["auto"] | None
    embedding_size: int
    dropout: float | Literal["auto"]
    weight_decay: float | Literal["auto"]
    regularization_schedule: LearningRate
    learning_rate_init: float | Literal["auto"]
    learning_rate: LearningRate
    weight_init: Literal["auto", "data_driven", "normal"]
    batch_size: int
    max_iter: int
    early_stopping: bool
    beta_1: float
    beta_2: float
    epsilon: float
    validation_fraction: float
    scoring: Scoring
    n_members: int
    random_state: RandomState
    verbose: bool | int
    warn: bool

    history_: History | list[History]
    n_iter_: int
    best_validation_score_: float | None
    oof_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
