"""How an estimator's network is built, how its weights start, and what is special in its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from ..engine.activations import ACTIVATIONS, Identity
from ..engine.data.rows import Rows
from ..engine.graph import Graph
from ..engine.losses import Loss
from ..engine.models.mlp import multilayer_perceptron
from ..engine.objective import Objective
from ..engine.parameters import Parameters
from ..engine.training.settings import Settings
from ..engine.training.step import SupervisedStep
from .builders import build_initializer, build_normalization
from .constraints import check_activations, check_dropout, check_hidden_layer_sizes
from .labels import Labels, labels_of


@dataclass(frozen=True)
class Recipe:
    """The recipe of a multi-layer perceptron, by the parameters of its estimator; other recipes derive from it.

    Attributes
    ----------
    step : type of TrainingStep
        Called as ``SupervisedStep`` is.
    always_double : bool
        Whether predictions are float64 whatever the precision of X.
    takes_all_epochs : bool
        Whether taking all epochs is no lack of convergence.
    """

    step = SupervisedStep
    always_double = False
    takes_all_epochs = False

    def network(
        self, estimator: Any, loss: Loss, n_features: int, n_targets: int, target: numpy.ndarray | None = None
    ) -> tuple[Graph, Objective]:
        """Return the graph and the objective for the estimator's parameters.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        loss : Loss
        n_features, n_targets : int
            Columns of X and of the target, once codes are one-hot.
        target : ndarray, default=None
            The training rows' target; None where attributes are assigned and there is none.
        """
        sizes = check_hidden_layer_sizes(estimator.hidden_layer_sizes)
        activation = estimator.activation
        activations = check_activations(activation, len(sizes))
        # without hidden layers a single activation still says how scikit-learn draws the output layer
        drawn_for = activations or [Identity() if isinstance(activation, (list, tuple)) else activation]
        output_init = ACTIVATIONS.get(drawn_for[-1]).output_init
        init = build_initializer(estimator)
        return multilayer_perceptron(
            n_features=n_features,
            hidden_units=sizes,
            activations=activations,
            dropout=check_dropout(estimator.dropout, len(sizes)),
            n_outputs=loss.n_outputs(n_targets),
            loss=loss,
            link=loss.link(estimator._task, estimator.softmax_beta),
            weight_init=init,
            output_init=init or output_init,
            normalization=build_normalization(estimator),
            noise=estimator.noise,
        )

    def start(self, graph: Graph, parameters: Parameters, rows: Rows, rng: numpy.random.RandomState) -> None:
        """Change freshly drawn parameters in place: by default not at all."""

    def settings(self, settings: Settings) -> Settings:
        """Return the settings of training, given those of the estimator's parameters: by default these."""
        return settings

    def labels(self, y: numpy.ndarray) -> Labels:
        """Return how the labels of a classification target lie on the outputs."""
        return labels_of(y)
