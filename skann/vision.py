"""Estimators for images and signals."""

from .estimators.vision import (
    ConvClassifier,
    ConvRegressor,
    FCNSegmenter,
    MaskRCNNSegmenter,
    RCNNDetector,
    YOLODetector,
)

__all__ = ["ConvClassifier", "ConvRegressor", "FCNSegmenter", "MaskRCNNSegmenter", "RCNNDetector", "YOLODetector"]


def __dir__() -> list[str]:
    return __all__
