"""Estimators pickled before a change of the engine still predict the same, and the hot paths have not grown.

``python benchmarks/recorded.py record`` writes what is compared.
"""

import json
import pickle
import warnings

import numpy
import pytest
from numpy.testing import assert_allclose

from benchmarks import recorded
from skann.engine.kernels import available

FIGURES = json.loads((recorded.FOLDER / "figures.json").read_text())


@pytest.fixture(scope="module")
def rows():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: X for name, (_, X) in recorded.estimators().items()}


@pytest.mark.parametrize("path", sorted(recorded.FOLDER.glob("*.pickle")), ids=lambda path: path.stem)
def test_recorded_estimators_predict_the_same(path, rows):
    """The same bits on the machine that recorded them; another BLAS rounds otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = pickle.loads(path.read_bytes())
    with numpy.load(recorded.FOLDER / "predictions.npz") as expected:
        assert_allclose(recorded.predictions(estimator, rows[path.stem]), expected[path.stem], rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(available(), reason="recorded without Numba, whose kernels are other calls")
@pytest.mark.filterwarnings("ignore")
def test_no_recorded_figure_has_grown():
    grown = {
        name: (value, FIGURES[name])
        for name, value in recorded.figures().items()
        if value > 1.02 * FIGURES[name] + (500 if "peak" in name else 0)
    }
    assert grown == {}
