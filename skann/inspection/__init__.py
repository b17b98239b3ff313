"""Inspection of fitted networks: displays, a diagnosis, a summary, and hidden layers as features."""

from .activation import ActivationDisplay
from .diagnosis import Diagnosis, diagnose
from .findings import Finding
from .flow import DeadUnitsDisplay, GradientFlowDisplay
from .hidden_layer import HiddenLayerTransformer
from .hidden_space import HiddenSpaceDisplay
from .network_diagram import NetworkDisplay
from .summary import NetworkSummary, summary
from .training_history import TrainingHistoryDisplay
from .weights import WeightsDisplay

__all__ = [
    "ActivationDisplay",
    "DeadUnitsDisplay",
    "Diagnosis",
    "Finding",
    "GradientFlowDisplay",
    "HiddenLayerTransformer",
    "HiddenSpaceDisplay",
    "NetworkDisplay",
    "NetworkSummary",
    "TrainingHistoryDisplay",
    "WeightsDisplay",
    "diagnose",
    "summary",
]


def __dir__() -> list[str]:
    return __all__
