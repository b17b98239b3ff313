"""fit warns once of bad scales and of dead units, where it matters, and not at all with warn=False."""

import warnings

import numpy
import pandas
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import scale

from skann import MLPClassifier
from skann.exceptions import TrainingWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS, WINE, CANCER, DIGITS, DIABETES = (
    load(return_X_y=True) for load in (load_iris, load_wine, load_breast_cancer, load_digits, load_diabetes)
)


def warned(X, y, method="fit", **options):
    """Return the texts of the training warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(MLPClassifier(max_iter=2, random_state=0, **options), method)(X, y)
    return [str(warning.message) for warning in caught if warning.category is TrainingWarning]


@pytest.mark.parametrize(
    ("X", "y", "figures"),
    [
        (*CANCER, r"range from 0.0045 (column 19) to 1,069 (column 23)"),
        (*WINE, r"to 810 (column 12)"),
        (pandas.DataFrame(WINE[0]).add_prefix("w"), WINE[1], "to 810 (column 'w12')"),
        (scipy.sparse.csr_matrix(WINE[0]), WINE[1], "to 810 (column 12)"),
        (1e-3 * IRIS[0], IRIS[1], "from 0.0014 (column 3) to 0.0059 (column 0)"),
        (1e6 * scale(IRIS[0]), IRIS[1], "are 1,000,000, where a network wants about 1"),
    ],
    ids=["cancer", "wine", "frame", "sparse", "small", "large"],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_bad_scales(X, y, figures, solver):
    (text,) = warned(X, y, solver=solver, activation="elu")  # which does not die
    assert figures in text
    assert text.endswith("put a StandardScaler before the network in a Pipeline. warn=False silences this.")
    assert warned(X, y, solver=solver, activation="elu", warn=False) == []


@pytest.mark.parametrize(
    ("X", "y"),
    [
        IRIS,
        DIGITS,
        (16 * DIGITS[0].astype(numpy.uint8), DIGITS[1]),
        (PCA().fit_transform(DIGITS[0]), DIGITS[1]),
        (scale(CANCER[0]), CANCER[1]),
        DIABETES,
        (numpy.eye(150), IRIS[1]),
        (numpy.zeros((150, 3)), IRIS[1]),
        (scipy.sparse.csr_matrix((150, 3)), IRIS[1]),
    ],
    ids=["iris", "digits", "bytes", "pca", "standardised", "diabetes", "one-hot", "zeros", "no element"],
)
def test_what_trains_well_is_not_nagged_at(X, y):
    assert warned(X, y, activation="elu") == []


def test_rows_are_sampled_over_the_whole_length(tmp_path):
    X = numpy.ones((3000, 2))
    X[-1500:, 1] = 1e5
    numpy.save(tmp_path / "X.npy", X)
    (text,) = warned(numpy.load(tmp_path / "X.npy", mmap_mode="r"), numpy.arange(3000) % 2)
    assert "from 1 (column 0) to 70,711 (column 1)" in text


def killed(**options):
    """Return the warnings of a fit whose first steps kill the rectifiers: positive features and a high rate."""
    return warned(*IRIS, solver="sgd", learning_rate_init=1.0, **options)


def test_dead_units():
    (text,) = killed()
    assert "92% of hidden layer 0." in text
    assert "'leaky_relu', 'prelu' or Maxout. warn=False silences this." in text
    assert killed(warn=False) == []
    assert killed(activation="leaky_relu") == []
    assert killed(hidden_layer_sizes=(9,)) == []


def test_partial_fit_does_not_warn():
    assert warned(*CANCER, method="partial_fit") == []


def test_warn_is_a_bool():
    with pytest.raises(ValueError, match="The 'warn' parameter of MLPClassifier must be an instance of 'bool'"):
        MLPClassifier(warn="no").fit(*IRIS)
