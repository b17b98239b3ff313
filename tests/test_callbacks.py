"""TimeLimit, Checkpoint and LearningCurve, alone, in pipelines and in searches."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import types
import weakref
from pathlib import Path

import numpy
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import skann
from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skann.callbacks import Checkpoint, LearningCurve, TimeLimit
from skann.callbacks.base import Callback
from skann.callbacks.checkpoint import MAY_DIFFER, _identity
from skann.callbacks.training import training_of
from skann.engine import files
from skann.engine.training.fingerprints import fingerprint
from skann.initializers import He
from skann.layers import BatchNorm
from skann.solvers import LBFGS, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROOT = Path(__file__).parents[1]
X, Y = scale(load_iris().data), load_iris().target
OPTIONS = {"hidden_layer_sizes": (7, 5), "max_iter": 12, "batch_size": 40, "random_state": 0}


class Stop(Callback):
    """Stops, or raises, or calls, after an epoch."""

    def __init__(self, epoch, act=lambda estimator: True):
        self.epoch, self.act = epoch, act

    def on_epoch_end(self, estimator, context):
        return context.task_id + 1 == self.epoch and self.act(estimator)


class Watch(Callback):
    """Looks at the training after its first epoch."""

    def __init__(self, look):
        self.look = look

    def on_epoch_end(self, estimator, context):
        if context.task_id == 0:
            self.look(training_of(context))


def test_a_training_does_not_outlast_its_fit():
    seen = []
    callback = Watch(lambda training: seen.append(weakref.ref(training)))
    models = [MLPClassifier(**OPTIONS), TabularMLPClassifier(max_iter=2, n_members=2)]
    for model in models:
        model.set_callbacks(callback).fit(X, Y)
    gc.collect()
    assert len(seen) == 3 and not any(view() for view in seen)


class Empty(Exception):
    """An exception that is false, as a collection of no errors may be."""

    def __len__(self):
        return 0


@pytest.mark.parametrize("model", [MLPClassifier(**OPTIONS), TabularMLPClassifier(max_iter=2, n_members=2)], ids=repr)
def test_an_exception_that_is_false_is_raised_too(model):
    def fail(estimator):
        raise Empty

    with pytest.raises(Empty):
        model.set_callbacks(Stop(1, fail)).fit(X, Y)
    assert model.score(X, Y) >= 0


def in_all_places(callback, n_jobs):
    """Fit a grid search over a pipeline with the callback on its network."""
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=4, random_state=0).set_callbacks(callback))
    return GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2, n_jobs=n_jobs).fit(X, Y)


class TestTimeLimit:
    def test_stops_once_the_time_is_up(self):
        limit = TimeLimit(1e-9)
        clf = MLPClassifier(**OPTIONS).set_callbacks(limit)
        assert clf.fit(X, Y).n_iter_ == 1
        assert vars(limit) == {"seconds": 1e-9}
        assert MLPClassifier(**OPTIONS).set_callbacks(TimeLimit(1e6)).fit(X, Y).n_iter_ == 12

    @pytest.mark.parametrize("seconds", [0, -1, numpy.inf, numpy.nan, "1", True, None])
    def test_what_is_no_time_is_refused(self, seconds):
        with pytest.raises(ValueError, match="seconds must be a finite number above 0"):
            TimeLimit(seconds)

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_in_a_grid_search_of_a_pipeline(self, n_jobs):
        assert in_all_places(TimeLimit(1e-9), n_jobs).best_estimator_[-1].n_iter_ == 1


RESUMED = {
    "adam": {},
    "sgd, adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 2},
    "sgd, invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "nadam": {"solver": "nadam"},
    "dropout and noise": {"dropout": 0.3, "noise": 0.1},
    "averaging": {"averaging": 0.9},
    "averaging of batch normalization": {"averaging": 0.9, "normalization": "batch", "dropout": 0.2},
    "early stopping": {"early_stopping": True, "normalization": "batch", "n_iter_no_change": 3},
    "in order": {"shuffle": False, "learning_rate": "cosine"},
    "float32": {"dtype": "float32", "activation": "prelu"},
}


class TestCheckpoint:
    @pytest.mark.parametrize("model", [MLPClassifier, MLPRegressor])
    @pytest.mark.parametrize("options", RESUMED.values(), ids=RESUMED)
    @pytest.mark.parametrize("epoch", [3, 6])
    def test_a_resumed_fit_ends_as_an_uninterrupted_one(self, model, options, epoch, tmp_path):
        options = {**OPTIONS, **options}
        whole = model(**options).fit(X, Y)
        path = tmp_path / "run.npz"
        model(**options).set_callbacks(Checkpoint(path, every=3), Stop(epoch + 1)).fit(X, Y)
        epochs = []
        resumed = model(**options).set_callbacks(
            Checkpoint(str(path), resume=True),
            Watch(lambda training: epochs.append(training.n_epochs)),
        )
        assert_same(resumed.fit(X, Y), whole)
        last = min(whole.n_iter_, epoch) // 3 * 3
        assert epochs == ([last + 1] if whole.n_iter_ > last else [])

    def test_one_that_was_done_and_one_that_goes_further(self, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
        done = MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X, Y)
        assert_same(MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X, Y), done)
        longer = {**OPTIONS, "max_iter": 20}
        further = MLPClassifier(**longer).set_callbacks(checkpoint).fit(X, Y)
        assert_same(further, MLPClassifier(**longer).fit(X, Y))

    def test_a_killed_process(self, tmp_path):
        path = tmp_path / "run.npz"
        script = f"""if True:
            import os, signal
            from tests.test_callbacks import *
            kill = Stop(5, lambda estimator: os.kill(os.getpid(), signal.SIGKILL))
            MLPClassifier(dropout=0.2, **OPTIONS).set_callbacks(Checkpoint({str(path)!r}), kill).fit(X, Y)"""
        assert subprocess.run([sys.executable, "-c", script]).returncode == -signal.SIGKILL
        resumed = MLPClassifier(dropout=0.2, **OPTIONS).set_callbacks(Checkpoint(path, resume=True), Stop(99))
        assert_same(resumed.fit(X, Y), MLPClassifier(dropout=0.2, **OPTIONS).fit(X, Y))

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")
    def test_processes_killed_and_interrupted_at_random_moments(self):
        """A few; the script alone does a hundred of each."""
        script = [sys.executable, ROOT / "benchmarks" / "kill.py", "--kills", "2", "--interrupts", "2"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        run = subprocess.run(script, capture_output=True, text=True, timeout=60, env=environment)
        assert run.returncode == 0, run.stdout + run.stderr

    def test_without_resume_the_file_is_written_anew(self, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", every=5)
        (tmp_path / "run.npz").write_text("something else")
        first = MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X, Y)
        assert_same(first, MLPClassifier(**OPTIONS).fit(X, Y))
        assert MLPClassifier(**OPTIONS).set_callbacks(Checkpoint(checkpoint.path, resume=True)).fit(X, Y).n_iter_ == 12

    @pytest.mark.parametrize(
        ("change", "difference"),
        [
            ({"hidden_layer_sizes": (7, 6)}, "hidden_layer_sizes, network"),
            ({"activation": "tanh"}, "activation, network"),
            ({"solver": "sgd"}, "solver"),
            ({"solver": Adam(beta_1=0.5)}, r"solver differ from this one's \(there: solver='adam'\)"),
            ({"weight_init": He()}, "weight_init, network"),
            ({"normalization": BatchNorm()}, "normalization, network"),
            ({"early_stopping": True}, "early_stopping, rows, X, y, validation rows"),
            ({"alpha": 0.1}, r"alpha differ from this one's \(there: alpha=0.0001\)"),
            ({"batch_size": 50}, "batch_size"),
            ({"learning_rate_init": 0.1}, "learning_rate_init"),
            ({"random_state": 1}, "random_state"),
            ({"random_state": None}, "random_state"),
            ({"random_state": numpy.random.RandomState(1)}, "random_state"),
            ({"learning_rate": lambda fraction: 1 - fraction}, "learning_rate, schedules"),
            ({"class_weight": {0: 2}}, "class_weight, sample_weight"),
        ],
    )
    def test_another_fits_file_is_refused_and_the_old_fit_stays(self, change, difference, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
        clf = MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X, Y)
        before = clf.predict_proba(X)
        with pytest.raises(ValueError, match=rf"run\.npz' is of another fit: its {difference}.*resume=False"):
            clf.set_params(**change).fit(X, Y)
        assert_array_equal(clf.predict_proba(X), before)

    @pytest.mark.parametrize(
        ("data", "difference"),
        [
            ((X, numpy.roll(Y, 7)), "y"),
            ((X[::-1], Y[::-1]), "X, y"),
            ((X, Y, numpy.linspace(1, 2, 150)), "sample_weight"),
            ((X[:, :3], Y), "network, X"),
            ((X[:149], Y[:149]), "rows, X, y"),
        ],
    )
    @pytest.mark.parametrize("model", [MLPClassifier, MLPRegressor])
    def test_the_file_of_other_data_is_refused(self, model, data, difference, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
        model(**OPTIONS).set_callbacks(checkpoint).fit(X, Y)
        with pytest.raises(ValueError, match=rf"is of another fit: its {difference} differ"):
            model(**OPTIONS).set_callbacks(checkpoint).fit(*data)

    def test_the_file_of_another_validation_set_is_refused(self, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
        clf = MLPClassifier(**OPTIONS).set_callbacks(checkpoint)
        clf.fit(X, Y, X_val=X[::3], y_val=Y[::3])
        clf.fit(X, Y, X_val=X[::3], y_val=Y[::3])
        with pytest.raises(ValueError, match="its validation X, validation y differ"):
            clf.fit(X, Y, X_val=X[1::3], y_val=numpy.roll(Y[1::3], 1))
        with pytest.raises(ValueError, match="its validation rows, validation X"):
            clf.fit(X, Y)

    def test_equal_objects_are_the_same_and_others_are_told_apart(self, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)

        def fit(epochs, **objects):
            return MLPClassifier(**{**OPTIONS, "max_iter": epochs}, **objects).set_callbacks(checkpoint).fit(X, Y)

        objects = {"solver": Adam(beta_1=0.5), "weight_init": He(), "normalization": BatchNorm(momentum=1)}
        fit(5, **objects)
        equal = {**objects, "solver": Adam(beta_1=numpy.float64(0.5)), "normalization": BatchNorm(momentum=1.0)}
        assert_same(fit(12, **equal), MLPClassifier(**OPTIONS, **objects).fit(X, Y))
        others = {"solver": Adam(beta_1=0.6), "normalization": BatchNorm(momentum=0.9)}
        for name, value in others.items():
            with pytest.raises(ValueError, match=rf"is of another fit: its {name}(, network)? differ"):
                fit(12, **{**objects, name: value})

    def test_generators_in_the_same_state_are_the_same(self, tmp_path):
        def fit(checkpoint, epochs):
            options = {**OPTIONS, "max_iter": epochs, "random_state": numpy.random.RandomState(3)}
            return MLPClassifier(**options).set_callbacks(checkpoint).fit(X, Y)

        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
        fit(checkpoint, 5)
        assert_same(fit(checkpoint, 12), fit(Stop(99), 12))

    def test_a_fit_from_earlier_weights_is_another_one(self, tmp_path):
        """Else a second fit with warm_start would go on from the end of the first, and train nothing."""
        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
        clf = MLPClassifier(**OPTIONS, warm_start=True).set_callbacks(checkpoint).fit(X, Y)
        with pytest.raises(ValueError, match="its starting weights differ"):
            clf.fit(X, Y)

    def test_a_warm_started_fit_goes_on(self, tmp_path):
        def first():
            return MLPClassifier(**OPTIONS, warm_start=True).fit(X, Y)

        whole = first().fit(X, Y)
        path = tmp_path / "run.npz"
        first().set_callbacks(Checkpoint(path), Stop(5)).fit(X, Y)
        assert_same(first().set_callbacks(Checkpoint(path, resume=True)).fit(X, Y), whole)

    def test_two_checkpoints_of_a_fit(self, tmp_path):
        whole = MLPClassifier(**OPTIONS).fit(X, Y)
        checkpoints = [Checkpoint(tmp_path / name, every, resume=True) for name, every in (("a.npz", 1), ("b.npz", 4))]
        MLPClassifier(**OPTIONS).set_callbacks(*checkpoints, Stop(6)).fit(X, Y)
        assert_same(MLPClassifier(**OPTIONS).set_callbacks(*checkpoints).fit(X, Y), whole)

    def test_a_bad_file_is_refused_and_the_old_fit_stays(self, tmp_path):
        path = tmp_path / "run.npz"
        clf = MLPClassifier(**OPTIONS).fit(X, Y).set_callbacks(Checkpoint(path, resume=True))
        before = clf.predict_proba(X)
        path.write_text("a text")
        with pytest.raises(ValueError, match="not a whole checkpoint"):
            clf.fit(X, Y)
        assert_array_equal(clf.predict_proba(X), before)

    @pytest.mark.parametrize(
        "model", [MLPClassifier(solver="lbfgs"), MLPClassifier(solver=LBFGS()), make_pipeline(LogisticRegression())]
    )
    def test_what_has_no_epochs_is_refused(self, model, tmp_path):
        with pytest.raises(ValueError, match=r"Checkpoint cannot follow .* does not train in epochs"):
            model.set_callbacks(Checkpoint(tmp_path / "run.npz")).fit(X, Y)

    @pytest.mark.parametrize("model", [TabularMLPClassifier, TabularMLPRegressor])
    def test_several_members_are_refused_for_what_they_are(self, model, tmp_path):
        ensemble = model(n_members=3, max_iter=2).set_callbacks(Checkpoint(tmp_path / "run.npz"))
        with pytest.raises(ValueError, match=r"n_members=3 trains 3\. Set n_members=1"):
            ensemble.fit(X, Y)

    @pytest.mark.parametrize("resume", [False, True])
    def test_a_path_of_no_file_is_refused_before_anything_is_trained(self, resume, tmp_path):
        epochs = []
        clf = MLPClassifier(**OPTIONS).set_callbacks(Checkpoint(tmp_path, resume=resume), Stop(1, epochs.append))
        with pytest.raises(ValueError, match="is no regular file"):
            clf.fit(X, Y)
        assert epochs == []

    def test_ctrl_c_while_the_file_is_written(self, monkeypatch, tmp_path):
        whole = MLPClassifier(**OPTIONS).fit(X, Y)
        path, fsync, calls = tmp_path / "run.npz", os.fsync, []

        def interrupted(descriptor):
            calls.append(1)
            if len(calls) == 4:
                os.kill(os.getpid(), signal.SIGINT)
            fsync(descriptor)

        monkeypatch.setattr(files.os, "fsync", interrupted)
        with pytest.warns(UserWarning, match="interrupted by user after 4 epochs"):
            MLPClassifier(**OPTIONS).set_callbacks(Checkpoint(path)).fit(X, Y)
        assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]
        assert_same(MLPClassifier(**OPTIONS).set_callbacks(Checkpoint(path, resume=True)).fit(X, Y), whole)

    @pytest.mark.parametrize("every", [0, -1, 1.5, True, None])
    def test_every_is_checked(self, every):
        with pytest.raises(ValueError, match="every must be an int of at least 1"):
            Checkpoint("run.npz", every=every)

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_each_fit_of_a_search_has_its_file(self, n_jobs, tmp_path):
        search = in_all_places(Checkpoint(tmp_path / "run.npz", resume=True), n_jobs)
        names = {"run.npz", "run-0.npz", "run-1.npz", "run-2.npz", "run-3.npz"}
        assert {path.name for path in tmp_path.iterdir()} == names
        again = in_all_places(Checkpoint(tmp_path / "run.npz", resume=True), n_jobs)
        assert_array_equal(again.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])

    def test_nothing_is_set_on_an_estimator_while_it_is_fitted(self):
        states, views = [], []
        clf = MLPClassifier(**OPTIONS).set_callbacks(
            Stop(2, lambda estimator: states.append(dict(vars(estimator)))), Watch(views.append)
        )
        before = set(vars(clf))
        clf.fit(X, Y)
        while_fitted = set(states[0]) - before
        assert while_fitted <= set(vars(clf)) | {"_callback_fit_ctx", "_skl_callbacks_to_teardown"}
        assert "_learner" not in while_fitted
        assert views[0].history is clf.history_
        pickle.loads(pickle.dumps(clf.set_callbacks(Checkpoint("run.npz"), TimeLimit(1), LearningCurve())))


# another value than each estimator's default for each parameter that must agree with the file's
OTHERS = {
    "hidden_layer_sizes": (8,),
    "activation": "tanh",
    "solver": "sgd",
    "alpha": 0.5,
    "batch_size": 32,
    "learning_rate": "cosine",
    "learning_rate_init": 0.5,
    "power_t": 0.3,
    "shuffle": False,
    "random_state": 7,
    "warm_start": True,
    "momentum": 0.5,
    "nesterovs_momentum": False,
    "early_stopping": None,
    "validation_fraction": 0.3,
    "beta_1": 0.5,
    "beta_2": 0.5,
    "epsilon": 0.001,
    "max_fun": 7,
    "loss": "hinge",
    "dropout": 0.3,
    "softmax_beta": 2.0,
    "weight_init": "normal",
    "dtype": "float32",
    "device": "auto",
    "class_weight": "balanced",
    "label_smoothing": 0.2,
    "scoring": "loss",
    "l1": 0.1,
    "normalization": "batch",
    "noise": 0.1,
    "averaging": 0.5,
    "clip_norm": 1.0,
    "max_norm": 1.0,
    "target_transform": "standard",
    "preset": "fast",
    "parametric_activation": False,
    "numeric_embedding": None,
    "categorical_features": None,
    "max_one_hot": 3,
    "embedding_size": 3,
    "weight_decay": 0.5,
    "regularization_schedule": "cosine",
    "n_members": 2,
    "calibrate": True,
    "clip_predictions": False,
    "augment": "flip",
    "filters": (8,),
    "kernel_size": 5,
    "pool_size": 3,
    "blocks_per_stage": 2,
    "residual": True,
    "image_shape": (2, 2),
    "architecture": "unet",
    "image_size": (9, 9),
    "ignore_label": 1,
    "n_scales": 1,
    "box_loss": "ciou",
    "min_score": 0.5,
    "iou_threshold": 0.3,
    "suppression": "soft",
    "max_detections": 5,
    "metric": "coco",
    "proposals": "selective_search",
    "n_regions": 5,
}


@pytest.mark.parametrize(
    "model", [getattr(skann, name) for name in skann.__all__ if hasattr(getattr(skann, name), "set_callbacks")]
)
def test_every_parameter_is_compared_or_may_differ(model):
    """A new parameter needs a place in one of the two lists."""
    assert {"max_iter", "tol", "n_iter_no_change", "verbose", "warn", "n_jobs"} == MAY_DIFFER
    views = []
    MLPClassifier(**OPTIONS).set_callbacks(Watch(views.append)).fit(X, Y)
    trainer = views[0]._trainer
    same = fingerprint(trainer, *_identity(model()))
    for name, default in model().get_params().items():
        value = OTHERS.get(name, 7)
        if value == default:
            value = None
        other = fingerprint(trainer, *_identity(model(**{name: value})))
        different = {key for key in same if same[key] != other[key]}
        assert different == ({name} if name in OTHERS else set()), name
        assert (name in OTHERS) != (name in MAY_DIFFER), name


@pytest.mark.parametrize(
    "change", [{"max_iter": 3}, {"tol": 1.0}, {"n_iter_no_change": 1}, {"verbose": 1}, {"warn": False}]
)
def test_what_may_differ_does(change, tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
    MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X, Y)
    resumed = MLPClassifier(**{**OPTIONS, **change}).set_callbacks(checkpoint, TimeLimit(1e6)).fit(X, Y)
    assert resumed.n_iter_ == 12


class TestLearningCurve:
    def test_draws_loss_and_score(self):
        pytest.importorskip("matplotlib")
        curve = LearningCurve(every=5)
        clf = MLPClassifier(early_stopping=True, **OPTIONS).set_callbacks(curve).fit(X, Y)
        loss, score = (axes.lines[0].get_ydata() for axes in curve.figure_.axes)
        assert_array_equal(loss, clf.loss_curve_[:10])
        assert_array_equal(score, clf.validation_scores_[:10])
        MLPClassifier(**OPTIONS).set_callbacks(curve).fit(X, Y)
        assert len(curve.figure_.axes) == 1

    def test_redraws_in_a_notebook(self, monkeypatch):
        pytest.importorskip("matplotlib")
        shown = []
        display = types.SimpleNamespace(Image=bytes, display=lambda *picture, **where: shown.append((picture, where)))
        shell = types.SimpleNamespace(kernel=None)
        notebook = types.ModuleType("IPython")
        notebook.display, notebook.get_ipython, notebook.version_info = display, lambda: shell, (9, 0)
        monkeypatch.setitem(sys.modules, "IPython", notebook)
        for _ in range(2):
            MLPClassifier(**OPTIONS).set_callbacks(LearningCurve(every=4)).fit(X, Y)
        assert [where["update"] for _, where in shown] == [False, True, True] * 2
        assert len({where["display_id"] for _, where in shown}) == 2
        assert all(picture.startswith(b"\x89PNG") for (picture,), _ in shown)
        del shell.kernel
        MLPClassifier(**OPTIONS).set_callbacks(LearningCurve()).fit(X, Y)
        assert len(shown) == 6

    def test_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        with pytest.raises(ImportError, match=r'pip install "\.\[plot\]"'):
            MLPClassifier(**OPTIONS).set_callbacks(LearningCurve()).fit(X, Y)

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_in_a_grid_search_of_a_pipeline(self, n_jobs):
        pytest.importorskip("matplotlib")
        curve = LearningCurve()
        in_all_places(curve, n_jobs)
        assert len(curve.figure_.axes[0].lines[0].get_ydata()) == 4


def assert_same(one, other):
    assert_array_equal(one._learner.parameters.theta, other._learner.parameters.theta)
    for key, array in other._learner.parameters.states.items():
        assert_array_equal(one._learner.parameters.states[key], array)
    assert one.loss_curve_ == other.loss_curve_
    assert one.n_iter_ == other.n_iter_
    assert one.t_ == other.t_
