"""Networks of ensemble members: multi-layer perceptrons with the RealMLP recipe, trained on an encoded table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy

from ...engine.activations import ACTIVATIONS, FixedActivation
from ...engine.initializers import Fill, Normal
from ...engine.layers import Layer
from ...engine.losses import Clip
from ...engine.models.data_driven_init import DataDriven, fit_to_rows
from ...engine.models.realmlp import realmlp
from ...engine.schedules import Schedule
from ..base import BaseMLP
from ..classifier import MLPClassifier
from ..constraints import check_hidden_layer_sizes
from ..labels import ColumnLabels, infer_labels
from ..recipes import Recipe
from ..regressor import MLPRegressor

_INIT_SAMPLE_SIZE = 4096  # rows for the data-driven initialization


@dataclass(frozen=True)
class TableRecipe(Recipe):
    """The recipe of RealMLP.

    Attributes
    ----------
    embeddings : sequence of (str, Layer)
        Embedding layers of the encoded columns, in the order of the network.
    parametric_activation : bool
        Whether each unit learns a factor of its activation.
    data_driven : bool
        Whether the initialization is data-driven; else the weights are N(0, 1), and those of the output layer 0.
    regularization_schedule : Schedule
        Schedule of the factor of dropout and weight decay.
    skip_idle_wave : bool
        Whether to skip the last cycle of the learning rate if the cycle before did not improve the validation score.
    clips : bool, default=False
        Whether to clip predictions to the range of the training targets.
    classes : ndarray of shape (n_classes,), default=None
        Sorted class labels, which need not all occur in the target; None means those of the target.
    """

    embeddings: Sequence[tuple[str, Layer]]
    parametric_activation: bool
    data_driven: bool
    regularization_schedule: Schedule
    skip_idle_wave: bool
    clips: bool = False
    classes: Any = field(default=None, compare=False)
    always_float64 = True  # the encoder returns float32 whatever the dtypes of the table
    runs_all_epochs = True

    def network(self, estimator, loss, in_shape, n_targets, target=None):
        """Return the graph and the objective of RealMLP for the estimator's parameters."""
        link = loss.link(estimator._task, estimator.softmax_beta)
        clipped = None
        if self.clips and target is not None:
            clipped = _clipped(link, target.min(axis=0), target.max(axis=0))
        return realmlp(
            in_shape[0],
            check_hidden_layer_sizes(estimator.hidden_layer_sizes),
            ACTIVATIONS.get(estimator.activation),
            loss.n_outputs(n_targets),
            loss,
            link,
            weight_init=DataDriven() if self.data_driven else Normal(),
            output_init=DataDriven() if self.data_driven else Fill(0.0),
            embeddings=self.embeddings,
            share_rate=0.1 if self.parametric_activation else None,
            dropout=cast("float", estimator.dropout),
            prediction_link=clipped,
        )

    def start(self, graph, parameters, rows, rng):
        """Initialise the weights from a sample of the rows if the recipe is data-driven."""
        if self.data_driven:
            sample = rng.permutation(len(rows))[:_INIT_SAMPLE_SIZE]
            fit_to_rows(graph, parameters, rows.X[sample], rng)

    def settings(self, settings):
        """Return the settings with the recipe's regularization schedule and selection of the best epoch."""
        schedule = self.regularization_schedule
        return replace(
            settings,
            ties="last",
            skip_idle_wave=self.skip_idle_wave,
            noise_schedule=schedule,
            decay_schedule=schedule,
        )

    def labels(self, y):
        """Return labels with one softmax output per class."""
        classes = infer_labels(y).classes if self.classes is None else self.classes
        return SoftmaxLabels(classes, "multiclass")


@dataclass(frozen=True, eq=False)
class SoftmaxLabels(ColumnLabels):
    """Labels with one softmax output per class, also for two classes."""

    def format_decision(self, decision: numpy.ndarray) -> numpy.ndarray:
        """Return the values of the decision function, of shape (n_samples,) for two classes."""
        return decision[:, 1] - decision[:, 0] if len(self.classes) == 2 else decision


class _RecipeMixin(BaseMLP):
    """Mixin for perceptrons with a TableRecipe, which clones share."""

    @classmethod
    def with_recipe(cls, recipe: TableRecipe, **params: Any):
        """Return an unfitted network with a recipe and parameters."""
        network = cls(**params)
        network._recipe = recipe
        return network

    def __sklearn_clone__(self):
        network: Any = super().__sklearn_clone__()
        network._recipe = self._recipe
        return network


class TableClassifier(_RecipeMixin, MLPClassifier):
    """Classifier for encoded tables."""

    def set_inverse_temperature(self, beta: float) -> None:
        """Set the inverse temperature of the softmax of predictions."""
        learner = self._learner
        link = replace(learner.objective.link, beta=beta)
        self._learner = learner.with_objective(learner.objective.with_link(link))

    def __setstate__(self, state):
        super().__setstate__(_convert_old_state(state))


class TableRegressor(_RecipeMixin, MLPRegressor):
    """Regressor for encoded tables."""

    def __setstate__(self, state):
        state = _convert_old_state(state)
        limits = state.pop("_range", None)  # pickled by an earlier version
        super().__setstate__(state)
        if limits is not None and isinstance(self._recipe, TableRecipe) and self._recipe.clips:
            objective = self._learner.objective
            link = _clipped(objective.link, *limits)
            self._learner = self._learner.with_objective(objective.with_prediction_link(link))


def _clipped(link: FixedActivation, low: numpy.ndarray, high: numpy.ndarray) -> Clip:
    """Return a link whose values are cut to limits for each target."""
    return Clip(link, tuple(low.tolist()), tuple(high.tolist()))


def _convert_old_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the pickled state of a network with a recipe of an earlier version converted."""
    state = dict(state)
    old = vars(state.pop("recipe")) if "recipe" in state else None
    if old is not None:
        state["_recipe"] = TableRecipe(
            old["embeddings"],
            old["parametric_activation"],
            old["data_driven"],
            old["regularization_schedule"],
            old["gives_up"],
            clips=bool(state.pop("clips", False)),
            classes=state.pop("all_classes", None),
        )
    state.pop("ended", None)
    return state
