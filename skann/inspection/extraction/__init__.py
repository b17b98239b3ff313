"""The network, its names and its history, extracted from a fitted estimator, Pipeline or search."""

from .blocks import activation_names, blocks_of, describe_operation, is_operation, weighted_blocks
from .epochs import check_history, epoch_values, history_of, layer_values
from .images import (
    as_floats,
    finds_objects,
    first_images,
    images_and_places,
    images_of,
    images_to_draw,
    is_spatial,
    network_of_images,
    takes_images,
)
from .names import input_names, short_name
from .unwrap import find_owner, title_of, transform_before, unwrap

__all__ = [
    "activation_names",
    "as_floats",
    "blocks_of",
    "check_history",
    "describe_operation",
    "epoch_values",
    "find_owner",
    "finds_objects",
    "first_images",
    "history_of",
    "images_and_places",
    "images_of",
    "images_to_draw",
    "input_names",
    "is_operation",
    "is_spatial",
    "layer_values",
    "network_of_images",
    "short_name",
    "takes_images",
    "title_of",
    "transform_before",
    "unwrap",
    "weighted_blocks",
]
