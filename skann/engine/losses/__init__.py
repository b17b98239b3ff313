"""Losses: one class each, as functions of raw outputs with the link and the gradient fused."""

from . import classification, regression, segmentation
from .base import CLASSIFICATION, LOSSES, REGRESSION, Loss
from .blocks import MULTIOUTPUT, BlockLink, BlockLoss
from .classification import *
from .regression import *
from .regression import Clip, Exp, Increasing
from .segmentation import *
from .segmentation import SEGMENTATION, PixelLoss

__all__ = [
    "CLASSIFICATION",
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
__all__ += regression.__all__
__all__ += segmentation.__all__
