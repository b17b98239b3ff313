"""A look inside fitted networks."""

from .diagnosis import Diagnosis, diagnose
from .findings import Finding

__all__ = ["Diagnosis", "Finding", "diagnose"]
