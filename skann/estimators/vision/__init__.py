"""Estimators for images and signals."""

from .conv_classifier import ConvClassifier
from .conv_regressor import ConvRegressor
from .fcn_segmenter import FCNSegmenter
from .mask_rcnn_segmenter import MaskRCNNSegmenter
from .rcnn_detector import RCNNDetector
from .yolo_detector import YOLODetector

__all__ = ["ConvClassifier", "ConvRegressor", "FCNSegmenter", "MaskRCNNSegmenter", "RCNNDetector", "YOLODetector"]
