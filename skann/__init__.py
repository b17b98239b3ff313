"""Neural networks that behave like scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import _moved
from .estimators import MLPClassifier, MLPRegressor
from .version import __version__, show_versions

if TYPE_CHECKING:
    from .estimators.tabular import TabularMLPClassifier, TabularMLPRegressor

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "__version__",
    "show_versions",
]


_moved.register()

_SUBMODULES = [
    "activations",
    "callbacks",
    "exceptions",
    "initializers",
    "inspection",
    "layers",
    "losses",
    "preprocessing",
    "schedules",
    "solvers",
]


def __getattr__(name: str) -> Any:
    """Import submodules and the tabular estimators on first access, so that ``import skann`` is fast."""
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in __all__:
        return getattr(import_module(f"{__name__}.estimators.tabular"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__ + _SUBMODULES
