"""Parameter constraints based on the engine's registries, and checks that constraints cannot express."""

import copy
import difflib
import sys
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar, cast

import numpy
from sklearn.base import BaseEstimator

from .._sklearn_compat import Interval, InvalidParameterError, Options, StrOptions
from ..engine.activations import ACTIVATIONS, Activation
from ..engine.hyperparameters import Hyperparameters
from ..engine.initializers import INITIALIZERS, Initializer
from ..engine.layers import Normalization
from ..engine.losses import LOSSES, Loss
from ..engine.normalizations import NORMALIZATIONS
from ..engine.optimizers import SOLVERS
from ..engine.registry import Registry
from ..engine.schedules import SCHEDULES, Schedule
from ..engine.solvers import Solver

Copied = TypeVar("Copied", bound=Hyperparameters)


class RegisteredName(StrOptions):
    """Constraint: a name in a registry, which may be registered later, or one of some additional names."""

    def __init__(
        self, registry: Registry, *, also: Iterable[str] = (), accepts: Callable[[type], bool] = lambda cls: True
    ):
        self.registry = registry
        self.also = set(also)
        self.accepts = accepts
        super().__init__(set())

    @property
    def options(self) -> set[str]:
        """The names that are allowed at present."""
        return {name for name in self.registry.names() if self.accepts(self.registry[name])} | self.also

    def hint(self, name: str) -> str:
        """Return a hint for an unknown name: the closest name that is allowed."""
        near = difflib.get_close_matches(name, sorted(self.options), n=1)
        return f" Did you mean {near[0]!r}?" if near else ""

    @options.setter
    def options(self, value: set[str]) -> None:
        """Ignore the value that the base class stores."""

    def __str__(self) -> str:
        return f"a str among {{{', '.join(sorted(map(repr, self.options)))}}}"


class NonZero(Interval):
    """Constraint: a non-zero real number in a range that is symmetric about zero."""

    def __init__(self, largest: float):
        super().__init__(Real, -largest, largest, closed="both")

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether val satisfies the constraint."""
        return super().is_satisfied_by(val) and val != 0

    def __str__(self) -> str:
        return f"a non-zero float in the range [{self.left}, {self.right}]"


# for the parameters that both estimators have
SHARED_CONSTRAINTS: dict[str, list] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [RegisteredName(ACTIVATIONS), Activation, list, tuple],
    "solver": [RegisteredName(SOLVERS), Solver],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [RegisteredName(SCHEDULES), Schedule, callable],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, 16, closed="both")],  # InverseScaling's
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
    "weight_init": [RegisteredName(INITIALIZERS, also={"auto"}), Initializer],
    "dtype": [StrOptions({"auto", "float32", "float64"})],
    "device": [StrOptions({"cpu", "cuda", "auto"})],
    "scoring": [None, str, callable],
    "l1": [Interval(Real, 0, None, closed="left")],
    "normalization": [None, RegisteredName(NORMALIZATIONS), Normalization],
    "noise": [Interval(Real, 0, None, closed="left")],
    "averaging": [Interval(Real, 0, 1, closed="left")],
    "clip_norm": [None, Interval(Real, 0, None, closed="neither")],
    "max_norm": [None, Interval(Real, 0, None, closed="neither")],
    "warn": ["boolean"],
}


class ParameterHintsMixin(BaseEstimator):
    """Mixin that validates parameters as scikit-learn does and adds hints to the error messages."""

    _parameter_constraints: dict

    def set_params(self, **params):
        """Set the parameters of this estimator.

        The parameters of an object that is a parameter have names of the form ``activation__slope``.

        Parameters
        ----------
        **params : dict
            Estimator parameters.

        Returns
        -------
        self : estimator instance
            Estimator instance.

        Raises
        ------
        ValueError
            If a name is unknown, or belongs to a value without parameters, such as an activation given by name.
        """
        for key in params:
            owner, _, name = key.partition("__")
            value = params.get(owner, getattr(self, owner, None))
            if name and owner in self._parameter_constraints and not hasattr(value, "set_params"):
                hint = _object_hint(name, value, self._parameter_constraints[owner])
                if owner not in _DEFAULTED_BY_NAME and name in self.get_params(deep=False):
                    hint += f"; the estimator itself has the parameter {name!r}"
                raise ValueError(f"{key} cannot be set, as {owner}={value!r} has no parameters{hint}.")
        return super().set_params(**params)

    def _validate_params(self) -> None:
        """Raise InvalidParameterError, with hints, if a parameter is not allowed."""
        params = self.get_params(deep=False)
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            raise InvalidParameterError(f"{error}{hints(self._parameter_constraints, params)}") from None
        for name, value in params.items():
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                raise InvalidParameterError(
                    f"The {name!r} parameter of {type(self).__name__} must be at most {sys.float_info.max:g}, the "
                    f"largest float. Got an int of {value.bit_length()} bits instead."
                )


# a name means default hyper-parameters here; equally named ones of the estimator, such as momentum, are unrelated
_DEFAULTED_BY_NAME = frozenset({"activation", "weight_init", "normalization"})


def _object_hint(name: str, value: Any, allowed: list) -> str:
    """Return a hint for setting a parameter of a value without parameters: pass an object that has it."""
    takes_objects = any(isinstance(kind, type) and issubclass(kind, Hyperparameters) for kind in allowed)
    for names in [kind for kind in allowed if takes_objects and isinstance(kind, RegisteredName)]:
        classes = [cls for cls in names.registry.classes() if names.accepts(cls) and name in cls.__dataclass_fields__]
        same_name = [cls for cls in classes if isinstance(value, str) and cls.name == value]
        if classes:
            return f": pass an object: {(same_name or classes)[0].__name__}()"
    return ""


def hints(constraints: dict[str, list], params: dict[str, Any]) -> str:
    """Return hints for all unknown names, classes and functions among the parameters."""
    found = [
        constraint.hint(params[name])
        for name, allowed in constraints.items()
        for constraint in allowed
        if isinstance(constraint, RegisteredName)
        and isinstance(params.get(name), str)
        and params[name] not in constraint.options
    ]
    found += [callable_hint(name, params.get(name)) for name in constraints]
    return "".join(found)


_BASE_CLASSES = {
    "activation": "subclass skann.activations.ElementwiseActivation, which also has the derivative",
    "loss": "subclass skann.losses.Loss, which also has the gradient",
    "solver": "subclass skann.solvers.Optimizer",
    "weight_init": "subclass skann.initializers.Initializer",
    "normalization": "subclass skann.layers.Normalization, which also has the gradient",
}


def callable_hint(name: str, value: Any) -> str:
    """Return a hint for a class or a function in place of an object."""
    if isinstance(value, type) and issubclass(value, Hyperparameters):
        return f" Pass an object, {value.__name__}(), in place of the class."
    if name not in _BASE_CLASSES or not callable(value) or isinstance(value, Hyperparameters):
        return ""
    return f" For a custom function, {_BASE_CLASSES[name]}, and pass an object of that class."


def check_hidden_layer_sizes(sizes: Any) -> list[int]:
    """Return the sizes as a list with one positive int per hidden layer."""
    listed: list[Any] = [sizes] if isinstance(sizes, Real) else list(sizes)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0 for size in listed):
        raise ValueError(
            f"hidden_layer_sizes must be > 0, got {listed}. Give a positive int (not a float or bool) for each hidden "
            "layer, for example (100, 50), or () for none."
        )
    if max(listed, default=0) >= 2**31:
        raise ValueError(f"hidden_layer_sizes must be < 2**31, got {listed}.")
    return [int(size) for size in listed]


def check_activations(activation: str | Activation | Sequence, n_hidden: int) -> list[Activation]:
    """Return a list with one activation per hidden layer."""
    if isinstance(activation, (str, Activation)):
        return [private_copy(ACTIVATIONS.get(activation))] * n_hidden
    if len(activation) != n_hidden:
        raise ValueError(
            f"activation has {len(activation)} entries, but hidden_layer_sizes has {n_hidden} hidden layers: give one "
            "activation for each, or a single one for all."
        )
    for entry in activation:
        if not isinstance(entry, (str, Activation)):
            raise ValueError(
                f"Each entry of activation must be a name or an object of skann.activations. Got {entry!r} instead."
                f"{callable_hint('activation', entry)}"
            )
    return [private_copy(ACTIVATIONS.get(entry)) for entry in activation]


def private_copy(hyperparameters: Copied) -> Copied:
    """Return a copy, so that set_params on the user's object does not affect a fitted network."""
    return copy.deepcopy(hyperparameters)


def check_dropout(dropout: Any, n_hidden: int) -> list[float]:
    """Return the dropout probabilities of the input and of each hidden layer."""
    if isinstance(dropout, Real):
        return [0.0] + [float(dropout)] * n_hidden
    rates = list(dropout)
    if len(rates) != n_hidden + 1:
        raise ValueError(
            f"dropout has {len(rates)} entries, but there are {n_hidden} hidden layers: give {n_hidden + 1} "
            "(input, hidden 1, ..., hidden L), or a single number for all hidden layers."
        )
    # not converted before: an int may be too large for a float
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):  # pyright: ignore[reportOperatorIssue]
        raise ValueError(f"Each entry of dropout must be a float in the range [0.0, 1.0). Got {rates} instead.")
    return [float(rate) for rate in rates]


def check_loss(loss: str | Loss, task: str) -> Loss:
    """Return the loss as an object, or raise ValueError if it does not apply to the task."""
    loss = cast("Loss", private_copy(LOSSES.get(loss)))
    if task not in loss.tasks:
        applicable = [name for name in LOSSES.names() if task in LOSSES[name].tasks]
        raise ValueError(f"The loss {loss!r} does not apply to a {task} target. Use one of {applicable}.")
    return loss


def check_target_precision(dtype: numpy.dtype, loss: Loss, target: numpy.ndarray) -> None:
    """Raise ValueError if a positive target is no longer positive in the dtype of training."""
    if not loss.positive_target or target.dtype == dtype:
        return
    with numpy.errstate(over="ignore"):  # infinite values are reported by training
        cast_target = target.astype(dtype)
    try:
        loss.check_target(cast_target)
    except ValueError as error:
        raise ValueError(
            f"The smallest value of y, {target.min()}, is 0 in {dtype}, the precision of training, but "
            f"loss={loss.name!r} requires positive targets. Multiply y by a constant, or pass dtype='float64' if the "
            "estimator has that parameter."
        ) from error
