"""Names of inputs, activations and layers, as displays and findings print them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ...engine.initializers import Initializer
from ...engine.losses.blocks import BlockLink
from ...estimators.base import BaseMLP


def input_names(network: BaseMLP, steps: list[Any]) -> list[str] | None:
    """Return the feature names of a network's inputs, or None if they have none.

    ``steps`` are the fitted transformers before the network.
    """
    if hasattr(network, "feature_names_in_"):
        return list(network.feature_names_in_)
    names = None
    try:
        for transformer in steps:
            names = transformer.get_feature_names_out(names)
    except (AttributeError, ValueError):  # not every transformer names its outputs
        return None
    return None if names is None else [str(name) for name in names]


def short_name(component: Any) -> str:
    """Return an activation's or a layer's registered name if its parameters are the defaults, else its repr."""
    if isinstance(component, BlockLink):
        return " and ".join(dict.fromkeys(map(short_name, component.links)))
    values = {item.name: getattr(component, item.name) for item in fields(component)}
    if hasattr(component, "name") and all(values[item.name] == item.default for item in fields(component)):
        return component.name
    arguments = [
        f"{name}={value!r}" for name, value in values.items() if name != "units" and not isinstance(value, Initializer)
    ]
    return f"{type(component).__name__.removesuffix('Layer')}({', '.join(arguments)})"
