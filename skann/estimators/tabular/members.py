"""One member of an ensemble: an encoder and a network, and how the two are fitted."""

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

_EMBEDDING_RATE = 0.1  # of the periodic embedding's learning rate
_BINS = 32  # of a column, in the piecewise-linear encoding


class Member(NamedTuple):
    """An encoder and the network behind it.

    Attributes
    ----------
    encoder : TabularEncoder
        Fitted on the rows that the network trained on.
    network : MLPClassifier or MLPRegressor
        Of the encoded columns.
    """

    encoder: Any
    network: Any

    def encode(self, X) -> numpy.ndarray:
        """Return X as the network takes it."""
        return encode_table(self.encoder, X)


def encode_table(encoder: Any, X) -> numpy.ndarray:
    """Return X encoded; a table of which nothing is left becomes a column of zeros."""
    encoded = encoder.transform(X)
    return encoded if encoded.shape[1] else numpy.zeros((len(encoded), 1), numpy.float32)


class LabelledRows(NamedTuple):
    """Rows of a table, raw or encoded, with target and weights."""

    X: Any
    y: numpy.ndarray
    weight: numpy.ndarray | None


def fit_encoder(X, kinds: Sequence[str], choices: dict[str, Any], quiet: bool) -> Any:
    """Return an encoder fitted on training rows, given the kinds of the columns of the whole table.

    ``quiet`` leaves out what it warns of.
    """
    from ...preprocessing import TabularEncoder  # brings pandas, which arrays alone do not need

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
    """Return the layers that embed the encoder's real-valued columns and its codes."""
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
    """Return the parameters of a network that are not the recipe's own."""
    same = [
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
    return {name: choices[name] for name in same if name in choices} | {
        "solver": "adamw",
        "alpha": choices["weight_decay"],
        "batch_size": min(choices["batch_size"], n_rows),
        "early_stopping": validates,
        "n_iter_no_change": math.inf,  # the schedule is made for all epochs; the best is restored
        "tol": 0.0,
        "random_state": seed,
        "dtype": "float32",
        "warn": False,  # the encoder sees to scales
    }


class MemberHooks(FitHooks):
    """Calls the hooks of an ensemble's callbacks around the epochs of a member.

    Parameters
    ----------
    root, arguments : as in FitHooks
    member : Member
        The one that trains.
    done : list of Member
        Those before it.
    """

    def __init__(self, root, arguments: dict[str, Any], member: Member, done: list[Member]):
        super().__init__(root, arguments)
        self.member, self.done = member, done

    def owner_attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the members, with the network's present weights in the last."""
        network = copy.copy(self.member.network)
        vars(network).update(attributes)
        return {"members_": [*self.done, Member(self.member.encoder, network)]}
