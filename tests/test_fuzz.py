"""A share of the fuzzers' fits, in each run of the suite; and faults that they must find."""

import importlib
from pathlib import Path

import numpy
import pytest

from skann import MLPClassifier, MLPRegressor

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs a fuzzer and returns its findings."""
    monkeypatch.syspath_prepend(BENCHMARKS)

    def run_script(name, n_fits, seed=0):
        script = importlib.import_module(name)
        findings, _, _ = importlib.import_module("fuzzing.running").run_cases(script.draw_case, seed, n_fits)
        return [f"--seed {seed} --case {number}: {finding.group}" for number, finding in findings]

    return run_script


@pytest.mark.parametrize(("name", "n_fits"), [("fuzz", 170), ("fuzz_tabular", 30)])
def test_random_fits_are_right_or_refused_as_documented(run, name, n_fits):
    found = run(name, n_fits)
    assert not found, "\n".join(found)


def constant_prediction(self, X):
    return numpy.repeat(self.classes_[:1], X.shape[0] if hasattr(X, "shape") else len(X))


def score_of_nothing(self, X, y, sample_weight=None):
    return 0.5


def drawing(fit):
    def draws(self, *args, **params):
        numpy.random.random()  # noqa: NPY002 - the global generator is what must not be touched
        return fit(self, *args, **params)

    return draws


@pytest.mark.parametrize(
    ("cls", "name", "broken", "message"),
    [
        (MLPClassifier, "predict", constant_prediction, "predict is not what decision_function says"),
        (MLPRegressor, "score", score_of_nothing, "score is not the metric recomputed"),
        (MLPRegressor, "fit", drawing(MLPRegressor.fit), "draws from a global generator"),
        (MLPClassifier, "_check_probabilities", lambda self: False, "predict_proba is there for a loss without"),
    ],
)
def test_a_fault_is_found(run, monkeypatch, cls, name, broken, message):
    monkeypatch.setattr(cls, name, broken)
    assert any(message in found for found in run("fuzz", 60))
