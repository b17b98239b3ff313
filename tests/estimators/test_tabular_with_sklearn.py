"""The estimators of tables inside scikit-learn's tools, with its callbacks, and after Ctrl-C."""

import matplotlib
import numpy
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skann import TabularMLPClassifier, TabularMLPRegressor
from skann.callbacks import Checkpoint, TimeLimit
from skann.callbacks.base import Callback

from .tables import BEST, FAST, labels, prices, table

matplotlib.use("Agg")
FRAME = table()
Y, PRICE = labels(FRAME), prices(FRAME)
NEW = table(200, seed=1)
CONSTRUCTORS = {TabularMLPClassifier: Y, TabularMLPRegressor: PRICE}


@pytest.mark.parametrize("cls, y", CONSTRUCTORS.items())
def test_cross_validation(cls, y):
    assert (cross_val_score(cls(**FAST), FRAME, y, cv=3) > 0.7).all()


@pytest.mark.parametrize("cls, y", CONSTRUCTORS.items())
def test_a_grid_search(cls, y):
    grid = {
        "preset": ["fast", "best"],
        "hidden_layer_sizes": [(8,), (8, 8)],
        "numeric_embedding": [None, "pbld", "piecewise_linear"],
    }
    search = GridSearchCV(cls(**{**FAST, "max_iter": 8}), grid, cv=2).fit(FRAME, y)
    assert len({*search.cv_results_["mean_test_score"]}) > 6
    assert search.predict(NEW).shape == (len(NEW),)


def test_calibration():
    clf = CalibratedClassifierCV(TabularMLPClassifier(**FAST), cv=2).fit(FRAME, Y)
    assert clf.score(NEW, labels(NEW)) > 0.8


def test_permutation_importance():
    clf = TabularMLPClassifier(**FAST).fit(FRAME, Y)
    found = permutation_importance(clf, FRAME, Y, n_repeats=2, random_state=0)
    assert FRAME.columns[found.importances_mean.argmax()] in ("size", "city")


def test_partial_dependence():
    complete = FRAME.dropna()  # scikit-learn sorts the values
    reg = TabularMLPRegressor(**FAST).fit(complete, prices(complete))
    display = PartialDependenceDisplay.from_estimator(
        reg, complete, ["size", "city"], categorical_features=["city"], grid_resolution=5
    )
    of_size, of_city = display.pd_results
    assert (numpy.diff(of_size["average"][0]) > 0).all()
    assert of_city["average"].shape[1] >= 3


# Callbacks


class Recorder(Callback):
    """Notes each task, with the accuracy of the fitted estimator that the epoch's end shows."""

    def __init__(self):
        self.begun, self.scores = [], []

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((type(estimator).__name__, context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))


@pytest.mark.parametrize("n_members", [1, 2])
def test_callbacks_see_the_estimator_and_the_raw_table(n_members):
    recorder = Recorder()
    clf = TabularMLPClassifier(**{**FAST, "max_iter": 5}, n_members=n_members).set_callbacks(recorder)
    clf.fit(FRAME, Y)
    names = [name for _, name, _ in recorder.begun]
    members = ["member"] * (n_members > 1) + ["epoch"] * 5
    assert names == (["fit", *members * 2] if n_members > 1 else ["fit", *members])
    assert {estimator for estimator, _, _ in recorder.begun} == {"TabularMLPClassifier"}
    assert len(set(recorder.scores)) > 1


def test_scikit_learns_callbacks(capsys):
    monitor = ScoringMonitor(scoring="accuracy")
    clf = TabularMLPClassifier(**{**FAST, "max_iter": 5}, n_members=2).set_callbacks(monitor)
    make_pipeline(clf).set_callbacks(ProgressBar()).fit(FRAME, Y)
    rows = monitor.get_logs().data
    names = [row["task_name"] for row in rows]
    assert (names.count("epoch"), names.count("member")) == (10, 2)
    assert all(0.4 < row["accuracy"] <= 1 for row in rows)
    assert "member" in capsys.readouterr().out


def test_a_time_limit_is_for_each_member():
    clf = TabularMLPClassifier(**{**FAST, "max_iter": 10**6}, n_members=2).set_callbacks(TimeLimit(0.05))
    clf.fit(FRAME, Y)
    assert all(member.network.n_iter_ < 10**6 for member in clf.members_)
    assert numpy.isfinite(clf.oof_).all()


def test_a_checkpoint_goes_on(tmp_path):
    path = tmp_path / "run.npz"
    whole = TabularMLPClassifier(**BEST).fit(FRAME, Y)
    cut = TabularMLPClassifier(**BEST).set_callbacks(Checkpoint(path), Stopping(after=10, error=KeyboardInterrupt()))
    with pytest.warns(UserWarning, match="interrupted by user after 10 epochs"):
        cut.fit(FRAME, Y)
    again = TabularMLPClassifier(**BEST).set_callbacks(Checkpoint(path, resume=True)).fit(FRAME, Y)
    numpy.testing.assert_array_equal(again.predict_proba(NEW), whole.predict_proba(NEW))


class Stopping(Callback):
    """Raises after so many epochs."""

    def __init__(self, after, error):
        self.left, self.error = after, error

    def on_epoch_end(self, estimator, context):
        self.left -= 1
        if self.left == 0:
            raise self.error


def test_ctrl_c_keeps_what_is_fitted():
    clf = TabularMLPClassifier(**FAST, n_members=3).set_callbacks(Stopping(after=50, error=KeyboardInterrupt()))
    with pytest.warns(UserWarning, match="interrupted by user after 10 epochs: the best weights so far are kept"):
        clf.fit(FRAME, Y)
    assert [member.network.n_iter_ for member in clf.members_] == [40, 10]
    assert clf.n_iter_ == 40
    assert numpy.isnan(clf.oof_[:, 0]).sum() == len(FRAME) / 3
    assert clf.score(NEW, labels(NEW)) > 0.8


def test_the_error_of_a_callback_leaves_it_fitted_and_any_other_as_it_was():
    clf = TabularMLPClassifier(**FAST).set_callbacks(Stopping(after=20, error=OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        clf.fit(FRAME, Y)
    assert clf.n_iter_ == 20
    assert clf.score(NEW, labels(NEW)) > 0.7
