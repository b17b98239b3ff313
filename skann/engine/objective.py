"""The training objective: a loss for each output of a graph, defined outside of the graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .losses import Loss


@dataclass(frozen=True)
class Head:
    """The loss of an output.

    Attributes
    ----------
    loss : Loss
    link : FixedActivation or BlockLink
        Maps raw outputs to the values that the loss compares with the target.
    prediction_link : FixedActivation or BlockLink, default=None
        Maps raw outputs to predictions; None uses ``link``.
    weight : float, default=1.0
        Weight of the loss in the objective.
    """

    loss: Loss
    link: Any
    prediction_link: Any = None
    weight: float = 1.0


class Objective:
    """The weighted sum of the heads' losses.

    Parameters
    ----------
    heads : dict of str to Head
        Heads by the names of the graph's outputs.

    Attributes
    ----------
    loss : Loss
        Loss of the first head.
    link, prediction_link : FixedActivation or BlockLink
        Links of the first head for training and for predictions.
    """

    def __init__(self, heads: dict[str, Head]):
        self.heads = heads
        first = next(iter(heads.values()))
        self.loss, self.link = first.loss, first.link
        self.prediction_link = first.prediction_link or first.link

    @classmethod
    def of(cls, output: str, loss: Loss, link: Any, prediction_link: Any = None) -> Objective:
        """Return the objective of a single output."""
        return cls({output: Head(loss, link, prediction_link)})

    def with_link(self, link: Any) -> Objective:
        """Return a copy with another link of the first head, for training and for predictions."""
        output, head = next(iter(self.heads.items()))
        return Objective({**self.heads, output: replace(head, link=link, prediction_link=None)})

    def with_prediction_link(self, link: Any) -> Objective:
        """Return a copy with another link of the first head for predictions."""
        output, head = next(iter(self.heads.items()))
        return Objective({**self.heads, output: replace(head, prediction_link=link)})

    @property
    def parts(self) -> list[str]:
        """Names of the losses' parts that the history reports."""
        return [f"{part}_loss" for head in self.heads.values() for part in head.loss.parts]

    def __repr__(self) -> str:
        return f"Objective({self.heads!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"heads": self.heads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)
