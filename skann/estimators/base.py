"""What the classifier and the regressor share: validate, encode, build the network, hand over to the engine."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import fields
from types import ModuleType
from typing import Any, Self, TypeVar

import numpy
from numpy.typing import ArrayLike
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_random_state

from ..engine.activations import ACTIVATIONS, FixedActivation, Identity
from ..engine.architecture import Architecture, multilayer_perceptron
from ..engine.batches import Rows
from ..engine.hyperparameters import Hyperparameters
from ..engine.initializers import INITIALIZERS
from ..engine.losses import LOSSES, Loss
from ..engine.normalizations import NORMALIZATIONS
from ..engine.optimizers import OPTIMIZERS
from ..engine.parameters import Parameters
from ..engine.progress import Progress
from ..engine.schedules import SCHEDULES, Constant, FunctionSchedule, Schedule
from ..engine.solvers import LBFGS
from ..engine.training import Settings, Trainer, TrainingState
from .advice import warn_of_scales, warn_of_validation_rows
from .assembly import forget_assigned
from .compat import _fit_context, with_callbacks
from .constraints import (
    SHARED_CONSTRAINTS,
    HintingMixin,
    check_activations,
    check_dropout,
    check_hidden_layer_sizes,
    check_loss,
    check_target_in,
)
from .course import CourseMixin
from .data import renamed, split_validation, training_data, validation_data
from .devices import namespace_to_fit
from .fitted import FittedNetwork
from .hooks import FitHooks
from .messages import warn
from .restoring import train
from .threads import blas_limit
from .validation import ValidationSet, validator
from .weights import check_range, check_sample_weight, check_some_count

_FLOAT32_FROM = 1_000  # rows from which dtype="auto" means float32 for any X: below, precision costs nothing

Named = TypeVar("Named", bound=Hyperparameters)


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
        hooks = self._hooks(X, y, sample_weight)

        def prepare() -> Trainer | LBFGS:
            goes_on = self.warm_start and self._can_continue()
            validation = X_val, y_val, sample_weight_val
            training = self._prepare(X, y, sample_weight, validation, goes_on=goes_on)
            self._begin_hooks(hooks, training)
            return training

        error = train(self, prepare, _run, lambda training: self._conclude(training, hooks))
        if error is not None:
            raise error
        return self

    def _partial_fit(self, X, y, sample_weight, goes_on: bool, begin: Callable[[], None] = lambda: None) -> Self:
        """Train one epoch on the rows given; ``begin`` is called at first, and what it sets put back by an error."""

        def prepare() -> Trainer | LBFGS:
            begin()
            return self._prepare(X, y, sample_weight, (None, None, None), goes_on=goes_on, incremental=True)

        train(self, prepare, _run, lambda trainer: self._conclude(trainer, incremental=True))
        return self

    def _hooks(self, X, y, sample_weight) -> FitHooks | None:
        """Set the callbacks up, if there are any, and return what calls them."""
        if not getattr(self, "_skl_callbacks", None):
            return None
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        root = self._init_callback_context(max_subtasks=0 if self.solver == "lbfgs" else self.max_iter)
        return FitHooks(root, {"estimator": self, "X": X, "y": y, "metadata": metadata})

    def _begin_hooks(self, hooks: FitHooks | None, training: Trainer | LBFGS) -> None:
        """Tell the callbacks, if there are any, that training begins."""
        if hooks is None:
            return
        if isinstance(training, Trainer):
            now = training.parameters
            hooks.fitted_now = lambda: self._fitted_attributes(training.architecture, now.astype(now.theta.dtype))
            training.hooks = hooks
            self._running = training
        hooks.fit_begins()

    def _prepare(self, X, y, sample_weight, validation, *, goes_on: bool, incremental: bool = False) -> Trainer | LBFGS:
        """Validate, encode, build the network; return what trains it. ``goes_on`` keeps the weights of the last fit."""
        if not goes_on:
            forget_assigned(self)
        X, y = training_data(self, X, y, reset=not goes_on, y_numeric=self._y_numeric)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
        target = self._encode_target(y, sample_weight, goes_on, incremental)
        weight = self._weigh_classes(y, sample_weight)
        if not incremental:  # a batch may hold only rows that do not count
            check_some_count(weight)
        # a call of partial_fit cannot know the sum of all weights
        total_weight = len(target) if incremental else None
        rows = Rows(X, target, weight, n_classes=self._n_one_hot, total_weight=total_weight)
        held_out = self._given_validation(*validation)
        if self.warn and not incremental:  # every call of partial_fit would say it again
            self._advise(rows, held_out, sample_weight)
        xp = namespace_to_fit(self.device, self.solver)
        rng = check_random_state(self.random_state)
        architecture = self._build_architecture(X.shape[1], rows.n_outputs)
        parameters = self._starting_parameters(architecture, rows, rng, goes_on)
        self._check_weights(parameters.theta.dtype, rows, y, held_out)
        if self.solver != "lbfgs":  # which computes in float64
            check_target_in(parameters.theta.dtype, architecture.loss, rows.target)
        if self.solver == "lbfgs":
            if held_out is not None:
                warn("solver='lbfgs' has no epochs to score X_val after: it is not used.")
            return self._minimizer(architecture, parameters, rows)
        if self.early_stopping and held_out is None:
            rows, held_out = self._split(rows, y, rng)
        trainer = self._trainer(architecture, parameters, rows, held_out, rng, goes_on, incremental, xp)
        trainer.held_out = None if held_out is None else held_out.rows
        return trainer

    def _conclude(
        self, training: Trainer | LBFGS, hooks: FitHooks | None = None, incremental: bool = False
    ) -> Exception | None:
        """Set the attributes of a fitted estimator; return the error of a callback."""
        vars(self).pop("_running", None)
        attributes = self._fitted_attributes(training.architecture, training.parameters)
        vars(self).update(attributes)
        if isinstance(training, Trainer):
            self._note_training(training, incremental)
            error = training.error
        else:
            self._note_minimum(training)
            error = None
        if hooks is not None and error is None:
            try:
                hooks.fit_ends(attributes)
            except Exception as of_callback:
                return of_callback
        return error

    @staticmethod
    def _fitted_attributes(architecture: Architecture, parameters: Parameters) -> dict[str, Any]:
        """Return what an estimator with these parameters predicts by."""
        return {
            "_architecture": architecture,
            "_parameters": parameters,
            "n_layers_": len(architecture.hidden) + 2,
            "n_outputs_": architecture.out_shape[0],
        }

    def _as_fitted(self, architecture: Architecture, parameters: Parameters, named: bool = False):
        """Return a shallow copy that predicts by these parameters, on arrays unless X's columns are ``named``."""
        fitted = copy.copy(self)
        vars(fitted).update(self._fitted_attributes(architecture, parameters))
        if not named:
            vars(fitted).pop("feature_names_in_", None)
        return fitted

    # What subclasses say

    _y_numeric: bool  # whether y must be numbers
    _n_one_hot: int | None = None  # columns that a target of class codes is spread over
    softmax_beta = 1.0  # a parameter of the classifier alone

    _task: str  # what the outputs mean: "binary", "multiclass", "multilabel", "multioutput" or "regression"

    @abstractmethod
    def _encode_target(self, y, sample_weight, goes_on: bool, incremental: bool) -> numpy.ndarray:
        """Return y as the engine's target; ``goes_on`` keeps to what is known of y already."""

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
        if held_out is not None and self.solver != "lbfgs":
            warn_of_validation_rows(rows.X, held_out.rows.X)

    def _check_weights(self, dtype: numpy.dtype, rows: Rows, y, held_out: ValidationSet | None) -> None:
        """Raise ValueError for weights, those of the validation rows too, that training cannot use in its dtype."""
        check_range(rows.weight, dtype, None if getattr(self, "class_weight", None) is None else y)
        if held_out is not None:
            with renamed("sample_weight", "sample_weight_val"):
                check_range(held_out.rows.weight, dtype)

    # The network

    def _build_architecture(self, n_features: int, n_outputs: int) -> Architecture:
        sizes = check_hidden_layer_sizes(self.hidden_layer_sizes)
        activations = check_activations(self.activation, len(sizes))
        # without hidden layers a single activation still says how scikit-learn draws the output layer
        drawn_for = activations or [Identity() if isinstance(self.activation, (list, tuple)) else self.activation]
        output_init = ACTIVATIONS.get(drawn_for[-1]).output_init
        loss = self._made_loss()
        init = None if self.weight_init == "auto" else INITIALIZERS.get(self.weight_init)
        return multilayer_perceptron(
            n_features=n_features,
            hidden_units=sizes,
            activations=activations,
            dropout=check_dropout(self.dropout, len(sizes)),
            n_outputs=loss.n_outputs(n_outputs),
            loss=loss,
            link=loss.link(self._task, self.softmax_beta),
            weight_init=init,
            output_init=init or output_init,
            normalization=None if self.normalization is None else NORMALIZATIONS.get(self.normalization),
            noise=self.noise,
        )

    def _made_loss(self) -> Loss:
        """Return the loss of the task."""
        return self._made_loss_for(self._task)

    def _made_loss_for(self, task: str) -> Loss:
        """Return the loss, made with the estimator's parameters if it was given by name."""
        loss = self.loss
        if isinstance(loss, str):
            loss = self._made_from_parameters(LOSSES[loss])
        return check_loss(loss, task)

    def _starting_parameters(
        self, architecture: Architecture, rows: Rows, rng: numpy.random.RandomState, goes_on: bool
    ) -> Parameters:
        """Return fresh parameters, or a copy of the last ones."""
        layout = architecture.layout()
        if goes_on:
            if layout != self._parameters.layout:
                raise ValueError(
                    "The parameters of the last fit, or assigned as coefs_, do not fit the network: "
                    f"hidden_layer_sizes={self.hidden_layer_sizes}, activation or normalization differs from theirs. "
                    "Change that back, or call fit with warm_start=False to start anew."
                )
            return self._parameters.astype(self._parameters.theta.dtype if self.dtype == "auto" else self.dtype)
        dtype = self.dtype
        if dtype == "auto":
            single = rows.X.dtype.type is numpy.float32 or len(rows) >= _FLOAT32_FROM
            dtype = "float32" if single else "float64"
        return Parameters.draw(layout, rng, numpy.dtype(dtype))

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
            target = self._encode_target(y, sample_weight, goes_on=True, incremental=True)
        return ValidationSet(Rows(X, target, sample_weight, n_classes=self._n_one_hot), y, given)

    def _split(self, rows: Rows, y, rng: numpy.random.RandomState) -> tuple[Rows, ValidationSet]:
        """Split a validation set off."""
        train, held_out = split_validation(rows, self.validation_fraction, self._classes_to_stratify(rows), rng)
        return train, ValidationSet(held_out, y[held_out.index])

    # Training

    _running: Trainer  # the trainer, there for callbacks while fit runs it; never copied or pickled

    def _trainer(
        self,
        architecture: Architecture,
        parameters: Parameters,
        rows: Rows,
        held_out: ValidationSet | None,
        rng: numpy.random.RandomState,
        goes_on: bool,
        incremental: bool,
        xp: ModuleType,
    ) -> Trainer:
        """Return the engine's trainer, with what it carries on from the last call."""
        settings = self._settings(len(rows), max_epochs=1 if incremental else self.max_iter)
        state = getattr(self, "_training_state", None) if incremental and goes_on else None
        if state is not None and state.serves(settings, architecture, parameters):
            state = state.copy()
        else:
            state = TrainingState.start(settings, architecture, parameters, rng, xp)
        state.adopt(settings)
        progress = getattr(self, "_progress", None) if goes_on else None
        progress = Progress() if progress is None else progress.start(anew=not incremental)
        validate = None if held_out is None else validator(self, held_out, architecture, parameters, xp)
        return Trainer(
            architecture,
            parameters,
            rows,
            settings,
            state,
            progress,
            rng,
            validate,
            report=print if self.verbose else None,
            xp=xp,
        )

    def _settings(self, n_samples: int, max_epochs: int) -> Settings:
        """Return how to train on that many rows."""
        batch_size = min(200, n_samples) if self.batch_size == "auto" else self.batch_size
        if batch_size > n_samples:
            warn(f"Got `batch_size` {batch_size}, larger than sample size {n_samples}. It is going to be clipped")
        return Settings(
            optimizer=self._made_from_parameters(OPTIMIZERS[self.solver]),
            schedule=self._schedule(),
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

    def _schedule(self) -> Schedule:
        """Return the schedule, which other solvers than sgd ignore if it is for sgd."""
        schedule = self.learning_rate
        if isinstance(schedule, str):
            schedule = self._made_from_parameters(SCHEDULES[schedule])
        elif not isinstance(schedule, Schedule):
            schedule = FunctionSchedule(schedule)
        return Constant() if schedule.sgd_only and self.solver != "sgd" else schedule

    def _made_from_parameters(self, cls: type[Named]) -> Named:
        """Return an object of the class with its hyper-parameters taken from the estimator's of the same names."""
        params = vars(self)  # get_params would look at the signature, in a twentieth of a short fit
        return cls(**{field.name: params[field.name] for field in fields(cls) if field.name in params})

    def _minimizer(self, architecture: Architecture, parameters: Parameters, rows: Rows) -> LBFGS:
        """Return what runs L-BFGS on ``parameters``."""
        if architecture.is_noisy or architecture.normalizes_batches:
            raise ValueError(
                "solver='lbfgs' needs a loss that is the same at every evaluation, which dropout, noise and batch "
                "normalization do not give. Use solver='adam' or 'sgd', or dropout=0, noise=0 and normalization=None."
            )
        return LBFGS(
            architecture,
            parameters,
            rows,
            alpha=self.alpha,
            l1=self.l1,
            tol=self.tol,
            max_iter=self.max_iter,
            max_fun=self.max_fun,
            report=print if self.verbose else None,
        )

    def _check_partial_fit(self) -> bool:
        """Raise AttributeError where training needs all rows at once."""
        if self.solver == "lbfgs":
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

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_running"}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _run(training: Trainer | LBFGS) -> None:
    """Train in one thread of the BLAS, if the network is small."""
    limit = blas_limit(training.architecture, training.network.n_rows)
    limit.during(lambda _: training.run())
