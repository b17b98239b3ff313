"""The findings about networks of features apply to convolutional networks, and name the parameters of these."""

import numpy
import pytest

from skann.datasets import ArraySource
from skann.inspection import diagnose
from tests.inspection.test_diagnosis import (
    FALLING,
    JUMPING,
    RISING,
    SPOT_ROWS,
    SPOTS,
    check_parameters,
    convolutional,
    names,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def with_course(**entries):
    """A convolutional network whose history tells otherwise."""
    clf, X, y = convolutional(SPOTS[:60], SPOT_ROWS[:60] > 5, filters=(4,), max_iter=3)
    clf.history_ |= {"learning_rate": [0.003] * 60, **entries}
    return clf, X, y


# for each symptom that convolutional networks can have beside those of images
CONVOLUTIONAL = {
    "learning rate too high": lambda: with_course(loss=JUMPING),
    "learning rate too low": lambda: with_course(loss=numpy.linspace(2, 1.5, 60).tolist()),
    "stopped by max_iter": lambda: with_course(loss=FALLING),
    "over-fitting": lambda: with_course(loss=FALLING, validation_loss=RISING, validation_score=RISING),
    "under-fitting": lambda: convolutional(SPOTS, SPOT_ROWS > 5, max_iter=1, learning_rate_init=1e-5),
    "class imbalance ignored": lambda: convolutional(SPOTS, numpy.arange(200) % 25 == 0, alpha=100),
    "more parameters than the data can carry": lambda: convolutional(SPOTS, SPOT_ROWS > 5, alpha=0.0),
}


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_findings_about_convolutional_networks_name_their_parameters(name):
    estimator, X, y = CONVOLUTIONAL[name]()
    diagnosis = diagnose(estimator, X, y)
    assert name in names(diagnosis), diagnosis
    check_parameters(estimator, diagnosis)
    assert "StandardScaler" not in str(diagnosis)


def test_large_images_are_sampled(monkeypatch):
    clf, X, y = convolutional(SPOTS, SPOT_ROWS > 5, filters=(4,), max_iter=2)
    monkeypatch.setattr("skann.inspection.findings.case.MAX_NUMBERS", 144 * 30)
    assert "30 of 200 rows" in str(diagnose(clf, X, y))


def test_images_from_a_source(monkeypatch):
    monkeypatch.setattr("skann.inspection.findings.case.MAX_NUMBERS", 144 * 30)
    clf, X, y = convolutional(SPOTS, SPOT_ROWS > 5, filters=(4,), max_iter=2)
    for n in (20, 200):
        assert str(diagnose(clf, ArraySource(X[:n]), y[:n])) == str(diagnose(clf, X[:n], y[:n]))


def test_a_loss_that_falls_with_the_learning_rate_is_no_finding():
    falling = numpy.geomspace(1, 0.01, 60).tolist()
    annealed = with_course(loss=falling, learning_rate=numpy.geomspace(1, 1e-4, 60).tolist())
    assert "stopped by max_iter" not in names(diagnose(*annealed))
    assert "stopped by max_iter" in names(diagnose(*with_course(loss=falling)))
