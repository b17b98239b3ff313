"""Neural networks that behave like scikit-learn."""

from .estimators import MLPClassifier, MLPRegressor
from .version import __version__, show_versions

__all__ = ["MLPClassifier", "MLPRegressor", "__version__", "show_versions"]
