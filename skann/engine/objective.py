"""The objective of training: a loss on each output of a graph. It stands outside the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .losses import Loss


@dataclass(frozen=True)
class Head:
    """The loss on an output.

    Attributes
    ----------
    loss : Loss
    link : FixedActivation or BlockLink
        Turns raw outputs into the values that the loss compares with the target.
    prediction_link : FixedActivation or BlockLink, default=None
        Turns raw outputs into predictions; None takes ``link``.
    weight : float, default=1.0
        Factor of the loss in the objective.
    """

    loss: Loss
    link: Any
    prediction_link: Any = None
    weight: float = 1.0


class Objective:
    """The sum of the heads' losses, each times its weight.

    Parameters
    ----------
    heads : dict of str to Head
        By the names of outputs of a graph.

    Attributes
    ----------
    loss : Loss
    link, prediction_link : FixedActivation or BlockLink
        Of training and of predictions. All three are those of the first head.
    """

    def __init__(self, heads: dict[str, Head]):
        self.heads = heads
        first = next(iter(heads.values()))
        self.loss, self.link = first.loss, first.link
        self.prediction_link = first.prediction_link or first.link

    @classmethod
    def of(cls, output: str, loss: Loss, link: Any, prediction_link: Any = None) -> Objective:
        """Return the objective with a loss on a single output."""
        return cls({output: Head(loss, link, prediction_link)})

    def with_link(self, link: Any) -> Objective:
        """Return the objective with another link, of training and of predictions, on its first head."""
        output, head = next(iter(self.heads.items()))
        return Objective({**self.heads, output: replace(head, link=link, prediction_link=None)})

    def with_prediction_link(self, link: Any) -> Objective:
        """Return the objective with another link of predictions on its first head."""
        output, head = next(iter(self.heads.items()))
        return Objective({**self.heads, output: replace(head, prediction_link=link)})

    def __repr__(self) -> str:
        return f"Objective({self.heads!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"heads": self.heads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)
