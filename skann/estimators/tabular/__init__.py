"""The estimators of tables."""

from .classifier import TabularMLPClassifier
from .regressor import TabularMLPRegressor

__all__ = ["TabularMLPClassifier", "TabularMLPRegressor"]
