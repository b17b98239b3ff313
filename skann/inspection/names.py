"""What to call activations and layers."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..engine.initializers import Initializer
from ..engine.losses.blocks import BlockLink


def short_name(thing: Any) -> str:
    """Return an activation's or a layer's registered name if it has default parameters, else with its parameters."""
    if isinstance(thing, BlockLink):
        return " and ".join(dict.fromkeys(map(short_name, thing.links)))
    if hasattr(thing, "name") and all(getattr(thing, item.name) == item.default for item in fields(thing)):
        return thing.name
    values = {item.name: getattr(thing, item.name) for item in fields(thing)}
    shown = [
        f"{name}={value!r}" for name, value in values.items() if name != "units" and not isinstance(value, Initializer)
    ]
    return f"{type(thing).__name__.removesuffix('Layer')}({', '.join(shown)})"
