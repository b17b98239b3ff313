"""Losses: each one class, on raw outputs, with the link and the gradient fused."""

from .base import CLASSIFICATION, LOSSES, REGRESSION, Loss
from .classification import Focal, Hinge, LogLoss
from .regression import AbsoluteError, Exp, Gamma, Huber, Increasing, Poisson, Quantile, SquaredError

__all__ = [
    "CLASSIFICATION",
    "LOSSES",
    "REGRESSION",
    "AbsoluteError",
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
