"""What the inputs of a network are called."""

from __future__ import annotations

from typing import Any

from ..estimators.base import BaseMLP


def input_names(network: BaseMLP, before: list[Any]) -> list[str] | None:
    """Return the names that a network was fitted on, or those that the steps before it give, or None."""
    if hasattr(network, "feature_names_in_"):
        return list(network.feature_names_in_)
    if not before:
        return None
    try:
        return [str(name) for name in before[-1].get_feature_names_out()]
    except (AttributeError, ValueError):  # not every transformer can name what it makes
        return None
