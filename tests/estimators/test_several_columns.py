"""Targets with several columns of classes."""

import pickle

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skann import MLPClassifier
from skann.losses import Hinge

pytestmark = pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning")

X, SPECIES = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
CODES = numpy.column_stack([SPECIES, (SPECIES + (X[:, 0] > 0)) % 4, SPECIES == 1]).astype(int)
NAMES = numpy.array(["ash", "birch", "cedar", "date"], dtype=object)[CODES]


def classifier(**params):
    return MLPClassifier(**{"max_iter": 300, "learning_rate_init": 0.01, "random_state": 0, **params})


@pytest.mark.parametrize("Y", [CODES, NAMES], ids=["codes", "names"])
@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"loss": "squared_error"}, {"loss": "focal"}], ids=str)
def test_each_column_is_learned_and_shaped_as_by_the_trees(Y, params):
    ours, trees = classifier(**params).fit(X, Y), RandomForestClassifier(n_estimators=5, random_state=0).fit(X, Y)
    for own, theirs in zip(ours.classes_, trees.classes_, strict=True):
        assert_array_equal(own, theirs)
    assert ours.predict(X).shape == trees.predict(X).shape and ours.predict(X).dtype == trees.predict(X).dtype
    assert (ours.predict(X) == Y).mean(axis=0).min() > 0.95
    assert ours.score(X, Y) == (ours.predict(X) == Y).all(axis=1).mean()
    for own, theirs, log_p in zip(
        ours.predict_proba(X), trees.predict_proba(X), ours.predict_log_proba(X), strict=True
    ):
        assert own.shape == theirs.shape
        assert_allclose(own.sum(axis=1), 1)
        assert_allclose(numpy.exp(log_p), own)
    assert [numpy.shape(values) for values in ours.decision_function(X)] == [(150, 3), (150, 4), (150,)]


def test_the_likeliest_class_of_each_column_is_predicted():
    fitted = classifier().fit(X, NAMES)
    likeliest = [classes[p.argmax(axis=1)] for classes, p in zip(fitted.classes_, fitted.predict_proba(X), strict=True)]
    assert_array_equal(fitted.predict(X), numpy.column_stack(likeliest))


def test_without_shared_layers_each_column_is_a_fit_of_its_own():
    params = {"hidden_layer_sizes": (), "alpha": 0.0, "solver": "lbfgs", "max_iter": 60, "tol": 0.0, "dtype": "float64"}
    noisy = CODES[numpy.random.RandomState(0).permutation(150)]  # a problem whose optimum is finite
    together = classifier(**params).fit(X, noisy)
    for column, p in zip(noisy.T, together.predict_proba(X), strict=True):
        assert_allclose(p, classifier(**params).fit(X, column).predict_proba(X), atol=1e-3)


def test_a_column_of_one_class():
    fitted = classifier(max_iter=20).fit(X, numpy.column_stack([SPECIES, numpy.full(150, 7)]))
    assert_array_equal(fitted.predict(X)[:, 1], 7)
    assert_array_equal(fitted.predict_proba(X)[1], numpy.ones((150, 1)))


def test_a_weight_is_a_row_repeated_and_class_weights_are_multiplied():
    weight = numpy.random.RandomState(0).randint(3, size=150)
    params = {"solver": "lbfgs", "max_iter": 30}
    weighted = classifier(**params).fit(X, CODES, sample_weight=weight)
    repeated = classifier(**params).fit(numpy.repeat(X, weight, axis=0), numpy.repeat(CODES, weight, axis=0))
    assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-4, atol=1e-6)
    by_class = classifier(class_weight=[{0: 2.0}, {3: 3.0}, "balanced"], **params).fit(X, CODES)
    row_weight = numpy.where(CODES[:, 0] == 0, 2.0, 1.0) * numpy.where(CODES[:, 1] == 3, 3.0, 1.0)
    row_weight *= numpy.where(CODES[:, 2] == 1, 1.5, 0.75)
    by_row = classifier(**params).fit(X, CODES, sample_weight=row_weight)
    assert_allclose(by_class.coefs_[0], by_row.coefs_[0], rtol=1e-6)


def test_validation_grid_search_and_pickle():
    fitted = classifier(early_stopping=True).fit(X, CODES)
    assert 0.7 < fitted.best_validation_score_ <= 1
    given = classifier(max_iter=20).fit(X, CODES, X_val=X[:30], y_val=CODES[:30])
    assert given.history_["validation_score"][-1] == given.score(X[:30], CODES[:30])
    copy = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copy.predict(X), fitted.predict(X))
    search = GridSearchCV(classifier(max_iter=20), {"alpha": [1e-4, 1e-2]}, cv=3).fit(X, CODES)
    assert numpy.isfinite(search.best_score_)


def test_partial_fit_and_warm_start():
    named = [[0, 1, 2], [0, 1, 2, 3], [0, 1]]
    fitted = classifier().partial_fit(X[:9], CODES[:9], classes=named)
    for _ in range(100):
        fitted.partial_fit(X, CODES, classes=named)
    assert fitted.score(X, CODES) > 0.9
    assert classifier(warm_start=True, max_iter=5).fit(X, CODES).fit(X, CODES).n_iter_ == 5


def test_hinge_has_no_probabilities():
    fitted = classifier(loss=Hinge()).fit(X, CODES)
    assert fitted.score(X, CODES) > 0.9
    assert not hasattr(fitted, "predict_proba")


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda fitted: fitted.partial_fit(X, CODES + 1), "`y` has classes not in"),
        (lambda fitted: fitted.partial_fit(X, SPECIES), "y must have 3 columns of classes, as in fit"),
        (lambda fitted: fitted.partial_fit(X, CODES, classes=[[0, 1]]), "is not the same as on last call"),
        (lambda fitted: fitted.fit(X, CODES, X_val=X, y_val=CODES[:, :2]), "y_val must have 3 columns of classes"),
        (lambda fitted: fitted.fit(X, CODES, X_val=X, y_val=CODES + 1), "`y_val` has classes not in"),
        (lambda fitted: fitted.set_params(class_weight={0: 1}).fit(X, CODES), "list of dicts, one for each column"),
        (lambda fitted: fitted.set_params(class_weight=[{}, {}]).fit(X, CODES), "Got 2 for a multioutput target"),
        (lambda fitted: fitted.set_params(class_weight=[{}, {}, {5: 1}]).fit(X, CODES), r"lacks: \[5\]"),
        (lambda fitted: fitted.set_params(loss="poisson").fit(X, CODES), "loss"),
        (lambda fitted: fitted.to_sklearn(), "several columns of classes"),
    ],
)
def test_bad_input_is_named_and_nothing_is_lost(call, message):
    fitted = classifier(max_iter=1).fit(X, CODES)
    before = fitted.predict(X)
    with pytest.raises(ValueError, match=message):
        call(fitted)
    assert_array_equal(fitted.predict(X), before)
