"""Descriptions of the parameters and attributes of convolutional networks."""

from __future__ import annotations

import copy
import types
from functools import update_wrapper
from inspect import getattr_static
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)

_MATRIX = "X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)"
_IMAGES = "X : array-like of shape (n_samples, height, width) or (n_samples, height, width, channels), or source"

PARAMETERS = {
    "filters": (
        "int or array-like of shape (n_stages,), default=(32, 64)",
        """
        Number of filters in each stage of convolutions; ``()`` means none, a multi-layer perceptron of the pixels.
        Stages do not fit once the images are smaller than ``pool_size``: with images this raises an error, with a
        matrix X and no ``image_shape`` they are dropped.
        """,
    ),
    "kernel_size": (
        "int or (int, int), default=3",
        """
        Rows and columns of the kernels. Images are padded with zeros, so that a convolution keeps their size. For
        signals only the columns count.
        """,
    ),
    "pool_size": (
        "int or (int, int), default=2",
        """
        Rows and columns of the windows whose maximum is taken at the end of each stage; 1 means no pooling.
        """,
    ),
    "blocks_per_stage": (
        "int in [1, inf), default=1",
        """
        Number of blocks in each stage: convolutions, or residual blocks of two.
        """,
    ),
    "residual": (
        "bool, default=False",
        """
        Whether blocks are residual: two convolutions whose output is added to their input [7]_. The maps of the last
        stage are then averaged over their positions, otherwise they are flattened.
        """,
    ),
    "hidden_layer_sizes": (
        "int or array-like of shape (n_hidden,), default=(128,)",
        """
        Number of units in each dense hidden layer after the convolutions; ``()`` means none.
        """,
    ),
    "activation": (
        "str or object of skann.activations, default='relu'",
        """
        Activation function of the convolutions and of the dense hidden layers. An object carries parameters of its own,
        as in ``LeakyReLU(slope=0.2)``, which a grid search reaches as ``activation__slope``.
        """,
    ),
    "normalization": (
        "str, object of skann.layers or None, default='batch'",
        """
        Normalization layer between the weighted sum and the activation of each convolution and each dense hidden layer.
        'batch' normalises each channel over the positions of all images in a batch.
        """,
    ),
    "augment": (
        "str, object of skann.augmentations, callable, list of these or None, default=None",
        """
        Random changes of the images in each training batch, in the given order: names, objects such as
        ``Shift(fraction=0.2)``, or functions ``f(X, y, rng)`` that return X of shape (n, height, width, channels) and y
        of shape (n, n_outputs), one-hot for classes. Prediction and validation are not affected. Not supported by
        solver='lbfgs'.
        """,
    ),
    "image_shape": (
        "(int, int), (int, int, int) or None, default=None",
        """
        Height, width and number of channels, 1 if left out, of the images in the rows of a matrix X. None treats such a
        row as a signal of one channel, an image of one row. Not used if X has more than two axes.
        """,
    ),
    "solver": (
        "str or object of skann.solvers, default='adamw'",
        """
        The solver for weight optimization. A solver given by name takes its parameters from those of the estimator,
        such as ``beta_1``. An object carries its own, as in ``AdamW(beta_1=0.95)``, which a grid search reaches as
        ``solver__beta_1``; the estimator's parameters of the same names must then be left at their defaults. 'lbfgs'
        needs ``normalization=None``.
        """,
    ),
    "alpha": (
        "float in [0, inf), default=0.01",
        """
        Weight decay: each step of 'adamw' multiplies the weights by 1 - learning rate * alpha. For other solvers, the
        strength of the L2 regularization term, as in MLPClassifier.
        """,
    ),
    "batch_size": (
        "int in [1, inf) or 'auto', default='auto'",
        """
        Size of the mini-batches; the last one of an epoch may be smaller. 'auto' means min(64, n_samples).
        """,
    ),
    "learning_rate": (
        "str, object of skann.schedules, or callable, default='one_cycle'",
        """
        Learning rate schedule for weight updates: a name, an object with parameters of its own such as
        ``OneCycle(warmup=2)``, or a function that maps the completed fraction of training (from 0 to 1, of max_iter
        epochs) to a factor. partial_fit keeps the rate constant.
        """,
    ),
    "learning_rate_init": (
        "float in (0, inf), default=0.003",
        """
        The learning rate, which schedules multiply by their factors: the largest one of 'one_cycle'.
        """,
    ),
    "max_iter": (
        "int in [1, inf), default=20",
        """
        Maximum number of epochs (passes over the training set), over which the schedule extends.
        """,
    ),
    "dropout": (
        "float in [0, 1) or sequence of length n_hidden + 1, default=0.0",
        """
        Dropout probability [2]_. A single number applies to all dense hidden layers; a sequence gives (input of the
        dense layers, hidden 1, ..., hidden L).
        """,
    ),
    "random_state": (
        "int, RandomState instance or None, default=None",
        """
        Determines random number generation for the initial weights, the validation split, the order of the samples, the
        augmentation and the dropout masks. Pass an int for reproducible results across multiple calls.
        """,
    ),
    "max_norm": (
        "float in (0, inf) or None, default=None",
        """
        Maximum Euclidean norm of the weights of each filter and of the incoming weights of each unit; after each step,
        larger ones are scaled down to it [2]_.
        """,
    ),
    "device": (
        "{'cpu', 'cuda', 'auto'}, default='cpu'",
        """
        Device used for training. 'cuda' is an NVIDIA GPU, through CuPy (the extra ``cuda``); 'auto' is a GPU if one is
        available, else the CPU. Results equal the CPU's up to rounding, except that dropout and augmentation use
        different random numbers. A fitted model holds NumPy arrays and needs no GPU: more than 1,024 samples are
        predicted on a GPU if one is available, fewer on the CPU.
        """,
    ),
    "warn": (
        "bool, default=True",
        """
        Whether fit issues a skann.exceptions.TrainingWarning about

        - a class with less than 10 % of the samples and less than half of 1 / n_classes, if early_stopping=True,
          scoring=None and there are no weights;
        - hidden layers of at least 10 units or filters of which more than half are dead at the end of training (not
          with solver='lbfgs').
        """,
    ),
    "dtype": (
        "{'auto', 'float32', 'float64'}, default='auto'",
        """
        Precision of the weights and of training. 'auto' is float32 if the X of the first fit is float32 or uint8 or has
        at least 1,000 samples, else float64. Predictions are float32 if the weights are and X is float32 or uint8;
        otherwise, and always with 'float64', they are float64 and independent of the other samples to 1e-12.
        """,
    ),
}

ATTRIBUTES = {
    "coefs_": (
        "list of ndarray",
        """
        Weights of the convolutions, of shape (rows, columns, channels, filters), and of the dense layers, of shape
        (fan_in, units), in order. They are views: changing an element changes the model.
        """,
    ),
    "intercepts_": ("list of ndarray", "Biases of the layers, of shape (filters,) or (units,). They are views, too."),
    "parameters_": (
        "dict of str to ndarray",
        """
        Parameters other than weights and biases, such as those of batch normalization, and the scaling of the input's
        channels. They are views, too.
        """,
    ),
    "image_shape_": ("tuple of three int", "Height, width and number of channels of the images seen during fit."),
    "n_features_in_": ("int", "Number of values in an image seen during fit."),
}

REFERENCE = """\
.. [7] He et al., 2016, "Deep residual learning for image recognition", CVPR."""


def describe_images(cls: Class) -> Class:
    """Class decorator: in the docstrings of inherited methods, X is images instead of a matrix."""
    for name in dir(cls):
        member = getattr_static(cls, name)
        if not name.startswith("_") and _MATRIX in (getattr(member, "__doc__", None) or ""):
            setattr(cls, name, with_doc(member, member.__doc__.replace(_MATRIX, _IMAGES)))
    return cls


def with_doc(member: Any, doc: str) -> Any:
    """Return a copy of a method, or of what scikit-learn's ``available_if`` makes of one, with another docstring."""
    if isinstance(member, types.FunctionType):
        function = types.FunctionType(
            member.__code__, member.__globals__, member.__name__, member.__defaults__, member.__closure__
        )
        function.__kwdefaults__ = member.__kwdefaults__
        update_wrapper(function, member)
        function.__dict__.update(vars(member))
        function.__doc__ = doc
        return function
    conditional = copy.copy(member)
    conditional.fn = with_doc(member.fn, doc)
    conditional.__doc__ = doc
    return conditional
