"""Docstrings of the estimators of tables: what both have is described once, and "auto" is told from the presets."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ..docs import Class, entry
from .presets import table

_PARAMETERS = {
    "preset": (
        "{'best', 'fast'}, default='best'",
        """
        The recipe that "auto" stands for, RealMLP-TD ('best') or RealMLP-TD-S ('fast')
        [Holzmüller et al., 2024]; see Notes.
        """,
    ),
    "hidden_layer_sizes": (
        "int or array-like of shape (n_hidden,), default=(256, 256, 256)",
        """
        Units of each hidden layer. ``()`` is none.
        """,
    ),
    "activation": (
        "str or object of skann.activations, default='auto'",
        """
        What hidden units make of their weighted input: any that has no weights of its own.
        """,
    ),
    "parametric_activation": (
        "bool or 'auto', default='auto'",
        """
        Whether each unit learns a share a in z + a (act(z) - z), from 1.
        """,
    ),
    "numeric_embedding": (
        "{'auto', 'pbld', 'piecewise_linear'} or None, default='auto'",
        """
        What numbers become before the first layer: 'pbld' joins each with three learned mixtures of 16 cosines of it,
        of learned frequencies and phases [Holzmüller et al., 2024]; 'piecewise_linear' tells how far it has gone
        through each of 32 bins of as many training rows [Gorishniy et al., 2022]; None leaves them as they are.
        """,
    ),
    "categorical_features": (
        "'from_dtype' or array-like of {str, int, bool} or None, default='from_dtype'",
        """
        The columns that are categories, as in :class:`skann.preprocessing.TabularEncoder`: those of text, bool and
        categorical dtypes, or names, indices or a mask of columns.
        """,
    ),
    "max_one_hot": (
        "int in [0, inf), 'auto' or None, default='auto'",
        """
        Most values of a category that become one column each; beyond, each value has a learned vector. None: one column
        each, always.
        """,
    ),
    "embedding_size": (
        "int in [1, inf), default=8",
        """
        Length of these vectors.
        """,
    ),
    "dropout": (
        "float in [0, 1) or 'auto', default='auto'",
        """
        Probability of dropping a hidden unit in training.
        """,
    ),
    "weight_decay": (
        "float in [0, inf) or 'auto', default='auto'",
        """
        Decoupled decay: before each step the weights, not the biases, shrink by the learning rate times this.
        """,
    ),
    "regularization_schedule": (
        "str, object of skann.schedules, or callable, default='constant'",
        """
        What ``dropout`` and ``weight_decay`` are multiplied by while training. RealMLP has 'flat_cos', which lets both
        fall to 0 over the second half.
        """,
    ),
    "label_smoothing": (
        "float in [0, 1) or 'auto', default='auto'",
        """
        Share of each label that is spread evenly over the classes. 'auto' is 0 if ``scoring`` judges probabilities.
        """,
    ),
    "loss": (
        "str or object of skann.losses, default='squared_error'",
        """
        What training makes small, of the standardised target; of the target as it is for losses of positive targets.
        """,
    ),
    "clip_predictions": (
        "bool or 'auto', default='auto'",
        """
        Whether predictions are cut to the range of the training targets.
        """,
    ),
    "learning_rate_init": (
        "float in (0, inf) or 'auto', default='auto'",
        """
        The initial learning rate. That of the scaling layer is 6 times as high, those of biases, shares and the
        numeric embedding a tenth.
        """,
    ),
    "learning_rate": (
        "str, object of skann.schedules, or callable, default='coslog4'",
        """
        How the learning rate changes while training, as in :class:`skann.MLPClassifier`.
        """,
    ),
    "weight_init": (
        "{'auto', 'data_driven', 'normal'}, default='auto'",
        """
        'normal' draws weights and biases from N(0, 1), those of the output layer being 0; 'data_driven' scales the
        weights so that each unit has unit variance on the training rows, and draws biases that are zero at a random
        point of the rows [Holzmüller et al., 2024].
        """,
    ),
    "batch_size": ("int in [1, inf), default=256", "Rows of a mini-batch; the last one of an epoch may be shorter."),
    "max_iter": (
        "int in [1, inf), default=256",
        """
        Epochs at most; the last of those with the best validation score is kept.
        """,
    ),
    "early_stopping": (
        "bool, default=True",
        """
        Whether training ends where ``learning_rate`` restarts for the last time, if there was no better validation
        score since it restarted before: after 7/15 of the epochs with 'coslog4'. False runs all epochs, as the paper
        does. Without validation rows all are run.
        """,
    ),
    "beta_1": ("float in [0, 1), default=0.9", "Decay of Adam's mean of the gradient, a step."),
    "beta_2": ("float in [0, 1), default=0.95", "Decay of Adam's mean of the squared gradient, a step."),
    "epsilon": ("float in (0, inf), default=1e-8", "Added to the denominator of Adam's step."),
    "validation_fraction": (
        "float in [0, 1), default=0.2",
        """
        Share of the rows that validate, drawn at random, with the classes in proportion. With 0, and under 5 rows, none
        do, and the last epoch is kept. Only used with n_members=1.
        """,
    ),
    "scoring": (
        "str, callable or None, default=None",
        """
        What an epoch is judged by on the validation rows: None for {score}, 'loss' for minus the loss, or a scorer,
        which is called on a network with the encoded columns.{of_probabilities}
        """,
    ),
    "n_members": (
        "int in [1, inf), default=1",
        """
        Networks whose {averaged} are averaged. With 2 or more, the rows fall into that many folds; each network
        validates on one of them and trains on the others.
        """,
    ),
    "calibrate": (
        "bool, default=False",
        """
        Whether the softmax's inverse temperature is fitted to the validation rows, of all members, by the least log
        loss [Guo et al., 2017]: probabilities become as sure as they are right, and predictions stay, but for the
        average's.
        """,
    ),
    "class_weight": (
        "dict, 'balanced' or None, default=None",
        """
        Weights of the classes, multiplied into ``sample_weight``: a dict of class to weight (others weigh 1), or
        'balanced' for n_samples / (n_classes * count).
        """,
    ),
    "random_state": (
        "int, RandomState instance or None, default=None",
        """
        Source of the splits, the initial weights, the order of rows and the dropout masks. An int gives the same fit
        each time.
        """,
    ),
    "verbose": ("bool, default=False", "Whether to print the loss after each epoch."),
    "warn": (
        "bool, default=True",
        """
        Whether fit warns of columns left out as identifiers of rows, and of a table of which nothing is left.
        """,
    ),
}

_ATTRIBUTES = {
    "members_": (
        "list of (encoder, network)",
        """
        For each member the fitted TabularEncoder, which knows nothing but the rows trained on, and the fitted network
        of the encoded columns, {network}. After Ctrl-C there may be fewer than ``n_members``.
        """,
    ),
    "oof_": (
        "ndarray of shape {oof_shape}",
        """
        For each training row {oof} of the member that did not train on it; NaN if Ctrl-C came before that. Only
        with n_members > 1 and no X_val. {oof_note}
        """,
    ),
    "history_": (
        "dict of str to list, or list of such dicts",
        """
        The course of training, as ``history_`` of {network}; with n_members > 1 a list, one for each member.
        """,
    ),
    "n_iter_": ("int", "Epochs, the most that a member had."),
    "best_validation_score_": (
        "float or None",
        "The validation score of the epoch that was kept, the members' mean; None without validation rows.",
    ),
    "n_features_in_": ("int", "Columns seen in fit."),
    "feature_names_in_": ("ndarray of shape (n_features,)", "Their names, if they are all strings."),
}

_NOTES = """\
"auto" means:

{table}

A fit splits off the validation rows, fits the encoder on the others alone, and trains a network of a scaling layer and
fully connected layers in neural tangent parametrisation with Adam. Where numbers are missing, they become the median,
with an indicator column; categories that fit has not seen count as missing.

Callbacks see this estimator and the raw table. They follow the epochs of each member, so that a time limit is one for
each; a checkpoint needs n_members=1."""

_REFERENCES = """\
- Holzmüller, Grinsztajn & Steinwart, 2024, "Better by default: strong pre-tuned MLPs and boosted trees on tabular
  data", NeurIPS, arXiv:2407.04491.
- Gorishniy, Rubachev & Babenko, 2022, "On embeddings for numerical features in tabular deep learning", NeurIPS,
  arXiv:2203.05556."""


def documented(task: str, **words: str) -> Callable[[type[Class]], type[Class]]:
    """Return a class decorator that fills ``{parameters}``, ``{attributes}``, ``{notes}`` and ``{references}``.

    Parameters
    ----------
    task : str
        Whose presets are told.
    **words : str
        Fill the like-named blanks in descriptions.
    """

    def decorate(cls: type[Class]) -> type[Class]:
        names = [name for name in inspect.signature(cls).parameters if name != "self"]
        text = inspect.cleandoc(cls.__doc__ or "")
        sections = {
            "parameters": "\n".join(entry(name, *_PARAMETERS[name]) for name in names),
            "attributes": "\n".join(entry(name, *told) for name, told in _ATTRIBUTES.items()),
            "notes": _NOTES.replace("{table}", table(task)),
            "references": _REFERENCES,
        }
        for blank, filling in (sections | words).items():
            text = text.replace(f"{{{blank}}}", filling)
        cls.__doc__ = text
        return cls

    return decorate if __doc__ else lambda cls: cls  # python -OO strips docstrings
