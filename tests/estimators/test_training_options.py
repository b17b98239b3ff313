"""How training is steered: class weights, validation, history, callbacks, schedules, regularisation, losses."""

import numpy
import pandas
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_classification
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_pinball_loss, recall_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skann import MLPClassifier, MLPRegressor
from skann.engine.losses import LOSSES
from skann.engine.optimizers import SOLVERS
from skann.engine.schedules import SCHEDULES
from skann.exceptions import DivergenceError
from skann.losses import Focal, Huber, LogLoss, Quantile
from skann.schedules import Cosine, Plateau, Step

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = scale(load_iris().data), load_iris().target
TWO = Y < 2
OPTIONS = {"learning_rate_init": 0.02, "max_iter": 100, "random_state": 0}


class TestWeights:
    def test_a_rare_class_is_found_as_logistic_regression_finds_it(self):
        X_rare, y_rare = make_classification(4000, weights=[0.99], flip_y=0, class_sep=0.8, random_state=3)
        X_train, X_test, y_train, y_test = train_test_split(X_rare, y_rare, stratify=y_rare, random_state=0)
        recalls = {}
        for name, make in (
            ("skann", lambda weight: MLPClassifier((), solver="lbfgs", alpha=1.0, class_weight=weight, random_state=0)),
            ("logistic", lambda weight: LogisticRegression(class_weight=weight)),
        ):
            recalls[name] = [
                recall_score(y_test, make(weight).fit(X_train, y_train).predict(X_test))
                for weight in (None, "balanced")
            ]
        plain, balanced = recalls["skann"]
        assert balanced > plain + 0.3
        assert_allclose(recalls["skann"], recalls["logistic"], atol=0.05)
        net = MLPClassifier((20,), class_weight="balanced", alpha=30, **OPTIONS).fit(X_train, y_train)
        unweighted = MLPClassifier((20,), alpha=30, **OPTIONS).fit(X_train, y_train)
        assert recall_score(y_test, net.predict(X_test)) > recall_score(y_test, unweighted.predict(X_test))

    def test_class_weights_are_sample_weights(self):
        weights = {0: 1.0, 1: 2.0, 2: 5.0}
        by_class = MLPClassifier(class_weight=weights, **OPTIONS).fit(X, Y)
        by_row = MLPClassifier(**OPTIONS).fit(X, Y, sample_weight=numpy.array([1.0, 2, 5])[Y])
        assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X))
        both = MLPClassifier(class_weight=weights, **OPTIONS).fit(X, Y, sample_weight=numpy.full(150, 3.0))
        assert both.loss_ != by_class.loss_  # alpha is divided by the weights' sum
        partial = MLPClassifier(class_weight=weights, random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
        assert partial.loss_ > MLPClassifier(random_state=0).partial_fit(X, Y, classes=[0, 1, 2]).loss_

    def test_multilabel_weights(self):
        labels = numpy.column_stack([Y == 0, Y == 1]).astype(int)
        clf = MLPClassifier(class_weight=[{0: 1, 1: 9}, {0: 1, 1: 1}], **OPTIONS).fit(X, labels)
        assert clf.predict(X)[:, 0].sum() >= 50
        MLPClassifier(class_weight="balanced", **OPTIONS).fit(X, labels)

    @pytest.mark.parametrize(
        ("weight", "message"),
        [
            ({7: 2.0}, r"class_weight names classes that y lacks: \[7\]. The classes are \[0, 1, 2\]"),
            ([{0: 1}], "must hold one dict for each column of the target. Got 1 for a multiclass target"),
            ("even", "'class_weight' parameter of MLPClassifier must be"),
        ],
    )
    def test_bad_class_weights(self, weight, message):
        with pytest.raises(ValueError, match=message):
            MLPClassifier(class_weight=weight).fit(X, Y)
        with pytest.raises(ValueError, match="list of dicts, one for each column"):
            MLPClassifier(class_weight={0: 1}).fit(X, numpy.eye(3, dtype=int)[Y])
        assert not hasattr(MLPClassifier(class_weight="balanced"), "partial_fit")


class TestValidation:
    X_val, y_val = X[::5], Y[::5]

    def test_a_scorer_sees_a_given_frame_as_it_is(self):
        names, frame = ["a", "b", "c", "d"], pandas.DataFrame(X, columns=["a", "b", "c", "d"])
        seen = []

        def score(estimator, X, y):
            seen.append(list(X.columns))
            return estimator.score(X, y)

        clf = MLPClassifier(scoring=score, max_iter=2).fit(frame, Y, X_val=frame[::5], y_val=self.y_val)
        assert seen == [names, names]
        assert clf.history_["validation_score"][-1] == clf.score(frame[::5], self.y_val)

    def test_lbfgs_says_that_it_does_not_use_them(self):
        with pytest.warns(UserWarning, match="it is not used"):
            MLPClassifier(solver="lbfgs", max_iter=3).fit(X, Y, X_val=self.X_val, y_val=self.y_val)

    def test_a_set_of_your_own_is_noted_or_stops(self):
        noted = MLPClassifier(**OPTIONS).fit(X, Y, X_val=self.X_val, y_val=self.y_val)
        plain = MLPClassifier(**OPTIONS).fit(X, Y)
        assert_array_equal(noted.coefs_[0], plain.coefs_[0])
        assert len(noted.history_["validation_score"]) == noted.n_iter_
        assert noted.validation_scores_ is None
        stopped = MLPClassifier(early_stopping=True, **OPTIONS).fit(X, Y, X_val=self.X_val, y_val=self.y_val)
        assert stopped.best_validation_score_ == pytest.approx(stopped.score(self.X_val, self.y_val))
        assert stopped.n_iter_ < 100
        for target in (Y > 0, numpy.column_stack([Y > 0, Y > 1]).astype(int)):
            clf = MLPClassifier(early_stopping=True, **OPTIONS).fit(X, target, X_val=X[::5], y_val=target[::5])
            assert clf.best_validation_score_ == pytest.approx(clf.score(X[::5], target[::5]))
        reg = MLPRegressor(early_stopping=True, **OPTIONS).fit(X, Y, X_val=X[::5], y_val=Y[::5])
        assert reg.best_validation_score_ == pytest.approx(reg.score(X[::5], Y[::5]))

    def test_validation_loss_is_the_loss_of_the_validation_rows(self):
        weight = numpy.arange(1.0, 31.0)
        clf = MLPClassifier(alpha=10.0, **OPTIONS)
        clf.fit(X, Y, X_val=self.X_val, y_val=self.y_val, sample_weight_val=weight)
        log_p = clf.predict_log_proba(self.X_val)[numpy.arange(30), self.y_val]
        assert clf.history_["validation_loss"][-1] == pytest.approx(-numpy.average(log_p, weights=weight))

    @pytest.mark.parametrize("scoring", ["loss", "neg_log_loss", "f1_macro", lambda est, X, y: est.score(X, y)])
    def test_scoring(self, scoring):
        clf = MLPClassifier(early_stopping=True, scoring=scoring, **OPTIONS)
        clf.fit(X, Y, X_val=self.X_val, y_val=self.y_val)
        assert clf.best_validation_score_ == max(clf.validation_scores_)
        if scoring in ("loss", "neg_log_loss"):
            assert_allclose(clf.validation_scores_, -numpy.array(clf.history_["validation_loss"]))

    def test_frames_in_a_pipeline_that_transforms_the_validation_set(self):
        import sklearn

        frame = load_iris(as_frame=True).data
        with sklearn.config_context(enable_metadata_routing=True):
            mlp = MLPClassifier(early_stopping=True, scoring="neg_log_loss", **OPTIONS)
            mlp.set_fit_request(X_val=True, y_val=True)
            pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), mlp, transform_input=["X_val"])
            pipeline.fit(frame, Y, X_val=frame[::5], y_val=Y[::5])
        assert pipeline[-1].best_validation_score_ > -0.3
        assert_array_equal(pipeline[-1].feature_names_in_, frame.columns)

    @pytest.mark.parametrize(
        ("options", "given", "message"),
        [
            ({}, {"X_val": X}, "X_val was given without y_val"),
            ({}, {"y_val": Y}, "y_val was given without X_val"),
            ({}, {"X_val": X, "y_val": Y + 1}, "^`y_val` has classes not in `self.classes_`"),
            ({}, {"X_val": X[:, :3], "y_val": Y}, "^X_val has 3 features, but MLPClassifier is expecting 4"),
            ({"scoring": "accurate"}, {"X_val": X, "y_val": Y}, "accurate"),
            (
                {"scoring": lambda est, X, y: numpy.nan},
                {"X_val": X, "y_val": Y},
                "validation score .* was nan after an epoch",
            ),
        ],
    )
    def test_bad_validation_sets(self, options, given, message):
        clf = MLPClassifier(**OPTIONS).fit(X, Y)
        before = clf.predict_proba(X)
        with pytest.raises(ValueError, match=message):
            clf.set_params(**options).fit(X, Y, **given)
        assert_array_equal(clf.predict_proba(X), before)


class TestHistory:
    def test_one_entry_an_epoch(self):
        clf = MLPClassifier((8, 6), early_stopping=True, **OPTIONS).fit(X, Y)
        assert {len(values) for values in clf.history_.values()} == {clf.n_iter_}
        assert clf.history_["epoch"] == list(range(1, clf.n_iter_ + 1))
        assert clf.history_["loss"] == clf.loss_curve_
        assert clf.history_["validation_score"] == clf.validation_scores_
        assert set(clf.history_["learning_rate"]) == {0.02}
        assert all(seconds > 0 for seconds in clf.history_["seconds"])
        assert all(len(norms) == 2 and min(norms) > 0 for norms in clf.history_["gradient_norm"])

    def test_dead_units(self):
        clf = MLPClassifier((10, 4), max_iter=1, learning_rate_init=1e-300, warm_start=True).fit(X, Y)
        clf.coefs_[0][:, :3] = 0
        clf.intercepts_[0][:3] = -1
        clf.fit(X, Y)
        assert clf.history_["dead_units"][-1][0] >= 0.3
        clf.intercepts_[0][:] = 100
        clf.fit(X, Y)
        assert clf.history_["dead_units"][-1][0] == 0
        saturated = MLPClassifier((10,), "hard_sigmoid", max_iter=1, learning_rate_init=1e-300, warm_start=True).fit(
            X, Y
        )
        saturated.intercepts_[0][:4] = 1000
        assert saturated.fit(X, Y).history_["dead_units"][-1][0] == pytest.approx(0.4)

    def test_lbfgs_leaves_none(self):
        clf = MLPClassifier(max_iter=3).fit(X, Y).set_params(solver="lbfgs").fit(X, Y)
        assert not any(hasattr(clf, name) for name in ("history_", "loss_curve_", "best_loss_", "_training_state"))


class Recorder:
    """A callback that notes its calls, and stops or raises in a given epoch."""

    def __init__(self, stop_at=None, raise_at=None):
        self.stop_at, self.raise_at = stop_at, raise_at
        self.calls, self.scores = [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.calls.append(f"end {context.task_name}")
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X, y))
        n = self.calls.count("end epoch")
        if n == self.raise_at and context.task_name == "epoch":
            raise RuntimeError("from a callback")
        return n == self.stop_at and context.task_name == "epoch"


class TestCallbacks:
    def test_hooks_come_in_order_and_see_a_fitted_estimator(self):
        recorder = Recorder()
        clf = MLPClassifier(**{**OPTIONS, "max_iter": 3}).set_callbacks(recorder).fit(X, Y)
        assert recorder.calls == ["setup", "begin fit", *["begin epoch", "end epoch"] * 3, "end fit", "teardown"]
        assert recorder.scores[-1] == recorder.scores[-2] == clf.score(X, Y)
        assert recorder.scores[0] != recorder.scores[-1]

    def test_a_callback_stops(self):
        clf = MLPClassifier(**OPTIONS).set_callbacks(Recorder(stop_at=4)).fit(X, Y)
        assert clf.n_iter_ == 4

    def test_a_callback_that_raises_leaves_the_best_weights(self):
        recorder = Recorder(raise_at=4)
        clf = MLPClassifier(early_stopping=True, **OPTIONS).set_callbacks(recorder)
        with pytest.raises(RuntimeError, match="from a callback"):
            clf.fit(X, Y)
        assert clf.n_iter_ == 4
        assert recorder.calls[-1] == "teardown"
        assert clf.predict(X).shape == Y.shape

    def test_an_error_in_fit_tears_callbacks_down(self):
        recorder = Recorder()
        with pytest.raises(ValueError, match="inconsistent"):
            MLPClassifier().set_callbacks(recorder).fit(X, Y[:-1])
        assert recorder.calls == ["setup", "teardown"]

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_scikit_learns_in_a_grid_search_of_a_pipeline(self, n_jobs, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "200")
        monitor = ScoringMonitor(scoring="accuracy")
        pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=3, random_state=0))
        pipeline[-1].set_callbacks(monitor)
        grid = {"mlpclassifier__alpha": [0.1, 1.0]}
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs).set_callbacks(
            ProgressBar(max_propagation_depth=None)
        )
        search.fit(X, Y)
        assert "MLPClassifier" in capsys.readouterr().out

    def test_clones_share_callbacks_without_confusion(self):
        monitor = ScoringMonitor(scoring="accuracy")
        clf = MLPClassifier(max_iter=3, random_state=0).set_callbacks(monitor)
        clf.fit(X, Y)
        clf.fit(X, Y)
        logs = monitor.get_logs(select="all") if "select" in ScoringMonitor.get_logs.__code__.co_varnames else None
        assert logs is None or len(logs) == 2
        assert not any(name.startswith("_callback") for name in vars(clf))


class TestSolversAndSchedules:
    @pytest.mark.parametrize("solver", SOLVERS.names())
    def test_every_solver_learns(self, solver):
        rate = {"sgd": 0.1, "adagrad": 0.1, "rmsprop": 0.003}.get(solver, 0.02)
        clf = MLPClassifier((20,), solver=solver, learning_rate_init=rate, max_iter=200, random_state=0)
        assert clf.fit(X, Y).score(X, Y) > 0.95

    def test_adamw_shrinks_weights_apart_from_the_gradient(self):
        options = {"learning_rate_init": 0.01, "max_iter": 1, "random_state": 0, "batch_size": 150, "dtype": "float64"}
        plain, decayed = (MLPClassifier(solver="adamw", alpha=alpha, **options).fit(X, Y) for alpha in (0.0, 5.0))
        start = MLPClassifier(**{**options, "learning_rate_init": 1e-300}).fit(X, Y)
        assert_allclose(decayed.coefs_[0], plain.coefs_[0] - 0.01 * 5.0 * start.coefs_[0])
        assert_allclose(decayed.intercepts_[0], plain.intercepts_[0])

    @pytest.mark.parametrize("name", [name for name in SCHEDULES.names() if not SCHEDULES[name].sgd_only])
    def test_every_schedule_sets_the_rate_of_each_epoch(self, name):
        options = {"learning_rate_init": 0.02, "max_iter": 20, "random_state": 0, "batch_size": 150, "tol": 0}
        schedule = SCHEDULES[name](warmup=4)
        clf = MLPClassifier(learning_rate=schedule, n_iter_no_change=100, **options).fit(X, Y)
        expected = [0.02 * schedule.at(epoch / 20, epoch + 1) for epoch in range(20)]
        assert_allclose(clf.history_["learning_rate"], expected)
        by_name = MLPClassifier(learning_rate=name, n_iter_no_change=100, **options).fit(X, Y)
        assert by_name.history_["learning_rate"][0] == pytest.approx(0.02 * SCHEDULES[name]().factor(0))

    def test_schedules_as_objects_functions_and_in_grids(self):
        options = {"learning_rate_init": 0.02, "max_iter": 4, "batch_size": 150, "random_state": 0}
        clf = MLPClassifier(learning_rate=lambda t: 1 - t, **options).fit(X, Y)
        assert_allclose(clf.history_["learning_rate"], [0.02, 0.015, 0.01, 0.005])
        clf = MLPClassifier(learning_rate=Step(drop=0.5, every=0.5), **options)
        for _ in range(4):
            clf.partial_fit(X, Y, classes=[0, 1, 2])
        assert_allclose(clf.history_["learning_rate"], [0.02, 0.02, 0.01, 0.01])
        search = GridSearchCV(
            MLPClassifier(learning_rate=Cosine(), max_iter=4), {"learning_rate__final": [0.0, 0.5]}, cv=2
        )
        assert search.fit(X, Y).best_params_["learning_rate__final"] in (0.0, 0.5)
        ignored = MLPClassifier(learning_rate="invscaling", **options).fit(X, Y)
        assert set(ignored.history_["learning_rate"]) == {0.02}
        with pytest.raises(ValueError, match="must return a finite factor"):
            MLPClassifier(learning_rate=lambda t: -1.0, **options).fit(X, Y)

    def test_plateau_goes_on_at_lower_rates(self):
        clf = MLPClassifier(
            learning_rate=Plateau(drop=0.5, final=0.2), tol=10.0, n_iter_no_change=2, random_state=0, max_iter=50
        ).fit(X, Y)
        assert sorted(set(clf.history_["learning_rate"]), reverse=True) == pytest.approx([1e-3, 5e-4, 2.5e-4])
        assert clf.n_iter_ == 3 * 3 + 1

    def test_changing_the_solver_between_partial_fits(self):
        clf = MLPClassifier(random_state=0).partial_fit(X, Y, classes=[0, 1, 2])
        for options in ({"solver": "sgd"}, {"dropout": 0.3}, {"averaging": 0.9}, {"solver": "nadam", "noise": 0.1}):
            clf.set_params(**options).partial_fit(X, Y)
        assert clf.n_iter_ == 5


class TestRegularisation:
    def test_l1_makes_small_weights(self):
        sizes = [
            numpy.abs(MLPRegressor(hidden_layer_sizes=(), l1=l1, **OPTIONS).fit(X, Y).coefs_[0]).sum() for l1 in (0, 30)
        ]
        assert sizes[1] < 0.8 * sizes[0]
        reg = MLPRegressor(
            hidden_layer_sizes=(), l1=3.0, alpha=0, max_iter=1, learning_rate_init=1e-300, random_state=0
        )
        reg.fit(X, Y)
        error = 0.5 * ((reg.predict(X) - Y) ** 2).mean()
        assert reg.loss_ == pytest.approx(error + 3.0 * numpy.abs(reg.coefs_[0]).sum() / 150)

    def test_max_norm_and_clip_norm(self):
        clf = MLPClassifier((30, 20), max_norm=0.5, **OPTIONS).fit(X, Y)
        assert max(numpy.linalg.norm(coef, axis=0).max() for coef in clf.coefs_) < 0.5 + 1e-9
        options = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1.0, "max_iter": 1, "batch_size": 150}
        start = (
            MLPClassifier(random_state=0, **{**options, "learning_rate_init": 1e-300})
            .fit(X, Y)
            ._learner.parameters.theta
        )
        moved = MLPClassifier(random_state=0, clip_norm=0.01, **options).fit(X, Y)._learner.parameters.theta
        assert numpy.linalg.norm(moved - start) == pytest.approx(0.01)

    def test_label_smoothing_keeps_probabilities_from_the_ends(self):
        sharp = MLPClassifier(solver="lbfgs", alpha=0, random_state=0).fit(X, Y)
        smooth = MLPClassifier(solver="lbfgs", alpha=0, label_smoothing=0.3, max_iter=500, random_state=0).fit(X, Y)
        assert sharp.predict_proba(X).max() > 0.999
        assert smooth.predict_proba(X).max() == pytest.approx(0.8, abs=0.05)

    @pytest.mark.parametrize("normalization", ["batch", "layer"])
    def test_normalization(self, normalization):
        digits = load_digits().data[:500] * 100, load_digits().target[:500]
        options = {"max_iter": 60, "random_state": 0, "normalization": normalization, "learning_rate_init": 0.005}
        clf = MLPClassifier((30, 30), warn=False, **options).fit(*digits)
        assert clf.score(*digits) > 0.97
        assert {name.split(".")[1] for name in clf.parameters_} == {"gamma", "beta"}
        assert_allclose(clf.predict_proba(digits[0][:1]), clf.predict_proba(digits[0])[:1], rtol=1e-9)
        MLPClassifier((5,), "prelu", **options).fit(X, Y)
        MLPClassifier((5,), "maxout", early_stopping=True, **options).fit(X, Y)
        if normalization == "batch":
            with pytest.raises(ValueError, match="batch normalization"):
                MLPClassifier(solver="lbfgs", **options).fit(X, Y)

    def test_noise_and_lbfgs(self):
        quiet, noisy = (MLPClassifier(noise=noise, **OPTIONS).fit(X, Y) for noise in (0.0, 0.5))
        assert noisy.loss_ > quiet.loss_
        with pytest.raises(ValueError, match=r"which dropout, noise, .* do not give"):
            MLPClassifier(noise=0.1, solver="lbfgs").fit(X, Y)

    def test_averaging_predicts_with_the_moving_average(self):
        options = {"batch_size": 150, "random_state": 0, "learning_rate_init": 0.05, "dtype": "float64"}
        steps = [MLPClassifier(max_iter=n, **options).fit(X, Y)._learner.parameters.theta for n in (1, 2, 3)]
        averaged = MLPClassifier(max_iter=3, averaging=0.8, **options).fit(X, Y)._learner.parameters.theta
        weights = 0.2 * 0.8 ** numpy.array([2, 1, 0])
        assert_allclose(averaged, weights @ steps / weights.sum())
        partial = MLPClassifier(averaging=0.8, shuffle=False, **options)
        for _ in range(3):
            partial.partial_fit(X, Y, classes=[0, 1, 2])
        assert_allclose(partial._learner.parameters.theta, averaged)


class TestLosses:
    @pytest.mark.parametrize("name", [name for name in LOSSES.names() if "multiclass" in LOSSES[name].tasks])
    def test_every_loss_of_a_classifier_learns(self, name):
        assert MLPClassifier((20,), loss=name, **OPTIONS).fit(X, Y).score(X, Y) > 0.95
        assert MLPClassifier((20,), loss=name, **OPTIONS).fit(X[TWO], Y[TWO]).score(X[TWO], Y[TWO]) == 1
        labels = numpy.column_stack([Y == 0, Y == 2]).astype(int)
        assert MLPClassifier((20,), loss=name, **OPTIONS).fit(X, labels).score(X, labels) > 0.9

    def test_hinge_gives_no_probabilities(self):
        for clf in (MLPClassifier(loss="hinge"), MLPClassifier(loss="hinge", **OPTIONS).fit(X, Y)):
            assert not hasattr(clf, "predict_proba")
            assert not hasattr(clf, "predict_log_proba")
            with pytest.raises(AttributeError) as info:
                clf.predict_proba(X)
            assert "decision_function" in str(info.value.__cause__)

    def test_label_smoothing_by_name_or_in_the_object(self):
        options = {**OPTIONS, "max_iter": 3}
        by_name = MLPClassifier(label_smoothing=0.1, **options).fit(X, Y)
        by_object = MLPClassifier(loss=LogLoss(label_smoothing=0.1), **options).fit(X, Y)
        assert by_name.loss_ == by_object.loss_
        assert MLPClassifier(loss=Focal(gamma=0.0), **options).fit(X, Y).loss_ == pytest.approx(
            MLPClassifier(**options).fit(X, Y).loss_
        )

    @pytest.mark.parametrize("name", [name for name in LOSSES.names() if "regression" in LOSSES[name].tasks])
    def test_every_loss_of_a_regressor_learns(self, name):
        reg = MLPRegressor(loss=name, hidden_layer_sizes=(20,), **OPTIONS).fit(X, Y + 1.0)
        assert reg.score(X, Y + 1.0) > 0.4
        both = numpy.column_stack([Y + 1.0, 4.0 - Y])
        assert MLPRegressor(loss=name, hidden_layer_sizes=(20,), **OPTIONS).fit(X, both).predict(X).shape == (150, 2)

    def test_absolute_error_withstands_outliers(self):
        y = X[:, 0].copy()
        y[:15] += 100
        errors = [
            numpy.abs(
                MLPRegressor(loss, (), alpha=0, learning_rate_init=0.05, max_iter=500).fit(X, y).predict(X) - X[:, 0]
            )
            for loss in ("squared_error", "absolute_error", Huber(0.5))
        ]
        assert numpy.median(errors[1]) < 0.1 * numpy.median(errors[0])
        assert numpy.median(errors[2]) < 0.2 * numpy.median(errors[0])

    def test_quantile_levels_cover_and_never_cross(self):
        X_all, y_all = scale(load_diabetes().data), load_diabetes().target / 100
        covered = []
        for seed in range(10):
            X_train, X_test, y_train, y_test = train_test_split(X_all, y_all, test_size=0.3, random_state=seed)
            reg = MLPRegressor(
                Quantile([0.1, 0.5, 0.9]), (10,), alpha=20.0, learning_rate_init=0.01, max_iter=150, random_state=seed
            ).fit(X_train, y_train)
            low, middle, high = reg.predict(X_test).T
            assert (low <= middle).all()
            assert (middle <= high).all()
            covered.append(((low <= y_test) & (y_test <= high)).mean())
        assert abs(numpy.mean(covered) - 0.8) < 0.06
        assert 0.1 < reg.score(X_test, y_test) < 0.6
        stopped = MLPRegressor(Quantile([0.1, 0.9]), early_stopping=True, random_state=0).fit(X_train, y_train)
        assert stopped.best_validation_score_ == max(stopped.validation_scores_)
        single = MLPRegressor(Quantile(0.9), (10,), random_state=0, max_iter=300).fit(X_all, y_all)
        assert single.predict(X_all).shape == y_all.shape
        constant = mean_pinball_loss(y_all, numpy.full_like(y_all, numpy.quantile(y_all, 0.9)), alpha=0.9)
        assert mean_pinball_loss(y_all, single.predict(X_all), alpha=0.9) < 0.9 * constant

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Quantile([0.9, 0.1]), "levels"),
            (lambda: Quantile(1.0), "levels"),
            (lambda: Quantile([0.1, 0.1]), "levels"),
        ],
    )
    def test_bad_levels(self, make, message):
        with pytest.raises(ValueError, match=message):
            make()
        with pytest.raises(ValueError, match="y must be > 0"):
            MLPRegressor("gamma").fit(X, Y)


class TestTargets:
    def test_a_standardised_target_is_fitted_and_predicted_in_its_units(self):
        y, weight = 1000.0 * Y + 50_000, numpy.arange(150) % 3
        plain, standard = (
            MLPRegressor(target_transform=transform, **OPTIONS).fit(X, y, weight) for transform in (None, "standard")
        )
        assert plain.score(X, y) < 0
        assert standard.score(X, y) > 0.9
        center = numpy.average(y, weights=weight)
        z = (y - center) / numpy.sqrt(numpy.average((y - center) ** 2, weights=weight))
        by_hand = MLPRegressor(**OPTIONS).fit(X, z, weight)
        assert_allclose(standard.predict(X), by_hand.predict(X) * (y[0] - y[-1]) / (z[0] - z[-1]) + center)
        both = MLPRegressor(Quantile([0.1, 0.9]), target_transform="standard", **OPTIONS).fit(X, y)
        assert (numpy.diff(both.predict(X)) >= 0).all()
        assert numpy.isfinite(MLPRegressor(target_transform="standard", max_iter=3).fit(X, numpy.ones(150)).loss_)
        with pytest.raises(ValueError, match="makes negative targets, which loss='poisson' does not take"):
            MLPRegressor("poisson", target_transform="standard").fit(X, Y)

    def test_new_classes_in_partial_fit(self):
        names = numpy.array(["c", "a", "b"])[Y]
        clf = MLPClassifier(learning_rate_init=0.01, random_state=0)
        assert clf.partial_fit(X[:50], names[:50]).predict_proba(X).shape == (150, 1)
        before = clf.partial_fit(X[:100], names[:100]).predict_proba(X)
        assert list(clf.classes_) == ["a", "c"]
        still = clf.set_params(learning_rate_init=1e-300).partial_fit(X, names).predict_proba(X)
        assert list(clf.classes_) == ["a", "b", "c"]
        assert_allclose(still[:, 2] / (still[:, 0] + still[:, 2]), before[:, 1])
        clf.set_params(learning_rate_init=0.01)
        for _ in range(80):
            clf.partial_fit(X, names)
        assert clf.score(X, names) > 0.95
        assert clf.n_iter_ == 83
        four = numpy.append(names[:-1], "d")
        old = clf.predict_proba(X)
        new = clf.set_params(learning_rate_init=1e-300).partial_fit(X, four).predict_proba(X)
        assert_allclose(new[:, :3] / new[:, :3].sum(axis=1, keepdims=True), old, rtol=1e-6)

    def test_named_classes_stay(self):
        for clf in (MLPClassifier().partial_fit(X, Y, classes=[0, 1, 2]), MLPClassifier(max_iter=2).fit(X, Y)):
            with pytest.raises(ValueError, match=r"classes not in `self.classes_`"):
                clf.partial_fit(X, Y + 1)


def test_a_score_that_is_not_defined_is_no_divergence():
    X_one, y_one = numpy.zeros((1, 3)), [1.0]
    reg = MLPRegressor(max_iter=1, warn=False)
    with pytest.warns(UndefinedMetricWarning), pytest.raises(ValueError, match=r"validation score .* was nan") as info:
        reg.fit(numpy.eye(3), [1.0, 2.0, 3.0], X_val=X_one, y_val=y_one)
    assert not isinstance(info.value, DivergenceError)
