"""A look inside fitted networks."""

from .diagnosis import Diagnosis, diagnose
from .findings import Finding
from .hidden_layer import HiddenLayerTransformer
from .summary import NetworkSummary, summary

__all__ = ["Diagnosis", "Finding", "HiddenLayerTransformer", "NetworkSummary", "diagnose", "summary"]
