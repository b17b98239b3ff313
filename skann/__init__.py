"""Neural networks that behave like scikit-learn."""

from .estimators import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from .version import __version__, show_versions

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "__version__",
    "show_versions",
]
