"""Estimators with device="cuda" and "auto"."""

import pickle
import sys
from types import ModuleType, SimpleNamespace

import numpy
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_digits

from skann import MLPClassifier, MLPRegressor
from skann.callbacks import Checkpoint
from skann.engine.data import device_reader
from skann.engine.optimizers import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_digits(return_X_y=True)
X = X / 16
DIABETES = load_diabetes(return_X_y=True)
PLAIN = {"hidden_layer_sizes": (20, 10), "max_iter": 3, "random_state": 0, "dtype": "float64"}


def assert_same(one, other, rtol=1e-6):
    """Assert that two estimators have learned the same, and hold it on the host."""
    for name in ("coefs_", "intercepts_"):
        for mine, theirs in zip(getattr(one, name), getattr(other, name), strict=True):
            assert type(mine) is numpy.ndarray
            assert_allclose(mine, theirs, rtol=rtol, atol=1e-8)
    assert_allclose(one.loss_curve_, other.loss_curve_, rtol=rtol)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"early_stopping": True},
        {"early_stopping": True, "scoring": "neg_log_loss", "averaging": 0.9},
        {"normalization": "batch", "averaging": 0.9},
        {"normalization": "layer", "activation": ["maxout", "gelu"]},
        {"class_weight": "balanced", "solver": "sgd", "learning_rate": "adaptive"},
        {"loss": "squared_error", "activation": "prelu", "l1": 0.01},
        {"clip_norm": 0.1, "max_norm": 1.0, "shuffle": False},
        {"batch_size": 5000, "label_smoothing": 0.1},
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
def test_a_classifier_is_the_cpus(device, options):
    here, there = (MLPClassifier(**PLAIN | options, device=where).fit(X, Y) for where in ("cpu", "cuda"))
    assert_same(there, here)
    assert len(X) > 1024  # rows that are predicted on the device
    assert_allclose(there.predict_proba(X), here.predict_proba(X), rtol=1e-6)
    assert_allclose(there.predict_proba(X[:50]), here.predict_proba(X[:50]), rtol=1e-6)
    assert_array_equal(there.predict(X), here.predict(X))
    assert_allclose(there.hidden_layer_output(X, 0), here.hidden_layer_output(X, 0), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("rows", "dtype"), [(X.astype("float32"), "float32"), (X, "float64")], ids=["single", "double"]
)
def test_the_device_predicts_in_the_cpus_precision(device, rows, dtype):
    clf = MLPClassifier((20,), max_iter=1, random_state=0, dtype="float32", device="cuda").fit(rows, Y)
    there = clf.predict_proba(rows)
    assert there.dtype == dtype
    assert_allclose(there, clf.set_params(device="cpu").predict_proba(rows), rtol=1e-4)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
def test_a_regressor_is_the_cpus(device, loss):
    data, y = DIABETES
    weight = numpy.random.RandomState(0).uniform(size=len(y))
    options = PLAIN | {"target_transform": "standard", "loss": loss}
    here, there = (MLPRegressor(**options, device=where).fit(data, y, weight) for where in ("cpu", "cuda"))
    assert_same(there, here)
    assert_allclose(there.predict(data), here.predict(data), rtol=1e-6)


def test_several_columns_multilabel_and_your_own_validation_set(device):
    columns = numpy.column_stack([Y % 3, Y % 2])
    indicator = numpy.column_stack([Y < 5, Y % 2 == 0]).astype(int)
    for y in (columns, indicator):
        fits = [
            MLPClassifier(**PLAIN, device=where).fit(X[:900], y[:900], X_val=X[900:], y_val=y[900:])
            for where in ("cpu", "cuda")
        ]
        assert_same(*fits)
        assert_allclose(fits[0].history_["validation_loss"], fits[1].history_["validation_loss"], rtol=1e-6)


def test_x_too_large_for_the_device_comes_in_windows(device, monkeypatch):
    here = MLPClassifier(**PLAIN).fit(X, Y)
    made = []
    original = device_reader.DeviceReader._load
    monkeypatch.setattr(device_reader, "free_memory", lambda xp: 2 * 520 * (64 * 8 + 8))
    monkeypatch.setattr(
        device_reader.DeviceReader, "_load", lambda self, start: made.append(start) or original(self, start)
    )
    there = MLPClassifier(**PLAIN, device="cuda").fit(X, Y)
    assert made == [0, 400, 800, 1200, 1600] * 3  # two and a half batches of 200 are two
    assert_same(there, here)


def test_sparse_x(device):
    sparse = scipy.sparse.csr_matrix(X)
    here, there = (MLPClassifier(**PLAIN, device=where).fit(sparse, Y) for where in ("cpu", "cuda"))
    assert_same(there, here)
    assert_allclose(there.predict_proba(sparse), here.predict_proba(sparse), rtol=1e-6)


def test_dropout_and_noise_train_and_repeat(device):
    options = {**PLAIN, "dropout": 0.3, "noise": 0.1, "max_iter": 30, "device": "cuda"}
    options["hidden_layer_sizes"] = (100,)
    first, second = (MLPClassifier(**options).fit(X, Y) for _ in range(2))
    assert_same(first, second)
    assert first.score(X, Y) > 0.9


def test_partial_fit_goes_on_and_is_pickled_without_the_device(device):
    options = {**PLAIN, "averaging": 0.9}
    here, there = MLPClassifier(**options), MLPClassifier(**options, device="cuda")
    for part in (slice(0, 600), slice(600, 1200), slice(1200, None)):
        for model in (here, there):
            model.partial_fit(X[part], Y[part], classes=range(10))
        there = pickle.loads(pickle.dumps(there))
    assert_same(there, here)
    assert_same(there.set_params(device="cpu").partial_fit(X, Y), here.partial_fit(X, Y))


def test_warm_start_and_new_classes(device):
    here, there = (MLPClassifier(**PLAIN, warm_start=True, device=where) for where in ("cpu", "cuda"))
    for _ in range(2):
        assert_same(there.fit(X, Y), here.fit(X, Y))
    here, there = (MLPClassifier(**PLAIN, device=where) for where in ("cpu", "cuda"))
    for most in (2, 10):
        assert_same(there.partial_fit(X[most > Y], Y[most > Y]), here.partial_fit(X[most > Y], Y[most > Y]))


@pytest.mark.parametrize("options", [{}, {"averaging": 0.9, "dropout": 0.2}, {"normalization": "batch"}], ids=repr)
def test_a_checkpoint_goes_on(device, tmp_path, options):
    options = {**PLAIN, **options, "device": "cuda"}
    whole = MLPClassifier(**{**options, "max_iter": 5}).fit(X, Y)
    path = tmp_path / "run.npz"
    MLPClassifier(**options).set_callbacks(Checkpoint(path)).fit(X, Y)
    resumed = MLPClassifier(**{**options, "max_iter": 5}).set_callbacks(Checkpoint(path, resume=True)).fit(X, Y)
    assert_same(resumed, whole, rtol=1e-9)


def test_a_checkpoint_of_the_devices_noise_is_not_the_cpus(device, tmp_path):
    options = {**PLAIN, "dropout": 0.2}
    path = tmp_path / "run.npz"
    MLPClassifier(**options, device="cuda").set_callbacks(Checkpoint(path)).fit(X, Y)
    with pytest.raises(ValueError, match="its device, generator of noise differ"):
        MLPClassifier(**options).set_callbacks(Checkpoint(path, resume=True)).fit(X, Y)


def test_ctrl_c_keeps_the_last_weights(device, monkeypatch):
    two_epochs = MLPClassifier(**{**PLAIN, "max_iter": 2}, device="cuda").fit(X, Y)
    original, steps = Adam.update, []

    def interrupted(*args):
        steps.append(1)
        if len(steps) == 19:  # nine batches an epoch
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(Adam, "update", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user after 2 epochs"):
        clf = MLPClassifier(**PLAIN, device="cuda").fit(X, Y)
    assert_same(clf, two_epochs, rtol=1e-9)


def without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


def with_cupy_but_no_gpu(monkeypatch):
    cupy = ModuleType("cupy")
    cupy.ndarray = type("ndarray", (), {})
    cupy.cuda = SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "cupy", cupy)


@pytest.mark.parametrize("lacking", [without_cupy, with_cupy_but_no_gpu])
def test_a_fitted_model_needs_no_gpu(device, lacking):
    fitted = MLPClassifier(**PLAIN, device="cuda").fit(X, Y)
    expected, stored = fitted.predict_proba(X), pickle.dumps(fitted)
    with pytest.MonkeyPatch.context() as patch:
        lacking(patch)
        assert_allclose(pickle.loads(stored).predict_proba(X), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "lacking, error, words",
    [
        (without_cupy, ImportError, r'device="cuda" needs CuPy.*pip install "\.\[cuda\]".*device="cpu"'),
        (with_cupy_but_no_gpu, RuntimeError, r'device="cuda" needs an NVIDIA GPU.*nvidia-smi.*device="auto"'),
    ],
)
def test_what_is_missing_is_said(monkeypatch, lacking, error, words):
    lacking(monkeypatch)
    clf = MLPClassifier(**PLAIN).fit(X, Y)
    before = clf.coefs_[0].copy()
    with pytest.raises(error, match=words):
        clf.set_params(device="cuda").fit(X, Y)
    assert_array_equal(clf.coefs_[0], before)
    automatic = MLPClassifier(**PLAIN, device="auto").fit(X, Y)
    assert_array_equal(automatic.coefs_[0], before)
    assert_array_equal(automatic.predict(X), clf.predict(X))


def test_auto_takes_the_device_where_it_is(device, monkeypatch):
    used = []
    original = device_reader.DeviceReader.begin
    monkeypatch.setattr(
        device_reader.DeviceReader, "begin", lambda self, order: used.append(self.xp) or original(self, order)
    )
    MLPClassifier(**PLAIN, device="auto").fit(X, Y)
    assert used == [device] * 3


def test_lbfgs_runs_on_the_cpu(device):
    options = {**PLAIN, "solver": "lbfgs"}
    with pytest.raises(ValueError, match="solver='lbfgs' only runs on the CPU, but device is 'cuda'"):
        MLPClassifier(**options, device="cuda").fit(X, Y)
    here, there = (MLPClassifier(**options, device=where).fit(X, Y) for where in ("cpu", "auto"))
    assert_array_equal(here.coefs_[0], there.coefs_[0])


def test_an_unknown_device_is_named():
    with pytest.raises(ValueError, match=r"The 'device' parameter of MLPClassifier must be a str among .*Got 'gpu'"):
        MLPClassifier(device="gpu").fit(X, Y)
