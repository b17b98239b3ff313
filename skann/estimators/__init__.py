"""The estimators: what users touch."""

from .classifier import MLPClassifier
from .regressor import MLPRegressor
from .tabular import TabularMLPClassifier, TabularMLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularMLPClassifier", "TabularMLPRegressor"]
