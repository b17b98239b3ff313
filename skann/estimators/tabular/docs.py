"""Docstrings of the tabular estimators: one description per parameter, with a table of the presets."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ..docs import Class, entry
from .presets import table

_PARAMETERS = {
    "preset": (
        "{'best', 'fast'}, default='best'",
        """
        The recipe that "auto" stands for: RealMLP-TD ('best') or RealMLP-TD-S ('fast')
        [Holzmüller et al., 2024]; see Notes.
        """,
    ),
    "hidden_layer_sizes": (
        "int or array-like of shape (n_hidden,), default=(256, 256, 256)",
        """
        Number of units in each hidden layer. ``()`` means none.
        """,
    ),
    "activation": (
        "str or object of skann.activations, default='auto'",
        """
        Activation function of the hidden layers; any activation without learned parameters.
        """,
    ),
    "parametric_activation": (
        "bool or 'auto', default='auto'",
        """
        Whether each unit learns a factor a, initially 1, in z + a (act(z) - z).
        """,
    ),
    "numeric_embedding": (
        "{'auto', 'pbld', 'piecewise_linear'} or None, default='auto'",
        """
        Embedding of numeric columns in front of the first layer: 'pbld' concatenates each value with three learned
        linear combinations of 16 cosines of it, of learned frequencies and phases [Holzmüller et al., 2024];
        'piecewise_linear' encodes each value by its position in 32 quantile bins [Gorishniy et al., 2022]; None passes
        values on unchanged.
        """,
    ),
    "categorical_features": (
        "'from_dtype' or array-like of {str, int, bool} or None, default='from_dtype'",
        """
        The categorical columns, as in :class:`skann.preprocessing.TabularEncoder`: columns of text, bool and
        categorical dtypes, or names, indices or a mask of columns.
        """,
    ),
    "max_one_hot": (
        "int in [0, inf), 'auto' or None, default='auto'",
        """
        Maximum number of categories of a column that is one-hot encoded; each category of columns with more has a
        learned embedding vector. None means that all categorical columns are one-hot encoded.
        """,
    ),
    "embedding_size": (
        "int in [1, inf), default=8",
        """
        Length of the embedding vectors of categories.
        """,
    ),
    "dropout": (
        "float in [0, 1) or 'auto', default='auto'",
        """
        Probability of dropping a hidden unit during training.
        """,
    ),
    "weight_decay": (
        "float in [0, inf) or 'auto', default='auto'",
        """
        Strength of decoupled weight decay: before each step, the weights (not the biases) are multiplied by 1 minus the
        learning rate times this.
        """,
    ),
    "regularization_schedule": (
        "str, object of skann.schedules, or callable, default='constant'",
        """
        Schedule of the factor that ``dropout`` and ``weight_decay`` are multiplied by during training. RealMLP uses
        'flat_cos', with which both decrease to 0 over the second half.
        """,
    ),
    "label_smoothing": (
        "float in [0, 1) or 'auto', default='auto'",
        """
        Proportion of each label that is spread evenly over the classes. 'auto' is 0 if ``scoring`` evaluates
        probabilities.
        """,
    ),
    "loss": (
        "str or object of skann.losses, default='squared_error'",
        """
        The loss function to use when training the weights. It applies to the standardised target, but losses that
        require positive targets apply to the target as it is.
        """,
    ),
    "clip_predictions": (
        "bool or 'auto', default='auto'",
        """
        Whether to clip predictions to the range of the training targets.
        """,
    ),
    "learning_rate_init": (
        "float in (0, inf) or 'auto', default='auto'",
        """
        The initial learning rate. It is multiplied by 6 for the scaling layer, and by 0.1 for biases, the factors of
        parametric activations and the numeric embedding.
        """,
    ),
    "learning_rate": (
        "str, object of skann.schedules, or callable, default='coslog4'",
        """
        Learning rate schedule for weight updates, as in :class:`skann.MLPClassifier`.
        """,
    ),
    "weight_init": (
        "{'auto', 'data_driven', 'normal'}, default='auto'",
        """
        Initialization of the weights. 'normal' draws weights and biases from N(0, 1), except for the output layer,
        where they are 0; 'data_driven' scales the weights so that each unit has unit variance on the training samples,
        and draws biases such that each unit is zero at a random convex combination of five of them
        [Holzmüller et al., 2024].
        """,
    ),
    "batch_size": (
        "int in [1, inf), default=256",
        "Size of the mini-batches; the last one of an epoch may be smaller.",
    ),
    "max_iter": (
        "int in [1, inf), default=256",
        """
        Maximum number of epochs. The weights of the epoch with the best validation score are kept, of the last such
        epoch if there are ties.
        """,
    ),
    "early_stopping": (
        "bool, default=True",
        """
        Whether to stop training at the last restart of ``learning_rate`` if the validation score has not improved since
        the restart before it: after 7/15 of the epochs with 'coslog4'. False always runs all epochs, as in the paper.
        Without a validation set, all epochs are run.
        """,
    ),
    "beta_1": (
        "float in [0, 1), default=0.9",
        "Exponential decay rate per step for Adam's estimates of the first moment vector.",
    ),
    "beta_2": (
        "float in [0, 1), default=0.95",
        "Exponential decay rate per step for Adam's estimates of the second moment vector.",
    ),
    "epsilon": (
        "float in (0, inf), default=1e-8",
        "Value for numerical stability, added to the denominator of Adam's step.",
    ),
    "validation_fraction": (
        "float in [0, 1), default=0.2",
        """
        The proportion of training data to set aside as validation set, in a random split, stratified by class. If it is
        0, or if there are fewer than 5 samples, there is no validation set, and the weights of the last epoch are kept.
        Only used if n_members=1.
        """,
    ),
    "scoring": (
        "str, callable or None, default=None",
        """
        Scoring method of the validation set after each epoch: None for {score}, 'loss' for the negative loss, or a
        scorer, which is called with a network and the encoded columns.{of_probabilities}
        """,
    ),
    "n_members": (
        "int in [1, inf), default=1",
        """
        Number of networks in the ensemble, whose {averaged} are averaged. With 2 or more, the training data is split
        into as many folds; each network uses one fold for validation and is trained on the others.
        """,
    ),
    "calibrate": (
        "bool, default=False",
        """
        Whether to calibrate the probabilities by temperature scaling: the inverse temperature of the softmax that
        minimizes the log loss on the validation sets of all members [Guo et al., 2017]. It does not change the
        predicted classes, except where several members are averaged.
        """,
    ),
    "class_weight": (
        "dict, 'balanced' or None, default=None",
        """
        Weights of the classes, which are multiplied with ``sample_weight``: a dict of class to weight (classes not in
        it have weight 1), or 'balanced' for n_samples / (n_classes * count).
        """,
    ),
    "random_state": (
        "int, RandomState instance or None, default=None",
        """
        Determines random number generation for the splits, the initial weights, the order of the samples and the
        dropout masks. Pass an int for reproducible results across multiple calls.
        """,
    ),
    "verbose": ("bool, default=False", "Whether to print the loss after each epoch."),
    "warn": (
        "bool, default=True",
        """
        Whether fit warns about columns that are dropped as row identifiers, and about a table without any usable
        column.
        """,
    ),
}

_ATTRIBUTES = {
    "members_": (
        "list of (encoder, network)",
        """
        Encoder and network of each member: a TabularEncoder fitted on the training rows of the member alone, and
        {network} trained on the encoded columns. After Ctrl-C, there may be fewer than ``n_members``.
        """,
    ),
    "oof_": (
        "ndarray of shape {oof_shape}",
        """
        Out-of-fold predictions: for each training sample, {oof} by the member that was not trained on it, or NaN if
        Ctrl-C ended training before that member. Only available with n_members > 1 and without X_val. {oof_note}
        """,
    ),
    "history_": (
        "dict of str to list, or list of such dicts",
        """
        The course of training, as ``history_`` of {network}; with n_members > 1 a list with one dict per member.
        """,
    ),
    "n_iter_": ("int", "Number of epochs, the maximum over the members."),
    "best_validation_score_": (
        "float or None",
        "The best validation score, averaged over the members; None without a validation set.",
    ),
    "n_features_in_": ("int", "Number of features seen during fit."),
    "feature_names_in_": (
        "ndarray of shape (n_features,)",
        "Names of features seen during fit. Defined only if all of them are strings.",
    ),
}

_NOTES = """\
The values that "auto" stands for are:

{table}

``fit`` sets the validation set aside, fits the encoder on the remaining samples, and trains a network of a scaling
layer and fully connected layers in neural tangent parametrisation with Adam. Missing numbers are replaced by the
median, with an indicator column; categories that were not seen during fit are treated as missing.

Callbacks receive this estimator and the raw table. They are called in the epochs of each member, so that a time limit
applies to each member separately; a checkpoint requires n_members=1."""

_REFERENCES = """\
- Holzmüller, Grinsztajn & Steinwart, 2024, "Better by default: strong pre-tuned MLPs and boosted trees on tabular
  data", NeurIPS, arXiv:2407.04491.
- Gorishniy, Rubachev & Babenko, 2022, "On embeddings for numerical features in tabular deep learning", NeurIPS,
  arXiv:2203.05556."""


def fill_docstring(task: str, **words: str) -> Callable[[type[Class]], type[Class]]:
    """Return a class decorator that fills ``{parameters}``, ``{attributes}``, ``{notes}`` and ``{references}``.

    Parameters
    ----------
    task : {"classification", "regression"}
        The task whose presets are listed.
    **words : str
        Values of the placeholders in the descriptions.
    """

    def decorate(cls: type[Class]) -> type[Class]:
        names = [name for name in inspect.signature(cls).parameters if name != "self"]
        text = inspect.cleandoc(cls.__doc__ or "")
        sections = {
            "parameters": "\n".join(entry(name, *_PARAMETERS[name]) for name in names),
            "attributes": "\n".join(entry(name, *text) for name, text in _ATTRIBUTES.items()),
            "notes": _NOTES.replace("{table}", table(task)),
            "references": _REFERENCES,
        }
        for placeholder, value in (sections | words).items():
            text = text.replace(f"{{{placeholder}}}", value)
        cls.__doc__ = text
        return cls

    return decorate if __doc__ else lambda cls: cls  # python -OO removes docstrings
