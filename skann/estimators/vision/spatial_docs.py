"""Descriptions of the parameters and attributes of networks for the places of objects and labels in images."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent, indent
from typing import TypeVar

from .docs import ATTRIBUTES as CONV_ATTRIBUTES
from .docs import PARAMETERS as CONV_PARAMETERS
from .docs import with_doc

Class = TypeVar("Class", bound=type)

_SHARED = "alpha", "device"
EXCLUDED = frozenset({"lbfgs", "mixup"})  # names of choices that these networks do not take

PARAMETERS = {
    **{name: CONV_PARAMETERS[name] for name in _SHARED},
    "activation": (
        "str or object of skann.activations, default='relu'",
        """
        Activation function of the convolutions{and_of}. An object carries parameters of its own, as in
        ``LeakyReLU(slope=0.2)``, which a grid search reaches as ``activation__slope``.
        """,
    ),
    "learning_rate": (
        "str, object of skann.schedules, or callable, default='one_cycle'",
        """
        Learning rate schedule for weight updates: a name, an object with parameters of its own such as
        ``OneCycle(warmup=2)``, or a function that maps the completed fraction of training (from 0 to 1, of max_iter
        epochs) to a factor.
        """,
    ),
    "learning_rate_init": (
        "float in (0, inf), default=0.004",
        """
        The learning rate, which schedules multiply by their factors: the largest one of 'one_cycle'.
        """,
    ),
    "shuffle": ("bool, default=True", "Whether to shuffle the images in each epoch."),
    "tol": (
        "float in [0, inf), default=1e-4",
        """
        The minimum improvement of the loss (with early_stopping, of the validation score) over its best value for an
        epoch to count as an improvement.
        """,
    ),
    "verbose": ("bool or int, default=False", "Whether to print the loss after each epoch."),
    "early_stopping": (
        "bool, default=False",
        """
        Whether to set aside ``validation_fraction`` of the images, to stop training when the {score} on them no longer
        improves, and to keep the best weights. There are at least two of them. A validation set passed to fit as
        ``X_val`` and ``y_val`` takes their place.
        """,
    ),
    "n_iter_no_change": (
        "int in [1, inf) or inf, default=10",
        "Maximum number of consecutive epochs without improvement before training stops.",
    ),
    "max_norm": (
        "float in (0, inf) or None, default=None",
        """
        Maximum Euclidean norm of the weights of each filter; after each step, larger ones are scaled down to it [2]_.
        """,
    ),
    "image_size": (
        "(int, int) or None, default=None",
        """
        Height and width to which all images are resized, with their proportions preserved and zeros below or to the
        right. The images may then have different sizes; predictions refer to the original ones. None takes images of
        one size as they are.
        """,
    ),
    "augment": (
        "str, object of skann.augmentations, callable, list of these or None, default='flip'",
        """
        Random changes of the images in each training batch, in the given order, which move the target with the pixels:
        names, objects such as ``Shift(fraction=0.2)``, or functions ``f(X, y, rng)`` that return X of shape (n, height,
        width, channels) and y, {augmented}. Mixup is not possible. Prediction and validation are not affected.
        """,
    ),
    "normalization": (
        "str, object of skann.layers or None, default='batch'",
        """
        Normalization layer between the weighted sum and the activation of each convolution. 'batch' normalises each
        channel over the positions of all images in a batch.
        """,
    ),
    "solver": (
        "str or object of skann.solvers, default='adamw'",
        """
        The stochastic solver for weight optimization. A solver given by name takes its parameters from those of the
        estimator, such as ``beta_1``. An object carries its own, as in ``AdamW(beta_1=0.95)``, which a grid search
        reaches as ``solver__beta_1``; the estimator's parameters of the same names must then be left at their defaults.
        """,
    ),
    "batch_size": (
        "int in [1, inf) or 'auto', default='auto'",
        """
        Number of images in a mini-batch; the last one of an epoch may be smaller. 'auto' is 8 or, if the last one would
        have less than half as many images, a number down to 4.
        """,
    ),
    "max_iter": (
        "int in [1, inf), default={max_iter}",
        """
        Maximum number of epochs (passes over the training set), over which the schedule extends.
        """,
    ),
    "random_state": (
        "int, RandomState instance or None, default=None",
        """
        Determines random number generation for the initial weights, the validation split, the order of the images and
        the augmentation. Pass an int for reproducible results across multiple calls.
        """,
    ),
    "scoring": (
        "str, callable or None, default=None",
        """
        Score of the validation set: None is that of ``score``, 'loss' the negative loss; or a scorer f(estimator, X,
        y), which is given images and targets resized to ``image_size``.
        """,
    ),
    "dtype": (
        "{'auto', 'float32', 'float64'}, default='auto'",
        """
        Precision of the weights, of training and of predictions. 'auto' is float32.
        """,
    ),
    "warn": (
        "bool, default=True",
        """
        Whether fit issues a skann.exceptions.TrainingWarning about convolutions of at least 10 filters of which more
        than half are dead at the end of training.
        """,
    ),
}

ATTRIBUTES = {
    **CONV_ATTRIBUTES,
    "coefs_": (
        "list of ndarray",
        """
        Weights of the convolutions, of shape (rows, columns, channels, filters), in order. They are views: changing an
        element changes the model.
        """,
    ),
    "intercepts_": ("list of ndarray", "Biases of the convolutions, of shape (filters,). They are views, too."),
    "loss_": ("float", "The objective in the last epoch, regularization terms included."),
    "best_loss_": ("float or None", "The minimum of ``loss_curve_``; None with early_stopping."),
    "loss_curve_": ("list of float", "The objective in each epoch of ``history_``."),
    "history_": (
        "dict of str to list",
        """
        The course of training, with one entry per epoch over all warm-started fits. The lists have equal lengths and
        are extended by later calls. They are epoch, loss, validation_loss and validation_score (None without a
        validation set), learning_rate (of the last step), seconds, gradient_norm (per layer of convolutions, the norm
        of the gradient of the loss with respect to its weights in the last step), dead_units (per layer, the fraction
        of filters whose output or slope is zero at each position of a few training images){parts}.
        """,
    ),
    "validation_scores_": (
        "list of float or None",
        "The {score} on the validation set after each epoch; None without early_stopping.",
    ),
    "best_validation_score_": ("float or None", "The maximum of ``validation_scores_``."),
    "t_": ("int", "Number of training images seen, over all warm-started fits."),
    "n_iter_": ("int", "Number of epochs of the last fit."),
    "n_features_in_": ("int", "Number of values in an image as the network sees it."),
    "feature_names_in_": None,
    "image_shape_": ("tuple of three int", "Height, width and number of channels of the images that the network sees."),
}


def describe_target(target: str, text: str) -> Callable[[Class], Class]:
    """Return a class decorator that fills the kind and the description of y in the docstring of ``fit``."""

    def decorate(cls: Class) -> Class:
        if not cls.fit.__doc__:  # python -OO removes docstrings
            return cls
        described = indent(dedent(text).strip(), " " * 12).strip()
        doc = cls.fit.__doc__.replace("{target}", target).replace("{target_text}", described)
        cls.fit = with_doc(cls.fit, doc)
        return cls

    return decorate
