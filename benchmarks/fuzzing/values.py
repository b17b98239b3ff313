"""Values of parameters, allowed and not, drawn from the estimators' constraints and the registries."""

import math
from dataclasses import fields
from numbers import Integral
from types import SimpleNamespace

import numpy
from sklearn.utils._param_validation import make_constraint  # tells of any constraint whether a value satisfies it

from skann._sklearn_compat import Interval, Options, StrOptions
from skann.engine.hyperparameters import Hyperparameters
from skann.engine.losses import Quantile

HUGE = 10**400  # an int that no float reaches
_OUTSIDE = [None, "nonsense", "", -1, -1e-300, 0, 1, 1.5, 2, math.nan, math.inf, -math.inf, [], {}, 1j, b"auto", object]


def pick(rng, options):
    """Return an element of a sequence of any objects."""
    return options[int(rng.integers(len(options)))]


def chance(rng, p):
    """Return True with a probability."""
    return bool(rng.random() < p)


def inside(rng, interval):
    """Return a number that an Interval of scikit-learn, or a Bounds of skann, allows: usual, at an end or far out."""
    low, high, include_low, include_high, integral = _ends(interval)
    if integral:
        return _int_inside(rng, low, high)
    usual = [0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99, 1.0, 3.0, 10.0, -0.5, -2.0]
    values = [value for value in usual if _lies(value, low, high, include_low, include_high)]
    if chance(rng, 0.75):
        return _dressed(rng, pick(rng, values))
    ends = [end for end, included in ((low, include_low), (high, include_high)) if included and end is not None]
    ends += [math.nextafter(low, math.inf) if low else 5e-324] if low is not None else [-1e300]
    ends += [math.nextafter(high, -math.inf)] if high is not None else [1e300]
    ends += [value for value in (1e-300, 1e-30, 1e-9, 1e9, 1e30) if _lies(value, low, high, True, False)]
    return pick(rng, ends)


def _ends(interval):
    """Return the two ends, whether each belongs to the range, and whether only ints do."""
    if isinstance(interval, Interval):
        closed = interval.closed
        ends = (interval.left, interval.right, closed in ("left", "both"), closed in ("right", "both"))
        return *ends, interval.type is Integral
    return interval.low, interval.high, interval.include_low, interval.include_high, interval.type is Integral


def _lies(value, low, high, include_low, include_high):
    above = low is None or value > low or (include_low and value == low)
    return above and (high is None or value < high or (include_high and value == high))


def _int_inside(rng, low, high):
    low = 0 if low is None else int(low)
    values = [low, low + 1, low + 2, low + 5]
    return _dressed(rng, pick(rng, [value for value in values if high is None or value <= high]))


def _dressed(rng, number):
    """Return a number as Python's, or at times as NumPy's."""
    if chance(rng, 0.85):
        return number
    return numpy.int64(number) if isinstance(number, int) else numpy.float64(number)


def outside(rng, constraints):
    """Return a value that none of the constraints allows, or None with False."""
    made = [make_constraint(constraint) for constraint in constraints]
    candidates = list(_OUTSIDE)
    for constraint in made:
        if isinstance(constraint, Interval):
            candidates += [end for end in (constraint.left, constraint.right) if end is not None] * 3
            if constraint.left is not None:
                candidates += [constraint.left - 1, constraint.left - 0.5] * 2
            if constraint.right is not None:
                candidates += [constraint.right + 1, math.nextafter(constraint.right, math.inf)] * 2
        elif isinstance(constraint, StrOptions) and constraint.options:
            name = pick(rng, sorted(constraint.options))
            candidates += [name.upper(), name + "s", name[:-1]]
    for i in rng.permutation(len(candidates)):
        value = candidates[i]
        if not any(constraint.is_satisfied_by(value) for constraint in made):
            return value, True
    return None, False


def allowed(rng, constraints, special):
    """Return a value that one of the constraints allows.

    Parameters
    ----------
    constraints : list
        As in ``_parameter_constraints``.
    special : dict of object to callable
        What to draw for a constraint that does not say by itself what its values are; None leaves it out.
    """
    options = [constraint for constraint in constraints if special.get(_key(constraint), True) is not None]
    constraint = pick(rng, options)
    make = special.get(_key(constraint))
    if make is not None:
        return make(rng)
    if constraint is None:
        return None
    if isinstance(constraint, Interval):
        return inside(rng, constraint)
    if isinstance(constraint, Options):
        return pick(rng, sorted(constraint.options))
    if constraint == "boolean":
        return pick(rng, [True, False, numpy.bool_(True), numpy.bool_(False)])
    if constraint == "verbose":
        return pick(rng, [False, True, 0, 2])
    raise TypeError(f"no values are known for the constraint {constraint!r}")


def _key(constraint):
    return constraint if isinstance(constraint, (str, type)) or constraint is callable else None


def hyperparameters(rng, registry, accepts=lambda cls: True):
    """Return an object of a registered class with hyper-parameters within their bounds."""
    cls = pick(rng, [cls for cls in registry.classes() if accepts(cls)])
    params = {}
    for item in fields(cls):
        bounds = item.metadata.get("bounds")
        if bounds is not None and chance(rng, 0.6):
            params[item.name] = inside(rng, bounds)
            while params[item.name] in bounds.exclude:
                params[item.name] = inside(rng, bounds)
    if issubclass(cls, Quantile):
        params["levels"] = pick(rng, [0.5, 0.01, (0.1, 0.9), [0.25, 0.5, 0.75], (0.5,), numpy.array([0.2, 0.7])])
    return cls(**params)


def bad_hyperparameter(rng, registry):
    """Return a registered class with a name and a value of one of its fields that is out of bounds, or None."""
    cls = pick(rng, registry.classes())
    bounded = [item for item in fields(cls) if item.metadata.get("bounds") is not None]
    if not bounded:
        return None
    item = pick(rng, bounded)
    bounds = item.metadata["bounds"]
    low, high, include_low, include_high, _ = _ends(bounds)
    candidates = [None, "a", math.nan, math.inf, True, [0.5], 1j]
    candidates += [] if low is None else [low - 1] + [low] * (not include_low)
    candidates += [] if high is None else [high + 1] + [high] * (not include_high)
    return SimpleNamespace(cls=cls, name=item.name, value=pick(rng, candidates))


def is_extreme(value):
    """Return whether a value, or a hyper-parameter in it, is a number of unusual size."""
    if isinstance(value, Hyperparameters):
        return any(map(is_extreme, value.get_params().values()))
    if isinstance(value, (list, tuple)):
        return any(map(is_extreme, value))
    if isinstance(value, bool) or not isinstance(value, (int, float, numpy.number)):
        return False
    return bool(abs(value) > 10 or 0 < abs(value) < 1e-12)
