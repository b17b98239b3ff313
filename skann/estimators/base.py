"""What the classifier and the regressor share: validate, encode, build the network, hand over to the engine."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import Any, Self

import numpy
from numpy.typing import ArrayLike
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_random_state

from .._sklearn_compat import _fit_context, with_callbacks
from .._warnings import warn
from ..callbacks.training import TrainingView
from ..engine.activations import FixedActivation
from ..engine.data.rows import Rows
from ..engine.graph import Graph
from ..engine.learner import Learner
from ..engine.losses import Loss
from ..engine.objective import Objective
from ..engine.parameters import Parameters
from ..engine.solvers import Solver
from ..engine.training.history import Progress
from ..engine.training.lbfgs import LBFGSTrainer
from ..engine.training.settings import Settings
from ..engine.training.state import TrainingState
from ..engine.training.trainer import Trainer
from .assigned_network import forget_assigned
from .atomic_fit import train
from .builders import build_loss, build_schedule, build_solver, is_stochastic
from .constraints import (
    SHARED_CONSTRAINTS,
    HintingMixin,
    check_target_in,
)
from .data import renamed, split_validation, training_data, validation_data
from .devices import namespace_to_fit
from .fit_warnings import warn_of_scales, warn_of_validation_rows
from .fitted_network import FittedNetwork
from .hooks import FitHooks
from .recipes import Recipe
from .sample_weights import check_range, check_sample_weight, check_some_count
from .threads import blas_limit
from .training_attributes import CourseMixin
from .validation_set import ValidationSet, evaluation

_FLOAT32_FROM = 1_000  # rows from which dtype="auto" means float32 for any X: below, precision costs nothing


class BaseMLP(CallbackSupportMixin, HintingMixin, CourseMixin, FittedNetwork, ABC):
    """A multi-layer perceptron without a task: subclasses say what y is and what the outputs mean."""

    _parameter_constraints: dict = SHARED_CONSTRAINTS

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train on X and y, from fresh weights or, with ``warm_start``, from the last ones.

        Ctrl-C ends training early. From the first step on, fit then warns and returns the fitted estimator, with the
        best weights so far if ``early_stopping`` is on, else with the last; before, KeyboardInterrupt passes on, and
        what was fitted earlier stays.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Training rows: finite numbers of any real dtype. An array of more than 4 MB is never copied whole.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            For classification, labels of any type or a multilabel indicator matrix; for regression, finite numbers.
            Objects that are all bool or all int are labels of that type.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, not all zero. They are normalised over the whole training set: a weight of 2 is a
            row repeated, at any batch size. None weighs every row 1. No weight but 0, times n_samples, may become 0 or
            infinite in the precision of training.
        X_val, y_val : like X and y, default=None
            A validation set of your own, in place of one split off by ``early_stopping``. It is scored after each
            epoch; with ``early_stopping=False`` it is only noted in ``history_``. lbfgs warns that it is not used.
            A Pipeline transforms it as X where metadata is routed, and not otherwise::

                sklearn.set_config(enable_metadata_routing=True)
                mlp = MLPClassifier(early_stopping=True).set_fit_request(X_val=True, y_val=True)
                pipeline = make_pipeline(StandardScaler(), mlp, transform_input=["X_val"])
                pipeline.fit(X, y, X_val=X_val, y_val=y_val)
        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For parameters or data out of range.
        TypeError
            For columns and targets of datetimes and of dtypes that hold no numbers; the column is named.
        skann.exceptions.DivergenceError
            A ValueError, if the loss or a prediction becomes infinite or NaN. After any error, what was fitted before
            stays; only an error of a callback leaves the estimator fitted with its best weights.
        TypeError
            If a method of an activation or loss of your own returns its result instead of writing it.
        """
        self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), self._hooks(X, y, sample_weight))
        return self

    def _fit(self, X, y, sample_weight, validation, hooks: FitHooks | None = None) -> Trainer | LBFGSTrainer:
        """Train on X and y; return the training after its end. Errors of callbacks are raised once all is set."""

        def prepare() -> Trainer | LBFGSTrainer:
            continuing = self.warm_start and self._can_continue()
            training = self._prepare(X, y, sample_weight, validation, continuing=continuing)
            if hooks is not None:
                self._begin_hooks(hooks, training)
            return training

        training = train(self, prepare, _run, lambda training: self._conclude(training, hooks))
        error = training.error or (hooks and hooks.error)
        if error:
            raise error
        return training

    def _partial_fit(self, X, y, sample_weight, continuing: bool, begin: Callable[[], None] = lambda: None) -> Self:
        """Train one epoch on the rows given; ``begin`` is called at first, and what it sets put back by an error."""

        def prepare() -> Trainer | LBFGSTrainer:
            begin()
            return self._prepare(X, y, sample_weight, (None, None, None), continuing=continuing, incremental=True)

        train(self, prepare, _run, lambda trainer: self._conclude(trainer, incremental=True))
        return self

    def _hooks(self, X, y, sample_weight) -> FitHooks | None:
        """Set the callbacks up, if there are any, and return what calls them."""
        if not getattr(self, "_skl_callbacks", None):
            return None
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        root = self._init_callback_context(max_subtasks=self.max_iter if is_stochastic(self.solver) else 0)
        return FitHooks(root, {"estimator": self, "X": X, "y": y, "metadata": metadata})

    def _begin_hooks(self, hooks: FitHooks, training: Trainer | LBFGSTrainer) -> None:
        """Tell the callbacks that training begins."""
        if isinstance(training, Trainer):
            learner = training.learner
            hooks.fitted_now = lambda: self._fitted_attributes(learner.with_parameters(learner.parameters.snapshot()))
            hooks.view = TrainingView(training)
            training.hooks = hooks
        hooks.fit_begins()

    def _prepare(
        self, X, y, sample_weight, validation, *, continuing: bool, incremental: bool = False
    ) -> Trainer | LBFGSTrainer:
        """Validate, encode, build the network; return the training. ``continuing`` keeps the last fit's weights."""
        solver = build_solver(self)
        if not continuing:
            forget_assigned(self)
        X, y = training_data(self, X, y, reset=not continuing, y_numeric=self._y_numeric)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
        target = self._encode_target(y, sample_weight, continuing, incremental)
        weight = self._weigh_classes(y, sample_weight)
        if not incremental:  # a batch may hold only rows that do not count
            check_some_count(weight)
        # a call of partial_fit cannot know the sum of all weights
        total_weight = len(target) if incremental else None
        rows = Rows(X, target, weight, n_classes=self._n_one_hot, total_weight=total_weight)
        held_out = self._given_validation(*validation)
        if self.warn and not incremental:  # every call of partial_fit would say it again
            self._advise(rows, held_out, sample_weight)
        xp = namespace_to_fit(self.device, solver)
        rng = check_random_state(self.random_state)
        learner = self._starting_learner(rows, rng, continuing)
        dtype = learner.parameters.theta.dtype
        self._check_weights(dtype, rows, y, held_out)
        if not solver.is_stochastic:
            if held_out is not None:
                warn(f"solver={solver.name!r} has no epochs to score X_val after: it is not used.")
            return self._minimizer(solver, learner, rows)
        check_target_in(dtype, learner.objective.loss, rows.target)  # L-BFGS computes in float64
        if self.early_stopping and held_out is None:
            rows, held_out = self._split(rows, y, rng)
        return self._trainer(solver, learner, rows, held_out, rng, continuing, incremental, xp)

    def _conclude(
        self, training: Trainer | LBFGSTrainer, hooks: FitHooks | None = None, incremental: bool = False
    ) -> Trainer | LBFGSTrainer:
        """Set the attributes of a fitted estimator; return the training."""
        attributes = self._fitted_attributes(training.learner)
        vars(self).update(attributes)
        if isinstance(training, Trainer):
            self._note_training(training, incremental)
        else:
            self._note_minimum(training)
        if hooks is not None and training.error is None:
            hooks.fit_ends(attributes)
        return training

    @staticmethod
    def _fitted_attributes(learner: Learner) -> dict[str, Any]:
        """Return the attributes by which an estimator with this network predicts."""
        return {
            "_learner": learner,
            "n_layers_": len(learner.hidden) + 2,
            "n_outputs_": learner.graph.shapes[learner.graph.outputs[0]][-1],
        }

    def _as_fitted(self, learner: Learner, named: bool = False):
        """Return a shallow copy that predicts by this network, on arrays unless X's columns are ``named``."""
        fitted = copy.copy(self)
        vars(fitted).update(self._fitted_attributes(learner))
        if not named:
            vars(fitted).pop("feature_names_in_", None)
        return fitted

    # What subclasses say

    _y_numeric: bool  # whether y must be numbers
    _n_one_hot: int | None = None  # columns that a target of class codes is spread over
    softmax_beta = 1.0  # a parameter of the classifier alone

    _task: str  # what the outputs mean: "binary", "multiclass", "multilabel", "multioutput" or "regression"

    @abstractmethod
    def _encode_target(self, y, sample_weight, continuing: bool, incremental: bool) -> numpy.ndarray:
        """Return y as the engine's target; ``continuing`` keeps to what is known of y already."""

    def _weigh_classes(self, y, sample_weight):
        """Return the rows' weights with those of their classes multiplied in."""
        return sample_weight

    @abstractmethod
    def _classes_to_stratify(self, rows: Rows) -> numpy.ndarray | None:
        """Return what a validation split keeps in proportion, if anything."""

    @abstractmethod
    def _validation_score(self, raw: numpy.ndarray, link: FixedActivation, rows: Rows) -> float:
        """Return the score of finite raw outputs for the rows of a validation set, the larger the better."""

    def _advise(self, rows: Rows, held_out: ValidationSet | None, sample_weight) -> None:
        """Warn of what may train badly and has a remedy."""
        warn_of_scales(rows.X, getattr(self, "feature_names_in_", None))
        if held_out is not None and is_stochastic(self.solver):
            warn_of_validation_rows(rows.X, held_out.rows.X)

    def _check_weights(self, dtype: numpy.dtype, rows: Rows, y, held_out: ValidationSet | None) -> None:
        """Raise ValueError for weights, those of the validation rows too, that training cannot use in its dtype."""
        check_range(rows.weight, dtype, None if getattr(self, "class_weight", None) is None else y)
        if held_out is not None:
            with renamed("sample_weight", "sample_weight_val"):
                check_range(held_out.rows.weight, dtype)

    # The network

    _recipe = Recipe()

    def _build_network(self, n_features: int, n_targets: int, target=None) -> tuple[Graph, Objective]:
        """Return the graph and the objective for so many columns of X and of the target."""
        return self._recipe.network(self, self._build_loss(), n_features, n_targets, target)

    def _build_loss(self) -> Loss:
        """Return the loss of the task."""
        return self._build_loss_for(self._task)

    def _build_loss_for(self, task: str) -> Loss:
        """Return the loss for a task."""
        return build_loss(self, task)

    def _starting_learner(self, rows: Rows, rng: numpy.random.RandomState, continuing: bool) -> Learner:
        """Return the network with fresh parameters, or with a copy of the last ones."""
        graph, objective = self._build_network(rows.X.shape[1], rows.n_outputs, rows.target)
        if not continuing:
            parameters = Parameters.draw(graph.layout(), rng, self._training_dtype(rows))
            self._recipe.start(graph, parameters, rows, rng)
            return Learner(graph, objective, parameters)
        last = self._learner
        if graph == last.graph:
            graph = last.graph  # whose plans of memory are there
            return Learner(graph, objective, self._copied(last.parameters))
        if graph.layout() != last.parameters.layout:
            return Learner(graph, objective, self._adapted(last.parameters, graph, rng))
        return Learner(graph, objective, self._copied(last.parameters))

    def _copied(self, parameters: Parameters) -> Parameters:
        """Return a copy of the last parameters in the precision of training."""
        return parameters.astype(parameters.theta.dtype if self.dtype == "auto" else self.dtype)

    def _adapted(self, parameters: Parameters, graph: Graph, rng: numpy.random.RandomState) -> Parameters:
        """Return the last parameters for another graph, or raise ValueError."""
        raise ValueError(
            "The parameters of the last fit, or assigned as coefs_, do not fit the network: "
            f"hidden_layer_sizes={self.hidden_layer_sizes}, activation or normalization differs from theirs. "
            "Change that back, or call fit with warm_start=False to start anew."
        )

    def _training_dtype(self, rows: Rows) -> numpy.dtype:
        """Return the precision of training from fresh weights."""
        if self.dtype != "auto":
            return numpy.dtype(self.dtype)
        single = rows.X.dtype.type is numpy.float32 or len(rows) >= _FLOAT32_FROM
        return numpy.dtype("float32" if single else "float64")

    # Validation

    def _given_validation(self, X, y, sample_weight) -> ValidationSet | None:
        """Return the user's validation set, checked as the training set was."""
        if X is None and y is None:
            return None
        if X is None or y is None:
            missing, there = ("X_val", "y_val") if X is None else ("y_val", "X_val")
            raise ValueError(f"{there} was given without {missing}: give both, or neither.")
        given = X
        X, y = validation_data(self, X, y, y_numeric=self._y_numeric)
        if sample_weight is not None:
            with renamed("sample_weight", "sample_weight_val"):
                sample_weight = check_sample_weight(sample_weight, X)
        with renamed("y", "y_val"):
            target = self._encode_target(y, sample_weight, continuing=True, incremental=True)
        return ValidationSet(Rows(X, target, sample_weight, n_classes=self._n_one_hot), y, given)

    def _split(self, rows: Rows, y, rng: numpy.random.RandomState) -> tuple[Rows, ValidationSet]:
        """Split a validation set off."""
        train, held_out = split_validation(rows, self.validation_fraction, self._classes_to_stratify(rows), rng)
        return train, ValidationSet(held_out, y[held_out.index])

    # Training

    def _trainer(
        self,
        solver: Solver,
        learner: Learner,
        rows: Rows,
        held_out: ValidationSet | None,
        rng: numpy.random.RandomState,
        continuing: bool,
        incremental: bool,
        xp: ModuleType,
    ) -> Trainer:
        """Return the engine's trainer, with the state of the last call that it continues from."""
        settings = self._settings(solver, len(rows), max_epochs=1 if incremental else self.max_iter)
        state = getattr(self, "_training_state", None) if incremental and continuing else None
        if state is not None and state.serves(settings, learner.graph, learner.parameters):
            state = state.copy()
        else:
            state = TrainingState.start(settings, learner.graph, learner.parameters, rng, xp)
        state.adopt(settings)
        progress = getattr(self, "_progress", None) if continuing else None
        progress = Progress() if progress is None else progress.start(anew=not incremental)
        validate = None if held_out is None else evaluation(self, held_out, learner, xp)
        report = print if self.verbose else None
        step = self._recipe.step(learner, rows, settings, state, xp)
        return Trainer(step, settings, progress, rng, validate, report=report)

    def _settings(self, solver: Any, n_samples: int, max_epochs: int) -> Settings:
        """Return how to train on that many rows."""
        batch_size = min(200, n_samples) if self.batch_size == "auto" else self.batch_size
        if batch_size > n_samples:
            warn(f"Got `batch_size` {batch_size}, larger than sample size {n_samples}. It is going to be clipped")
        settings = Settings(
            optimizer=solver,
            schedule=build_schedule(self, solver),
            learning_rate=float(self.learning_rate_init),
            batch_size=int(min(batch_size, n_samples)),
            max_epochs=max_epochs,
            schedule_epochs=self.max_iter,
            shuffle=self.shuffle,
            tol=float(self.tol),
            patience=self.n_iter_no_change,
            alpha=float(self.alpha),
            l1=float(self.l1),
            clip_norm=self.clip_norm or numpy.inf,
            max_norm=self.max_norm or numpy.inf,
            averaging=float(self.averaging),
            early_stopping=self.early_stopping,
        )
        return self._recipe.settings(settings)

    def _minimizer(self, solver: Any, learner: Learner, rows: Rows) -> LBFGSTrainer:
        """Return the L-BFGS run on the learner's parameters."""
        if learner.graph.is_noisy or learner.graph.mixes_rows:
            raise ValueError(
                f"solver={solver.name!r} needs a loss that is the same at every evaluation, which dropout, noise and "
                "batch normalization do not give. Use solver='adam' or 'sgd', or dropout=0, noise=0 and "
                "normalization=None."
            )
        return LBFGSTrainer(
            learner,
            rows,
            alpha=self.alpha,
            l1=self.l1,
            tol=self.tol,
            max_iter=self.max_iter,
            max_fun=solver.max_fun,
            report=print if self.verbose else None,
        )

    def _check_partial_fit(self) -> bool:
        """Raise AttributeError where training needs all rows at once."""
        if not is_stochastic(self.solver):
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic. "
                "Use solver='adam' or 'sgd'."
            )
        if self.early_stopping:
            raise AttributeError(
                "partial_fit does not support early_stopping=True: a batch has no validation set to stop by. "
                "Set early_stopping=False."
            )
        return True

    # scikit-learn's protocols

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _run(training: Trainer | LBFGSTrainer) -> None:
    """Train in one thread of the BLAS, if the network is small."""
    limit = blas_limit(training.learner.parameters.layout, training.n_rows_at_once)
    limit.during(lambda _: training.run())
