"""HiddenLayerTransformer: scikit-learn's checks, prefit or not, alone, in pipelines, in searches."""

import numpy
import pandas
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

from skann import ConvClassifier, MLPClassifier, MLPRegressor
from skann.inspection import HiddenLayerTransformer
from tests.inspection import fits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
NETWORK = MLPClassifier((6, 3), max_iter=5, random_state=0)
FITTED = MLPClassifier((6, 3), max_iter=5, tol=1.0, n_iter_no_change=1, random_state=0).fit(X, Y)


@parametrize_with_checks(
    [
        HiddenLayerTransformer(NETWORK),
        HiddenLayerTransformer(MLPRegressor(max_iter=5, random_state=0), layer=0),
        HiddenLayerTransformer(make_pipeline(StandardScaler(), NETWORK), layer=-2),
        HiddenLayerTransformer(ConvClassifier((3,), (4,), max_iter=5, random_state=0), layer=0),
    ]
)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
def test_checks_that_check_estimator_leaves_out(check):
    check("HiddenLayerTransformer", HiddenLayerTransformer(NETWORK))


@pytest.mark.parametrize("layer", [0, 1, -1, -2])
def test_gives_what_the_network_says(layer):
    expected = FITTED.hidden_layer_output(X, layer)
    transformer = HiddenLayerTransformer(clone(FITTED), layer)
    assert_array_equal(transformer.fit_transform(X, Y), expected)
    assert not hasattr(transformer.estimator, "coefs_")
    for fitted in (HiddenLayerTransformer(FITTED, layer, prefit=True), clone(transformer).fit(X, Y)):
        assert_array_equal(fitted.transform(X), expected)
        names = [f"hiddenlayertransformer{i}" for i in range(expected.shape[1])]
        assert fitted.get_feature_names_out().tolist() == names


@pytest.mark.parametrize("layer", [0, 1, -1])
def test_maps_are_flattened(layer):
    clf, X, _ = fits.conv("colour")
    transformer = HiddenLayerTransformer(clf, layer, prefit=True).set_output(transform="pandas").fit(X)
    expected = clf.hidden_layer_output(X, layer)
    output = transformer.transform(X)
    assert_array_equal(output, expected.reshape(len(X), -1))
    assert output.columns.tolist() == [f"hiddenlayertransformer{i}" for i in range(expected[0].size)]
    if layer == 1:  # of 4 x 4 x 6
        assert_array_equal(output.iloc[:, (2 * 4 + 1) * 6 + 3], expected[:, 2, 1, 3])


def test_prefit_keeps_the_network_as_it_is():
    transformer = HiddenLayerTransformer(FITTED, prefit=True).fit(X)
    assert transformer.estimator_ is FITTED
    assert transformer.n_features_in_ == 4


def test_set_output_and_sparse_input():
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    transformer = HiddenLayerTransformer(NETWORK).set_output(transform="pandas").fit(frame, Y)
    output = transformer.transform(frame)
    assert output.columns.tolist() == [f"hiddenlayertransformer{i}" for i in range(3)]
    assert transformer.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    sparse = HiddenLayerTransformer(NETWORK).fit(scipy.sparse.csr_array(X), Y)
    numpy.testing.assert_allclose(sparse.transform(scipy.sparse.csr_array(X)), output, rtol=1e-6)


def test_under_a_linear_model_in_a_search():
    pipeline = make_pipeline(StandardScaler(), HiddenLayerTransformer(NETWORK), LogisticRegression())
    grid = {"hiddenlayertransformer__layer": [0, 1], "hiddenlayertransformer__estimator__activation": ["relu", "tanh"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert search.best_score_ > 0.7


def test_around_a_search_and_a_pipeline():
    search = GridSearchCV(make_pipeline(StandardScaler(), NETWORK), {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2)
    transformer = HiddenLayerTransformer(search).fit(X, Y)
    scaler, network = transformer.estimator_.best_estimator_
    assert_array_equal(transformer.transform(X), network.hidden_layer_output(scaler.transform(X)))


def test_a_frozen_network_survives_cloning():
    pipeline = make_pipeline(HiddenLayerTransformer(FrozenEstimator(FITTED)), LogisticRegression(max_iter=500))
    assert cross_val_score(pipeline, X, Y, error_score="raise").mean() > 0.5
    transformer = clone(pipeline[0]).fit(X, Y)
    assert_array_equal(transformer.transform(X), FITTED.hidden_layer_output(X))
    lost = clone(HiddenLayerTransformer(FITTED, prefit=True))
    for call in (lambda: lost.fit(X, Y), lambda: lost.transform(X)):
        with pytest.raises(NotFittedError, match=r"A clone is not: .* give FrozenEstimator"):
            call()


class TestBadInput:
    @pytest.mark.parametrize("layer", [2, -3])
    @pytest.mark.parametrize("prefit", [False, True])
    def test_a_layer_that_is_not_there(self, layer, prefit):
        transformer = HiddenLayerTransformer(FITTED, layer, prefit=prefit)
        message = rf"layer must be an int in the range \[-2, 2\) for a network with 2 hidden layers. Got {layer}"
        with pytest.raises(ValueError, match=message):
            transformer.fit(X, Y)

    def test_no_hidden_layer(self):
        with pytest.raises(ValueError, match=r"range \[0, 0\) for a network with 0 hidden layers"):
            HiddenLayerTransformer(MLPClassifier((), max_iter=2)).fit(X, Y)

    def test_parameters(self):
        with pytest.raises(ValueError, match="The 'layer' parameter of HiddenLayerTransformer must be"):
            HiddenLayerTransformer(NETWORK, layer=0.5).fit(X, Y)
        with pytest.raises(TypeError, match="must be one of skann's"):
            HiddenLayerTransformer(LogisticRegression()).fit(X, Y)

    def test_a_failed_fit_keeps_what_was_fitted(self):
        transformer = HiddenLayerTransformer(NETWORK).fit(X, Y)
        before = transformer.transform(X)
        with pytest.raises(ValueError, match="inconsistent"):
            transformer.fit(X, Y[:-1])
        assert_array_equal(transformer.transform(X), before)

    def test_unfitted(self):
        with pytest.raises(NotFittedError):
            HiddenLayerTransformer(NETWORK).transform(X)
        assert not hasattr(HiddenLayerTransformer(NETWORK), "n_features_in_")
