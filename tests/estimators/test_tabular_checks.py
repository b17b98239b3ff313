"""scikit-learn's own checks of the estimators of tables, on small networks."""

import warnings

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    check_param_validation,
)

from skann import TabularMLPClassifier, TabularMLPRegressor

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 64, "warn": False}
TASKS = [TabularMLPClassifier, TabularMLPRegressor]
BOTH = [cls(preset=preset, **SMALL) for cls in TASKS for preset in ("fast", "best")]
OPTIONS = [
    TabularMLPRegressor(numeric_embedding="piecewise_linear", **SMALL),
    TabularMLPRegressor(preset="fast", n_members=2, **SMALL),
    TabularMLPClassifier(preset="fast", calibrate=True, n_members=2, class_weight="balanced", **SMALL),
]


@pytest.mark.parametrize("estimator", BOTH + OPTIONS, ids=repr)
def test_the_weight_checks_alone_fail(estimator):
    """Splits, the order of rows and dropout masks depend on the number of rows, so only these two may fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        results = check_estimator(estimator, on_fail=None)
    assert len(results) > 50
    assert {result["check_name"] for result in results if result["status"] == "failed"} <= {
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    }


@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
@pytest.mark.parametrize("estimator", BOTH, ids=repr)
def test_checks_that_check_estimator_leaves_out(estimator, check):
    check(type(estimator).__name__, estimator)
