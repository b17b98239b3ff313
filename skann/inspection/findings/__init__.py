"""Checks for common problems of fitted networks, each a function that registers itself."""

# the order of these imports is that of the report: causes before their effects
# isort: off
from . import features, images, objects, units, course, fit

# isort: on
from .base import SYMPTOMS, Finding
from .case import Case

__all__ = ["SYMPTOMS", "Case", "Finding", "course", "features", "fit", "images", "objects", "units"]
