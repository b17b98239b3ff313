"""Neural networks that behave like scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import _moved
from .estimators import MLPClassifier, MLPRegressor
from .version import __version__, show_versions

if TYPE_CHECKING:
    from .estimators.tabular import TabularMLPClassifier, TabularMLPRegressor
    from .estimators.vision import (
        ConvClassifier,
        ConvRegressor,
        FCNSegmenter,
        MaskRCNNSegmenter,
        RCNNDetector,
        YOLODetector,
    )

__all__ = [
    "ConvClassifier",
    "ConvRegressor",
    "FCNSegmenter",
    "MLPClassifier",
    "MLPRegressor",
    "MaskRCNNSegmenter",
    "RCNNDetector",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "YOLODetector",
    "__version__",
    "show_versions",
]


_moved.register()

_SUBMODULES = [
    "activations",
    "augmentations",
    "callbacks",
    "datasets",
    "exceptions",
    "initializers",
    "inspection",
    "layers",
    "losses",
    "metrics",
    "preprocessing",
    "schedules",
    "solvers",
    "vision",
]
_LAZY = {
    "ConvClassifier": "vision",
    "ConvRegressor": "vision",
    "FCNSegmenter": "vision",
    "MaskRCNNSegmenter": "vision",
    "RCNNDetector": "vision",
    "TabularMLPClassifier": "tabular",
    "TabularMLPRegressor": "tabular",
    "YOLODetector": "vision",
}


def __getattr__(name: str) -> Any:
    """Import submodules and most estimators on first access, so that ``import skann`` is fast."""
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.estimators.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__ + _SUBMODULES
