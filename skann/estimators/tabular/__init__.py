"""Estimators for tables with columns of any kind."""

from .classifier import TabularMLPClassifier
from .regressor import TabularMLPRegressor

__all__ = ["TabularMLPClassifier", "TabularMLPRegressor"]
