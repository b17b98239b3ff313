"""Warnings point at the user's line, through decorators, pipelines and searches."""

import copy
import functools
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy
import pandas
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, scale

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier
from skann._formatting import escape, join_names
from skann._warnings import warn
from skann.callbacks import TimeLimit
from skann.exceptions import IdentifierColumnWarning, TrainingWarning
from skann.inspection import HiddenLayerTransformer
from skann.preprocessing import TabularEncoder

from .tables import FAST

X, Y = load_iris(return_X_y=True)
X = scale(X)
RARE = numpy.repeat([0, 1], [145, 5])
MLP = MLPClassifier(max_iter=1, random_state=0)
IDENTIFIERS = pandas.DataFrame({"a": numpy.arange(150.0), "id": [f"person {i}" for i in range(150)]})


class Interrupted(MLPClassifier):
    def _validation_score(self, raw, link, rows):
        if self._progress_is_seen:
            raise KeyboardInterrupt
        self._progress_is_seen = True
        return 0.5

    _progress_is_seen = False


def of_another_version():
    state = copy.copy(clone(MLP).fit(X, Y).__getstate__()) | {"_skann_version": "0"}
    est = MLPClassifier.__new__(MLPClassifier)
    est.__setstate__(state)


FITS = {
    "fit": (ConvergenceWarning, lambda: clone(MLP).fit(X, Y)),
    "lbfgs": (ConvergenceWarning, lambda: clone(MLP).set_params(solver="lbfgs").fit(X, Y)),
    "regressor": (ConvergenceWarning, lambda: MLPRegressor(max_iter=1).fit(X, Y)),
    "callbacks": (ConvergenceWarning, lambda: clone(MLP).set_callbacks(TimeLimit(99)).fit(X, Y)),
    "pipeline": (ConvergenceWarning, lambda: make_pipeline(FunctionTransformer(), clone(MLP)).fit(X, Y)),
    "search": (ConvergenceWarning, lambda: GridSearchCV(MLP, {"alpha": [0, 1]}, cv=2).fit(X, Y)),
    "threads": (ConvergenceWarning, lambda: OneVsRestClassifier(MLP).fit(X, Y)),
    "cross-validation": (ConvergenceWarning, lambda: cross_val_score(MLP, X, Y, cv=2)),
    "hidden layer": (ConvergenceWarning, lambda: HiddenLayerTransformer(MLP).fit(X, Y)),
    "nested": (
        ConvergenceWarning,
        lambda: GridSearchCV(make_pipeline(HiddenLayerTransformer(MLP), MLP), {}, cv=2).fit(X, Y),
    ),
    "column": (DataConversionWarning, lambda: clone(MLP).fit(X, Y[:, None])),
    "column of a table's target": (
        DataConversionWarning,
        lambda: TabularMLPClassifier(**FAST).set_params(max_iter=1).fit(X, Y[:, None]),
    ),
    "batch size": (UserWarning, lambda: clone(MLP).set_params(batch_size=151).fit(X, Y)),
    "unused rows": (UserWarning, lambda: MLPClassifier(solver="lbfgs", max_iter=99).fit(X, Y, X_val=X, y_val=Y)),
    "scales": (TrainingWarning, lambda: clone(MLP).fit(1e5 * X, Y)),
    "dead units": (TrainingWarning, lambda: MLPClassifier(solver="sgd", learning_rate_init=99).fit(X + 3, Y)),
    "a rare class": (TrainingWarning, lambda: MLPClassifier(early_stopping=True).fit(X, RARE)),
    "untransformed rows": (TrainingWarning, lambda: clone(MLP).fit(X, Y, X_val=99 + X, y_val=Y)),
    "identifiers": (IdentifierColumnWarning, lambda: TabularEncoder().fit(IDENTIFIERS)),
    "identifiers of a table": (
        IdentifierColumnWarning,
        lambda: TabularMLPClassifier(**FAST).set_params(max_iter=1).fit(IDENTIFIERS, Y),
    ),
    "nothing left": (
        TrainingWarning,
        lambda: TabularMLPClassifier(**FAST).set_params(max_iter=1).fit(numpy.ones((150, 1)), Y),
    ),
    "Ctrl-C": (UserWarning, lambda: Interrupted(early_stopping=True).fit(X, Y)),
    "another version": (UserWarning, of_another_version),
}


@pytest.mark.parametrize("name", FITS)
def test_every_warning_points_here(name):
    category, call = FITS[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert category in [warning.category for warning in caught]
    assert {warning.filename for warning in caught} == {__file__}


def test_a_thread_without_a_line_of_the_users():
    with ThreadPoolExecutor(1) as pool, pytest.warns(UserWarning, match="hello"):
        pool.submit(functools.partial(warn, "hello")).result()


def test_a_pickle_of_another_version_points_here(monkeypatch):
    pickled = pickle.dumps(clone(MLP).set_params(solver="lbfgs", max_iter=500).fit(X, Y))
    monkeypatch.setattr("skann.estimators.fitted_network.__version__", "0")
    with pytest.warns(UserWarning, match="was pickled by skann") as caught:
        pickle.loads(pickled)
    assert caught[0].filename == __file__


ESCAPES = "\x1b[31mred\x07\u202e"


def test_control_characters_are_escaped():
    assert escape(ESCAPES) == r"\x1b[31mred\x07\u202e"
    assert escape("Größe 温度") == "Größe 温度"
    assert join_names([ESCAPES, 2]) == r"\x1b[31mred\x07\u202e, 2"
    assert join_names(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


def test_names_of_columns_do_not_reach_the_terminal_raw():
    texts = []
    with pytest.raises(ValueError) as info:
        MLPClassifier().fit(pandas.DataFrame({ESCAPES: ["a", "b"]}), [0, 1])
    texts.append(str(info.value))
    with pytest.raises(ValueError) as info:
        TabularEncoder().fit(pandas.DataFrame([[1, 2]], columns=[ESCAPES, ESCAPES]))
    texts.append(str(info.value))
    with pytest.warns(IdentifierColumnWarning) as caught:
        TabularEncoder().fit(IDENTIFIERS.rename(columns={"id": ESCAPES}))
    texts.append(str(caught[0].message))
    with pytest.warns(TrainingWarning) as caught:
        MLPClassifier(max_iter=1000, tol=1).fit(pandas.DataFrame(X, columns=[ESCAPES, *"bcd"]) * [1e5, 1, 1, 1], Y)
    texts.append(str(caught[0].message))
    for text in texts:
        assert r"\x1b[31mred\x07\u202e" in text
        assert text.isprintable()
