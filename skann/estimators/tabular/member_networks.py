"""The network inside: the multi-layer perceptrons, trained on an encoded table by the recipe for tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy

from ...engine.activations import ACTIVATIONS
from ...engine.initializers import Constant, Normal
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

_INIT_SAMPLE_SIZE = 4096  # from which data-driven starting weights are computed


@dataclass(frozen=True)
class TableRecipe(Recipe):
    """The recipe that makes a perceptron one for tables.

    Attributes
    ----------
    embeddings : sequence of (str, Layer)
        Of the encoded columns, in the order of the chain.
    parametric_activation : bool
        Whether each unit learns the share of its activation.
    data_driven : bool
        Whether the starting weights are fitted to the training rows; N(0, 1) and zero outputs otherwise.
    regularization_schedule : Schedule
        Factor of dropout and weight decay at a step.
    skip_idle_wave : bool
        Whether the last wave of the learning rate is left out if the one before brought no better validation score.
    clips : bool, default=False
        Whether predictions are cut to the range of the training targets.
    classes : ndarray of shape (n_classes,), default=None
        Sorted; the training rows may lack some. None takes those of the target.
    """

    embeddings: Sequence[tuple[str, Layer]]
    parametric_activation: bool
    data_driven: bool
    regularization_schedule: Schedule
    skip_idle_wave: bool
    clips: bool = False
    classes: Any = field(default=None, compare=False)
    always_float64 = True  # X is the encoder's float32, whatever the table was
    runs_all_epochs = True

    def network(self, estimator, loss, n_features, n_targets, target=None):
        """Return RealMLP for the estimator's parameters, which clips predictions to the range of the target."""
        limits = None
        if self.clips and target is not None:
            limits = Clip(*(tuple(limit.tolist()) for limit in (target.min(axis=0), target.max(axis=0))))
        return realmlp(
            n_features,
            check_hidden_layer_sizes(estimator.hidden_layer_sizes),
            ACTIVATIONS.get(estimator.activation),
            loss.n_outputs(n_targets),
            loss,
            loss.link(estimator._task, estimator.softmax_beta),
            weight_init=DataDriven() if self.data_driven else Normal(),
            output_init=DataDriven() if self.data_driven else Constant(0.0),
            embeddings=self.embeddings,
            share_rate=0.1 if self.parametric_activation else None,
            dropout=cast("float", estimator.dropout),
            prediction_link=limits,
        )

    def start(self, graph, parameters, rows, rng):
        """Fit the starting weights to a sample of the rows, if they are to be."""
        if self.data_driven:
            chosen = rng.permutation(len(rows))[:_INIT_SAMPLE_SIZE]
            fit_to_rows(graph, parameters, rows.X[chosen], rng)

    def settings(self, settings):
        """Return the settings with the recipe's schedule of regularization and its choice among epochs."""
        schedule = self.regularization_schedule
        return replace(
            settings,
            ties="last",
            skip_idle_wave=self.skip_idle_wave,
            noise_schedule=schedule,
            decay_schedule=schedule,
        )

    def labels(self, y):
        """Return labels with a softmax output for each class."""
        classes = infer_labels(y).classes if self.classes is None else self.classes
        return SoftmaxLabels(classes, "multiclass")


@dataclass(frozen=True, eq=False)
class SoftmaxLabels(ColumnLabels):
    """Labels with a softmax output for each class, also for two."""

    def format_decision(self, decision: numpy.ndarray) -> numpy.ndarray:
        """Return the decision function's values, those of two classes as (n_samples,)."""
        return decision[:, 1] - decision[:, 0] if len(self.classes) == 2 else decision


class _RecipeMixin(BaseMLP):
    """A perceptron with a recipe for tables, which its clones have too."""

    @classmethod
    def with_recipe(cls, recipe: TableRecipe, **params: Any):
        """Return an unfitted network."""
        network = cls(**params)
        network._recipe = recipe
        return network

    def __sklearn_clone__(self):
        network: Any = super().__sklearn_clone__()
        network._recipe = self._recipe
        return network


class TableClassifier(_RecipeMixin, MLPClassifier):
    """The classifier of encoded tables."""

    def set_inverse_temperature(self, beta: float) -> None:
        """Make the softmax of predictions sharper or flatter."""
        learner = self._learner
        link = replace(learner.objective.link, beta=beta)
        self._learner = learner.with_objective(learner.objective.with_link(link))

    def __setstate__(self, state):
        super().__setstate__(_convert_old_state(state))


class TableRegressor(_RecipeMixin, MLPRegressor):
    """The regressor of encoded tables."""

    def __setstate__(self, state):
        state = _convert_old_state(state)
        limits = state.pop("_range", None)  # of an earlier version
        super().__setstate__(state)
        if limits is not None and isinstance(self._recipe, TableRecipe) and self._recipe.clips:
            link = Clip(*(tuple(limit.tolist()) for limit in limits))
            self._learner = self._learner.with_objective(self._learner.objective.with_prediction_link(link))


def _convert_old_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return a network's state with the recipe of this version in place of that of an earlier one, if it is there."""
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
