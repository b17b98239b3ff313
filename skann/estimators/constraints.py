"""Parameter constraints that follow the engine's registries, and checks of what constraints cannot say."""

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

Own = TypeVar("Own", bound=Hyperparameters)


class RegisteredName(StrOptions):
    """One of the names in a registry, those included that are registered later, or of a few names beside it."""

    def __init__(
        self, registry: Registry, *, also: Iterable[str] = (), accepts: Callable[[type], bool] = lambda cls: True
    ):
        self.registry = registry
        self.also = set(also)
        self.accepts = accepts
        super().__init__(set())

    @property
    def options(self) -> set[str]:
        """The names, read anew each time."""
        return {name for name in self.registry.names() if self.accepts(self.registry[name])} | self.also

    def hint(self, name: str) -> str:
        """Return the way out of an unknown name: the nearest one that is accepted."""
        near = difflib.get_close_matches(name, sorted(self.options), n=1)
        return f" Did you mean {near[0]!r}?" if near else ""

    @options.setter
    def options(self, value: set[str]) -> None:
        """Ignore what the base class stores."""

    def __str__(self) -> str:
        return f"a str among {{{', '.join(sorted(map(repr, self.options)))}}}"


class NonZero(Interval):
    """Any number but zero in a range around it."""

    def __init__(self, largest: float):
        super().__init__(Real, -largest, largest, closed="both")

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether val is such a number."""
        return super().is_satisfied_by(val) and val != 0

    def __str__(self) -> str:
        return f"a non-zero float in the range [{self.left}, {self.right}]"


# of the parameters that both estimators have
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


class HintingMixin(BaseEstimator):
    """Validates parameters as scikit-learn does, and says the way out of an unknown name or a bare function."""

    _parameter_constraints: dict

    def set_params(self, **params):
        """Set parameters; those of an object that is a parameter by ``activation__slope`` and the like.

        Parameters
        ----------
        **params : object
            Name and value of each.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            For unknown names, and for parameters of what has none, such as an activation given by its name.
        """
        for key in params:
            owner, _, name = key.partition("__")
            value = params.get(owner, getattr(self, owner, None))
            if name and owner in self._parameter_constraints and not hasattr(value, "set_params"):
                way_out = _way_to_set(name, value, self._parameter_constraints[owner])
                if owner not in _OF_DEFAULTS and name in self.get_params(deep=False):
                    way_out += f"; the estimator itself has the parameter {name!r}"
                raise ValueError(f"{key} cannot be set, as {owner}={value!r} has no parameters{way_out}.")
        return super().set_params(**params)

    def _validate_params(self) -> None:
        """Raise InvalidParameterError, with the way out, unless every parameter is allowed."""
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


# a name stands for default hyper-parameters here; the estimator's of the same names, such as momentum, are others
_OF_DEFAULTS = frozenset({"activation", "weight_init", "normalization"})


def _way_to_set(name: str, value: Any, allowed: list) -> str:
    """Return the way out for who sets a parameter of a value that has none: an object that has it."""
    takes_objects = any(isinstance(kind, type) and issubclass(kind, Hyperparameters) for kind in allowed)
    for names in [kind for kind in allowed if takes_objects and isinstance(kind, RegisteredName)]:
        having = [cls for cls in names.registry.classes() if names.accepts(cls) and name in cls.__dataclass_fields__]
        named = [cls for cls in having if isinstance(value, str) and cls.name == value]
        if having:
            return f": pass an object: {(named or having)[0].__name__}()"
    return ""


def hints(constraints: dict[str, list], params: dict[str, Any]) -> str:
    """Return the way out of every unknown name among the parameters, and of every function in place of an object."""
    found = [
        constraint.hint(params[name])
        for name, allowed in constraints.items()
        for constraint in allowed
        if isinstance(constraint, RegisteredName)
        and isinstance(params.get(name), str)
        and params[name] not in constraint.options
    ]
    found += [instead_of_callable(name, params.get(name)) for name in constraints]
    return "".join(found)


_OF_YOUR_OWN = {
    "activation": "subclass skann.activations.ElementwiseActivation, which has the derivative too",
    "loss": "subclass skann.losses.Loss, which has the gradient too",
    "solver": "subclass skann.solvers.Optimizer",
    "weight_init": "subclass skann.initializers.Initializer",
    "normalization": "subclass skann.layers.Normalization, which has the gradient too",
}


def instead_of_callable(name: str, value: Any) -> str:
    """Return the way out for a class or a function where an object is needed."""
    if isinstance(value, type) and issubclass(value, Hyperparameters):
        return f" Pass an object, {value.__name__}(), in place of the class."
    if name not in _OF_YOUR_OWN or not callable(value) or isinstance(value, Hyperparameters):
        return ""
    return f" For a function of your own, {_OF_YOUR_OWN[name]}, and pass an object of that class."


def check_hidden_layer_sizes(sizes: Any) -> list[int]:
    """Return the sizes as a list, one positive int for each hidden layer."""
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
    """Return one activation for each hidden layer."""
    if isinstance(activation, (str, Activation)):
        return [own_copy(ACTIVATIONS.get(activation))] * n_hidden
    if len(activation) != n_hidden:
        raise ValueError(
            f"activation has {len(activation)} entries, but hidden_layer_sizes has {n_hidden} hidden layers: give one "
            "activation for each, or a single one for all."
        )
    for entry in activation:
        if not isinstance(entry, (str, Activation)):
            raise ValueError(
                f"Each entry of activation must be a name or an object of skann.activations. Got {entry!r} instead."
                f"{instead_of_callable('activation', entry)}"
            )
    return [own_copy(ACTIVATIONS.get(entry)) for entry in activation]


def own_copy(hyperparameters: Own) -> Own:
    """Return a copy, so that set_params on the user's object does not reach a fitted network."""
    return copy.deepcopy(hyperparameters)


def check_dropout(dropout: Any, n_hidden: int) -> list[float]:
    """Return the probability of dropping for the input and for each hidden layer."""
    if isinstance(dropout, Real):
        return [0.0] + [float(dropout)] * n_hidden
    rates = list(dropout)
    if len(rates) != n_hidden + 1:
        raise ValueError(
            f"dropout has {len(rates)} entries, but there are {n_hidden} hidden layers: give {n_hidden + 1} "
            "(input, hidden 1, ..., hidden L), or a single number for all hidden layers."
        )
    # compared as they are: an int may be beyond the floats
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):  # pyright: ignore[reportOperatorIssue]
        raise ValueError(f"Each entry of dropout must be a float in the range [0.0, 1.0). Got {rates} instead.")
    return [float(rate) for rate in rates]


def check_loss(loss: str | Loss, task: str) -> Loss:
    """Return the loss as an object that applies to the task."""
    loss = cast("Loss", own_copy(LOSSES.get(loss)))
    if task not in loss.tasks:
        suited = [name for name in LOSSES.names() if task in LOSSES[name].tasks]
        raise ValueError(f"The loss {loss!r} does not apply to a {task} target. Use one of {suited}.")
    return loss


def check_target_in(dtype: numpy.dtype, loss: Loss, target: numpy.ndarray) -> None:
    """Raise ValueError for a positive target of which a value leaves the loss's domain in the dtype of training."""
    if not loss.positive_target or target.dtype == dtype:
        return
    with numpy.errstate(over="ignore"):  # what is infinite is training's to tell
        cast_target = target.astype(dtype)
    try:
        loss.check_target(cast_target)
    except ValueError as error:
        raise ValueError(
            f"The least value of y, {target.min()}, is 0 in {dtype}, the precision of training, which "
            f"loss={loss.name!r} does not take. Multiply y by a constant, or pass dtype='float64' where there is one."
        ) from error
