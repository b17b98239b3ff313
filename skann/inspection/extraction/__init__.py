"""The network, its names and its history, extracted from a fitted estimator, Pipeline or search."""

from .epochs import check_history, epoch_values, history_of, layer_values
from .names import input_names, short_name
from .unwrap import find_owner, title_of, transform_before, unwrap

__all__ = [
    "check_history",
    "epoch_values",
    "find_owner",
    "history_of",
    "input_names",
    "layer_values",
    "short_name",
    "title_of",
    "transform_before",
    "unwrap",
]
