"""TimeLimit, Checkpoint and LearningCurve, alone, in pipelines and in searches."""

import pickle
import signal
import subprocess
import sys
import types

import numpy
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skann import MLPClassifier, MLPRegressor
from skann.callbacks import Checkpoint, LearningCurve, TimeLimit
from skann.callbacks.base import Callback

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = scale(load_iris().data), load_iris().target
OPTIONS = {"hidden_layer_sizes": (7, 5), "max_iter": 12, "batch_size": 40, "random_state": 0}


class Stop(Callback):
    """Stops, or raises, or calls, after an epoch."""

    def __init__(self, epoch, act=lambda estimator: True):
        self.epoch, self.act = epoch, act

    def on_epoch_end(self, estimator, context):
        return context.task_id + 1 == self.epoch and self.act(estimator)


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
            Stop(1, lambda estimator: epochs.append(estimator._running.progress.n_epochs)),
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

    def test_without_resume_the_file_is_written_anew(self, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", every=5)
        (tmp_path / "run.npz").write_text("something else")
        first = MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X, Y)
        assert_same(first, MLPClassifier(**OPTIONS).fit(X, Y))
        assert MLPClassifier(**OPTIONS).set_callbacks(Checkpoint(checkpoint.path, resume=True)).fit(X, Y).n_iter_ == 12

    @pytest.mark.parametrize(
        ("change", "difference"),
        [
            ({"hidden_layer_sizes": (7, 6)}, "layers, shapes"),
            ({"activation": "tanh"}, "layers"),
            ({"solver": "sgd"}, "solver"),
            ({"early_stopping": True}, "early_stopping, number of rows"),
        ],
    )
    def test_another_fits_file_is_refused_and_the_old_fit_stays(self, change, difference, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
        clf = MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X, Y)
        before = clf.predict_proba(X)
        with pytest.raises(ValueError, match=rf"run\.npz' is of another fit: its {difference}.*resume=False"):
            clf.set_params(**change).fit(X, Y)
        assert_array_equal(clf.predict_proba(X), before)
        assert "_running" not in vars(clf)
        with pytest.raises(ValueError, match="its rows differ"):
            MLPClassifier(**OPTIONS).set_callbacks(checkpoint).fit(X[::-1], Y[::-1])

    def test_a_bad_file_is_refused_and_the_old_fit_stays(self, tmp_path):
        path = tmp_path / "run.npz"
        clf = MLPClassifier(**OPTIONS).fit(X, Y).set_callbacks(Checkpoint(path, resume=True))
        before = clf.predict_proba(X)
        path.write_text("a text")
        with pytest.raises(ValueError, match="not a whole checkpoint"):
            clf.fit(X, Y)
        assert_array_equal(clf.predict_proba(X), before)

    @pytest.mark.parametrize("model", [MLPClassifier(solver="lbfgs"), make_pipeline(LogisticRegression())])
    def test_what_has_no_epochs_is_refused(self, model, tmp_path):
        with pytest.raises(ValueError, match="Checkpoint cannot follow"):
            model.set_callbacks(Checkpoint(tmp_path / "run.npz")).fit(X, Y)

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

    def test_the_trainer_is_there_during_fit_only_and_never_pickled(self):
        pickles = []
        clf = MLPClassifier(**OPTIONS).set_callbacks(
            Stop(2, lambda estimator: pickles.append(estimator.__getstate__()))
        )
        clf.fit(X, Y)
        assert "_running" not in pickles[0]
        assert "_running" not in vars(clf)
        pickle.loads(pickle.dumps(clf.set_callbacks(Checkpoint("run.npz"), TimeLimit(1), LearningCurve())))


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
    assert_array_equal(one._parameters.theta, other._parameters.theta)
    for key, array in other._parameters.state.items():
        assert_array_equal(one._parameters.state[key], array)
    assert one.loss_curve_ == other.loss_curve_
    assert one.n_iter_ == other.n_iter_
    assert one.t_ == other.t_
