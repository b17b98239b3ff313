"""Gates for a change of the engine: fitted estimators, and the Python calls and memory of the hot paths.

    python benchmarks/recorded.py record    # writes tests/recorded
    python benchmarks/recorded.py           # prints the present figures beside the recorded ones

``tests/test_recorded.py`` loads the pickles and compares the figures. Calls are those of skann and of the C functions
that it calls, so that another version of NumPy or scikit-learn does not move them.
"""

import json
import pickle
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy
import pandas
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification

import skann
from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skann.activations import LeakyReLU, Maxout

FOLDER = Path(__file__).parent.parent / "tests" / "recorded"
SKANN = str(Path(skann.__file__).parent)


# Fitted estimators


def table(n_rows=60):
    """Return a frame with numbers, text, categories, dates and gaps."""
    rng = numpy.random.default_rng(0)
    return pandas.DataFrame(
        {
            "number": rng.normal(size=n_rows),
            "gaps": numpy.where(rng.uniform(size=n_rows) < 0.2, numpy.nan, rng.uniform(size=n_rows)),
            "text": rng.choice(["red", "green", "blue"], size=n_rows).astype(object),
            "category": pandas.Categorical(rng.choice(list("abcdefghijkl"), size=n_rows)),
            "date": pandas.Timestamp("2020-01-01") + pandas.to_timedelta(rng.integers(900, size=n_rows), unit="D"),
            "flag": rng.uniform(size=n_rows) < 0.5,
        }
    )


def estimators():
    """Return name -> (fitted estimator, rows to predict)."""
    X, y = load_iris(return_X_y=True)
    X_reg, y_reg = load_diabetes(return_X_y=True)
    X_multi, y_multi = make_multilabel_classification(n_samples=60, n_features=6, n_classes=3, random_state=0)
    frame, classes = table(), load_iris().target_names[numpy.arange(60) % 3]
    small = {"hidden_layer_sizes": (6, 5), "max_iter": 4, "random_state": 0}
    tabular = {"hidden_layer_sizes": (8, 8), "max_iter": 3, "random_state": 0}
    fitted = {
        "classifier": (MLPClassifier(**small).fit(X, y), X),
        "classifier_binary_float32": (MLPClassifier(dtype="float32", **small).fit(X[:100], y[:100]), X),
        "classifier_lbfgs": (MLPClassifier(solver="lbfgs", activation="tanh", **small).fit(X, y), X),
        "classifier_multilabel": (MLPClassifier(loss="focal", **small).fit(X_multi, y_multi), X_multi),
        "classifier_columns": (MLPClassifier(**small).fit(X, numpy.column_stack([y, y == 1])), X),
        "classifier_options": (
            MLPClassifier(
                activation=[Maxout(3), LeakyReLU(0.2)],
                dropout=0.2,
                normalization="batch",
                noise=0.1,
                averaging=0.9,
                solver="nadam",
                learning_rate="cosine",
                early_stopping=True,
                **small,
            ).fit(X, y),
            X,
        ),
        "classifier_prelu_layer_norm": (MLPClassifier(activation="prelu", normalization="layer", **small).fit(X, y), X),
        "classifier_partial": (
            MLPClassifier(dropout=0.2, **small).partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y),
            X,
        ),
        "regressor": (MLPRegressor(target_transform="standard", **small).fit(X_reg, y_reg), X_reg),
        "regressor_partial": (
            MLPRegressor(solver="sgd", learning_rate_init=1e-5, **small).partial_fit(X_reg, y_reg),
            X_reg,
        ),
        "regressor_quantiles": (
            MLPRegressor(loss=skann.losses.Quantile([0.1, 0.5, 0.9]), **small).fit(X_reg, y_reg),
            X_reg,
        ),
    }
    for preset in ("fast", "best"):
        fitted[f"tabular_classifier_{preset}"] = (TabularMLPClassifier(preset, **tabular).fit(frame, classes), frame)
        fitted[f"tabular_regressor_{preset}"] = (
            TabularMLPRegressor(preset, n_members=2, **tabular).fit(frame, y_reg[:60]),
            frame,
        )
    return fitted


def predictions(estimator, X):
    """Return predictions and, where there are any, probabilities as one float64 array."""
    given = estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else estimator.predict(X)
    columns = [numpy.reshape(part, (len(X), -1)) for part in (given if isinstance(given, list) else [given])]
    return numpy.hstack(columns).astype(numpy.float64)


# Calls and memory


def calls(function):
    """Return how many functions of skann a call runs, and how many C functions these call."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call") and frame.f_code.co_filename.startswith(SKANN)

    function()  # imports and caches come first
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def peak(function):
    """Return the largest number of bytes that are allocated while a call runs."""
    function()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


NETS = {
    "S": (64, (100,), "relu"),
    "M": (100, (256, 256, 256), "relu"),
    "L": (784, (512, 512), "relu"),
    "maxout": (100, (256, 256), "maxout"),
}


def rows(n_rows, n_features):
    """Return random float32 rows of ten classes."""
    rng = numpy.random.default_rng(0)
    return rng.standard_normal((n_rows, n_features), dtype=numpy.float32), numpy.arange(n_rows) % 10


def buffer_bytes():
    """Return the bytes that a fit allocates for one row more in its batches, by network."""
    figures = {}
    for name, (n_features, hidden, activation) in NETS.items():
        X, y = rows(1200, n_features)

        def fit(batch_size, X=X, y=y, hidden=hidden, activation=activation):
            MLPClassifier(hidden, activation, batch_size=batch_size, max_iter=1, random_state=0, warn=False).fit(X, y)

        figures[name] = (peak(lambda fit=fit: fit(1000)) - peak(lambda fit=fit: fit(600))) / 400
    return figures


def step_calls():
    """Return the calls of one training step more, by kind of network: an epoch of 40 batches against one of 20."""
    kinds = {
        "adam": {},
        "sgd": {"solver": "sgd"},
        "dropout": {"dropout": 0.3},
        "options": {"clip_norm": 1.0, "max_norm": 2.0, "averaging": 0.9, "l1": 1e-4, "normalization": "batch"},
        "maxout": {"activation": "maxout"},
        "weights": {"class_weight": "balanced"},
    }
    figures = {}
    for name, params in kinds.items():
        counts = []
        for n_rows in (200, 400):
            X, y = rows(n_rows, 8)
            clf = MLPClassifier((10, 10), batch_size=10, max_iter=1, random_state=0, warn=False, **params)
            counts.append(calls(lambda clf=clf, X=X, y=y: clf.fit(X, y)))
        figures[name] = (counts[1] - counts[0]) / 20
    return figures


def path_figures():
    """Return calls and peak bytes of the other hot paths."""
    X, y = rows(100, 8)
    clf = MLPClassifier((10,), random_state=0, warn=False).partial_fit(X, y, classes=numpy.arange(10))
    one, frame = X[:1], table(400)
    labels = numpy.arange(400) % 2

    def lbfgs(n):
        params = {"solver": "lbfgs", "max_iter": n, "max_fun": n, "tol": 0, "random_state": 0, "warn": False}
        return lambda: MLPClassifier((10,), **params).fit(X, y)

    def tabular(n_epochs):
        params = {"hidden_layer_sizes": (8,), "batch_size": 20, "max_iter": n_epochs, "random_state": 0}
        return lambda: TabularMLPClassifier(**params).fit(frame, labels)

    return {
        "lbfgs, 10 evaluations, calls": calls(lbfgs(20)) - calls(lbfgs(10)),
        "partial_fit, calls": calls(lambda: clf.partial_fit(X, y)),
        "partial_fit, peak bytes": peak(lambda: clf.partial_fit(X, y)),
        "predict_proba of a row, calls": calls(lambda: clf.predict_proba(one)),
        "predict_proba of a row, peak bytes": peak(lambda: clf.predict_proba(one)),
        "epoch of TabularMLPClassifier, calls": calls(tabular(3)) - calls(tabular(2)),
    }


def figures():
    """Return every figure by its name; none may grow."""
    flat = {f"buffers of {name}, bytes per row": value for name, value in buffer_bytes().items()}
    flat |= {f"step with {name}, calls": value for name, value in step_calls().items()}
    return flat | path_figures()


def record():
    """Write the pickles, their predictions and the figures."""
    FOLDER.mkdir(exist_ok=True)
    expected = {}
    for name, (estimator, X) in estimators().items():
        (FOLDER / f"{name}.pickle").write_bytes(pickle.dumps(estimator, protocol=5))
        expected[name] = predictions(estimator, X)
    numpy.savez_compressed(FOLDER / "predictions.npz", **expected)
    measured = {name: round(value, 1) for name, value in figures().items()}
    (FOLDER / "figures.json").write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:] == ["record"]:
        record()
    else:
        recorded = json.loads((FOLDER / "figures.json").read_text())
        for name, value in figures().items():
            print(f"{name:<50}{value:>12.1f}{recorded[name]:>12.1f}")
