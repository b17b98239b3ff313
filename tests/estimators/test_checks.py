"""scikit-learn's own estimator checks, for the defaults and for every option that changes the fit."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning, SkipTestWarning
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    check_param_validation,
    parametrize_with_checks,
)

from skann import MLPClassifier, MLPRegressor
from skann.activations import Maxout

SAMPLE_WEIGHT_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}

OPTIONS = [
    {},
    {"solver": "sgd", "warn": False},  # the default rate kills all units on the checks' unscaled data
    {"solver": "lbfgs"},
    {"activation": Maxout(3)},
    {"activation": "prelu", "weight_init": "orthogonal"},
    {"hidden_layer_sizes": (), "learning_rate_init": 0.1},
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        *[cls(**options) for cls in (MLPClassifier, MLPRegressor) for options in OPTIONS],
        MLPClassifier(loss="squared_error"),
        MLPClassifier(softmax_beta=-2.0),
        MLPClassifier(class_weight="balanced"),
        *[
            cls(**options)
            for cls in (MLPClassifier, MLPRegressor)
            for options in ({"normalization": "batch"}, {"normalization": "layer"}, {"averaging": 0.9})
        ],
        MLPRegressor(target_transform="standard"),
    ]
)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("options", [{"dtype": "float32"}, {"dropout": 0.2}, {"early_stopping": True}], ids=repr)
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_rounding_masks_and_splits_fail_the_weight_checks_alone(cls, options):
    """float32 rounds, and masks and splits depend on the number of rows, so only these two checks may fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        results = check_estimator(cls(**options), on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert len(results) > 50
    # the accuracy of so few validation rows is perfect before the rest of the rows are learned
    expected = {"check_class_weight_classifiers"} if "early_stopping" in options else set()
    assert failed <= SAMPLE_WEIGHT_CHECKS | expected


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
@pytest.mark.parametrize("estimator", [MLPClassifier(max_iter=5), MLPRegressor(max_iter=5)], ids=repr)
def test_checks_that_check_estimator_leaves_out(estimator, check):
    check(type(estimator).__name__, estimator)
