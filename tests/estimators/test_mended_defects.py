"""What scikit-learn's MLP gets wrong, each a test."""

import pickle

import numpy
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.preprocessing import scale

from skann import MLPClassifier, MLPRegressor
from skann.engine.criterion import Criterion
from skann.engine.network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = scale(load_breast_cancer().data)[:200], load_breast_cancer().target[:200]
X_REG, Y_REG = scale(load_diabetes().data), load_diabetes().target


def test_weights_count_with_batch_size_one():
    """Normalised by batch, a weight would cancel out of a batch of one row."""
    weight = numpy.where(Y == 1, 10.0, 0.1)
    options = {"batch_size": 1, "solver": "sgd", "momentum": 0, "max_iter": 3, "random_state": 0, "alpha": 0}
    plain = MLPClassifier(**options).fit(X, Y)
    weighted = MLPClassifier(**options).fit(X, Y, sample_weight=weight)
    assert weighted.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.05


def test_weights_mean_the_same_at_every_batch_size():
    """The mean of the batches' gradients at fixed weights is the full batch's, penalty included."""
    weight = numpy.random.RandomState(0).uniform(size=len(Y))
    losses = []
    for batch_size in (1, 7, 50, len(Y)):
        clf = MLPClassifier(batch_size=batch_size, alpha=5.0, learning_rate_init=1e-300, max_iter=1, random_state=0)
        losses.append(clf.fit(X, Y, sample_weight=weight).loss_)
    assert_allclose(losses, losses[0])


def test_an_integer_weight_equals_repeated_rows():
    weight = numpy.random.RandomState(0).randint(3, size=len(Y_REG))
    options = {"batch_size": 10_000, "alpha": 0.5, "max_iter": 5, "random_state": 0, "dtype": "float64"}
    with pytest.warns(UserWarning, match="clipped"):
        weighted = MLPRegressor(**options).fit(X_REG, Y_REG, sample_weight=weight)
        repeated = MLPRegressor(**options).fit(X_REG.repeat(weight, axis=0), Y_REG.repeat(weight))
    assert weighted.loss_ == pytest.approx(repeated.loss_)
    assert_allclose(weighted.predict(X_REG), repeated.predict(X_REG))


def test_a_batch_whose_weights_are_all_zero():
    weight = numpy.ones(len(Y))
    weight[50:150] = 0
    clf = MLPClassifier(batch_size=10, shuffle=False, max_iter=2).fit(X, Y, sample_weight=weight)
    assert numpy.isfinite(clf.loss_)


def test_multi_output_gradient_is_that_of_the_reported_loss():
    target = numpy.column_stack([Y_REG, -Y_REG, Y_REG**2 / 100]) / 100
    reg = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, max_iter=5000, tol=1e-10).fit(X_REG, target)
    residual = target - reg.predict(X_REG)
    assert reg.loss_ == pytest.approx(0.5 * (residual**2).sum(axis=1).mean())
    rows = numpy.random.RandomState(0).permutation(len(target))[:50]
    learner = reg._learner
    network = Criterion(learner.objective, Network(learner.graph, learner.parameters, 50, training=True))
    reg.coefs_[0] += 0.1
    before = network.loss_and_grad(X_REG[rows], target[rows], 1 / 50)
    gradient = reg._learner.parameters.grad.copy()
    reg._learner.parameters.theta -= 1e-7 * gradient
    decrease = before - network.loss_and_grad(X_REG[rows], target[rows], 1 / 50)
    assert decrease == pytest.approx(1e-7 * gradient @ gradient, rel=1e-4)


def test_alpha_means_the_same_at_every_batch_size():
    """At scikit-learn, batches of 20 of 2,000 rows would shrink the weights as if alpha were 100 times as large."""
    X_many, y_many = numpy.tile(X_REG, (5, 1))[:2000], numpy.tile(Y_REG, 5)[:2000] / 100
    norms = []
    for batch_size in (20, 500, 2000):
        reg = MLPRegressor(
            hidden_layer_sizes=(),
            alpha=2000.0,
            batch_size=batch_size,
            solver="sgd",
            learning_rate_init=0.02,
            max_iter=400,
            tol=0,
            random_state=0,
        ).fit(X_many, y_many)
        norms.append(numpy.linalg.norm(reg.coefs_[0]))
    assert_allclose(norms, norms[-1], rtol=0.1)


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_lbfgs_and_early_stopping_have_no_partial_fit(cls):
    assert hasattr(cls(), "partial_fit")
    for options, words in (
        ({"solver": "lbfgs"}, "lbfgs is not stochastic"),
        ({"early_stopping": True}, "Set early_stopping=False"),
    ):
        assert not hasattr(cls(**options), "partial_fit")
        with pytest.raises(AttributeError) as info:
            cls(**options).partial_fit(X, Y)
        assert words in str(info.value.__cause__)


def test_lbfgs_keeps_float32():
    clf = MLPClassifier(solver="lbfgs", dtype="float32", max_iter=5).fit(X.astype("float32"), Y)
    assert {array.dtype for array in [*clf.coefs_, *clf.intercepts_]} == {numpy.dtype("float32")}


@pytest.mark.parametrize(
    "options", [{"solver": "adam"}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"early_stopping": True}]
)
def test_a_pickle_is_the_weights(options):
    clf = MLPClassifier((200, 200), max_iter=2, **options).fit(X, Y)
    size = sum(array.nbytes for array in [*clf.coefs_, *clf.intercepts_])
    assert len(pickle.dumps(clf)) < 1.05 * size + 5_000
    again = pickle.loads(pickle.dumps(clf))
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    again.coefs_[0] *= 0
    assert not numpy.array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_a_pickle_after_partial_fit_goes_on_with_the_same_moments():
    clf = MLPClassifier(random_state=0).partial_fit(X, Y, classes=[0, 1])
    again = pickle.loads(pickle.dumps(clf))
    for est in (clf, again):
        est.partial_fit(X, Y)
    assert_array_equal(clf.coefs_[0], again.coefs_[0])
    fresh = MLPClassifier(random_state=0, max_iter=2).fit(X, Y)
    assert_allclose(fresh.loss_curve_[0], clf.loss_curve_[0])


def test_n_iter_counts_every_partial_fit():
    clf = MLPClassifier()
    for n in range(1, 4):
        assert clf.partial_fit(X, Y, classes=[0, 1]).n_iter_ == n
    assert len(clf.loss_curve_) == 3
    assert clf.t_ == 3 * len(Y)


def test_one_class():
    clf = MLPClassifier(max_iter=3).fit(X, numpy.full(len(X), "only"))
    assert clf.predict_proba(X).shape == (len(X), 1)
    assert_array_equal(clf.predict_proba(X), 1)
    assert_array_equal(clf.predict(X), "only")
    assert clf.decision_function(X).shape == (len(X), 1)


@pytest.mark.parametrize("target", [Y, load_digits().target[:200]], ids=["binary", "multiclass"])
def test_probabilities_stay_inside_zero_and_one(target):
    clf = MLPClassifier(solver="lbfgs", max_iter=300, alpha=0, random_state=0, warn=False).fit(1e3 * X, target)
    p, log_p = clf.predict_proba(1e3 * X), clf.predict_log_proba(1e3 * X)
    assert (p > 0).all()
    assert numpy.isfinite(log_p).all()
    assert_allclose(p.sum(axis=1), 1, rtol=1e-15)
    assert_allclose(numpy.log(p), log_p)
    if clf.n_outputs_ == 1:
        assert (p < 1).all()


def test_a_constant_column_and_a_perfect_fit_give_no_nan():
    X_constant = numpy.column_stack([X[:, :3], numpy.full(len(X), 7.0), numpy.zeros(len(X))])
    clf = MLPClassifier(max_iter=20).fit(X_constant, Y)
    assert numpy.isfinite(clf.predict_proba(X_constant)).all()
    for solver in ("adam", "lbfgs"):
        reg = MLPRegressor(solver=solver, max_iter=50, warn=False)  # zeros leave half of the units dead
        assert numpy.isfinite(reg.fit(X, numpy.zeros(len(X))).predict(X)).all()
        assert numpy.isfinite(reg.fit(numpy.zeros((20, 2)), numpy.ones(20)).loss_)


@pytest.mark.parametrize("weight", [-1.0, 0.0])
def test_negative_and_all_zero_weights(weight):
    weights = numpy.ones(len(Y))
    weights[: 1 if weight < 0 else None] = weight
    with pytest.raises(
        ValueError, match=r"Negative values in data passed to `sample_weight`|must be strictly positive|zero"
    ):
        MLPClassifier().fit(X, Y, sample_weight=weights)
    with pytest.raises(
        ValueError, match=r"Negative values in data passed to `sample_weight`|must be strictly positive|zero"
    ):
        MLPClassifier().partial_fit(X, Y, sample_weight=weights, classes=[0, 1])


def test_early_stopping_keeps_classes_in_proportion_and_survives_small_ones():
    """scikit-learn's documentation says so; its code stratifies for two classes only."""
    labels = numpy.repeat([0, 1, 2], [150, 40, 10])
    seen = []

    class Spy(MLPClassifier):
        def _validation_score(self, raw, link, rows):
            seen.append(numpy.bincount(rows.target[rows.index], minlength=3))
            return super()._validation_score(raw, link, rows)

    Spy(early_stopping=True, max_iter=1, validation_fraction=0.2, warn=False).fit(X, labels)
    assert_array_equal(seen[0], [30, 8, 2])
    labels[-1] = 3  # a single row
    Spy(early_stopping=True, max_iter=1, warn=False).fit(X, labels)
    MLPClassifier(early_stopping=True, max_iter=2).fit(X[:4], [0, 1, 2, 3])


def test_early_stopping_leaves_rows_of_weight_zero_out():
    weight = numpy.zeros(len(Y))
    weight[[0, 1, 2, 50, 51, 199]] = 1.0
    clf = MLPClassifier(early_stopping=True, max_iter=3, validation_fraction=0.5).fit(X, Y, sample_weight=weight)
    assert set(clf.validation_scores_) <= {0, 1 / 3, 2 / 3, 1}


def test_sparse_rows_by_columns_and_by_rows():
    dense = X * (X > 0.5)
    options = {"max_iter": 5, "random_state": 0}
    expected = MLPClassifier(**options).fit(dense, Y).predict_proba(dense)
    for make in (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.csr_array, scipy.sparse.csc_array):
        clf = MLPClassifier(**options).fit(make(dense), Y)
        assert_allclose(clf.predict_proba(make(dense)), expected, rtol=1e-9)
