"""What the classifier and the regressor share: validate, encode, build the network, hand over to the engine."""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import numpy
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..engine import prediction
from ..engine.activations import ACTIVATIONS, Activation, FixedActivation
from ..engine.architecture import Architecture, multilayer_perceptron
from ..engine.batches import Rows
from ..engine.hyperparameters import Hyperparameters
from ..engine.initializers import INITIALIZERS
from ..engine.optimizers import OPTIMIZERS
from ..engine.parameters import Parameters
from ..engine.schedules import SCHEDULES, Schedule
from ..engine.solvers import minimize_lbfgs
from ..engine.training import Progress, Settings, Trainer, TrainingState
from ..version import __version__
from .compat import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    _check_optimize_result,
    _check_sample_weight,
    _fit_context,
)
from .constraints import (
    RegisteredName,
    check_activations,
    check_dropout,
    check_hidden_layer_sizes,
    check_loss,
    hints,
)
from .data import prediction_data, split_validation, training_data

_FLOAT32_FROM = 1_000  # rows from which dtype="auto" means float32: below, precision costs nothing


class ParameterList(list):
    """Views into a network's parameters, one for each layer; assigning to an element writes into the network."""

    def __setitem__(self, i: int, value: Any) -> None:
        value = numpy.asarray(value)
        if value.shape != self[i].shape:
            raise ValueError(f"The parameters of layer {i} have shape {self[i].shape}. Got {value.shape} instead.")
        self[i][...] = value


class BaseMLP(BaseEstimator, ABC):
    """A multi-layer perceptron without a task: subclasses say what y is and what the outputs mean."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [RegisteredName(ACTIVATIONS), Activation, list, tuple],
        "solver": [RegisteredName(OPTIMIZERS, also={"lbfgs"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [RegisteredName(SCHEDULES)],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {numpy.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "weight_init": [RegisteredName(INITIALIZERS, also={"auto"})],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train on X and y, from fresh weights or, with ``warm_start``, from the last ones.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Training rows: finite numbers of any real dtype. An array is never copied whole.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            For classification, labels of any type or a multilabel indicator matrix; for regression, finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, not all zero. They are normalised over the whole training set: a weight of 2 is a
            row repeated, at any batch size. None weighs every row 1.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For parameters or data out of range.
        skann.exceptions.DivergenceError
            A ValueError, if the loss becomes infinite or NaN. After any error, what was fitted before stays.
        """
        with self._restored_on_error():
            return self._fit(X, y, sample_weight, goes_on=self.warm_start and self.__sklearn_is_fitted__())

    def _fit(self, X, y, sample_weight, *, goes_on: bool, incremental: bool = False):
        """Validate, encode, build the network, train, store; ``goes_on`` keeps the weights of the last fit."""
        X, y = training_data(self, X, y, reset=not goes_on, y_numeric=self._y_numeric)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        target = self._encode_target(y, goes_on, incremental)
        # a call of partial_fit cannot know the sum of all weights
        total_weight = len(y) if incremental else None
        rows = Rows(X, target, sample_weight, n_classes=self._n_one_hot, total_weight=total_weight)
        rng = check_random_state(self.random_state)
        architecture = self._build_architecture(X.shape[1], rows.n_outputs)
        parameters = self._starting_parameters(architecture, len(rows), rng, goes_on)
        if self.solver == "lbfgs":
            self._minimize(architecture, parameters, rows)
        else:
            self._train(architecture, parameters, rows, rng, goes_on, incremental)
        self._architecture, self._parameters = architecture, parameters
        self.n_layers_ = len(architecture.hidden) + 2
        self.n_outputs_ = architecture.out_shape[0]
        self.out_activation_ = architecture.link.name
        return self

    # What subclasses say

    _y_numeric: bool  # whether y must be numbers
    _n_one_hot: int | None = None  # columns that a target of class codes is spread over
    softmax_beta = 1.0  # a parameter of the classifier alone

    @property
    @abstractmethod
    def _task(self) -> str:
        """What the outputs mean: "binary", "multiclass", "multilabel" or "regression"."""

    @abstractmethod
    def _encode_target(self, y, goes_on: bool, incremental: bool) -> numpy.ndarray:
        """Return y as the engine's target."""

    @abstractmethod
    def _classes_to_stratify(self, rows: Rows) -> numpy.ndarray | None:
        """Return what a validation split keeps in proportion, if anything."""

    @abstractmethod
    def _validation_score(self, raw: numpy.ndarray, link: FixedActivation, rows: Rows) -> float:
        """Return the score of finite raw outputs for the rows of a validation set, the larger the better."""

    # The network

    def _build_architecture(self, n_features: int, n_outputs: int) -> Architecture:
        sizes = check_hidden_layer_sizes(self.hidden_layer_sizes)
        activations = check_activations(self.activation, len(sizes))
        last = check_activations(self.activation, 1)[0] if not sizes else activations[-1]
        loss = check_loss(self.loss, self._task)
        init = None if self.weight_init == "auto" else INITIALIZERS.get(self.weight_init)
        return multilayer_perceptron(
            n_features=n_features,
            hidden_units=sizes,
            activations=activations,
            dropout=check_dropout(self.dropout, len(sizes)),
            n_outputs=n_outputs,
            loss=loss,
            link=loss.link(self._task, self.softmax_beta),
            weight_init=init,
            output_init=init or last.output_init,
        )

    def _starting_parameters(
        self, architecture: Architecture, n_samples: int, rng: numpy.random.RandomState, goes_on: bool
    ) -> Parameters:
        """Return fresh parameters, or a copy of the last ones."""
        layout = architecture.layout()
        if goes_on:
            if layout != self._parameters.layout:
                raise ValueError(
                    "The parameters of the last fit do not fit the network: hidden_layer_sizes or activation has "
                    "changed since. Undo that, or fit anew with warm_start=False."
                )
            return self._parameters.astype(self._parameters.theta.dtype)
        dtype = self.dtype if self.dtype != "auto" else "float64" if n_samples < _FLOAT32_FROM else "float32"
        return Parameters.draw(layout, rng, numpy.dtype(dtype))

    # Training

    def _train(
        self,
        architecture: Architecture,
        parameters: Parameters,
        rows: Rows,
        rng: numpy.random.RandomState,
        goes_on: bool,
        incremental: bool,
    ) -> None:
        """Run a stochastic solver on ``parameters`` and set the attributes that tell its course."""
        score = None
        if self.early_stopping:
            rows, validation = split_validation(rows, self.validation_fraction, self._classes_to_stratify(rows), rng)

            def score() -> float:
                raw = prediction.outputs(architecture, parameters, validation)
                if not numpy.isfinite(raw).all():
                    return numpy.nan
                return float(self._validation_score(raw, architecture.link, validation))

        settings = self._settings(len(rows), max_epochs=1 if incremental else self.max_iter)
        state = copy.deepcopy(getattr(self, "_training_state", None)) if incremental and goes_on else None
        state = state or TrainingState.start(settings, architecture, parameters, rng)
        progress = copy.deepcopy(getattr(self, "_progress", None)) if goes_on else None
        progress = progress or Progress()
        if not incremental:
            progress.n_epochs = 0
        trainer = Trainer(
            architecture, parameters, rows, settings, state, progress, rng, score, print if self.verbose else None
        )
        self._warn_about(trainer.run(), incremental)
        self._note(progress)
        if incremental:
            self._training_state = state
        else:
            vars(self).pop("_training_state", None)

    def _settings(self, n_samples: int, max_epochs: int) -> Settings:
        """Return how to train on that many rows."""
        schedule = self._made_from_parameters(SCHEDULES[self.learning_rate])
        optimizer = self._made_from_parameters(OPTIMIZERS[self.solver])
        if schedule.sgd_only and self.solver != "sgd":
            schedule = Schedule()
        batch_size = min(200, n_samples) if self.batch_size == "auto" else self.batch_size
        if batch_size > n_samples:
            warnings.warn(
                f"Got `batch_size` {batch_size}, larger than sample size {n_samples}. It is going to be clipped",
                stacklevel=2,
            )
        return Settings(
            optimizer=optimizer,
            schedule=schedule,
            learning_rate=float(self.learning_rate_init),
            batch_size=int(min(batch_size, n_samples)),
            max_epochs=max_epochs,
            shuffle=self.shuffle,
            alpha=float(self.alpha),
            tol=float(self.tol),
            patience=self.n_iter_no_change,
        )

    def _made_from_parameters(self, cls: type) -> Hyperparameters:
        """Return an object of the class with its hyper-parameters taken from the estimator's of the same names."""
        return cls(**{field.name: getattr(self, field.name) for field in fields(cls)})

    def _warn_about(self, reason: str, incremental: bool) -> None:
        """Warn unless training ended of itself."""
        if reason == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=2)
        elif reason == "max_epochs" and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _note(self, progress: Progress) -> None:
        """Set the attributes that tell the course of training."""
        self._progress = progress
        self.n_iter_ = progress.n_epochs
        self.t_ = progress.n_samples
        self.loss_curve_ = progress.loss_curve
        self.loss_ = progress.loss_curve[-1] if progress.loss_curve else numpy.nan
        self.best_loss_ = None if self.early_stopping else progress.best_loss
        self.validation_scores_ = progress.scores if self.early_stopping else None
        self.best_validation_score_ = progress.best_score if self.early_stopping else None

    def _minimize(self, architecture: Architecture, parameters: Parameters, rows: Rows) -> None:
        """Run L-BFGS on ``parameters`` and set the attributes that tell its course."""
        if architecture.is_noisy:
            raise ValueError(
                "solver='lbfgs' needs a loss that is the same at every evaluation, which dropout is not. "
                "Use solver='adam' or 'sgd', or dropout=0."
            )
        result = minimize_lbfgs(
            architecture,
            parameters,
            rows,
            alpha=self.alpha,
            tol=self.tol,
            max_iter=self.max_iter,
            max_fun=self.max_fun,
            report=print if self.verbose else None,
        )
        self.n_iter_ = _check_optimize_result("lbfgs", result, self.max_iter)
        self.t_ = 0
        self.loss_ = float(result.fun)

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

    @contextmanager
    def _restored_on_error(self) -> Iterator[None]:
        """Put every attribute back if the block raises. Training changes copies, so nothing else is lost."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    # Using what was fitted

    def _raw_outputs(self, X) -> numpy.ndarray:
        """Return the raw outputs for X in float64.

        In float32 a matrix product's last digits depend on how many rows it has, so a row's prediction would depend
        on the rows beside it; in float64 that stays below 1e-12.
        """
        check_is_fitted(self)
        return self._outputs_of(self._architecture, X)

    def _outputs_of(self, architecture: Architecture, X) -> numpy.ndarray:
        rows = Rows(prediction_data(self, X))
        return prediction.outputs(architecture, self._parameters.astype(numpy.float64, copy=False), rows)

    def hidden_layer_output(self, X, layer=-1):
        """Return what a hidden layer makes of X, after its activation and without dropout.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
        layer : int, default=-1
            Which hidden layer, from 0; negative counts from the last.

        Returns
        -------
        output : ndarray of shape (n_samples, n_units)
            float64.

        Raises
        ------
        ValueError
            If there is no such hidden layer.
        """
        check_is_fitted(self)
        hidden = self._architecture.hidden
        if not -len(hidden) <= layer < len(hidden):
            raise ValueError(
                f"layer must be an int in the range [{-len(hidden)}, {len(hidden)}) for a network with {len(hidden)} "
                f"hidden layers. Got {layer} instead."
            )
        return self._outputs_of(self._architecture.up_to(hidden[layer]), X)

    @property
    def coefs_(self) -> list[numpy.ndarray]:
        """Weights of each layer, of shape (fan_in, units), or (fan_in, pieces, units) for maxout: views."""
        return self._parameter_list("W")

    @coefs_.setter
    def coefs_(self, values) -> None:
        self._write_parameters("W", values)

    @property
    def intercepts_(self) -> list[numpy.ndarray]:
        """Biases of each layer, of shape (units,), or (pieces, units) for maxout: views."""
        return self._parameter_list("b")

    @intercepts_.setter
    def intercepts_(self, values) -> None:
        self._write_parameters("b", values)

    @property
    def parameters_(self) -> dict[str, numpy.ndarray]:
        """Learned parameters that are neither weight nor bias, by "layer.name": views."""
        return {
            f"{layer}.{name}": view
            for (layer, name), view in self._fitted_parameters().values.items()
            if name not in ("W", "b")
        }

    def _fitted_parameters(self) -> Parameters:
        """Return the parameters, or raise AttributeError as for any attribute that fit has not set yet."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"{type(self).__name__} has no parameters before it is fitted: call fit first.")
        return self._parameters

    def _parameter_list(self, wanted: str) -> ParameterList:
        values = self._fitted_parameters().values
        return ParameterList(view for (_, name), view in values.items() if name == wanted)

    def _write_parameters(self, wanted: str, values) -> None:
        views = self._parameter_list(wanted)
        if len(values) != len(views):
            raise ValueError(f"The network has {len(views)} layers with parameters. Got {len(values)} arrays.")
        for i, value in enumerate(values):
            views[i] = value

    # scikit-learn's protocols

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_parameters")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _validate_params(self) -> None:
        """Check parameters as scikit-learn does, and suggest the nearest name for an unknown one."""
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            ways_out = hints(self._parameter_constraints, self.get_params(deep=False))
            raise InvalidParameterError(f"{error}{ways_out}") from None

    def __getstate__(self):
        return {**super().__getstate__(), "_skann_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_skann_version", "unknown")
        if version != __version__:
            warnings.warn(
                f"This {type(self).__name__} was pickled by skann {version} and is being loaded by {__version__}. "
                "That may fail or give other predictions: fit it anew with this version.",
                stacklevel=2,
            )
        super().__setstate__(state)
