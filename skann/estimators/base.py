"""Base class of the classifier and the regressor: validation, encoding, building and training of the network."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
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
from ..engine.schedules import Constant
from ..engine.solvers import Solver
from ..engine.training.history import Progress
from ..engine.training.lbfgs import LBFGSTrainer
from ..engine.training.settings import Settings
from ..engine.training.state import TrainingState
from ..engine.training.trainer import Trainer
from .assigned_network import discard_assigned
from .atomic_fit import train_atomically
from .builders import build_augment, build_loss, build_schedule, build_solver, is_stochastic
from .constraints import (
    SHARED_CONSTRAINTS,
    ParameterHintsMixin,
    check_target_precision,
)
from .data import rename_in_errors, split_validation, training_data, validation_data
from .devices import namespace_to_fit
from .fit_warnings import warn_about_scales, warn_about_validation_rows
from .fitted_network import FittedNetwork
from .hooks import FitHooks
from .recipes import Recipe
from .sample_weights import check_any_positive, check_range, check_sample_weight
from .threads import run_training
from .training_attributes import TrainingAttributesMixin
from .validation_set import ValidationSet, build_evaluation

_MIN_ROWS_FLOAT32 = 1_000  # for dtype="auto" with an X of any dtype: below, float64 costs next to nothing


class BaseMLP(CallbackSupportMixin, ParameterHintsMixin, TrainingAttributesMixin, FittedNetwork, ABC):
    """Base class for multi-layer perceptrons; subclasses define the target and the meaning of the outputs."""

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
        """Fit the model to the data X and the target(s) y.

        Training starts from fresh weights or, with ``warm_start``, from those of the previous fit.

        Ctrl-C ends training early. After the first step, fit issues a warning and returns the fitted estimator, with
        the best weights so far if ``early_stopping`` is set, else with the last ones. Before the first step,
        KeyboardInterrupt propagates, and the estimator keeps its previous state.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            The input data: finite numbers of any real dtype. An array of more than 4 MB is never copied as a whole.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values: for classification, class labels of any type or a multilabel indicator matrix; for
            regression, finite numbers. An array of objects that are all bool or all int is treated as having that
            dtype.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, non-negative and not all zero. They are normalised over the whole training set: a weight of
            2 is equivalent to repeating the sample, at any batch size. If None, all samples have weight 1. A positive
            weight times n_samples must be positive and finite in the precision of training.
        X_val, y_val : like X and y, default=None
            Validation set that replaces the one split off by ``early_stopping``. It is scored after each epoch; with
            ``early_stopping=False`` the score is only recorded in ``history_``. lbfgs does not use it and issues a
            warning. A Pipeline transforms it like X only if metadata routing is enabled::

                sklearn.set_config(enable_metadata_routing=True)
                mlp = MLPClassifier(early_stopping=True).set_fit_request(X_val=True, y_val=True)
                pipeline = make_pipeline(StandardScaler(), mlp, transform_input=["X_val"])
                pipeline.fit(X, y, X_val=X_val, y_val=y_val)
        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Sample weights of the validation set.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters or data are out of range.
        TypeError
            If columns or targets hold datetimes or have a non-numeric dtype; the message names the column. Also if a
            method of a custom activation or loss returns its result instead of writing it to the array it is given.
        skann.exceptions.DivergenceError
            If the loss or a prediction becomes infinite or NaN; a subclass of ValueError. After any error, the
            estimator keeps its previous state; only after an error in a callback is it fitted, with the best weights.
        """
        self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), self._build_hooks(X, y, sample_weight))
        return self

    def _fit(self, X, y, sample_weight, validation, hooks: FitHooks | None = None) -> Trainer | LBFGSTrainer:
        """Train on X and y and return the finished trainer; errors in callbacks are raised after attributes are set."""

        def prepare() -> Trainer | LBFGSTrainer:
            continuing = self.warm_start and self._can_continue()
            training = self._prepare(X, y, sample_weight, validation, continuing=continuing)
            if hooks is not None:
                self._begin_hooks(hooks, training)
            return training

        training = train_atomically(self, prepare, run_training, lambda training: self._conclude(training, hooks))
        for error in (training.error, hooks and hooks.error):
            if error is not None:  # an exception of a user's own may be false
                raise error
        return training

    def _partial_fit(self, X, y, sample_weight, continuing: bool, begin: Callable[[], None] = lambda: None) -> Self:
        """Train for one epoch; attributes that ``begin`` sets, which is called first, are restored after an error."""

        def prepare() -> Trainer | LBFGSTrainer:
            begin()
            return self._prepare(X, y, sample_weight, (None, None, None), continuing=continuing, incremental=True)

        train_atomically(self, prepare, run_training, lambda trainer: self._conclude(trainer, incremental=True))
        return self

    def _build_hooks(self, X, y, sample_weight) -> FitHooks | None:
        """Set up the callbacks, if there are any, and return the hooks that call them."""
        if not getattr(self, "_skl_callbacks", None):
            return None
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        root = self._init_callback_context(max_subtasks=self.max_iter if is_stochastic(self.solver) else 0)
        return FitHooks(root, {"estimator": self, "X": X, "y": y, "metadata": metadata})

    def _begin_hooks(self, hooks: FitHooks, training: Trainer | LBFGSTrainer) -> None:
        """Connect the hooks to the trainer and call the callbacks' fit-begin hooks."""
        if isinstance(training, Trainer):
            learner = training.learner
            hooks.current_attributes = lambda: self._fitted_attributes(
                learner.with_parameters(learner.parameters.snapshot())
            )
            hooks.view = TrainingView(training)
            training.hooks = hooks
        hooks.fit_begins()

    def _prepare(
        self, X, y, sample_weight, validation, *, continuing: bool, incremental: bool = False
    ) -> Trainer | LBFGSTrainer:
        """Validate, encode, build the network; return its trainer. ``continuing`` keeps the weights of the last fit."""
        solver = build_solver(self)
        if not continuing:
            discard_assigned(self)
        X, y = self._training_data(X, y, reset=not continuing)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
        target = self._encode_target(y, sample_weight, continuing, incremental)
        weight = self._apply_class_weight(y, sample_weight)
        if not incremental:  # all weights of a single batch may be 0
            check_any_positive(weight)
        # a partial_fit call cannot know the sum of all weights
        total_weight = len(target) if incremental else None
        rows = Rows(
            X, target, weight, n_classes=self._n_one_hot, total_weight=total_weight, encode=self._target_encoder
        )
        held_out = self._check_validation_set(*validation)
        if self.warn and not incremental:  # every partial_fit call would repeat the warnings
            self._warn_about_data(rows, held_out, sample_weight)
        xp = namespace_to_fit(self.device, solver)
        rng = check_random_state(self.random_state)
        learner = self._build_learner(rows, rng, continuing)
        dtype = learner.parameters.theta.dtype
        self._check_weights(dtype, rows, y, held_out)
        if not solver.is_stochastic:
            if held_out is not None:
                warn(f"solver={solver.name!r} has no epochs to score X_val after: it is not used.")
            return self._build_lbfgs(solver, learner, rows)
        check_target_precision(dtype, learner.objective.loss, rows.target)  # L-BFGS computes in float64
        if self.early_stopping and held_out is None:
            rows, held_out = self._split(rows, y, rng)
        return self._build_trainer(solver, learner, rows, held_out, rng, continuing, incremental, xp)

    def _conclude(
        self, training: Trainer | LBFGSTrainer, hooks: FitHooks | None = None, incremental: bool = False
    ) -> Trainer | LBFGSTrainer:
        """Set the attributes of a fitted estimator and return the trainer."""
        attributes = self._fitted_attributes(training.learner)
        vars(self).update(attributes)
        if isinstance(training, Trainer):
            self._set_training_attributes(training, incremental)
        else:
            self._set_lbfgs_attributes(training)
        if hooks is not None and training.error is None:
            hooks.fit_ends(attributes)
        return training

    @staticmethod
    def _fitted_attributes(learner: Learner) -> dict[str, Any]:
        """Return the attributes that an estimator needs to predict with this network."""
        return {
            "_learner": learner,
            "n_layers_": len(learner.hidden) + 2,
            "n_outputs_": learner.graph.shapes[learner.graph.outputs[0]][-1],
        }

    def _fitted_copy(self, learner: Learner, named: bool = False):
        """Return a shallow copy that predicts with this network, on X without feature names unless ``named``."""
        fitted = copy.copy(self)
        vars(fitted).update(self._fitted_attributes(learner))
        if not named:
            vars(fitted).pop("feature_names_in_", None)
        return fitted

    def _training_data(self, X, y, reset: bool):
        """Return X and y as arrays; set or, with ``reset=False``, check what an X has to have in common with them."""
        return training_data(self, X, y, reset=reset, y_numeric=self._y_numeric)

    def _validation_data(self, X, y):
        """Return ``X_val`` and ``y_val`` as arrays; errors refer to them by these names."""
        return validation_data(self, X, y, y_numeric=self._y_numeric)

    def _target_for_scorers(self, y):
        """Return validation targets, as ``_training_data`` returns them, in the form of the y that scorers take."""
        return y

    # Defined by subclasses

    _y_numeric: bool  # whether y must be numeric
    _n_one_hot: int | None = None  # number of one-hot columns that class codes expand to
    _target_encoder: Any = None  # encodes the target batch by batch, as ``Rows.encode``
    softmax_beta = 1.0  # only the classifier has this parameter
    augment: Any = None  # only networks for images have this parameter

    _task: str  # "binary", "multiclass", "multilabel", "multioutput" or "regression"

    @abstractmethod
    def _encode_target(self, y, sample_weight, continuing: bool, incremental: bool) -> numpy.ndarray:
        """Return y as the engine's target; with ``continuing`` it must agree with the y of earlier calls."""

    def _apply_class_weight(self, y, sample_weight):
        """Return the sample weights multiplied by the class weights."""
        return sample_weight

    @abstractmethod
    def _classes_to_stratify(self, rows: Rows) -> numpy.ndarray | None:
        """Return the classes by which the validation split is stratified, or None."""

    def _validation_score(self, raw: numpy.ndarray, link: FixedActivation, rows: Rows) -> float:
        """Return the score of finite raw outputs on the validation set; greater is better.

        Not needed by subclasses with a ``_build_evaluation`` of their own.
        """
        raise NotImplementedError

    def _warn_about_data(self, rows: Rows, held_out: ValidationSet | None, sample_weight) -> None:
        """Warn about properties of the data that impair training and can be remedied."""
        self._warn_about_features(rows, held_out)

    def _warn_about_features(self, rows: Rows, held_out: ValidationSet | None) -> None:
        """Warn about badly scaled features and untransformed validation rows."""
        warn_about_scales(rows.X, getattr(self, "feature_names_in_", None))
        if held_out is not None and is_stochastic(self.solver):
            warn_about_validation_rows(rows.X, held_out.rows.X)

    def _check_weights(self, dtype: numpy.dtype, rows: Rows, y, held_out: ValidationSet | None) -> None:
        """Raise ValueError for weights of either set that are out of range in the dtype of training."""
        check_range(rows.weight, dtype, None if getattr(self, "class_weight", None) is None else y)
        if held_out is not None:
            with rename_in_errors("sample_weight", "sample_weight_val"):
                check_range(held_out.rows.weight, dtype)

    # The network

    _recipe = Recipe()

    def _build_network(self, in_shape: tuple[int, ...], n_targets: int, target=None) -> tuple[Graph, Objective]:
        """Return the graph and the objective for the shape of a row and the number of targets."""
        return self._recipe.network(self, self._build_loss(), in_shape, n_targets, target)

    def _build_loss(self) -> Loss:
        """Return the loss of the task."""
        return self._build_loss_for(self._task)

    def _build_loss_for(self, task: str) -> Loss:
        """Return the loss for a task."""
        return build_loss(self, task)

    def _build_learner(self, rows: Rows, rng: numpy.random.RandomState, continuing: bool) -> Learner:
        """Return the network with fresh parameters or, with ``continuing``, with a copy of the last ones."""
        graph, objective = self._build_network(rows.X.shape[1:], rows.n_outputs, rows.target)
        if not continuing:
            parameters = Parameters.draw(graph.layout(), rng, self._training_dtype(rows))
            self._recipe.start(graph, parameters, rows, rng)
            return Learner(graph, objective, parameters)
        last = self._learner
        if last.objective.prediction_link is not last.objective.link:  # such as limits of the first target
            objective = objective.with_prediction_link(last.objective.prediction_link)
        if not graph.adopt_plans(last.graph) and graph.layout() != last.parameters.layout:
            return Learner(graph, objective, self._adapt_parameters(last.parameters, graph, rng))
        return Learner(graph, objective, self._copy_parameters(last.parameters))

    def _copy_parameters(self, parameters: Parameters) -> Parameters:
        """Return a copy of the parameters in the precision of training."""
        return parameters.astype(parameters.theta.dtype if self.dtype == "auto" else self.dtype)

    @property
    def _structure(self) -> str:
        """The parameters of the estimator that set the sizes of layers, for messages."""
        return f"hidden_layer_sizes={self.hidden_layer_sizes}"

    def _adapt_parameters(self, parameters: Parameters, graph: Graph, rng: numpy.random.RandomState) -> Parameters:
        """Return the parameters adapted to another graph, or raise ValueError."""
        raise ValueError(
            "The parameters of the last fit, or assigned as coefs_, do not fit the network: "
            f"{self._structure}, activation or normalization differs from theirs. "
            "Restore the former values, or call fit with warm_start=False to start anew."
        )

    def _training_dtype(self, rows: Rows) -> numpy.dtype:
        """Return the precision of training from fresh weights."""
        if self.dtype != "auto":
            return numpy.dtype(self.dtype)
        single = rows.X.dtype.type is numpy.float32 or len(rows) >= _MIN_ROWS_FLOAT32
        return numpy.dtype("float32" if single else "float64")

    # Validation

    def _check_validation_set(self, X, y, sample_weight) -> ValidationSet | None:
        """Return the validation set passed to fit after the checks of the training set, or None."""
        if X is None and y is None:
            return None
        if X is None or y is None:
            missing, present = ("X_val", "y_val") if X is None else ("y_val", "X_val")
            raise ValueError(f"{present} was given without {missing}: pass both or neither.")
        given = X
        X, y = self._validation_data(X, y)
        if sample_weight is not None:
            with rename_in_errors("sample_weight", "sample_weight_val"):
                sample_weight = check_sample_weight(sample_weight, X)
        with rename_in_errors("y", "y_val"):
            target = self._encode_target(y, sample_weight, continuing=True, incremental=True)
        rows = Rows(X, target, sample_weight, n_classes=self._n_one_hot, encode=self._target_encoder)
        return ValidationSet(rows, y, given)

    def _split(self, rows: Rows, y, rng: numpy.random.RandomState) -> tuple[Rows, ValidationSet]:
        """Split the rows into a training set and a validation set."""
        train, held_out = split_validation(rows, self.validation_fraction, self._classes_to_stratify(rows), rng)
        return train, ValidationSet(held_out, self._target_for_scorers(y[held_out.index]))

    # Training

    def _build_trainer(
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
        """Return the engine's trainer, which continues from the state of the last call where possible."""
        settings = self._build_settings(solver, len(rows), max_epochs=1 if incremental else self.max_iter)
        if incremental and not self._recipe.schedules_partial_fit:
            settings = replace(settings, schedule=Constant())
        state = getattr(self, "_training_state", None) if incremental and continuing else None
        if state is not None and state.is_compatible(settings, learner.graph, learner.parameters):
            state = state.copy()
        else:
            state = TrainingState.start(settings, learner.graph, learner.parameters, rng, xp)
        state.set_learning_rate(settings)
        progress = getattr(self, "_progress", None) if continuing else None
        progress = Progress() if progress is None else progress.start(anew=not incremental)
        validate = None if held_out is None else self._build_evaluation(held_out, learner, xp)
        report = print if self.verbose else None
        step = self._recipe.step(learner, rows, settings, state, xp)
        return Trainer(step, settings, progress, rng, validate, report=report)

    def _build_evaluation(self, validation: ValidationSet, learner: Learner, xp: ModuleType) -> Any:
        """Return the evaluation of the validation set after each epoch."""
        return build_evaluation(self, validation, learner, xp)

    def _build_settings(self, solver: Any, n_samples: int, max_epochs: int) -> Settings:
        """Return the training settings for the given number of samples."""
        batch_size = min(self._recipe.auto_batch_size, n_samples) if self.batch_size == "auto" else self.batch_size
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
            augment=build_augment(self),
        )
        return self._recipe.settings(settings)

    def _build_lbfgs(self, solver: Any, learner: Learner, rows: Rows) -> LBFGSTrainer:
        """Return the L-BFGS trainer of the learner's parameters."""
        if learner.graph.is_noisy or learner.graph.mixes_rows or self.augment:
            raise ValueError(
                f"solver={solver.name!r} needs a loss that is the same at every evaluation, which dropout, noise, "
                "augmentation and batch normalization do not give. Use solver='adam' or 'sgd', or turn them off."
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
        """Raise AttributeError if training needs all samples at once, else return True."""
        if not is_stochastic(self.solver):
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic. "
                "Use solver='adam' or 'sgd'."
            )
        if self.early_stopping:
            raise AttributeError(
                "partial_fit does not support early_stopping=True: a batch has no validation set. "
                "Set early_stopping=False."
            )
        return True

    # scikit-learn's protocol

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
