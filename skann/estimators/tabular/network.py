"""The network inside: the multi-layer perceptrons, trained on an encoded table by the recipe for tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy

from ...engine.activations import ACTIVATIONS, Softmax
from ...engine.data_driven import DataDriven, fit_to_rows
from ...engine.initializers import Constant, Normal
from ...engine.layers import Layer
from ...engine.schedules import Schedule
from ...engine.tabular import tabular_network
from ...engine.training import Settings
from ..base import BaseMLP
from ..classifier import MLPClassifier
from ..constraints import check_hidden_layer_sizes
from ..hooks import FitHooks
from ..labels import ColumnLabels
from ..regressor import MLPRegressor

_ROWS_OF_INIT = 4096  # from which data-driven starting weights are computed


@dataclass(frozen=True)
class Recipe:
    """What makes a perceptron one for tables.

    Attributes
    ----------
    embeddings : sequence of (str, Layer)
        Of the encoded columns, in the order of the chain.
    parametric_activation : bool
        Whether each unit learns the share of its activation.
    data_driven : bool
        Whether the starting weights are fitted to the training rows; N(0, 1) and zero outputs otherwise.
    regularization_schedule : Schedule
        What dropout and weight decay are multiplied by at a step.
    gives_up : bool
        Whether the last wave of the learning rate is left out if the one before brought no better validation score.
    """

    embeddings: Sequence[tuple[str, Layer]]
    parametric_activation: bool
    data_driven: bool
    regularization_schedule: Schedule
    gives_up: bool


class RecipeMixin(BaseMLP):
    """Overrides of BaseMLP: the chain of layers, its starting weights and what is special in its training.

    Attributes
    ----------
    recipe : Recipe
    given_hooks : FitHooks or None
        Called around the fit and its epochs.
    ended : str
        Why training ended, as the trainer says it.
    """

    recipe: Recipe
    given_hooks: FitHooks | None = None
    ended: str | None

    def _hooks(self, X, y, sample_weight):
        return self.given_hooks

    def _build_architecture(self, n_features, n_outputs):
        recipe, loss = self.recipe, self._made_loss()
        return tabular_network(
            n_features,
            check_hidden_layer_sizes(self.hidden_layer_sizes),
            ACTIVATIONS.get(self.activation),
            loss.n_outputs(n_outputs),
            loss,
            loss.link(self._task, self.softmax_beta),
            weight_init=DataDriven() if recipe.data_driven else Normal(),
            output_init=DataDriven() if recipe.data_driven else Constant(0.0),
            embeddings=recipe.embeddings,
            share_rate=0.1 if recipe.parametric_activation else None,
            dropout=cast("float", self.dropout),
        )

    def _starting_parameters(self, architecture, rows, rng, goes_on):
        parameters = super()._starting_parameters(architecture, rows, rng, goes_on)
        if self.recipe.data_driven:
            chosen = rng.permutation(len(rows))[:_ROWS_OF_INIT]
            fit_to_rows(architecture, parameters, rows.X[chosen], rng)
        return parameters

    def _output_dtype(self, X):
        return numpy.float64  # X is the encoder's float32, whatever the table was

    def _settings(self, n_samples: int, max_epochs: int) -> Settings:
        settings = super()._settings(n_samples, max_epochs)
        schedule = self.recipe.regularization_schedule
        return replace(
            settings, ties="last", gives_up=self.recipe.gives_up, noise_schedule=schedule, decay_schedule=schedule
        )

    def _warn_about(self, reason, trainer, incremental):
        """Note why training ended; taking all epochs is no lack of convergence."""
        self.ended = reason
        if reason == "interrupted":
            super()._warn_about(reason, trainer, incremental)

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "given_hooks"}


@dataclass(frozen=True, eq=False)
class SoftmaxLabels(ColumnLabels):
    """Labels with a softmax output for each class, also for two."""

    def shown(self, decision: numpy.ndarray) -> numpy.ndarray:
        """Return the decision function's values, those of two classes as (n_samples,)."""
        return decision[:, 1] - decision[:, 0] if len(self.classes) == 2 else decision


class TableClassifier(RecipeMixin, MLPClassifier):
    """The classifier of encoded tables.

    Attributes
    ----------
    all_classes : ndarray of shape (n_classes,)
        Sorted; the training rows may lack some.
    """

    all_classes: numpy.ndarray

    def _encode_target(self, y, sample_weight, goes_on, incremental):
        self._labels = SoftmaxLabels(self.all_classes, "multiclass")
        self.classes_ = self.all_classes
        return self._labels.encode(y)

    def set_inverse_temperature(self, beta: float) -> None:
        """Make the softmax of predictions sharper or flatter."""
        self._architecture = self._architecture.with_link(Softmax(beta))


class TableRegressor(RecipeMixin, MLPRegressor):
    """The regressor of encoded tables.

    Attributes
    ----------
    clips : bool
        Whether predictions are cut to the range of the training targets.
    """

    clips: bool

    def _encode_target(self, y, sample_weight, goes_on, incremental):
        target = super()._encode_target(y, sample_weight, goes_on, incremental)
        if not goes_on:
            self._range = target.min(axis=0), target.max(axis=0)
        return target

    def _linked_outputs(self, X):
        return self._clipped(super()._linked_outputs(X))

    def _validation_score(self, raw, link, rows):
        return self._score_of(self._clipped(link(raw)), rows.of(rows.target), rows.of(rows.weight))

    def _clipped(self, predicted: numpy.ndarray) -> numpy.ndarray:
        """Return predictions, in the units of training, within the range of the training targets."""
        return numpy.clip(predicted, *self._range) if self.clips else predicted
