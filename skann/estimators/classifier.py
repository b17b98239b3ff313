"""Multi-layer perceptron classifier."""

from __future__ import annotations

from typing import Literal

from ..engine.losses import CLASSIFICATION, Loss
from .annotations import (
    Activations,
    ClassWeight,
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
from .classification import Classification
from .conversion import SklearnConversion
from .docs import fill_docstring


@fill_docstring(tasks=CLASSIFICATION, default="log_loss", score="accuracy")
class MLPClassifier(SklearnConversion, Classification):
    """Multi-layer perceptron classifier.

    A drop-in replacement for ``sklearn.neural_network.MLPClassifier`` with the same parameters, attributes, methods
    and random draws, which adds activations, losses, dropout and control of the precision. The output activation is
    softmax for multiclass targets and logistic for binary and multilabel targets. A target with several columns of
    classes has one block of outputs per column on shared hidden layers, and the losses of the columns are summed.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of them
        Class labels, sorted; for a target with several columns of classes, a list of the labels of each column. For a
        multilabel target, the column numbers from 0.
    {attributes}

    See Also
    --------
    MLPRegressor : Multi-layer perceptron regressor.
    sklearn.neural_network.MLPClassifier : The estimator that this class replaces.

    Notes
    -----
    Sample weights and ``alpha`` have the same meaning at every batch size. This is the only deliberate deviation from
    scikit-learn, where the effective ``alpha`` is multiplied by n_samples / batch_size.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> from skann import MLPClassifier
    >>> from skann.activations import Maxout
    >>> X, y = make_classification(n_samples=200, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=1)
    >>> clf = MLPClassifier(activation=Maxout(3), dropout=0.2, max_iter=300, random_state=1).fit(X_train, y_train)
    >>> clf.predict(X_test).shape
    (50,)
    >>> clf.score(X_test, y_test) > 0.8
    True
    """

    _counterpart = "MLPClassifier"

    def __init__(
        self,
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
        loss: str | Loss = "log_loss",
        dropout: Rates = 0.0,
        softmax_beta: float = 1.0,
        weight_init: WeightInit = "auto",
        dtype: Precision = "auto",
        device: Device = "cpu",
        class_weight: ClassWeight = None,
        label_smoothing: float = 0.0,
        scoring: Scoring = None,
        l1: float = 0.0,
        normalization: NormalizationChoice = None,
        noise: float = 0.0,
        averaging: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        warn: bool = True,
    ):
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
        self.loss = loss
        self.dropout = dropout
        self.softmax_beta = softmax_beta
        self.weight_init = weight_init
        self.dtype = dtype
        self.device = device
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.scoring = scoring
        self.l1 = l1
        self.normalization = normalization
        self.noise = noise
        self.averaging = averaging
        self.clip_norm = clip_norm
        self.max_norm = max_norm
        self.warn = warn
