"""Neural networks that behave like scikit-learn."""

from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    """Import the estimators of tables when first asked for: they are a tenth of what an import takes."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .estimators import tabular

    return getattr(tabular, name)


def __dir__() -> list[str]:
    return __all__
