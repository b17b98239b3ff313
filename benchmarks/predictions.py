"""predict_proba of one row, of a thousand and of a million rows."""

import time
from importlib.util import find_spec

import numpy
import sklearn.neural_network
from cases import Case
from measure import compare, seconds
from sklearn.datasets import load_digits
from sklearn.utils.validation import validate_data

import skann

CASE = Case("1,000,000 x 100, (100,)", 20_000, 100, (100,), 200, 1)


def quickest(function, times=200):
    """Return the microseconds of the fastest of many calls."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return 1e6 * best


def compare_rows(n_rows, repeats):
    """Return the comparison for some rows of the digits; one peer is the validation alone."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    ours = skann.MLPClassifier(max_iter=5, random_state=0).fit(X, y)
    theirs = sklearn.neural_network.MLPClassifier(max_iter=5, random_state=0).fit(X, y)
    rows = X[:n_rows]
    peers = {
        "skann": lambda: quickest(lambda: ours.predict_proba(rows)),
        "scikit-learn": lambda: quickest(lambda: theirs.predict_proba(rows)),
        "validate_data alone": lambda: quickest(
            lambda: validate_data(ours, rows, reset=False, accept_sparse=["csr", "csc"], dtype="numeric")
        ),
    }
    return compare(f"predict_proba, digits, {n_rows} rows", "us", peers, repeats)


def compare_many(dtype, repeats):
    """Return the comparison for a million rows of a dtype, with networks trained on the same dtype."""
    X, y = CASE.data(dtype)
    ours = skann.MLPClassifier(**CASE.params()).fit(X, y)
    theirs = sklearn.neural_network.MLPClassifier(**CASE.params()).fit(X, y)
    many = numpy.random.default_rng(0).standard_normal((1_000_000, 100)).astype(dtype, copy=False)
    peers = {
        "skann": lambda: seconds(ours.predict_proba, many),
        "scikit-learn": lambda: seconds(theirs.predict_proba, many),
    }
    if find_spec("torch"):
        import torch_peer

        model = torch_peer.fit(CASE, X, y)
        peers["PyTorch (float32)"] = lambda: seconds(torch_peer.probabilities, model, many)
    task = f"predict_proba, {CASE.name}" + ", X float32" * (dtype == "float32")
    return compare(task, "s", peers, min(repeats, 3))


def compare_predictions(repeats):
    """Yield the comparison of each number of rows, of a million in both dtypes."""
    yield compare_rows(1, repeats)
    yield compare_rows(1000, repeats)
    yield compare_many("float64", repeats)
    yield compare_many("float32", repeats)
