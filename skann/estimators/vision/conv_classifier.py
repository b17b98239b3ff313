"""Convolutional classifier."""

from __future__ import annotations

from typing import Literal

from ...engine.activations import Activation
from ...engine.losses import CLASSIFICATION, Loss
from ..annotations import (
    Augmentation,
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
from ..classification import Classification
from ..docs import fill_docstring
from .base import CONSTRAINTS, ConvNetwork
from .docs import ATTRIBUTES, PARAMETERS, REFERENCE, describe_images


@describe_images
@fill_docstring(
    tasks=CLASSIFICATION,
    parameters=PARAMETERS,
    attributes=ATTRIBUTES,
    default="log_loss",
    score="accuracy",
    reference=REFERENCE,
)
class ConvClassifier(ConvNetwork, Classification):
    """Convolutional network for the classification of images and signals.

    Stages of convolutions and max pooling are followed by dense hidden layers and a softmax, or a logistic function for
    binary and multilabel targets. The channels of the input are standardised.

    X is an array of images, of shape (n_samples, height, width) or (n_samples, height, width, channels) and of any real
    dtype, wherever a method takes X; uint8 values are divided by 255. The rows of a matrix are signals or, with
    ``image_shape``, images. X may also be a source of ``skann.datasets``, such as ``ImageLoader`` returns, or a tensor
    of another library that speaks DLPack.

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
    ConvRegressor : Convolutional network for regression.
    MLPClassifier : Multi-layer perceptron for features without order.

    References
    ----------
    {references}
    {reference}

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from skann import ConvClassifier
    >>> digits = load_digits()
    >>> X_train, X_test, y_train, y_test = train_test_split(digits.images, digits.target, random_state=0)
    >>> X_train.shape
    (1347, 8, 8)
    >>> clf = ConvClassifier(filters=(16, 32), max_iter=5, random_state=0).fit(X_train, y_train)
    >>> clf.score(X_test, y_test) > 0.95
    True
    """

    _parameter_constraints: dict = {
        **CONSTRAINTS,
        **{name: Classification._parameter_constraints[name] for name in ("loss", "class_weight", "label_smoothing")},
    }

    def __init__(
        self,
        filters: Sizes = (32, 64),
        hidden_layer_sizes: Sizes = (128,),
        *,
        kernel_size: int | tuple[int, int] = 3,
        pool_size: int | tuple[int, int] = 2,
        blocks_per_stage: int = 1,
        residual: bool = False,
        activation: str | Activation = "relu",
        normalization: NormalizationChoice = "batch",
        dropout: Rates = 0.0,
        augment: Augmentation = None,
        image_shape: tuple[int, ...] | None = None,
        solver: SolverChoice = "adamw",
        alpha: float = 0.01,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: LearningRate = "one_cycle",
        learning_rate_init: float = 0.003,
        power_t: float = 0.5,
        max_iter: int = 20,
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
        weight_init: WeightInit = "auto",
        dtype: Precision = "auto",
        device: Device = "cpu",
        class_weight: ClassWeight = None,
        label_smoothing: float = 0.0,
        scoring: Scoring = None,
        l1: float = 0.0,
        averaging: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        warn: bool = True,
    ):
        self.filters = filters
        self.hidden_layer_sizes = hidden_layer_sizes
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.blocks_per_stage = blocks_per_stage
        self.residual = residual
        self.activation = activation
        self.normalization = normalization
        self.dropout = dropout
        self.augment = augment
        self.image_shape = image_shape
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
        self.weight_init = weight_init
        self.dtype = dtype
        self.device = device
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.scoring = scoring
        self.l1 = l1
        self.averaging = averaging
        self.clip_norm = clip_norm
        self.max_norm = max_norm
        self.warn = warn
