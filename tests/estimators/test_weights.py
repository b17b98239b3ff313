"""Weights of rows and classes: out of range they are refused with the row or class, and scorers may do without them."""

import functools

import numpy
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import f1_score, make_scorer
from sklearn.preprocessing import scale

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor

from .tables import FAST

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = scale(X)
WEIGHT = numpy.linspace(0.5, 1.5, len(Y))
ESTIMATORS = [
    lambda **options: MLPClassifier(max_iter=2, random_state=0, **options),
    lambda **options: MLPRegressor(max_iter=2, random_state=0, **options),
    lambda **options: MLPClassifier(max_iter=2, solver="lbfgs", **options),
    lambda **options: TabularMLPClassifier(**FAST | options),
    lambda **options: TabularMLPRegressor(**FAST | options),
]
CLASSIFIERS = [ESTIMATORS[i] for i in (0, 2, 3)]


def with_weight(value, row=7, among=1.0):
    weight = numpy.full(len(Y), among)
    weight[row] = value
    return weight


OUT_OF_RANGE = {
    "too large": (with_weight(1e307), "row 7 is 1e\\+307, too large"),
    "the sum is too large": (numpy.full(len(Y), 1e307), "row 0 is 1e\\+307, too large"),
    "too small": (with_weight(1e-60), "row 7 is 1e-60, too small for float32"),
    "the sum is too small": (numpy.full(len(Y), 1e-60), "row 0 is 1e-60, too small for float32"),
    "infinite in float32": (with_weight(1e38), "row 7 is 1e\\+38, too large for float32"),
    "of float32 itself": (with_weight(1e38).astype("float32"), "row 7 is 1e\\+38, too large for float32"),
}


class TestRows:
    @pytest.mark.parametrize("name", OUT_OF_RANGE)
    @pytest.mark.parametrize("make", ESTIMATORS)
    def test_a_weight_out_of_range_names_the_row(self, make, name):
        weight, message = OUT_OF_RANGE[name]
        est = make()
        if "dtype" in est.get_params():
            est.set_params(dtype="float32")
        with pytest.raises(ValueError, match=f"The sample_weight of {message}.* so that their mean is about 1"):
            est.fit(X, Y, sample_weight=weight)
        with pytest.raises(ValueError, match=f"The sample_weight_val of {message}"):
            est.fit(X, Y, X_val=X, y_val=Y, sample_weight_val=weight)

    @pytest.mark.parametrize("make", ESTIMATORS[:2])
    def test_partial_fit(self, make):
        est = make(dtype="float32").partial_fit(X, Y)
        for weight, message in OUT_OF_RANGE.values():
            with pytest.raises(ValueError, match=f"The sample_weight of {message}"):
                est.partial_fit(X, Y, sample_weight=weight)

    def test_float64_takes_what_float32_does_not(self):
        clf = MLPClassifier(max_iter=2, dtype="float64").fit(X, Y, sample_weight=with_weight(1e-60))
        assert 0 < clf.loss_ < 10
        plain = MLPClassifier(max_iter=2, dtype="float64", alpha=0, random_state=0)
        losses = [plain.fit(X, Y, sample_weight=numpy.full(len(Y), size)).loss_ for size in (1e-300, 1.0, 1e300)]
        assert losses[0] == pytest.approx(losses[1]) == losses[2]

    @pytest.mark.parametrize("target_transform", [None, "standard"])
    def test_the_units_of_the_target_are_not_computed_of_such_weights(self, target_transform):
        reg = MLPRegressor(target_transform=target_transform)
        with pytest.raises(ValueError, match="The sample_weight of row 0"):
            reg.fit(X, Y, sample_weight=numpy.full(len(Y), 1e307))

    def test_an_int_that_no_float_reaches(self):
        with pytest.raises(ValueError, match="too large for dtype"):
            MLPClassifier().fit(X, Y, sample_weight=[10**400] + [1] * (len(Y) - 1))


class TestClasses:
    @pytest.mark.parametrize("make", CLASSIFIERS)
    @pytest.mark.parametrize("value", [-1, -0.5, numpy.nan, numpy.inf, 10**400, "2", None], ids=range(7))
    def test_a_weight_out_of_range_names_the_class(self, make, value):
        with pytest.raises(ValueError, match=r"must hold finite numbers >= 0. Got .* for class 2\."):
            make(class_weight={1: 1, 2: value}).fit(X, Y)

    @pytest.mark.parametrize("make", CLASSIFIERS)
    def test_all_zero(self, make):
        with pytest.raises(ValueError, match=r"leave no row with a weight above 0: all of \[0, 1, 2\] have weight 0"):
            make(class_weight={0: 0, 1: 0.0, 2: False}).fit(X, Y)
        with pytest.raises(ValueError, match="leave no row with a weight above 0"):
            make(class_weight={0: 0}).fit(X, Y, sample_weight=(Y == 0).astype(float))

    @pytest.mark.parametrize("make", CLASSIFIERS)
    def test_too_large_for_the_dtype_names_the_class(self, make):
        with pytest.raises(ValueError, match=r"row 100 \(y = 2\), class_weight included, is 1e\+308, too large"):
            make(class_weight={2: 1e308}).fit(X, Y)

    @pytest.mark.parametrize("target", [numpy.eye(3, dtype=int)[Y], numpy.column_stack([Y, (Y + 1) % 3])])
    def test_several_columns(self, target):
        n_columns = target.shape[1]
        for weights, message in (
            ([{1: -1}] + [{}] * (n_columns - 1), "Got -1 for class 1"),
            (
                [{}] * (n_columns - 1) + [{0: 0, 1: 0, 2: 0} if n_columns == 2 else {0: 0, 1: 0}],
                r"all of \[.*\] have weight 0",
            ),
            ([None] * n_columns, "must hold dicts of class to weight or 'balanced'. Got None"),
        ):
            with pytest.raises(ValueError, match=message):
                MLPClassifier(class_weight=weights).fit(X, target)

    def test_a_batch_of_classes_that_do_not_count(self):
        clf = MLPClassifier(class_weight={0: 0}, alpha=0, random_state=0).partial_fit(X, Y)
        before = clf.predict_proba(X)
        clf.set_params(class_weight={0: 0}).partial_fit(X[Y == 0], Y[Y == 0])
        assert numpy.isfinite(before).all() and numpy.isfinite(clf.predict_proba(X)).all()
        with pytest.raises(ValueError, match=r"all of \[0, 1, 2\] have weight 0"):
            clf.set_params(class_weight={0: 0, 1: 0, 2: 0}).partial_fit(X, Y)


def plain(estimator, X, y):
    return estimator.score(X, y)


def weighing(estimator, X, y, sample_weight=None):
    assert sample_weight is not None
    return estimator.score(X, y, sample_weight)


def passing_on(estimator, X, y, **more):
    return weighing(estimator, X, y, **more)


class WithoutSignature:
    """A scorer that ``inspect.signature`` cannot look at."""

    __signature__ = "none"

    def __call__(self, estimator, X, y):
        return estimator.score(X, y)


SCORERS = [
    plain,
    weighing,
    passing_on,
    WithoutSignature(),
    functools.partial(weighing),
    "neg_log_loss",
    make_scorer(lambda y, predicted: f1_score(y, predicted, average="macro")),
]


class TestScorers:
    """Weights are passed only to scorers that take them."""

    @pytest.mark.parametrize("scoring", SCORERS)
    @pytest.mark.parametrize("weights", [{"class_weight": "balanced"}, {}])
    def test_classifier(self, scoring, weights):
        clf = MLPClassifier(max_iter=3, early_stopping=True, scoring=scoring, random_state=0, **weights)
        clf.fit(X, Y, sample_weight=None if weights else WEIGHT)
        assert len(clf.validation_scores_) == 3

    @pytest.mark.parametrize("scoring", ["neg_max_error", "r2", plain, weighing])
    def test_regressor(self, scoring):
        reg = MLPRegressor(max_iter=3, scoring=scoring, random_state=0)
        reg.fit(X, Y, X_val=X, y_val=Y, sample_weight_val=WEIGHT)
        weight = None if scoring in ("neg_max_error", plain) else WEIGHT
        expected = -abs(Y - reg.predict(X)).max() if scoring == "neg_max_error" else reg.score(X, Y, weight)
        assert reg.history_["validation_score"][-1] == pytest.approx(expected)

    @pytest.mark.parametrize("scoring", ["neg_max_error", plain])
    def test_tables(self, scoring):
        reg = TabularMLPRegressor(**FAST, scoring=scoring).fit(X, Y, sample_weight=WEIGHT)
        assert numpy.isfinite(reg.best_validation_score_)
        clf = TabularMLPClassifier(**FAST, scoring=plain, class_weight="balanced").fit(X, Y)
        assert clf.best_validation_score_ > 0.5


def test_a_dict_may_leave_classes_out_that_then_weigh_one():
    y = numpy.array(["a", "b", "c", "d"] * 5)
    X = numpy.random.RandomState(0).normal(size=(20, 2))
    options = {"max_iter": 2, "random_state": 0}
    some = MLPClassifier(class_weight={"b": 3.0, "d": 0.5}, **options).fit(X, y)
    every = MLPClassifier(class_weight={"a": 1.0, "b": 3.0, "c": 1.0, "d": 0.5}, **options).fit(X, y)
    numpy.testing.assert_array_equal(some.predict_proba(X), every.predict_proba(X))
