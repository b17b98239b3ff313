"""A look inside a fitted network: pictures of its training, its weights and what its layers do."""

from .activation import ActivationDisplay
from .flow import DeadUnitsDisplay, GradientFlowDisplay
from .hidden_space import HiddenSpaceDisplay
from .history import TrainingHistoryDisplay
from .network import NetworkDisplay
from .weights import WeightsDisplay

__all__ = [
    "ActivationDisplay",
    "DeadUnitsDisplay",
    "GradientFlowDisplay",
    "HiddenSpaceDisplay",
    "NetworkDisplay",
    "TrainingHistoryDisplay",
    "WeightsDisplay",
]
