"""scikit-learn's own checks of the estimators of tables, on small networks."""

import warnings

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    check_param_validation,
    parametrize_with_checks,
)

from skann import TabularMLPClassifier, TabularMLPRegressor

# splits, the order of rows and dropout masks depend on the number of rows
SAMPLE_WEIGHT_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 64, "warn": False}
TASKS = [TabularMLPClassifier, TabularMLPRegressor]
ESTIMATORS = [
    *[cls(preset=preset, **SMALL) for cls in TASKS for preset in ("fast", "best")],
    *[cls(numeric_embedding="piecewise_linear", **SMALL) for cls in TASKS],
    *[cls(preset="fast", n_members=2, **SMALL) for cls in TASKS],
    TabularMLPClassifier(preset="fast", calibrate=True, class_weight="balanced", **SMALL),
]


@parametrize_with_checks(
    ESTIMATORS,
    expected_failed_checks=lambda estimator: dict.fromkeys(SAMPLE_WEIGHT_CHECKS, "the split depends on the rows"),
)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS[:4], ids=repr)
def test_splits_and_masks_fail_the_weight_checks_alone(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        results = check_estimator(estimator, on_fail=None)
    assert len(results) > 50
    assert {result["check_name"] for result in results if result["status"] == "failed"} <= SAMPLE_WEIGHT_CHECKS


@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
@pytest.mark.parametrize("estimator", ESTIMATORS[:4], ids=repr)
def test_checks_that_check_estimator_leaves_out(estimator, check):
    check(type(estimator).__name__, estimator)
