"""What skann adds: activations, dropout, links, initial weights, precision, hidden layers, views."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import skann
from skann import MLPClassifier, MLPRegressor
from skann.activations import ELU, LeakyReLU, Maxout, PReLU
from skann.engine.activations import ACTIVATIONS
from skann.losses import LogLoss, SquaredError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = scale(load_iris().data), load_iris().target


@pytest.mark.parametrize("activation", ACTIVATIONS.names())
def test_every_activation_learns(activation):
    options = {"activation": activation, "learning_rate_init": 0.02, "max_iter": 200, "random_state": 0}
    assert MLPClassifier((20,), **options).fit(X, Y).score(X, Y) > 0.93
    assert MLPRegressor(hidden_layer_sizes=(20,), **options).fit(X, Y).score(X, Y) > 0.6


def test_an_object_equals_its_name_and_a_list_one_for_each_layer():
    def fit(activation):
        return MLPClassifier((8, 8), activation=activation, max_iter=3, random_state=0).fit(X, Y).coefs_

    for a, b in (("elu", ELU()), ("relu", ["relu", "relu"]), (ELU(0.5), [ELU(0.5), ELU(0.5)])):
        for left, right in zip(fit(a), fit(b), strict=True):
            assert_array_equal(left, right)
    assert [coef.shape for coef in fit([Maxout(3), "tanh"])] == [(4, 3, 8), (8, 8), (8, 3)]


def test_learned_parameters():
    clf = MLPClassifier((6, 5), activation=[PReLU(0.1), "relu"], max_iter=30, random_state=0).fit(X, Y)
    assert {name: slopes.shape for name, slopes in clf.parameters_.items()} == {"hidden_0_1.slope": (6,)}
    slopes = clf.parameters_["hidden_0_1.slope"]
    assert (slopes != 0.1).all()
    before = clf.predict_proba(X)
    slopes[...] = 5
    assert not numpy.allclose(clf.predict_proba(X), before)
    no_decay = MLPClassifier(
        (6,), activation=PReLU(0.1), alpha=1e6, max_iter=100, learning_rate_init=0.05, random_state=0
    ).fit(X, Y)
    assert numpy.linalg.norm(no_decay.coefs_[0]) < 0.1
    assert numpy.abs(no_decay.parameters_["hidden_0_1.slope"]).max() > 0.2


def test_grid_search_over_names_objects_and_their_parameters():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((5,), max_iter=5, random_state=0))
    grid = {"mlpclassifier__activation": ["relu", LeakyReLU(0.2), Maxout(3)], "mlpclassifier__dropout": [0.0, 0.3]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, Y)
    assert len(search.cv_results_["params"]) == 6
    assert search.best_estimator_.predict(X).shape == Y.shape
    original = LeakyReLU(0.1)
    grid = {"activation__slope": [0.0, 0.5]}
    search = GridSearchCV(MLPClassifier((5,), activation=original, max_iter=5, random_state=0), grid, cv=2).fit(X, Y)
    assert {params["activation__slope"] for params in search.cv_results_["params"]} == {0.0, 0.5}
    assert original == LeakyReLU(0.1)
    assert clone(search.best_estimator_).activation == search.best_estimator_.activation
    assert repr(search.best_estimator_.set_params(activation__slope=0.3)).startswith(
        "MLPClassifier(activation=LeakyReLU(slope=0.3)"
    )
    assert "LeakyReLU" in search.best_estimator_._repr_html_()


def test_dropout_regularises_and_is_off_in_prediction():
    digits = scale(load_digits().data[:300]), load_digits().target[:300]
    plain = MLPClassifier(max_iter=60, random_state=0).fit(*digits)
    dropped = MLPClassifier(max_iter=60, random_state=0, dropout=[0.1, 0.5]).fit(*digits)
    assert dropped.loss_ > 2 * plain.loss_
    assert_array_equal(dropped.predict_proba(digits[0]), dropped.predict_proba(digits[0]))
    assert dropped.score(*digits) > 0.95
    for a, b in ((0.5, [0, 0.5]), (0.0, [0, 0])):
        left, right = (MLPClassifier(max_iter=2, random_state=0, dropout=rate).fit(*digits) for rate in (a, b))
        assert_array_equal(left.coefs_[0], right.coefs_[0])


def test_partial_fit_draws_new_masks_each_time():
    clf = MLPClassifier(dropout=0.5, random_state=0, learning_rate_init=1e-300, shuffle=False)
    losses = [clf.partial_fit(X, Y, classes=[0, 1, 2]).loss_ for _ in range(3)]
    assert len(set(losses)) == 3


def test_the_global_generator_is_left_alone():
    before = numpy.random.get_state()[1].copy()  # noqa: NPY002 - it is the one in question
    MLPClassifier(dropout=0.5, early_stopping=True, max_iter=2, random_state=3).fit(X, Y)
    assert_array_equal(numpy.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("beta", [0.5, 3.0, -1.5])
def test_softmax_beta(beta):
    clf = MLPClassifier((10,), softmax_beta=beta, max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, Y)
    decision = clf.decision_function(X)
    assert clf.score(X, Y) > 0.95
    assert_allclose(clf.predict_proba(X), special.softmax(decision, axis=1))
    assert_array_equal(clf.classes_[decision.argmax(axis=1)], clf.predict(X))
    raw = clf.hidden_layer_output(X) @ clf.coefs_[-1] + clf.intercepts_[-1]
    assert_allclose(decision, beta * raw)
    two = Y < 2
    clf = MLPClassifier((10,), softmax_beta=beta, max_iter=100, learning_rate_init=0.01, random_state=0).fit(
        X[two], Y[two]
    )
    decision = clf.decision_function(X[two])
    assert decision.shape == (100,)
    assert_allclose(clf.predict_proba(X[two])[:, 1], special.expit(decision))
    assert_array_equal(clf.predict(X[two]), (decision > 0).astype(int))
    assert clf.score(X[two], Y[two]) == 1
    clf.set_params(softmax_beta=-beta)
    assert_array_equal(clf.decision_function(X[two]), decision)


@pytest.mark.parametrize("loss", ["squared_error", SquaredError(), LogLoss()])
def test_losses_of_a_classifier(loss):
    clf = MLPClassifier((20,), loss=loss, max_iter=300, learning_rate_init=0.01, random_state=0, alpha=0).fit(X, Y)
    assert clf.score(X, Y) > 0.95
    if loss != LogLoss():
        full = MLPClassifier((20,), loss=loss, max_iter=1, learning_rate_init=1e-300, random_state=0, alpha=0).fit(X, Y)
        expected = 0.5 * ((full.predict_proba(X) - numpy.eye(3)[Y]) ** 2).sum(axis=1).mean()
        assert full.loss_ == pytest.approx(expected)


def test_poisson_regression_of_counts():
    rng = numpy.random.RandomState(0)
    y = rng.poisson(numpy.exp(0.5 * X[:, 0]))
    reg = MLPRegressor("poisson", (), solver="lbfgs", alpha=0).fit(X, y)
    assert reg.out_activation_ == "exp"
    assert (reg.predict(X) > 0).all()
    assert reg.coefs_[0].shape == (4, 1)
    assert abs(reg.predict(X).mean() - y.mean()) < 1e-3


def test_weight_init_auto():
    """Uniform within scikit-learn's bound, biases too, for its activations; else He, Glorot or LeCun, biases zero."""

    def start(activation, **options):
        return MLPClassifier(
            (300, 200), activation, max_iter=1, learning_rate_init=1e-300, random_state=0, **options
        ).fit(X, Y)

    for activation, variance in (("elu", 2 / 300), ("softsign", 2 / 500), ("selu", 1 / 300), (Maxout(2), 2 / 300)):
        clf = start(activation)
        assert_allclose(clf.coefs_[1].var(), variance, rtol=0.05)
        assert max(numpy.abs(bias).max() for bias in clf.intercepts_) < 1e-200
        assert_allclose(clf.coefs_[2].var(), 2 / 203, rtol=0.15)
    assert_allclose(start("relu", weight_init="he_normal").coefs_[1].var(), 2 / 300, rtol=0.05)
    for activation, factor in (("relu", 6), ("logistic", 2)):
        clf = start(activation)
        for coef, bias in zip(clf.coefs_, clf.intercepts_, strict=True):
            bound = numpy.sqrt(factor / sum(coef.shape))
            assert 0.9 * bound < numpy.abs(coef).max() <= bound
            assert bias.any()
            assert numpy.abs(bias).max() <= bound


def test_hidden_layer_output():
    clf = MLPClassifier((7, 5), activation=["tanh", Maxout(2)], dropout=0.4, max_iter=5, random_state=0).fit(X, Y)
    first = numpy.tanh(X @ clf.coefs_[0] + clf.intercepts_[0])
    assert_allclose(clf.hidden_layer_output(X, 0), first)
    assert_allclose(clf.hidden_layer_output(X, layer=-2), first)
    second = (numpy.einsum("nf,fpu->npu", first, clf.coefs_[1]) + clf.intercepts_[1]).max(axis=1)
    assert_allclose(clf.hidden_layer_output(X), second)
    assert clf.hidden_layer_output(X[:1], 1).shape == (1, 5)


def test_coefs_and_intercepts_are_views_that_can_be_assigned():
    clf = MLPClassifier((6,), max_iter=5, random_state=0).fit(X, Y)
    raw = clf.decision_function(X)
    clf.coefs_[-1] *= 2
    clf.intercepts_[-1] *= 2
    assert_allclose(clf.decision_function(X), 2 * raw)
    clf.coefs_[-1] = numpy.zeros((6, 3))
    clf.intercepts_ = [numpy.zeros(6), [1.0, 2.0, 3.0]]
    assert_allclose(clf.decision_function(X), numpy.tile([1, 2, 3], (150, 1)))
    assert isinstance(clf.coefs_, list)
    assert "coefs_" not in vars(clf)


def test_warm_start_goes_on_and_fit_starts_anew():
    options = {"max_iter": 3, "random_state": 0, "solver": "sgd", "momentum": 0, "shuffle": False}
    long = MLPClassifier(**{**options, "max_iter": 6}).fit(X, Y)
    warm = MLPClassifier(warm_start=True, **options).fit(X, Y).fit(X, Y)
    assert_allclose(warm.coefs_[0], long.coefs_[0])
    assert warm.n_iter_ == 3
    assert len(warm.loss_curve_) == 6
    again = MLPClassifier(**options).fit(X, Y).fit(X, Y)
    assert len(again.loss_curve_) == 3


def test_a_full_batch_larger_than_a_chunk():
    """Its gradients are summed in chunks: the same as scikit-learn's, which is computed whole."""
    from sklearn.neural_network import MLPClassifier as Reference

    rng = numpy.random.RandomState(0)
    X_many, y_many = rng.normal(size=(9_001, 5)), rng.randint(3, size=9_001)
    for solver, batch_size in (("adam", 9_001), ("adam", 5_000), ("lbfgs", "auto")):
        options = {"solver": solver, "batch_size": batch_size, "alpha": 0, "max_iter": 3, "random_state": 0}
        mine = MLPClassifier((10,), dtype="float64", **options).fit(X_many, y_many)
        other = Reference((10,), **options).fit(X_many, y_many)
        assert_allclose(mine.coefs_[0], other.coefs_[0], atol=1e-9)
        assert mine.loss_ == pytest.approx(other.loss_)


def test_early_stopping_restores_the_best_weights():
    digits = scale(load_digits().data[:500]), load_digits().target[:500]
    kept = {}

    class Spy(MLPClassifier):
        def _validation_score(self, raw, link, rows):
            kept["rows"] = rows
            return super()._validation_score(raw, link, rows)

    clf = Spy(early_stopping=True, learning_rate_init=0.05, random_state=0, n_iter_no_change=15).fit(*digits)
    index = kept["rows"].index
    best = max(clf.validation_scores_)
    assert clf.best_validation_score_ == best
    assert clf.score(digits[0][index], digits[1][index]) == pytest.approx(best)
    assert clf.validation_scores_[-1] < best
    assert clf.best_loss_ is None


def test_ctrl_c_keeps_what_was_learned():
    class Interrupted(MLPClassifier):
        calls = 0

        def _validation_score(self, raw, link, rows):
            self.calls += 1
            if self.calls == 4:
                raise KeyboardInterrupt
            return super()._validation_score(raw, link, rows)

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf = Interrupted(early_stopping=True, random_state=0).fit(X, Y)
    assert len(clf.validation_scores_) == 3
    assert clf.predict(X).shape == (150,)


def test_same_seed_same_bits():
    for options in ({"dropout": 0.3}, {"early_stopping": True}, {"solver": "sgd"}):
        a, b = (MLPClassifier(max_iter=4, random_state=7, **options).fit(X, Y) for _ in range(2))
        assert_array_equal(a._learner.parameters.theta, b._learner.parameters.theta)
    a, b = (cross_val_score(MLPClassifier(max_iter=4, random_state=7), X, Y, n_jobs=n) for n in (1, 2))
    assert_array_equal(a, b)


def test_digits_accuracy_is_scikit_learns():
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier as Reference

    X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
    mine, other = (
        numpy.mean(
            [cls(max_iter=30, random_state=seed).fit(X_train, y_train).score(X_test, y_test) for seed in range(3)]
        )
        for cls in (MLPClassifier, Reference)
    )
    assert mine > other - 0.01


def test_a_model_of_another_version_warns(monkeypatch):
    import pickle

    clf = MLPClassifier(max_iter=2).fit(X, Y)
    data = pickle.dumps(clf)
    monkeypatch.setattr("skann.estimators.fitted_network.__version__", "99.0")
    with pytest.warns(UserWarning, match=rf"pickled by skann {skann.__version__} and is being loaded by 99.0"):
        again = pickle.loads(data)
    assert_array_equal(again.predict(X), clf.predict(X))


def test_show_versions(capsys):
    skann.show_versions()
    printed = capsys.readouterr().out
    assert f"skann: {skann.__version__}" in printed
    assert "sklearn:" in printed


def test_docstrings_name_every_parameter_and_every_registered_name():
    import inspect

    for cls in (MLPClassifier, MLPRegressor):
        for name in inspect.signature(cls).parameters:
            assert f"\n{name} : " in cls.__doc__
        for name in ACTIVATIONS.names():
            assert f"'{name}'" in cls.__doc__
        choices = ("{'auto', 'float32', 'float64'}", "{'cpu', 'cuda', 'auto'}")
        assert "{" not in cls.__doc__.replace(choices[0], "").replace(choices[1], "")
