"""Multi-layer perceptron regressor."""

from __future__ import annotations

from typing import Literal

from ..engine.losses import REGRESSION, Loss
from .annotations import (
    Activations,
    Device,
    LearningRate,
    NormalizationChoice,
    Precision,
    RandomState,
    Rates,
    Scoring,
    Sizes,
    SolverChoice,
    WeightInit,
)
from .conversion import SklearnConversion
from .docs import fill_docstring
from .regression import Regression


@fill_docstring(tasks=REGRESSION, default="squared_error", score="R2")
class MLPRegressor(SklearnConversion, Regression):
    """Multi-layer perceptron regressor.

    A drop-in replacement for ``sklearn.neural_network.MLPRegressor`` with the same parameters, attributes, methods
    and random draws, which adds activations, losses, dropout and control of the precision. A single network predicts
    one or several outputs.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MLPClassifier : Multi-layer perceptron classifier.
    sklearn.neural_network.MLPRegressor : The estimator that this class replaces.

    Notes
    -----
    Sample weights and ``alpha`` have the same meaning at every batch size. This is the only deliberate deviation from
    scikit-learn, where the effective ``alpha`` is multiplied by n_samples / batch_size.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.model_selection import train_test_split
    >>> from skann import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
    >>> reg = MLPRegressor(random_state=1, max_iter=2000, tol=0.1).fit(X_train, y_train)
    >>> reg.predict(X_test[:2]).shape
    (2,)
    >>> reg.score(X_test, y_test) > 0.9
    True
    """

    _counterpart = "MLPRegressor"

    def __init__(
        self,
        loss: str | Loss = "squared_error",
        hidden_layer_sizes: Sizes = (100,),
        activation: Activations = "relu",
        *,
        solver: SolverChoice = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: LearningRate = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: Rates = 0.0,
        weight_init: WeightInit = "auto",
        dtype: Precision = "auto",
        device: Device = "cpu",
        scoring: Scoring = None,
        l1: float = 0.0,
        normalization: NormalizationChoice = None,
        noise: float = 0.0,
        averaging: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        target_transform: Literal["standard"] | None = None,
        warn: bool = True,
    ):
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.weight_init = weight_init
        self.dtype = dtype
        self.device = device
        self.scoring = scoring
        self.l1 = l1
        self.normalization = normalization
        self.noise = noise
        self.averaging = averaging
        self.clip_norm = clip_norm
        self.max_norm = max_norm
        self.target_transform = target_transform
        self.warn = warn
