"""Parameters of the multi-layer perceptrons: usual ones, ones at the edge, conflicting ones and ones to be refused."""

import functools
import inspect
import math
from numbers import Real

import numpy

from skann._sklearn_compat import Interval
from skann.activations import LeakyReLU
from skann.engine.activations import ACTIVATIONS, Activation
from skann.engine.initializers import Initializer
from skann.engine.layers import Normalization
from skann.engine.losses import CLASSIFICATION, LOSSES, REGRESSION, Loss
from skann.engine.schedules import SCHEDULES, Schedule
from skann.engine.solvers import Solver
from skann.estimators.constraints import RegisteredName

from .calls import Fault, bad
from .values import HUGE, allowed, chance, hyperparameters, inside, outside, pick

# how often a parameter is not left at its default; 0.1 for all others
_DRAWN = {
    "hidden_layer_sizes": 1.0,
    "max_iter": 1.0,
    "random_state": 1.0,
    "solver": 0.6,
    "activation": 0.6,
    "loss": 0.4,
    "learning_rate": 0.25,
    "learning_rate_init": 0.3,
    "batch_size": 0.4,
    "early_stopping": 0.3,
    "dtype": 0.3,
    "target_transform": 0.35,
}
_LATER = {"class_weight", "scoring"}  # they depend on the target
# of any finite size without a training that diverges
HARMLESS = {
    *("tol", "max_fun", "max_iter", "n_iter_no_change", "validation_fraction", "batch_size", "clip_norm", "max_norm"),
    *("random_state", "power_t", "hidden_layer_sizes", "verbose", "averaging", "dropout", "label_smoothing"),
}


def decreasing(fraction):
    """Return a factor of the learning rate."""
    return 1 - fraction / 2


def _power(exponent, fraction):
    return (1 - fraction) ** exponent


def _hidden_layer_sizes(rng):
    sizes = [int(rng.integers(1, 9)) for _ in range(int(pick(rng, [0, 1, 1, 1, 2, 3])))]
    if len(sizes) == 1 and chance(rng, 0.5):
        return pick(rng, [sizes[0], numpy.int64(sizes[0])])
    return pick(rng, [tuple, list, numpy.array])(sizes) if sizes else ()


def n_hidden(params):
    """Return the number of hidden layers."""
    sizes = params["hidden_layer_sizes"]
    return 1 if isinstance(sizes, (int, numpy.integer)) else len(sizes)


def _activation(rng):
    names = RegisteredName(ACTIVATIONS).options
    return hyperparameters(rng, ACTIVATIONS) if chance(rng, 0.4) else pick(rng, sorted(names))


def _random_state(rng):
    seed = int(rng.integers(1000))
    return pick(rng, [seed] * 18 + [numpy.int64(seed), numpy.random.RandomState(seed)])


# what to draw where a constraint does not say what its values are
_SPECIAL = {
    Activation: _activation,
    Schedule: lambda rng: hyperparameters(rng, SCHEDULES),
    callable: lambda rng: pick(rng, [decreasing, functools.partial(_power, 2), numpy.cos]),
    Solver: None,
    Initializer: None,
    Normalization: None,
    "array-like": None,
    "random_state": _random_state,
    list: None,
    tuple: None,
    dict: None,
    str: None,
}


def suited_losses(is_classifier):
    """Return a function that returns whether a loss applies to an estimator."""
    tasks = CLASSIFICATION if is_classifier else REGRESSION
    return lambda cls: bool(cls.tasks & tasks)


def draw_parameters(rng, cls, is_classifier):
    """Return parameters that are not at their defaults, all allowed by the constraints; two may be in conflict."""
    special = {**_SPECIAL, Loss: lambda rng: hyperparameters(rng, LOSSES, suited_losses(is_classifier))}
    params = {"hidden_layer_sizes": _hidden_layer_sizes(rng)}
    for name, constraints in cls._parameter_constraints.items():
        if name in params or name in _LATER or not chance(rng, _DRAWN.get(name, 0.1)):
            continue
        params[name] = allowed(rng, constraints, special)
    layers = n_hidden(params)
    if chance(rng, 0.1):
        params["activation"] = [_activation(rng) for _ in range(layers)]
    if chance(rng, 0.05):
        params["dropout"] = pick(rng, [list, tuple, numpy.array])([0.3 * chance(rng, 0.7) for _ in range(layers + 1)])
    params["max_iter"] = int(rng.integers(1, 6))
    for name, most in (("max_fun", 40), ("batch_size", 100)):
        if name in params and params[name] != "auto":
            params[name] = int(rng.integers(1, most))
    if params.get("device") == "cuda" and chance(rng, 0.8):
        del params["device"]
    if chance(rng, 0.9):  # bold ones are drawn often enough without it
        params.pop("noise", None)
    return params


@functools.cache
def defaults(cls):
    """Return the parameters' defaults."""
    return {name: item.default for name, item in inspect.signature(cls).parameters.items()}


def conflicts(params, has_gpu):
    """Return the faults of parameters, with the defaults among them, that are incompatible."""
    faults = []
    layers = n_hidden(params)
    dropout = params["dropout"]
    is_noisy = dropout > 0 and layers > 0 if isinstance(dropout, Real) else any(rate > 0 for rate in dropout)
    batch = params["normalization"] == "batch" and layers > 0
    if params["solver"] == "lbfgs" and (is_noisy or batch or params["noise"] > 0):
        faults.append(bad("lbfgs with noise", r"solver='lbfgs' needs a loss that is the same"))
    if params["device"] == "cuda" and not has_gpu:
        faults.append(Fault("no GPU", (ImportError, RuntimeError), r"GPU|CuPy|cuda"))
    if params["device"] == "cuda" and params["solver"] == "lbfgs":
        faults.append(bad("lbfgs on a GPU", r"solver='lbfgs' only runs on the CPU"))
    loss = LOSSES.get(params["loss"])
    if params.get("target_transform") is not None and loss.positive_target:
        faults.append(bad("a standardised target that must be positive", r"target_transform='standard'"))
    return faults


def n_levels(params):
    """Return the number of quantile levels that the loss predicts."""
    return numpy.size(getattr(LOSSES.get(params["loss"]), "levels", 0.5))


def _real_names(cls):
    """Return the names of parameters that are real numbers in an interval."""
    return [
        name
        for name, constraints in cls._parameter_constraints.items()
        if any(isinstance(constraint, Interval) and constraint.type is Real for constraint in constraints)
    ]


def _returning(value):
    def schedule(fraction):
        return value

    return schedule


def _bad_structures(rng, params):
    """Return values of parameters of the allowed types with invalid contents, each with its fault."""
    layers = n_hidden(params)
    near = r"leaky_relu"
    return [
        ("hidden_layer_sizes", [3, 0], r"hidden_layer_sizes"),
        ("hidden_layer_sizes", [2.5], r"hidden_layer_sizes"),
        ("hidden_layer_sizes", ["3"], r"hidden_layer_sizes"),
        ("hidden_layer_sizes", [True], r"hidden_layer_sizes"),
        ("hidden_layer_sizes", [[3, 4]], r"hidden_layer_sizes"),
        ("hidden_layer_sizes", [math.nan], r"hidden_layer_sizes"),
        ("activation", ["relu"] * (layers + 1), r"activation has"),
        ("activation", [3] * max(layers, 1), r"activation"),
        ("activation", ["leakyrelu"] * max(layers, 1), near if layers else r"activation has"),
        ("activation", "leakyrelu", r"activation.*" + near),
        ("activation", LeakyReLU, r"activation"),
        ("activation", numpy.tanh, r"activation.*ElementwiseActivation"),
        ("dropout", [0.1] * layers, r"dropout"),
        ("dropout", [1.0] * (layers + 1), r"dropout"),
        ("dropout", [math.nan] * (layers + 1), r"dropout"),
        ("dropout", ["a"] * (layers + 1), r"dropout"),
        ("learning_rate", _returning(-1.0), r"learning_rate"),
        ("learning_rate", _returning(math.nan), r"learning_rate"),
        ("learning_rate", _returning(math.inf), r"learning_rate"),
        ("loss", pick(rng, ["logloss", "mse", 3, Loss]), r"loss"),
        ("batch_size", 0, r"batch_size"),
        ("random_state", pick(rng, [-1, 2**32, "seed", 1.5]), r"random_state|seed"),
    ]


def spoil(rng, cls, params):
    """Put a value that must be refused among the parameters; return its fault.

    A learning rate that is a function is called by stochastic solvers alone.
    """
    if chance(rng, 0.35):
        name, value, pattern = pick(rng, _bad_structures(rng, params))
        if name == "learning_rate" and callable(value):
            params["solver"] = "adam"
        params[name] = value
        return bad(f"{name}={value!r}", pattern, ValueError, TypeError)
    while True:
        name = pick(rng, list(cls._parameter_constraints))
        value, found = outside(rng, cls._parameter_constraints[name])
        if found:
            params[name] = value
            return bad(f"{name}={value!r}", f"'{name}' parameter of {cls.__name__} must be")


def draw_huge(rng, cls, params):
    """Put an int too large for a float among the parameters; return the risk that it brings."""
    name = pick(rng, _real_names(cls))
    params[name] = HUGE
    return bad(f"{name}=10**400", name)


def other_value(rng, cls, name, present):
    """Return another allowed value of a number parameter than the present one."""
    interval = next(c for c in cls._parameter_constraints[name] if isinstance(c, Interval))
    while True:
        value = inside(rng, interval)
        if value != present and value != 0 and 1e-12 < abs(value) < 1:
            return value
