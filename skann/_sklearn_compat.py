"""Every private name of scikit-learn that skann uses, each with its reason: they may move between versions.

Beside them its decorators of methods, which have no type hints, with types that keep the method's signature.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any, TypeVar

import sklearn.base
import sklearn.callback
import sklearn.utils.metaestimators

# takes rows out of an array or a frame of any library
from sklearn.utils import _safe_indexing

# the constraints and the error behind "The 'x' parameter of Y must be ... Got z instead."
from sklearn.utils._param_validation import HasMethods, Interval, InvalidParameterError, Options, RealNotInt, StrOptions

# sets classes_ on the first partial_fit, with scikit-learn's own errors
from sklearn.utils.multiclass import _check_partial_fit_first_call

# finds the thread pools of all BLAS libraries, once per process, as it takes ten milliseconds
from sklearn.utils.parallel import _get_threadpool_controller

# check names, indices or a mask of categorical columns, the names given to get_feature_names_out, length, dtype and
# sign of sample weights, and a target alone: each with scikit-learn's own errors
from sklearn.utils.validation import (
    _check_categorical_features,
    _check_feature_names_in,
    _check_sample_weight,
    _check_y,
)

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "RealNotInt",
    "StrOptions",
    "_check_categorical_features",
    "_check_feature_names_in",
    "_check_partial_fit_first_call",
    "_check_sample_weight",
    "_check_y",
    "_fit_context",
    "_get_threadpool_controller",
    "_safe_indexing",
    "accepts_sample_weight",
    "available_if",
    "is_search",
    "with_callbacks",
]

Method = TypeVar("Method", bound=Callable[..., Any])


def _fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]:
    """Return a decorator that validates parameters, except inside meta-estimators; there is no public one."""
    decorate: Any = sklearn.base._fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)
    return decorate


def with_callbacks(method: Method) -> Method:
    """Decorate a method to set callbacks up before it and tear them down after it."""
    decorated: Any = sklearn.callback.with_callbacks(method)
    return decorated


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Return a decorator for a method that exists only if the check passes."""
    decorate: Any = sklearn.utils.metaestimators.available_if(check)
    return decorate


def accepts_sample_weight(scorer: Any) -> bool:
    """Return whether a scorer accepts sample weights; scikit-learn's scorers ask their metric."""
    if hasattr(scorer, "_accept_sample_weight"):
        return scorer._accept_sample_weight()
    try:
        parameters = signature(scorer).parameters
    except (TypeError, ValueError):  # compiled functions may have no signature
        return False
    return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def is_search(estimator: Any) -> bool:
    """Return whether an estimator is a search over parameters; their base class has no public name."""
    from sklearn.model_selection._search import BaseSearchCV  # slow to import, and only needed to look inside

    return isinstance(estimator, BaseSearchCV)
