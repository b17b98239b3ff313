"""Names stand for one class each, and layers' names for one layer each."""

import inspect
import math
import pickle
from dataclasses import fields

import pytest

from skann import activations, augmentations, initializers, layers, losses, schedules, solvers
from skann.engine.activations import ACTIVATIONS
from skann.engine.data.augmentation import AUGMENTATIONS
from skann.engine.graph import chain
from skann.engine.hyperparameters import Hyperparameters
from skann.engine.initializers import INITIALIZERS, GlorotUniform
from skann.engine.layers import Dense
from skann.engine.losses import LOSSES
from skann.engine.normalizations import NORMALIZATIONS
from skann.engine.optimizers import SOLVERS
from skann.engine.registry import Registry
from skann.engine.schedules import SCHEDULES

PUBLIC = {
    ACTIVATIONS: activations,
    LOSSES: losses,
    SCHEDULES: schedules,
    SOLVERS: solvers,
    INITIALIZERS: initializers,
    NORMALIZATIONS: layers,
    AUGMENTATIONS: augmentations,
}
CLASSES = {
    public: None
    for module in PUBLIC.values()
    for public in vars(module).values()
    if isinstance(public, type) and issubclass(public, Hyperparameters) and not inspect.isabstract(public)
}


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


@pytest.mark.parametrize(("registry", "module"), PUBLIC.items(), ids=lambda value: getattr(value, "kind", ""))
def test_what_is_registered_is_public_and_so_is_register(registry, module):
    assert module.register == registry.register
    for cls in registry.classes():
        assert getattr(module, cls.__name__) is cls
        assert cls.__name__ in module.__all__
        assert issubclass(cls, registry.base)
    assert registry.base.__name__ in {*module.__all__, "Solver"}  # whose stochastic subclass, Optimizer, is public
    assert sorted(dir(module)) == sorted(set(module.__all__)) == sorted(module.__all__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_hyperparameters_are_documented_bounded_set_and_pickled(cls):
    thing = cls()
    assert pickle.loads(pickle.dumps(thing)) == thing == cls(**thing.get_params())
    for item in fields(cls):
        assert f"\n{item.name}" in inspect.getdoc(cls) or f", {item.name}" in inspect.getdoc(cls)
        assert thing.set_params(**{item.name: item.default}) is thing
        for value in ("a", None, math.nan, [[1.0]]):
            with pytest.raises(ValueError, match=rf"{item.name}.* must be"):
                cls(**{item.name: value})
            with pytest.raises(ValueError, match=rf"{item.name}.* must be"):
                thing.set_params(**{item.name: value})
    assert thing == cls()
    with pytest.raises(ValueError, match=rf"Invalid parameter 'nix' for {cls.__name__}\("):
        thing.set_params(nix=1)


@pytest.mark.parametrize(
    ("make", "bounds"),
    [
        (lambda: layers.BatchNorm(momentum=0), r"a float in the range \(0, 1\]"),
        (lambda: layers.BatchNorm(momentum=1.1), r"a float in the range \(0, 1\]"),
        (lambda: layers.LayerNorm(epsilon=0), r"a float in the range \(0, inf\)"),
        (lambda: initializers.Normal(scale=0), r"a float in the range \(0, inf\)"),
        (lambda: initializers.Uniform(-1.0), r"a float in the range \(0, inf\)"),
        (lambda: initializers.Fill(math.inf), r"a float in the range \(-inf, inf\)"),
        (lambda: solvers.Adam(beta_1=1), r"a float in the range \[0, 1\)"),
        (lambda: solvers.SGD(nesterovs_momentum=1), "a bool"),
        (lambda: solvers.LBFGS(max_fun=0), r"an int in the range \[1, inf\)"),
    ],
)
def test_values_out_of_bounds(make, bounds):
    with pytest.raises(ValueError, match=rf"parameter of \w+ must be {bounds}\. Got"):
        make()
