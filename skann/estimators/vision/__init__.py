"""Estimators for images and signals."""

from .conv_classifier import ConvClassifier
from .conv_regressor import ConvRegressor
from .fcn_segmenter import FCNSegmenter
from .yolo_detector import YOLODetector

__all__ = ["ConvClassifier", "ConvRegressor", "FCNSegmenter", "YOLODetector"]
