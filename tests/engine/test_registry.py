"""Names stand for one class each, and layers' names for one layer each."""

import pytest

from skann.engine.graph import chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import Dense
from skann.engine.registry import Registry


def test_a_name_in_use_is_replaced_on_demand_alone():
    registry = Registry("thing", object)
    first, second = type("First", (), {}), type("Second", (), {})
    registry.register("a", "b")(first)
    for names in (("a",), ("b",), ("new", "b")):
        with pytest.raises(ValueError, match=r"thing '[ab]' is registered already, as .*First.*replace=True"):
            registry.register(*names)(second)
    assert registry.names() == ["a", "b"]
    assert registry["a"] is first
    assert registry.register("a", replace=True)(second) is second
    assert (registry["a"], registry["b"]) == (second, first)


def test_two_layers_of_one_name():
    layers = [("hidden", Dense(3, GlorotUniform())), ("hidden", Dense(2, GlorotUniform()))]
    with pytest.raises(ValueError, match="'hidden' stands twice"):
        chain(layers, (4,))
