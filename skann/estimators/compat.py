"""Every private name of scikit-learn that skann uses, each with its reason: they may move between versions."""

# validates parameters and skips that inside meta-estimators; there is no public way
from sklearn.base import _fit_context

# takes rows out of an array or a frame of any library
from sklearn.utils import _safe_indexing

# the constraints and the error behind "The 'x' parameter of Y must be ... Got z instead."
from sklearn.utils._param_validation import HasMethods, Interval, InvalidParameterError, Options, RealNotInt, StrOptions

# sets classes_ on the first partial_fit, with scikit-learn's own errors
from sklearn.utils.multiclass import _check_partial_fit_first_call

# warns as scikit-learn does when L-BFGS has not converged
from sklearn.utils.optimize import _check_optimize_result

# finds the thread pools of all BLAS libraries, once a process: that takes ten milliseconds
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
    "_check_optimize_result",
    "_check_partial_fit_first_call",
    "_check_sample_weight",
    "_check_y",
    "_fit_context",
    "_get_threadpool_controller",
    "_safe_indexing",
    "is_search",
]


def is_search(estimator) -> bool:
    """Tell whether it is a grid, randomized or halving search, whose base class has no public name."""
    from sklearn.model_selection._search import BaseSearchCV  # slow to import, and only needed to look inside

    return isinstance(estimator, BaseSearchCV)
