"""Estimators for images and signals."""

from .estimators.vision import ConvClassifier, ConvRegressor, FCNSegmenter, YOLODetector

__all__ = ["ConvClassifier", "ConvRegressor", "FCNSegmenter", "YOLODetector"]


def __dir__() -> list[str]:
    return __all__
