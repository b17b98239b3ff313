"""Losses: each one class, on raw outputs, with the link and the gradient fused."""

from .base import CLASSIFICATION, LOSSES, REGRESSION, Loss
from .blocks import MULTIOUTPUT, BlockLink, BlockLoss
from .classification import Focal, Hinge, LogLoss
from .regression import AbsoluteError, Clip, Exp, Gamma, Huber, Increasing, Poisson, Quantile, SquaredError

__all__ = [
    "CLASSIFICATION",
    "LOSSES",
    "MULTIOUTPUT",
    "REGRESSION",
    "AbsoluteError",
    "BlockLink",
    "BlockLoss",
    "Clip",
    "Exp",
    "Focal",
    "Gamma",
    "Hinge",
    "Huber",
    "Increasing",
    "LogLoss",
    "Loss",
    "Poisson",
    "Quantile",
    "SquaredError",
]
