"""Descriptions of the parameters and attributes of networks for the places of objects and labels in images."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent, indent
from typing import TypeVar

from .docs import ATTRIBUTES as CONV_ATTRIBUTES
from .docs import PARAMETERS as CONV_PARAMETERS
from .docs import with_doc

Class = TypeVar("Class", bound=type)

_SHARED = "activation", "alpha", "learning_rate", "learning_rate_init", "max_norm", "device"

PARAMETERS = {
    **{name: CONV_PARAMETERS[name] for name in _SHARED},
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
