"""What is looked for in a fitted network: one function each, registered where it is written."""

from . import course, features, fit, units
from .base import SYMPTOMS, Finding
from .case import Case

__all__ = ["SYMPTOMS", "Case", "Finding", "course", "features", "fit", "units"]
