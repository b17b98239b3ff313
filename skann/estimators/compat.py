"""Every private name of scikit-learn that skann uses, each with its reason: they may move between versions."""

# validates parameters and skips that inside meta-estimators; there is no public way
from sklearn.base import _fit_context

# what grid, randomized and halving searches are
from sklearn.model_selection._search import BaseSearchCV

# the constraints and the error behind "The 'x' parameter of Y must be ... Got z instead."
from sklearn.utils._param_validation import HasMethods, Interval, InvalidParameterError, Options, StrOptions

# sets classes_ on the first partial_fit, with scikit-learn's own errors
from sklearn.utils.multiclass import _check_partial_fit_first_call

# warns as scikit-learn does when L-BFGS has not converged
from sklearn.utils.optimize import _check_optimize_result

# checks length, dtype and sign of sample weights, with scikit-learn's own errors
from sklearn.utils.validation import _check_sample_weight

__all__ = [
    "BaseSearchCV",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "_check_optimize_result",
    "_check_partial_fit_first_call",
    "_check_sample_weight",
    "_fit_context",
]
