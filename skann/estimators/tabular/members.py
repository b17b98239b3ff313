"""Members of an ensemble, each an encoder and a network, and the functions that build them."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from ..._warnings import warn
from ...engine.layers import Embedding, Layer, Periodic, PiecewiseLinear
from ...engine.layers.piecewise_linear import quantile_edges
from ...exceptions import IdentifierColumnWarning, TrainingWarning
from ..hooks import FitHooks

_EMBEDDING_RATE = 0.1  # factor of the learning rate of the periodic embedding
_BINS = 32  # per column, of the piecewise-linear encoding


class Member(NamedTuple):
    """An encoder and the network that takes its output.

    Attributes
    ----------
    encoder : TabularEncoder
        Encoder, fitted on the training rows of the network.
    network : MLPClassifier or MLPRegressor
        Network on the encoded columns.
    """

    encoder: Any
    network: Any

    def encode(self, X) -> numpy.ndarray:
        """Return X encoded for the network."""
        return encode_table(self.encoder, X)


def encode_table(encoder: Any, X) -> numpy.ndarray:
    """Return X encoded, as a column of zeros if the encoder has no output columns."""
    encoded = encoder.transform(X)
    return encoded if encoded.shape[1] else numpy.zeros((len(encoded), 1), numpy.float32)


class LabelledRows(NamedTuple):
    """Rows of a raw or encoded table, with targets and weights."""

    X: Any
    y: numpy.ndarray
    weight: numpy.ndarray | None


def fit_encoder(X, kinds: Sequence[str], choices: dict[str, Any], quiet: bool) -> Any:
    """Return an encoder fitted on training rows, given the kinds of the columns in the whole table.

    ``quiet`` suppresses warnings.
    """
    from ...preprocessing import TabularEncoder  # imports pandas, which other estimators do not need

    encoder = TabularEncoder(
        categorical_features=choices["categorical_features"], max_one_hot=choices["max_one_hot"]
    ).set_output(transform="default")
    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore", IdentifierColumnWarning)
        encoder._fit(X, kinds)
    if not quiet and not len(encoder.get_feature_names_out()):
        warn(
            "No column of X is left to learn from: all are constant, missing or identifiers of rows. Every row will "
            "have the same prediction. warn=False silences this.",
            TrainingWarning,
        )
    return encoder


def build_embeddings(encoder: Any, encoded: numpy.ndarray, choices: dict[str, Any]) -> list[tuple[str, Layer]]:
    """Return the embedding layers of the encoder's numeric columns and category codes."""
    layers: list[tuple[str, Layer]] = []
    n_numeric, kind = len(encoder.numeric_columns_), choices["numeric_embedding"]
    if n_numeric and kind == "pbld":
        layers.append(("numbers", Periodic(n_numeric, rate=_EMBEDDING_RATE)))
    elif n_numeric and kind == "piecewise_linear":
        layers.append(("numbers", PiecewiseLinear(quantile_edges(encoded[:, :n_numeric], _BINS))))
    if len(encoder.cardinalities_):
        layers.append(("categories", Embedding(tuple(encoder.cardinalities_.tolist()), choices["embedding_size"])))
    return layers


def network_params(choices: dict[str, Any], n_rows: int, seed: int, validates: bool) -> dict[str, Any]:
    """Return the parameters of a network that are not part of its recipe."""
    shared = [
        "hidden_layer_sizes",
        "activation",
        "learning_rate",
        "learning_rate_init",
        "dropout",
        "loss",
        "label_smoothing",
        "scoring",
        "max_iter",
        "beta_1",
        "beta_2",
        "epsilon",
        "verbose",
    ]
    return {name: choices[name] for name in shared if name in choices} | {
        "solver": "adamw",
        "alpha": choices["weight_decay"],
        "batch_size": min(choices["batch_size"], n_rows),
        "early_stopping": validates,
        "n_iter_no_change": math.inf,  # the schedule spans all epochs, and the best epoch is restored
        "tol": 0.0,
        "random_state": seed,
        "dtype": "float32",
        "warn": False,  # the encoder scales the columns
    }


class MemberHooks(FitHooks):
    """Calls the callbacks of an ensemble around the epochs of a member.

    Parameters
    ----------
    root, arguments : as in FitHooks
    member : Member
        The member being trained.
    done : list of Member
        The members trained before.
    """

    def __init__(self, root, arguments: dict[str, Any], member: Member, done: list[Member]):
        super().__init__(root, arguments)
        self.member, self.done = member, done

    def owner_attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the members, the last one with the current weights of its network."""
        network = copy.copy(self.member.network)
        vars(network).update(attributes)
        return {"members_": [*self.done, Member(self.member.encoder, network)]}
