"""Training: steps, updates, epochs, stopping, checkpoints."""

from .state import TrainingState  # pickles name it here

__all__ = ["TrainingState"]
