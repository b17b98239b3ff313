"""What is looked for in a fitted network: one function each, registered where it is written."""

# a report tells causes before their effects, in the order of these imports
# isort: off
from . import features, units, course, fit

# isort: on
from .base import SYMPTOMS, Finding
from .case import Case

__all__ = ["SYMPTOMS", "Case", "Finding", "course", "features", "fit", "units"]
