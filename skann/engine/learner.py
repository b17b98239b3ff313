"""A network with all that it takes to train it and to predict."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from .graph import Graph
from .objective import Objective
from .parameters import Parameters
from .prediction import Predictor


class Learner:
    """A graph with its objective and its parameters, which steps train and which predicts.

    Parameters
    ----------
    graph : Graph
    objective : Objective
    parameters : Parameters
        On the host.
    """

    def __init__(self, graph: Graph, objective: Objective, parameters: Parameters):
        self.graph, self.objective, self.parameters = graph, objective, parameters

    @cached_property
    def predictor(self) -> Predictor:
        """Runs the graph forward."""
        return Predictor(self.graph, self.parameters)

    def predictor_of(self, node: str) -> Predictor:
        """Return a predictor of the outputs of a node."""
        return Predictor(self.graph.up_to(node), self.parameters)

    @property
    def hidden(self) -> list[str]:
        """The last node of each hidden block."""
        return self.graph.with_role("hidden")

    def with_parameters(self, parameters: Parameters) -> Learner:
        """Return a learner with other parameters."""
        return Learner(self.graph, self.objective, parameters)

    def with_objective(self, objective: Objective) -> Learner:
        """Return a learner with another objective, which shares graph and parameters."""
        return Learner(self.graph, objective, self.parameters)

    def __getstate__(self) -> dict[str, Any]:
        return {"graph": self.graph, "objective": self.objective, "parameters": self.parameters}
