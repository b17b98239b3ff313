"""The learner: a graph with its objective and its parameters."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from .graph import Graph
from .objective import Objective
from .parameters import Parameters
from .prediction import Predictor


class Learner:
    """A graph with its objective and its parameters, to be trained and to predict.

    Parameters
    ----------
    graph : Graph
    objective : Objective
    parameters : Parameters
        In host memory.
    """

    def __init__(self, graph: Graph, objective: Objective, parameters: Parameters):
        self.graph, self.objective, self.parameters = graph, objective, parameters

    @cached_property
    def predictor(self) -> Predictor:
        """The predictor of the graph's outputs."""
        return Predictor(self.graph, self.parameters)

    def predictor_of(self, node: str) -> Predictor:
        """Return a predictor of a node's output."""
        return Predictor(self.graph.up_to(node), self.parameters)

    @property
    def hidden(self) -> list[str]:
        """Names of the last node of each hidden block."""
        return self.graph.with_role("hidden")

    def with_parameters(self, parameters: Parameters) -> Learner:
        """Return a learner with other parameters and the same graph and objective."""
        return Learner(self.graph, self.objective, parameters)

    def with_objective(self, objective: Objective) -> Learner:
        """Return a learner with another objective that shares the graph and the parameters."""
        return Learner(self.graph, objective, self.parameters)

    def __getstate__(self) -> dict[str, Any]:
        return {"graph": self.graph, "objective": self.objective, "parameters": self.parameters}
