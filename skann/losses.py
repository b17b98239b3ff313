"""Losses: pass one wherever an estimator takes a loss."""

from .engine.losses import LogLoss, Loss, Poisson, SquaredError

__all__ = ["LogLoss", "Loss", "Poisson", "SquaredError"]
