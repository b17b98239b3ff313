"""Targets of any size: standardised, trained on, validated and scored as those near 1 are."""

import numpy
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score

from skann import MLPRegressor, TabularMLPRegressor
from skann.inspection import diagnose
from skann.losses import Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = numpy.random.default_rng(0)
X = RNG.normal(size=(120, 4))
UNIT = X @ [1.0, -2.0, 0.5, 0.0] + 3 + 0.1 * RNG.normal(size=120)
WEIGHT = RNG.uniform(0.5, 2, 120)
SCALES = [
    *[("float64", scale) for scale in (1e-170, 1e-24, 1e20, 1e160)],
    *[("float32", scale) for scale in (1e-24, 1e20)],
]
STANDARD = {"hidden_layer_sizes": (20,), "max_iter": 30, "random_state": 0, "learning_rate_init": 0.01}


def mlp(**options):
    """Return a regressor that standardises its target."""
    return MLPRegressor(target_transform="standard", **STANDARD, **options)


def table(**options):
    """Return a small regressor of tables."""
    return TabularMLPRegressor(hidden_layer_sizes=(20,), max_iter=5, random_state=0, warn=False, **options)


MODELS = {
    "plain": mlp,
    "lbfgs": lambda: mlp(solver="lbfgs"),
    "early stopping": lambda: mlp(early_stopping=True),
    "early stopping by the loss": lambda: mlp(early_stopping=True, scoring="loss"),
    "absolute error": lambda: mlp(loss="absolute_error"),
    "median": lambda: mlp(loss="quantile"),
    "several quantiles": lambda: mlp(loss=Quantile([0.1, 0.5, 0.9])),
    "table": table,
    "members": lambda: table(n_members=2),
    "quantiles of a table": lambda: table(loss=Quantile([0.1, 0.9])),
}


def fit(model, scale, dtype="float64", X=X, y=UNIT, weight=None):
    """Return the model, fitted on a multiple of y, with that multiple."""
    y = (y.astype(dtype) * numpy.asarray(scale, dtype)).astype(dtype)
    return model.fit(X, y, weight), y


def r2_of(fitted, y, scale, X=X):
    """Return R2 of the predictions, computed in units where y is about 1."""
    predicted = fitted.predict(X)
    predicted = predicted if predicted.ndim == y.ndim else predicted[:, 0]
    return r2_score(y / numpy.float64(scale), predicted / numpy.float64(scale))


def histories_of(fitted):
    """Return the histories of a fitted model, one for each of its networks."""
    history = getattr(fitted, "history_", {})
    return history if isinstance(history, list) else [history]


@pytest.mark.parametrize(("dtype", "scale"), SCALES)
@pytest.mark.parametrize("name", MODELS)
def test_the_score_does_not_depend_on_the_units(name, dtype, scale):
    reference, y_reference = fit(MODELS[name](), 1, dtype)
    fitted, y = fit(MODELS[name](), scale, dtype)
    assert r2_of(fitted, y, scale) == pytest.approx(r2_of(reference, y_reference, 1), abs=1e-6)
    assert fitted.score(X, y) == pytest.approx(reference.score(X, y_reference), abs=1e-6)
    assert fitted.score(X, y, WEIGHT) == pytest.approx(reference.score(X, y_reference, WEIGHT), abs=1e-6)
    assert fitted.predict(X).dtype == "float64"
    for history, expected in zip(histories_of(fitted), histories_of(reference), strict=True):
        for column in history:
            if None not in history[column] and column != "seconds":
                assert_allclose(history[column], expected[column], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("dtype", "scale"), SCALES)
def test_weights_partial_fit_warm_start_and_a_given_validation_set(dtype, scale):
    def course(scale):
        reg, y = fit(mlp(), scale, dtype, weight=WEIGHT)
        scores = [r2_of(reg, y, scale)]
        scores.append(r2_of(reg.partial_fit(X, y, WEIGHT), y, scale))
        reg.set_params(warm_start=True, early_stopping=True).fit(X, y, X_val=X[:30], y_val=y[:30])
        assert numpy.isfinite(reg.history_["validation_loss"][-reg.n_iter_ :]).all()
        return [*scores, r2_of(reg, y, scale), *reg.validation_scores_[-reg.n_iter_ :]]

    assert_allclose(course(scale), course(1), atol=1e-6)


@pytest.mark.parametrize("model", [mlp, table])
def test_several_outputs_of_different_sizes(model):
    scales = numpy.array([1e-170, 1.0, 1e160, 1.0])
    y = numpy.stack([UNIT, UNIT[::-1], UNIT**2, 0 * UNIT + 7], axis=1)
    reference, fitted = model().fit(X, y), model().fit(X, y * scales)
    assert_allclose(fitted.predict(X) / scales, reference.predict(X), rtol=1e-6)
    assert fitted.score(X, y * scales) == pytest.approx(reference.score(X, y), abs=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int64", "uint64", "float16"])
@pytest.mark.parametrize("model", [mlp, table])
def test_targets_at_the_ends_of_small_and_large_dtypes(model, dtype):
    if dtype == "float16":
        low, high = -6e4, 6e4
    else:
        low, high = numpy.iinfo(dtype).min, numpy.iinfo(dtype).max
    rank = numpy.argsort(numpy.argsort(UNIT)) / 119  # 0 to 1
    y = numpy.clip(low + (float(high) - float(low)) * rank, low, numpy.nextafter(float(high), 0)).astype(dtype)
    fitted, reference = model().fit(X, y), model().fit(X, y.astype("float64"))
    assert fitted.score(X, y) == pytest.approx(reference.score(X, y.astype("float64")), abs=1e-6)
    assert fitted.score(X, y) > 0.5
    assert fitted.score(X, y.tolist()) == pytest.approx(fitted.score(X, y), abs=1e-6)


def test_python_ints_of_any_size():
    y = [10**40 * int(1000 * value) for value in UNIT]
    reference = mlp().fit(X, numpy.array(y, float) / 1e40)
    assert mlp().fit(X, y).score(X, y) == pytest.approx(reference.score(X, numpy.array(y, float) / 1e40), abs=1e-6)


@pytest.mark.parametrize("scale", [1e-170, 1e-24, 1.0, 1e20, 1e160])
def test_a_constant_target_is_predicted_in_its_own_size(scale):
    y = numpy.full(120, 0.1 * scale)
    reg = mlp().fit(X, y)
    assert_allclose(reg.predict(X) / y, 1, atol=20)
    assert numpy.isfinite(reg.loss_curve_).all()
    reg.partial_fit(X, UNIT * scale)  # the scale is none of rounding errors
    assert reg.loss_ < 1e5


def test_a_row_of_weight_zero_does_not_set_the_scale():
    y, weight = numpy.append(UNIT, 1e30), numpy.append(numpy.ones(120), 0)
    with_outlier = mlp().fit(numpy.vstack([X, X[:1]]), y, weight)
    assert_allclose(with_outlier._target_scale, UNIT.std())
    constant = mlp().fit(numpy.vstack([X, X[:1]]), numpy.append(numpy.full(120, 3.0), 1e30), weight)
    assert (constant._target_center, constant._target_scale) == (3, 1)


@pytest.mark.parametrize(
    ("scale", "dtype"), [(1e-24, "float64"), (1e-17, "float32"), (1e17, "float32"), (1e20, "float64")]
)
@pytest.mark.parametrize("transform", ["standard", None])
def test_float32_rows_of_an_extreme_target_are_predicted_in_float64(scale, dtype, transform):
    X32 = X.astype("float32")
    reg = MLPRegressor("absolute_error", **STANDARD).set_params(target_transform=transform)
    reg, _ = fit(reg, scale, "float32", X32)
    assert reg.coefs_[0].dtype == "float32"
    assert reg.predict(X32).dtype == dtype
    assert reg.fit(X32, UNIT).predict(X32).dtype == "float32"


def test_untransformed_targets_are_validated_without_overflow():
    y = (1e20 * UNIT).astype("float32")
    reg = MLPRegressor("absolute_error", **STANDARD, early_stopping=True).fit(X, y)
    assert numpy.isfinite(reg.validation_scores_).all()
    assert numpy.isfinite(reg.score(X, y))


@pytest.mark.parametrize(("dtype", "scale"), SCALES)
def test_conversion_diagnosis_and_cross_validation_keep_up(dtype, scale):
    reg, y = fit(mlp(dtype="float32"), scale, dtype)
    assert_allclose(reg.to_sklearn().predict(X) / scale, reg.predict(X) / scale, rtol=1e-4)
    titles = [finding.name for finding in diagnose(reg, X, y)]
    reference, y_unit = fit(mlp(dtype="float32"), 1, dtype)
    assert titles == [finding.name for finding in diagnose(reference, X, y_unit)]
    assert_allclose(cross_val_score(reg, X, y, cv=2), cross_val_score(reference, X, y_unit, cv=2), atol=1e-5)


def test_scores_of_other_shapes_are_refused_as_by_scikit_learn():
    reg = mlp().fit(X, UNIT)
    with pytest.raises(ValueError, match="different number of output"):
        reg.score(X, numpy.zeros((120, 3)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        reg.score(X, UNIT[:50])
    with pytest.raises(ValueError, match="Input y contains NaN"):
        reg.score(X, numpy.append(UNIT[1:], numpy.nan))
    assert reg.score(X, UNIT[:, None]) == reg.score(X, UNIT) == r2_score(UNIT, reg.predict(X))


@pytest.mark.parametrize(("size", "scale"), [(1.0, 1e-170), (1e200, 1.0), (1e200, 1e-300)])
def test_predictions_out_of_all_proportion_have_a_finite_score(size, scale):
    reg = MLPRegressor(hidden_layer_sizes=(), max_iter=1, random_state=0, dtype="float64").fit(X, UNIT)
    reg.coefs_[0] *= size
    assert -numpy.inf < reg.score(X, scale * UNIT) < -1e90
    reg.coefs_[0][...] = numpy.inf
    with pytest.raises(ValueError, match="infinity"):
        reg.score(numpy.abs(X), UNIT)
