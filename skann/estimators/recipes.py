"""Recipes: how an estimator builds its network, initialises its weights and adjusts its training settings."""

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
from .labels import Labels, infer_labels


@dataclass(frozen=True)
class Recipe:
    """The recipe for the multi-layer perceptron of an estimator's parameters; base class of other recipes.

    Attributes
    ----------
    step : type of TrainingStep
        Class of the training step, with the signature of ``SupervisedStep``.
    always_float64 : bool
        Whether predictions are float64 whatever the dtype of X.
    runs_all_epochs : bool
        Whether training regularly runs for all epochs, so that this is no lack of convergence.
    auto_batch_size : int
        Maximum size of a batch for ``batch_size="auto"``.
    schedules_partial_fit : bool
        Whether the learning rate schedule applies to partial_fit, over ``max_iter`` calls.
    """

    step = SupervisedStep
    always_float64 = False
    runs_all_epochs = False
    auto_batch_size = 200
    schedules_partial_fit = True

    def network(
        self,
        estimator: Any,
        loss: Loss,
        in_shape: tuple[int, ...],
        n_targets: int,
        target: numpy.ndarray | None = None,
    ) -> tuple[Graph, Objective]:
        """Return the graph and the objective for the estimator's parameters.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
        loss : Loss
        in_shape : tuple of int
            Shape of a row of X.
        n_targets : int
            Number of columns of the target, with class codes one-hot encoded.
        target : ndarray, default=None
            The training target; None for a network assembled from assigned attributes.
        """
        sizes = check_hidden_layer_sizes(estimator.hidden_layer_sizes)
        activation = estimator.activation
        activations = check_activations(activation, len(sizes))
        # without hidden layers, a single activation still determines scikit-learn's initialization of the output layer
        init_activations = activations or [Identity() if isinstance(activation, (list, tuple)) else activation]
        output_init = ACTIVATIONS.get(init_activations[-1]).output_init
        init = build_initializer(estimator)
        return multilayer_perceptron(
            n_features=in_shape[0],
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
        """Modify freshly drawn parameters in place; by default, do nothing."""

    def settings(self, settings: Settings) -> Settings:
        """Return the training settings, adjusted from those of the estimator's parameters."""
        return settings

    def labels(self, y: numpy.ndarray) -> Labels:
        """Return the labels found in a classification target."""
        return infer_labels(y)
