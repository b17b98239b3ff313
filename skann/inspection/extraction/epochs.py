"""The values of each epoch, as displays read them from ``history_``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from .unwrap import unwrap


def history_of(estimator: Any) -> dict[str, list]:
    """Return the ``history_`` of the network in a fitted estimator.

    Raises
    ------
    ValueError
        If it has none.
    """
    network, _ = unwrap(estimator)
    if not hasattr(network, "history_"):
        raise ValueError(
            f"This {type(network).__name__} has no history_: solver='lbfgs' trains without epochs. Use solver='adam' "
            "or another stochastic one."
        )
    return network.history_


def check_history(history: Any, *needed: str) -> None:
    """Raise an error unless ``history`` is a history of at least one epoch with the entries needed."""
    if not isinstance(history, Mapping):
        raise TypeError(f"A history is a dict such as an estimator's history_. Got {type(history).__name__} instead.")
    missing = [name for name in ("epoch", *needed) if name not in history]
    if missing:
        raise ValueError(f"The history lacks {', '.join(missing)}; it has {', '.join(map(str, history))}.")
    if not len(history["epoch"]):
        raise ValueError("The history has no epochs: fit with max_iter of at least 1.")


def epoch_values(history: Mapping[str, list], name: str) -> numpy.ndarray:
    """Return an entry of the history as floats of shape (n_epochs,), NaN where there is no value."""
    entries = history.get(name) or [None] * len(history["epoch"])
    return numpy.array([numpy.nan if entry is None else entry for entry in entries], dtype=float)


def layer_values(history: Mapping[str, list], name: str) -> numpy.ndarray:
    """Return an entry that holds a list over hidden layers for each epoch, as floats of shape (n_epochs, n_hidden).

    Raises
    ------
    ValueError
        If no epoch has a value, or there is no hidden layer.
    """
    entries = history[name]
    n_layers = max((len(entry) for entry in entries if entry is not None), default=0)
    if not n_layers:
        raise ValueError(f"The history has no {name} of any hidden layer: the network has none, or none was recorded.")
    missing = [numpy.nan] * n_layers
    return numpy.array([missing if entry is None else entry for entry in entries], dtype=float)
