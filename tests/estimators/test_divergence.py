"""Training that left the finite numbers says so from fit, and says the way out; scores never blame the input."""

import numpy
import pytest

from skann import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skann.exceptions import DivergenceError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = numpy.random.RandomState(0).normal(size=(60, 3))
Y = numpy.exp(X[:, 0])
ONE_EPOCH = {"solver": "sgd", "max_iter": 1, "random_state": 0, "warn": False}
WAY_OUT = "Scale the features .*lower learning_rate_init"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("rate", [10.0, 1e3, 1e5, 1e10, 1e100, 1e300])
@pytest.mark.parametrize("loss", ["gamma", "poisson", "squared_error", "absolute_error"])
def test_a_fit_either_diverges_or_scores(loss, rate, early_stopping, dtype):
    reg = MLPRegressor(loss, learning_rate_init=rate, early_stopping=early_stopping, dtype=dtype, **ONE_EPOCH)
    try:
        reg.fit(X, Y)
    except DivergenceError as error:
        assert "Scale the features" in str(error)
        assert "lower learning_rate_init" in str(error)
    else:
        assert numpy.isfinite(reg.score(X, Y))


GAMMA = MLPRegressor("gamma", learning_rate_init=1e3, **ONE_EPOCH)
VALIDATION = {"X_val": X, "y_val": Y}
HUGE = {"X_val": numpy.full((4, 3), 1e300), "y_val": Y[:4]}


@pytest.mark.parametrize(
    "fit",
    [
        lambda: GAMMA.fit(X, Y),
        lambda: GAMMA.partial_fit(X, Y),
        lambda: GAMMA.fit(X, Y, **VALIDATION),
        lambda: MLPRegressor("gamma", early_stopping=True, learning_rate_init=1e3, **ONE_EPOCH).fit(X, Y),
        lambda: MLPRegressor("gamma", scoring="neg_mean_squared_error", early_stopping=True).fit(X, Y, **HUGE),
        lambda: MLPRegressor().fit(X, Y, **HUGE),
        lambda: MLPRegressor(early_stopping=True, scoring="r2").fit(X, Y, **HUGE),
        lambda: MLPRegressor("gamma", solver="lbfgs", warn=False).fit(X * 1e200, Y),
        lambda: TabularMLPRegressor(learning_rate_init=1e30, max_iter=9).fit(X, Y),
        lambda: TabularMLPRegressor(learning_rate_init=1e30, max_iter=2, early_stopping=False).fit(X, Y),
        lambda: TabularMLPClassifier(learning_rate_init=1e30, max_iter=9).fit(X, Y > 1),
        lambda: MLPClassifier(learning_rate_init=1e300, dtype="float64", **ONE_EPOCH).fit(X, Y > 1),
    ],
    ids=range(12),
)
def test_divergence_by_every_way_in(fit):
    with pytest.raises(DivergenceError, match=WAY_OUT):
        fit()


def test_rows_beyond_the_few_that_are_looked_at():
    """The rows whose predictions overflow are none of the 32 at equal distances."""
    rows, target = numpy.zeros((1000, 1)), numpy.ones(1000)
    looked_at = numpy.linspace(0, 999, 32).astype(int)
    rows[~numpy.isin(numpy.arange(1000), looked_at)] = 100
    rows[looked_at] = 10
    options = {"hidden_layer_sizes": (), "learning_rate_init": 1e-300, "dtype": "float32", "warm_start": True}
    reg = MLPRegressor("gamma", **{**ONE_EPOCH, **options}).fit(rows[:1] * 0, target[:1])
    reg.coefs_[0][...] = 4.0
    assert reg.fit(rows[looked_at], target[looked_at]).predict(rows[looked_at]).min() > 1e17
    with pytest.raises(DivergenceError, match="infinite or NaN for the training rows after 1 epochs"):
        reg.fit(rows, target)


def test_a_scorer_that_is_not_finite_is_no_divergence():
    with pytest.raises(ValueError, match=r"The validation score .* was nan after an epoch. Choose a scorer") as caught:
        MLPRegressor(early_stopping=True, scoring=lambda *_: numpy.nan, **ONE_EPOCH).fit(X, Y)
    assert not isinstance(caught.value, DivergenceError)
