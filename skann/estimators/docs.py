"""Docstrings of the estimators: one description per parameter, with the choices listed from the registries."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from textwrap import dedent, indent
from types import MappingProxyType
from typing import TypeVar

from ..engine.activations import ACTIVATIONS
from ..engine.data.augmentation import AUGMENTATIONS
from ..engine.initializers import INITIALIZERS
from ..engine.losses import LOSSES
from ..engine.normalizations import NORMALIZATIONS
from ..engine.optimizers import SOLVERS
from ..engine.registry import Registry
from ..engine.schedules import SCHEDULES

Class = TypeVar("Class")


def _list_classes(registry: Registry, accepts: Callable[[type], bool] = lambda cls: True) -> str:
    """Return a bullet list of the registered classes: their names and the first lines of their docstrings."""
    bullets = []
    for cls in filter(accepts, registry.classes()):
        names = ", ".join(f"'{name}'" for name in registry.names() if registry[name] is cls)
        bullets.append(f"- {names}: {str(inspect.getdoc(cls)).splitlines()[0]}")
    return "\n".join(bullets)


def entry(name: str, kind: str, text: str, bullets: str = "") -> str:
    """Return one entry of a numpydoc section."""
    body = dedent(text).strip() + (f"\n\n{bullets}" if bullets else "")
    return f"{name} : {kind}\n{indent(body, '    ')}"


_PARAMETERS = {
    "hidden_layer_sizes": (
        "int or array-like of shape (n_hidden,), default=(100,)",
        """
        Number of units in each hidden layer. A single int means one hidden layer; ``()`` means none, a linear model.
        """,
    ),
    "activation": (
        "str, object of skann.activations, or list of these, default='relu'",
        """
        Activation function of the hidden layers: a single one for all of them, or a list with one per hidden layer. An
        object carries parameters of its own, as in ``LeakyReLU(slope=0.2)`` or ``Maxout(pieces=3)``, which a grid
        search reaches as ``activation__slope``.
        """,
    ),
    "solver": (
        "str or object of skann.solvers, default='adam'",
        """
        The solver for weight optimization. 'lbfgs' uses the whole training set at each iteration; the others are
        stochastic and take one step per mini-batch. A solver given by name takes its parameters from those of the
        estimator, such as ``beta_1``. An object carries its own, as in ``Adam(beta_1=0.95)``, which a grid search
        reaches as ``solver__beta_1``; the estimator's parameters of the same names must then be left at their defaults.
        """,
    ),
    "alpha": (
        "float in [0, inf), default=0.0001",
        """
        Strength of the L2 regularization term. The objective is (sum_i w_i loss_i + alpha / 2 ||W||^2) / sum_i w_i
        over the training set, at every batch size. (In scikit-learn the effective strength is
        alpha * n_samples / batch_size.) Biases are not penalised.
        """,
    ),
    "batch_size": (
        "int in [1, inf) or 'auto', default='auto'",
        """
        Size of the mini-batches; the last one of an epoch may be smaller. 'auto' means min(200, n_samples). Only used
        by stochastic solvers.
        """,
    ),
    "learning_rate": (
        "str, object of skann.schedules, or callable, default='constant'",
        """
        Learning rate schedule for weight updates: a name, an object with parameters of its own such as
        ``Cosine(final=0.01, restarts=3)`` or ``OneCycle(warmup=5)``, or a function that maps the completed fraction of
        training (from 0 to 1, of max_iter epochs) to a factor. 'invscaling' and 'adaptive' only take effect with
        solver='sgd'.
        """,
    ),
    "learning_rate_init": (
        "float in (0, inf), default=0.001",
        """
        The initial learning rate. It controls the step size in updating the weights. Only used by stochastic solvers.
        """,
    ),
    "power_t": (
        "float in [0, 16], default=0.5",
        """
        The exponent of the inverse scaling learning rate. Only used when learning_rate='invscaling'.
        """,
    ),
    "max_iter": (
        "int in [1, inf), default=200",
        """
        Maximum number of epochs (passes over the training set) of a stochastic solver, or of iterations of lbfgs.
        """,
    ),
    "shuffle": (
        "bool, default=True",
        """
        Whether to shuffle the samples in each epoch. Only used by stochastic solvers.
        """,
    ),
    "random_state": (
        "int, RandomState instance or None, default=None",
        """
        Determines random number generation for the initial weights, the validation split, the order of the samples and
        the dropout masks. Pass an int for reproducible results across multiple calls; the draws are those that
        scikit-learn makes with the same int.
        """,
    ),
    "tol": (
        "float in [0, inf), default=1e-4",
        """
        Tolerance for the optimization: the minimum improvement of the loss (with early_stopping, of the validation
        score) over its best value for an epoch to count as an improvement. For lbfgs, training stops once no element
        of the gradient is larger than this in magnitude.
        """,
    ),
    "verbose": (
        "bool or int, default=False",
        """
        Whether to print the loss after each epoch or iteration.
        """,
    ),
    "warm_start": (
        "bool, default=False",
        """
        Whether to reuse the solution of the previous call to fit as initialization.
        """,
    ),
    "momentum": (
        "float in [0, 1], default=0.9",
        """
        Momentum for gradient descent updates. Only used when solver='sgd'.
        """,
    ),
    "nesterovs_momentum": (
        "bool, default=True",
        """
        Whether to use Nesterov's momentum. Only used when solver='sgd'.
        """,
    ),
    "early_stopping": (
        "bool, default=False",
        """
        Whether to set aside ``validation_fraction`` of the training data, to stop training when the score on it
        (accuracy or R2) no longer improves, and to keep the best weights. The validation set holds at least two
        samples. It is stratified, except for multilabel targets and where a class is too small. A validation set passed
        to fit as ``X_val`` and ``y_val`` takes its place.
        """,
    ),
    "validation_fraction": (
        "float in (0, 1), default=0.1",
        """
        The proportion of training data to set aside as validation set. Only used if early_stopping=True.
        """,
    ),
    "beta_1": (
        "float in [0, 1), default=0.9",
        """
        Exponential decay rate per step for estimates of the first moment vector. Only used by 'adam', 'adamw' and
        'nadam'.
        """,
    ),
    "beta_2": (
        "float in [0, 1), default=0.999",
        """
        Exponential decay rate per step for estimates of the second moment vector. Only used by 'adam', 'adamw' and
        'nadam'.
        """,
    ),
    "epsilon": (
        "float in (0, inf), default=1e-8",
        """
        Value for numerical stability, added to the denominator of the step. Values below 1.1e-19 in float32 and
        1.5e-154 in float64, whose squares are the smallest normal numbers, are raised to these. Not used by 'sgd' and
        'lbfgs'.
        """,
    ),
    "n_iter_no_change": (
        "int in [1, inf) or inf, default=10",
        """
        Maximum number of consecutive epochs without improvement before training stops. Only used by stochastic solvers.
        """,
    ),
    "max_fun": (
        "int in [1, inf), default=15000",
        """
        Maximum number of evaluations of the objective. Only used when solver='lbfgs'.
        """,
    ),
    "loss": (
        "str or object of skann.losses, default='{default}'",
        """
        The loss function to use when training the weights, summed over the outputs of each sample.
        """,
    ),
    "dropout": (
        "float in [0, 1) or sequence of length n_hidden + 1, default=0.0",
        """
        Dropout probability. During training, each input of a layer is set to zero with this probability and divided by
        1 - dropout otherwise. (The p of the paper [2]_ is the probability of keeping.) A single number applies to all
        hidden layers; a sequence gives (input, hidden 1, ..., hidden L). Not supported by solver='lbfgs'.
        """,
    ),
    "softmax_beta": (
        "float other than 0 in [-1e6, 1e6], default=1.0",
        """
        Inverse temperature beta of the output activation: p_i = exp(beta z_i) / sum_j exp(beta z_j) for the raw outputs
        z; for binary and multilabel targets p = 1 / (1 + exp(-beta z)). Negative values are allowed.
        """,
    ),
    "weight_init": (
        "str or object of skann.initializers, default='auto'",
        """
        Initialization of the weights. 'auto' is scikit-learn's own (uniform Glorot, for the biases, too) for its four
        activations 'identity', 'logistic', 'tanh' and 'relu' [1]_; He's for the other rectifiers, Glorot's for the
        other saturating activations and LeCun's for 'selu'. A name, or an object such as ``He()`` or
        ``Normal(scale=0.1)``, also applies to the output layer. With a name, biases are initialised to zero:
        """,
    ),
    "dtype": (
        "{'auto', 'float32', 'float64'}, default='auto'",
        """
        Precision of the weights and of training. 'auto' is float32 if the X of the first fit is float32 or has at least
        1,000 samples, else float64. Predictions are float32 if X and the weights are; a prediction then depends on the
        other samples in X, within rounding. Otherwise, and always with 'float64', predictions are float64 and
        independent of the other samples to 1e-12.
        """,
    ),
    "device": (
        "{'cpu', 'cuda', 'auto'}, default='cpu'",
        """
        Device used for training. 'cuda' is an NVIDIA GPU, through CuPy (the extra ``cuda``); 'auto' is a GPU if one is
        available, else the CPU. L-BFGS only runs on the CPU: 'auto' selects it, 'cuda' raises an error. Results equal
        the CPU's up to rounding, except that dropout and noise use different random numbers. A fitted model holds NumPy
        arrays and needs no GPU: more than 1,024 samples are predicted on a GPU if one is available, fewer on the CPU.
        A sparse X is converted to dense rows as they are transferred.
        """,
    ),
    "class_weight": (
        "dict, list of dict, 'balanced' or None, default=None",
        """
        Weights of the classes, which are multiplied with ``sample_weight``: a dict of class to weight >= 0 (classes not
        in it have weight 1), 'balanced' for n_samples / (n_classes * count), or for a multilabel target a list of
        dicts, one per column.
        """,
    ),
    "label_smoothing": (
        "float in [0, 1), default=0.0",
        """
        Proportion s of the target that is spread evenly over the K classes: y becomes (1 - s) y + s / K. Only for
        loss='log_loss' [4]_.
        """,
    ),
    "scoring": (
        "str, callable or None, default=None",
        """
        Scoring method of the validation set: None for {score}, 'loss' for the negative loss, the name of a scorer, or a
        callable ``scorer(estimator, X, y)``, which also receives ``sample_weight`` if there are weights and it accepts
        them. A validation set of more than 4 MB that was split off an array is passed as an object that
        ``numpy.asarray`` copies.
        """,
    ),
    "target_transform": (
        "'standard' or None, default=None",
        """
        'standard' trains on the target minus its weighted mean, divided by its weighted standard deviation, per column;
        predictions are in the units of y. Losses and penalties then refer to the standardised target. y may have any
        magnitude that float64 can represent: neither training nor ``score`` overflows. Not supported by losses that
        require positive targets.
        """,
    ),
    "l1": (
        "float in [0, inf), default=0.0",
        """
        Strength of the L1 regularization term ``l1 * |W|``, which is added to the L2 term in the objective; its
        derivative at 0 is 0.
        """,
    ),
    "normalization": (
        "str, object of skann.layers or None, default=None",
        """
        Normalization layer between the weighted sum and the activation of each hidden layer: a name, or an object such
        as ``BatchNorm(momentum=0.2)``, whose parameters a grid search reaches as ``normalization__momentum``. 'batch'
        is not supported by solver='lbfgs'.
        """,
    ),
    "noise": (
        "float in [0, inf), default=0.0",
        """
        Standard deviation, in units of X, of the Gaussian noise added to the inputs during training. Not supported by
        solver='lbfgs'.
        """,
    ),
    "averaging": (
        "float in [0, 1), default=0.0",
        """
        Decay rate of an exponential moving average of the weights, mean = averaging * mean + (1 - averaging) * theta
        after each step, with bias correction. Predictions use the average [5]_. Typical values are 0.95 and 0.99.
        """,
    ),
    "clip_norm": (
        "float in (0, inf) or None, default=None",
        """
        Maximum Euclidean norm of the gradient with respect to all parameters; larger gradients are scaled down to it
        [6]_.
        """,
    ),
    "max_norm": (
        "float in (0, inf) or None, default=None",
        """
        Maximum Euclidean norm of the incoming weights of each unit; after each step, larger ones are scaled down to it.
        3 or 4 combine well with dropout [2]_.
        """,
    ),
    "warn": (
        "bool, default=True",
        """
        Whether fit issues a skann.exceptions.TrainingWarning about

        - features on scales that impair training: typical values of a column above 1,000, or above 100 and 1,000 times
          those of another column, or of all columns below 0.01;
        - an ``X_val`` of at least 20 samples that appears untransformed: in most non-constant columns, its median
          differs from that of X by more than 5 interquartile ranges, or the interquartile ranges differ by more than a
          factor of 5;
        - a class with less than 10 % of the samples and less than half of 1 / n_classes, if early_stopping=True,
          scoring=None and there are no weights;
        - hidden layers of at least 10 units of which more than half are dead at the end of training (not with
          solver='lbfgs').
        """,
    ),
}

_ATTRIBUTES = {
    "coefs_": (
        "list of ndarray of shape (n_layers - 1,)",
        """
        Weight matrices of the layers, of shape (fan_in, units), or (fan_in, pieces, units) for maxout. They are views:
        changing or assigning an element changes the model. Assigning a list of other shapes, or a list before fit,
        defines a new network together with ``intercepts_``.
        """,
    ),
    "intercepts_": (
        "list of ndarray of shape (n_layers - 1,)",
        """
        Bias vectors of the layers, of shape (units,), or (pieces, units) for maxout. They are views, too.
        """,
    ),
    "parameters_": (
        "dict of str to ndarray",
        """
        Learned parameters other than weights and biases, such as the slopes of PReLU. They are views, too.
        """,
    ),
    "loss_": (
        "float",
        "The objective in the last epoch or, with lbfgs, at the solution, regularization terms included.",
    ),
    "best_loss_": (
        "float or None",
        "The minimum of ``loss_curve_``; None with early_stopping. Not available with lbfgs.",
    ),
    "loss_curve_": (
        "list of float",
        """
        The objective in each epoch of ``history_``. Not available with lbfgs.
        """,
    ),
    "history_": (
        "dict of str to list",
        """
        The course of training, with one entry per epoch over all partial_fit calls and warm-started fits: the last
        10,000 epochs, or all of the last fit if there are more. The lists have equal lengths and are extended by later
        calls. They are epoch, loss, validation_loss (without penalties) and validation_score (None without a validation
        set), learning_rate (of the last step), seconds, gradient_norm (per hidden layer, the norm of the gradient of
        the loss with respect to its weights in the last step) and dead_units (per hidden layer, the fraction of units
        whose output or slope is zero for each of 32 training samples). Not available with lbfgs.
        """,
    ),
    "validation_scores_": (
        "list of float or None",
        "The {score} on the validation set after each epoch; None without early_stopping. Not available with lbfgs.",
    ),
    "best_validation_score_": ("float or None", "The maximum of ``validation_scores_``. Not available with lbfgs."),
    "t_": (
        "int",
        "Number of training samples seen by a stochastic solver, over all partial_fit calls and warm-started fits.",
    ),
    "n_iter_": ("int", "Number of epochs of the last fit and later partial_fit calls, or of iterations of lbfgs."),
    "n_layers_": ("int", "Number of layers, including the input and output layers."),
    "n_outputs_": ("int", "Number of outputs of the network."),
    "out_activation_": ("str", "Name of the output activation function; another one may be assigned for predictions."),
    "n_features_in_": ("int", "Number of features seen during fit."),
    "feature_names_in_": (
        "ndarray of shape (n_features,)",
        "Names of features seen during fit. Defined only if all of them are strings.",
    ),
}

REFERENCES = """\
.. [1] Glorot & Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".
.. [2] Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15.
.. [3] Kingma & Ba, 2015, "Adam: a method for stochastic optimization", arXiv:1412.6980.
.. [4] Szegedy et al., 2016, "Rethinking the inception architecture", arXiv:1512.00567.
.. [5] Polyak & Juditsky, 1992, "Acceleration of stochastic approximation by averaging".
.. [6] Pascanu et al., 2013, "On the difficulty of training recurrent neural networks", arXiv:1211.5063."""


def fill_docstring(
    *,
    tasks: frozenset[str],
    parameters: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    attributes: Mapping[str, tuple[str, str] | None] = MappingProxyType({}),
    excluded: frozenset[str] = frozenset(),
    **words: str,
) -> Callable[[type[Class]], type[Class]]:
    """Return a class decorator that fills ``{parameters}``, ``{attributes}`` and ``{references}`` in the docstring.

    Parameters
    ----------
    tasks : frozenset of str
        Tasks of the estimator: only losses that apply to one of them are listed.
    parameters, attributes : dict of str to (type, description)
        Descriptions that replace or extend those of the multi-layer perceptrons; None omits an attribute.
    excluded : frozenset of str
        Names of choices that the estimator does not take.
    **words : str
        Values of the placeholders in the descriptions.
    """
    bullets = {
        "activation": _list_classes(ACTIVATIONS),
        "solver": _list_classes(SOLVERS, lambda cls: cls.name not in excluded),
        "learning_rate": _list_classes(SCHEDULES),
        "loss": _list_classes(LOSSES, lambda cls: bool(cls.tasks & tasks)),
        "weight_init": _list_classes(INITIALIZERS),
        "normalization": _list_classes(NORMALIZATIONS),
        "augment": _list_classes(AUGMENTATIONS, lambda cls: cls.name not in excluded),
    }

    def decorate(cls: type[Class]) -> type[Class]:
        names = [name for name in inspect.signature(cls).parameters if name != "self"]
        described = {**_PARAMETERS, **parameters}
        sections = {
            "parameters": [entry(name, *described[name], bullets.get(name, "")) for name in names],
            "attributes": [entry(name, *text) for name, text in {**_ATTRIBUTES, **attributes}.items() if text],
        }
        text = inspect.cleandoc(cls.__doc__ or "")
        for name, entries in sections.items():
            text = text.replace(f"{{{name}}}", "\n".join(entries))
        text = text.replace("{references}", REFERENCES)
        for word, value in words.items():
            text = text.replace(f"{{{word}}}", value)
        cls.__doc__ = text
        return cls

    return decorate if __doc__ else lambda cls: cls  # python -OO removes docstrings
