"""Losses: one class each, as functions of raw outputs with the link and the gradient fused."""

from . import classification, detection, regression, segmentation
from .base import CLASSIFICATION, LOSSES, REGRESSION, Loss
from .blocks import MULTIOUTPUT, BlockLink, BlockLoss
from .classification import *
from .detection import *
from .detection import DETECTION
from .regression import *
from .regression import Clip, Exp, Increasing
from .segmentation import *
from .segmentation import SEGMENTATION, PixelLoss

__all__ = [
    "CLASSIFICATION",
    "DETECTION",
    "LOSSES",
    "MULTIOUTPUT",
    "REGRESSION",
    "SEGMENTATION",
    "BlockLink",
    "BlockLoss",
    "Loss",
    "PixelLoss",
]
__all__ += ["Clip", "Exp", "Increasing"]
__all__ += classification.__all__
__all__ += detection.__all__
__all__ += regression.__all__
__all__ += segmentation.__all__
