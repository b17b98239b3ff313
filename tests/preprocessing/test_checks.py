"""scikit-learn's own checks, for the defaults and for every option that changes the output."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skann.preprocessing import TabularEncoder

OPTIONS = [
    {},
    {"categorical_features": [0]},
    {"categorical_features": [0], "max_one_hot": 0},
    {"categorical_features": [0], "max_one_hot": None, "min_frequency": 0.2, "clip": None},
]


@parametrize_with_checks([TabularEncoder(**options) for options in OPTIONS])
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize(
    "check",
    [
        "check_dataframe_column_names_consistency",
        "check_global_output_transform_pandas",
        "check_global_set_output_transform_polars",
        "check_param_validation",
        "check_set_output_transform",
        "check_set_output_transform_pandas",
        "check_set_output_transform_polars",
        "check_transformer_get_feature_names_out",
        "check_transformer_get_feature_names_out_pandas",
    ],
)
@pytest.mark.parametrize("options", OPTIONS, ids=repr)
def test_checks_that_check_estimator_leaves_out(check, options):
    getattr(estimator_checks, check)("TabularEncoder", TabularEncoder(**options))
