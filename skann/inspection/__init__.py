"""Inspection of fitted networks: displays, a diagnosis, a summary, and hidden layers as features."""

from .activation import ActivationDisplay
from .detection_display import DetectionDisplay
from .diagnosis import Diagnosis, diagnose
from .feature_maps import FeatureMapsDisplay
from .findings import Finding
from .flow import DeadUnitsDisplay, GradientFlowDisplay
from .hidden_layer import HiddenLayerTransformer
from .hidden_space import HiddenSpaceDisplay
from .misclassified import MisclassifiedDisplay
from .network_diagram import NetworkDisplay
from .precision_recall import DetectionPrecisionRecallDisplay
from .saliency import saliency
from .saliency_display import SaliencyDisplay
from .segmentation_display import SegmentationDisplay
from .summary import NetworkSummary, summary
from .training_history import TrainingHistoryDisplay
from .weights import WeightsDisplay

__all__ = [
    "ActivationDisplay",
    "DeadUnitsDisplay",
    "DetectionDisplay",
    "DetectionPrecisionRecallDisplay",
    "Diagnosis",
    "FeatureMapsDisplay",
    "Finding",
    "GradientFlowDisplay",
    "HiddenLayerTransformer",
    "HiddenSpaceDisplay",
    "MisclassifiedDisplay",
    "NetworkDisplay",
    "NetworkSummary",
    "SaliencyDisplay",
    "SegmentationDisplay",
    "TrainingHistoryDisplay",
    "WeightsDisplay",
    "diagnose",
    "saliency",
    "summary",
]


def __dir__() -> list[str]:
    return __all__
