"""Docstrings of the estimators: each parameter is described once, and what the registries hold is listed from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from textwrap import dedent, indent
from typing import TypeVar

from ..engine.activations import ACTIVATIONS
from ..engine.initializers import INITIALIZERS
from ..engine.losses import LOSSES
from ..engine.normalizations import NORMALIZATIONS
from ..engine.optimizers import SOLVERS
from ..engine.registry import Registry
from ..engine.schedules import SCHEDULES

Class = TypeVar("Class")


def _listed(registry: Registry, accepts: Callable[[type], bool] = lambda cls: True) -> str:
    """Return a bullet for each registered class: its names and the first line of its docstring."""
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
        Units of each hidden layer. A single int is one layer; ``()`` is none, a linear model.
        """,
    ),
    "activation": (
        "str, object of skann.activations, or list of these, default='relu'",
        """
        What hidden units make of their weighted input: one for all hidden layers, or a list with one for each. An
        object carries parameters of its own, as in ``LeakyReLU(slope=0.2)`` or ``Maxout(pieces=3)``, which a grid may
        search as ``activation__slope``.
        """,
    ),
    "solver": (
        "str or object of skann.solvers, default='adam'",
        """
        How the weights are found. 'lbfgs' steps on the whole training set; the others are stochastic, and take a step
        for each mini-batch. A name takes its parameters from those of the estimator, such as ``beta_1``. An object
        carries its own, as in ``Adam(beta_1=0.95)``, which a grid may search as ``solver__beta_1``; the estimator's of
        the same names must then be at their defaults.
        """,
    ),
    "alpha": (
        "float in [0, inf), default=0.0001",
        """
        Strength of the L2 penalty. The objective is (sum_i w_i loss_i + alpha / 2 ||W||^2) / sum_i w_i over the
        training set, at every batch size. (scikit-learn's is alpha * n_samples / batch_size in effect.)
        Biases are not penalised.
        """,
    ),
    "batch_size": (
        "int in [1, inf) or 'auto', default='auto'",
        """
        Rows of a mini-batch; the last one of an epoch may be shorter. 'auto' is min(200, n_samples). Only used by
        stochastic solvers.
        """,
    ),
    "learning_rate": (
        "str, object of skann.schedules, or callable, default='constant'",
        """
        How the learning rate changes while training: a name, an object with parameters of its own such as
        ``Cosine(final=0.01, restarts=3)`` or ``OneCycle(warmup=5)``, or a function of the fraction of training done
        (0 to 1, of max_iter epochs) that returns a factor. 'invscaling' and 'adaptive' act for solver='sgd' only.
        """,
    ),
    "learning_rate_init": (
        "float in (0, inf), default=0.001",
        """
        The initial learning rate, the size of a step. Only used by stochastic solvers.
        """,
    ),
    "power_t": (
        "float in [0, 16], default=0.5",
        """
        Exponent of learning_rate='invscaling'.
        """,
    ),
    "max_iter": (
        "int in [1, inf), default=200",
        """
        Most epochs (passes over the training set) of a stochastic solver, or iterations of lbfgs.
        """,
    ),
    "shuffle": (
        "bool, default=True",
        """
        Whether each epoch takes the rows in a new random order. Only used by stochastic solvers.
        """,
    ),
    "random_state": (
        "int, RandomState instance or None, default=None",
        """
        Source of the initial weights, the validation split, the order of rows and the dropout masks. An int gives the
        same fit each time; it gives the draws that scikit-learn makes, too.
        """,
    ),
    "tol": (
        "float in [0, inf), default=1e-4",
        """
        By how much the loss (or with early_stopping the validation score) must beat its best for an epoch to count as
        progress. For lbfgs, the largest element of the gradient at which to stop.
        """,
    ),
    "verbose": (
        "bool, default=False",
        """
        Whether to print the loss after each epoch or iteration.
        """,
    ),
    "warm_start": (
        "bool, default=False",
        """
        Whether fit starts from the weights of the last fit.
        """,
    ),
    "momentum": (
        "float in [0, 1], default=0.9",
        """
        Share of the last step that the next one repeats. Only used when solver='sgd'.
        """,
    ),
    "nesterovs_momentum": (
        "bool, default=True",
        """
        Whether momentum is Nesterov's. Only used when solver='sgd'.
        """,
    ),
    "early_stopping": (
        "bool, default=False",
        """
        Whether to set ``validation_fraction`` of the training rows aside, stop when the score on them (accuracy, or
        R2) no longer improves, and keep the best weights. The split holds two rows at least, and keeps the classes
        in proportion, except for multilabel targets and where a class is too small for that. A set of your own,
        given to fit as ``X_val`` and ``y_val``, takes its place.
        """,
    ),
    "validation_fraction": (
        "float in (0, 1), default=0.1",
        """
        Share of the training rows that validate. Only used with early_stopping=True.
        """,
    ),
    "beta_1": (
        "float in [0, 1), default=0.9",
        """
        Decay of the mean of the gradient, a step. Only used by 'adam', 'adamw' and 'nadam'.
        """,
    ),
    "beta_2": (
        "float in [0, 1), default=0.999",
        """
        Decay of the mean of the squared gradient, a step. Only used by 'adam', 'adamw' and 'nadam'.
        """,
    ),
    "epsilon": (
        "float in (0, inf), default=1e-8",
        """
        Added to the denominator of the step: at least 1.1e-19 in float32 and 1.5e-154 in float64, whose squares are the
        smallest normal numbers. Not used by 'sgd' and 'lbfgs'.
        """,
    ),
    "n_iter_no_change": (
        "int in [1, inf) or inf, default=10",
        """
        Epochs in a row without progress that are let pass before training stops. Only used by stochastic solvers.
        """,
    ),
    "max_fun": (
        "int in [1, inf), default=15000",
        """
        Most evaluations of the objective. Only used when solver='lbfgs'.
        """,
    ),
    "loss": (
        "str or object of skann.losses, default='{default}'",
        """
        What training makes small, summed over the outputs of a row.
        """,
    ),
    "dropout": (
        "float in [0, 1) or sequence of length n_hidden + 1, default=0.0",
        """
        Probability of dropping: while training, each input of a layer is set to zero with this probability and divided
        by 1 - dropout otherwise. (The p of the paper [2]_ is the probability of keeping.) One number is for all
        hidden layers; a sequence is (input, hidden 1, ..., hidden L). Not with solver='lbfgs'.
        """,
    ),
    "softmax_beta": (
        "float other than 0 in [-1e6, 1e6], default=1.0",
        """
        Inverse temperature beta of the output: p_i = exp(beta z_i) / sum_j exp(beta z_j) for the raw outputs z; for two
        classes and for multilabel targets p = 1 / (1 + exp(-beta z)). Negative values are allowed.
        """,
    ),
    "weight_init": (
        "str or object of skann.initializers, default='auto'",
        """
        How the initial weights are drawn. 'auto' is scikit-learn's own draw (uniform Glorot, biases too) for its four
        activations 'identity', 'logistic', 'tanh' and 'relu' [1]_; He's for the other rectifying ones, Glorot's for the
        other saturating ones and LeCun's for 'selu'. An object such as ``He()`` or
        ``Normal(scale=0.1)`` draws the weights of the output layer, too, as a name does. By name, biases start at zero:
        """,
    ),
    "dtype": (
        "{'auto', 'float32', 'float64'}, default='auto'",
        """
        Precision of weights and training. 'auto' is float32 where the X of the first fit is float32 or has at least
        1,000 rows, else float64. Predictions are float32 where X and the weights are, and then depend on the rows
        beside a row by rounding; otherwise, and always with 'float64', they are float64 and independent of those rows
        to 1e-12.
        """,
    ),
    "device": (
        "{'cpu', 'cuda', 'auto'}, default='cpu'",
        """
        Where training runs. 'cuda' is an NVIDIA GPU, through CuPy (the extra ``cuda``); 'auto' is that where
        there is one, else the CPU. L-BFGS runs on the CPU alone: 'auto' takes that, 'cuda' is an error. Results
        are the CPU's up to rounding, except for dropout and noise, whose random numbers differ. A fitted model holds
        NumPy arrays and needs no GPU: more than 1,024 rows are predicted on it where it is, all else on the CPU. A
        sparse X is made dense, row by row, on its way there.
        """,
    ),
    "class_weight": (
        "dict, list of dict, 'balanced' or None, default=None",
        """
        Weights of the classes, multiplied into ``sample_weight``: a dict of class to weight >= 0 (others weigh 1),
        'balanced' for n_samples / (n_classes * count), or for a multilabel target a list of dicts, one for each
        column.
        """,
    ),
    "label_smoothing": (
        "float in [0, 1), default=0.0",
        """
        Share of the target that is spread evenly over the K classes: y becomes (1 - s) y + s / K. Only for
        loss='log_loss' [4]_.
        """,
    ),
    "scoring": (
        "str, callable or None, default=None",
        """
        What validation rows are scored by: None for {score}, 'loss' for minus the loss, or a scorer's name or a
        callable ``scorer(estimator, X, y)``, which is passed ``sample_weight`` too if there are weights and it takes
        them. Rows split off an array, if they are more than 4 MB, reach it as an object that ``numpy.asarray`` copies.
        """,
    ),
    "target_transform": (
        "'standard' or None, default=None",
        """
        'standard' trains on y less its weighted mean, divided by its weighted standard deviation, column by column;
        predictions come back in y's units. Losses and penalties are then of the standardised target. y may be of any
        size that float64 holds: neither this nor ``score`` overflows. Not with a loss of positive targets.
        """,
    ),
    "l1": (
        "float in [0, inf), default=0.0",
        """
        Strength of the penalty ``l1 * |W|``, which stands beside ``alpha``'s in the objective; its slope at 0 is 0.
        """,
    ),
    "normalization": (
        "str, object of skann.layers or None, default=None",
        """
        What is put between the weighted sum and the activation of each hidden layer: a name, or an object such as
        ``BatchNorm(momentum=0.2)``, whose parameters a grid may search as ``normalization__momentum``. Not 'batch' with
        solver='lbfgs'.
        """,
    ),
    "noise": (
        "float in [0, inf), default=0.0",
        """
        Standard deviation, in units of X, of Gaussian noise added to the inputs while training. Not with
        solver='lbfgs'.
        """,
    ),
    "averaging": (
        "float in [0, 1), default=0.0",
        """
        Share of the old in a moving average of the weights, mean = averaging * mean + (1 - averaging) * theta after
        each step, without the bias of its start. Predictions use the average [5]_. 0.95 or 0.99 are usual.
        """,
    ),
    "clip_norm": (
        "float in (0, inf) or None, default=None",
        """
        Gradients longer than this Euclidean norm, taken over all parameters, are scaled down to it [6]_.
        """,
    ),
    "max_norm": (
        "float in (0, inf) or None, default=None",
        """
        After each step, incoming weights of a unit longer than this Euclidean norm are scaled down to it; 3 or 4 go
        well with dropout [2]_.
        """,
    ),
    "warn": (
        "bool, default=True",
        """
        Whether fit warns, with a skann.exceptions.TrainingWarning, of features on scales that train badly (typical
        values of a column above 1,000, or above 100 and 1,000 times those of another column; or of all columns below
        0.01); of an ``X_val`` of 20 rows or more that looks untransformed (in most columns that vary, its median lies
        more than 5 interquartile ranges from that of X, or the interquartile ranges differ by more than a factor of
        5); with early_stopping=True, scoring=None and no weights, of a class with under 10 % of the rows and under half
        of 1 / n_classes; and of hidden layers of 10 units or more with over half of them dead at the end (not with
        solver='lbfgs').
        """,
    ),
}

_ATTRIBUTES = {
    "coefs_": (
        "list of ndarray of shape (n_layers - 1,)",
        """
        Weights of each layer, of shape (fan_in, units), or (fan_in, pieces, units) for maxout. They are views: to
        change or assign an element changes the model. A list of other shapes, or one assigned before fit, makes
        another network, together with ``intercepts_``.
        """,
    ),
    "intercepts_": (
        "list of ndarray of shape (n_layers - 1,)",
        """
        Biases of each layer, of shape (units,), or (pieces, units) for maxout; views, too.
        """,
    ),
    "parameters_": (
        "dict of str to ndarray",
        """
        Learned parameters that are neither weight nor bias, such as the slopes of PReLU; views, too.
        """,
    ),
    "loss_": ("float", "The objective after the last epoch, penalty included."),
    "best_loss_": ("float or None", "The least of ``loss_curve_``; None with early_stopping. Not with lbfgs."),
    "loss_curve_": (
        "list of float",
        """
        The objective over each epoch of ``history_``. Not with lbfgs.
        """,
    ),
    "history_": (
        "dict of str to list",
        """
        One entry per epoch, over all partial_fit calls and warm-started fits: the last 10,000, or all of the last fit
        if those are more. The lists have the same length, and later calls add to them: epoch, loss, validation_loss
        (without penalties) and validation_score (None without a validation set), learning_rate (of the last step),
        seconds, gradient_norm (a list: for each hidden layer, that of the loss by the weights in the last step) and
        dead_units (a list: for each hidden layer, the fraction of units with zero output or zero slope on all of 32
        training rows). Not with lbfgs.
        """,
    ),
    "validation_scores_": (
        "list of float or None",
        "The {score} on the validation rows after each epoch; None without early_stopping. Not with lbfgs.",
    ),
    "best_validation_score_": ("float or None", "The largest of ``validation_scores_``. Not with lbfgs."),
    "t_": ("int", "Training rows seen by a stochastic solver in all calls that went on, repetitions included."),
    "n_iter_": ("int", "Epochs of the last fit and of the partial_fit calls since, or iterations of lbfgs."),
    "n_layers_": ("int", "Layers, input and output included."),
    "n_outputs_": ("int", "Raw outputs of the network."),
    "out_activation_": ("str", "Name of the output link; another one may be assigned for predictions."),
    "n_features_in_": ("int", "Features seen in fit."),
    "feature_names_in_": (
        "ndarray of shape (n_features,)",
        "Names of the features seen in fit, if they are all strings.",
    ),
}

REFERENCES = """\
.. [1] Glorot & Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".
.. [2] Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15.
.. [3] Kingma & Ba, 2015, "Adam: a method for stochastic optimization", arXiv:1412.6980.
.. [4] Szegedy et al., 2016, "Rethinking the inception architecture", arXiv:1512.00567.
.. [5] Polyak & Juditsky, 1992, "Acceleration of stochastic approximation by averaging".
.. [6] Pascanu et al., 2013, "On the difficulty of training recurrent neural networks", arXiv:1211.5063."""


def documented(*, tasks: frozenset[str], **words: str) -> Callable[[type[Class]], type[Class]]:
    """Return a class decorator that fills ``{parameters}``, ``{attributes}`` and ``{references}`` in the docstring.

    Parameters
    ----------
    tasks : frozenset of str
        Of the estimator: only losses that apply to one of them are listed.
    **words : str
        Fill the like-named blanks in descriptions.
    """
    bullets = {
        "activation": _listed(ACTIVATIONS),
        "solver": _listed(SOLVERS),
        "learning_rate": _listed(SCHEDULES),
        "loss": _listed(LOSSES, lambda cls: bool(cls.tasks & tasks)),
        "weight_init": _listed(INITIALIZERS),
        "normalization": _listed(NORMALIZATIONS),
    }

    def decorate(cls: type[Class]) -> type[Class]:
        names = [name for name in inspect.signature(cls).parameters if name != "self"]
        parameters = [entry(name, *_PARAMETERS[name], bullets.get(name, "")) for name in names]
        attributes = [entry(name, *text) for name, text in _ATTRIBUTES.items()]
        sections = {"parameters": parameters, "attributes": attributes}
        text = inspect.cleandoc(cls.__doc__ or "")
        for name, entries in sections.items():
            text = text.replace(f"{{{name}}}", "\n".join(entries))
        text = text.replace("{references}", REFERENCES)
        for word, value in words.items():
            text = text.replace(f"{{{word}}}", value)
        cls.__doc__ = text
        return cls

    return decorate if __doc__ else lambda cls: cls  # python -OO strips docstrings
