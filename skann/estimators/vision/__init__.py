"""Estimators for images and signals."""

from .conv_classifier import ConvClassifier
from .conv_regressor import ConvRegressor

__all__ = ["ConvClassifier", "ConvRegressor"]
