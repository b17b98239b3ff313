"""Estimators for images and signals."""

from .estimators.vision import ConvClassifier, ConvRegressor, FCNSegmenter

__all__ = ["ConvClassifier", "ConvRegressor", "FCNSegmenter"]


def __dir__() -> list[str]:
    return __all__
