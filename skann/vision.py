"""Estimators for images and signals."""

from .estimators.vision import ConvClassifier, ConvRegressor

__all__ = ["ConvClassifier", "ConvRegressor"]


def __dir__() -> list[str]:
    return __all__
