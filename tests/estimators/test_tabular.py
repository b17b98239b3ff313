"""The estimators of tables: what goes in as it is, what comes out, and what each parameter does."""

import pickle
import re

import numpy
import pandas
import polars
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from skann import TabularMLPClassifier, TabularMLPRegressor
from skann.estimators.tabular.presets import PRESETS
from skann.exceptions import IdentifierColumnWarning, TrainingWarning
from skann.losses import Quantile
from skann.schedules import FlatCosine

from .tables import BEST, FAST, labels, prices, table

FRAME = table()
Y, PRICE = labels(FRAME), prices(FRAME)
NEW = table(200, seed=1)


@pytest.mark.parametrize("params", [FAST, BEST, {**BEST, "numeric_embedding": "piecewise_linear"}], ids=repr)
def test_a_frame_as_it_is(params):
    clf = TabularMLPClassifier(**params).fit(FRAME, Y)
    p = clf.predict_proba(NEW)
    assert clf.score(NEW, labels(NEW)) > 0.85
    numpy.testing.assert_allclose(p.sum(axis=1), 1)
    numpy.testing.assert_array_equal(clf.predict_log_proba(NEW), numpy.log(p))
    assert clf.classes_.tolist() == ["no", "yes"]
    assert clf.feature_names_in_.tolist() == FRAME.columns.tolist()
    assert clf.n_iter_ == len(clf.history_["loss"]) in (19, params["max_iter"])
    assert clf.best_validation_score_ == max(clf.history_["validation_score"])
    reg = TabularMLPRegressor(**params).fit(FRAME, PRICE)
    assert reg.score(NEW, prices(NEW)) > 0.8


def test_polars_gives_what_pandas_gives():
    clf = TabularMLPClassifier(**FAST).fit(FRAME, Y)
    columns = {name: FRAME[name].astype(object).where(FRAME[name].notna(), None).tolist() for name in FRAME}
    strange = polars.DataFrame(columns)
    strange = strange.with_columns(polars.col("grade").cast(polars.Categorical))
    again = TabularMLPClassifier(**FAST).fit(strange, Y)
    numpy.testing.assert_allclose(again.predict_proba(strange), clf.predict_proba(FRAME), rtol=1e-3, atol=1e-5)
    assert set(again.feature_importances(strange, Y, n_repeats=1).index) == set(FRAME)


def test_an_array_and_a_list_do_too():
    X = FRAME[["size", "member"]].to_numpy(dtype=float)
    clf = TabularMLPClassifier(**FAST).fit(X, Y)
    again = TabularMLPClassifier(**FAST).fit(X.tolist(), Y.tolist())
    numpy.testing.assert_array_equal(again.predict_proba(X.tolist()), clf.predict_proba(X))


def test_a_seed_gives_the_same_bits_and_a_pickle_too():
    clf = TabularMLPClassifier(**BEST).fit(FRAME, Y)
    p = clf.predict_proba(NEW)
    numpy.testing.assert_array_equal(clone(clf).fit(FRAME, Y).predict_proba(NEW), p)
    numpy.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(NEW), p)
    other = clone(clf).set_params(random_state=1).fit(FRAME, Y)
    assert (other.predict_proba(NEW) != p).any()


def test_before_fit_nothing_is_predicted():
    with pytest.raises(NotFittedError):
        TabularMLPClassifier().predict(FRAME)
    with pytest.raises(NotFittedError):
        TabularMLPClassifier().feature_importances(FRAME, Y)
    with pytest.raises(NotFittedError):
        TabularMLPRegressor().score(FRAME, PRICE)


def test_the_global_output_of_transformers_does_not_matter():
    with sklearn.config_context(transform_output="pandas"):
        clf = TabularMLPClassifier(**FAST).fit(FRAME, Y)
        assert clf.score(FRAME, Y) > 0.8


# Presets


def parts(estimator):
    """Return the names of the layers and the network's parameters."""
    network = estimator.members_[0].network
    return list(network._learner.graph.nodes), network.get_params()


def test_auto_is_the_presets():
    layers, params = parts(TabularMLPClassifier(preset="fast", hidden_layer_sizes=(8, 8), max_iter=1).fit(FRAME, Y))
    assert layers == ["scaling", "hidden_0", "hidden_0_1", "hidden_1", "hidden_1_1", "output"]
    assert (params["activation"], params["learning_rate_init"], params["label_smoothing"]) == ("selu", 0.04, 0.1)
    layers, params = parts(TabularMLPRegressor(hidden_layer_sizes=(8,), max_iter=1).fit(FRAME, PRICE))
    assert layers == ["numbers", "categories", "scaling", "hidden_0", "hidden_0_1", "hidden_0_dropout", "output"]
    assert (params["activation"], params["learning_rate_init"], params["alpha"]) == ("mish", 0.2, 0.02)
    assert params["target_transform"] == "standard"


def test_a_given_value_stands_for_itself():
    given = {"activation": "relu", "numeric_embedding": None, "dropout": 0, "max_one_hot": None, "weight_decay": 0.5}
    layers, params = parts(TabularMLPClassifier(**given, hidden_layer_sizes=4, max_iter=1).fit(FRAME, Y))
    assert layers == ["scaling", "hidden_0", "hidden_0_1", "output"]
    assert (params["activation"], params["alpha"]) == ("relu", 0.5)


@pytest.mark.parametrize("cls", [TabularMLPClassifier, TabularMLPRegressor])
def test_the_docstring_tells_the_presets_and_every_parameter(cls):
    for values in PRESETS[cls._task].values():
        for name, value in values.items():
            line = next(line for line in cls.__doc__.splitlines() if line.startswith(f"{name} ") and " : " not in line)
            assert repr(value) in line
            assert cls().get_params()[name] == "auto"
    for name in cls().get_params():
        assert f"\n{name} : " in cls.__doc__
    assert re.search(r"\{[a-z_]+\}", cls.__doc__) is None  # no blank is left


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "roc_auc_ovr"])
def test_scorers_of_probabilities_learn_and_select_by_cross_entropy(scoring):
    clf = TabularMLPClassifier(**FAST, scoring=scoring).fit(FRAME, Y)
    history = clf.history_
    assert history["validation_score"] == [-loss for loss in history["validation_loss"]]
    assert parts(clf)[1]["label_smoothing"] == 0
    assert parts(TabularMLPClassifier(**FAST, scoring=scoring, label_smoothing=0.2).fit(FRAME, Y))[1]["label_smoothing"]


@pytest.mark.parametrize("scoring", ["average_precision", "balanced_accuracy"])
def test_other_scorers_judge_the_network(scoring):
    y = (Y == "yes").astype(int)
    clf = TabularMLPClassifier(**FAST, scoring=scoring).fit(FRAME, y)
    assert 0.7 < clf.best_validation_score_ <= 1


# Validation


def test_a_validation_set_of_ones_own():
    clf = TabularMLPClassifier(**FAST, n_members=2).fit(FRAME, Y, X_val=NEW, y_val=labels(NEW))
    assert not hasattr(clf, "oof_")
    scores = [numpy.mean(m.network.predict(m.encode(NEW)) == labels(NEW)) for m in clf.members_]
    assert clf.best_validation_score_ == pytest.approx(numpy.mean(scores))
    assert scores[0] == max(clf.history_[0]["validation_score"])


def test_validation_sets_must_be_whole_and_of_the_same_kind():
    clf = TabularMLPClassifier(**FAST)
    with pytest.raises(ValueError, match="X_val was given without y_val"):
        clf.fit(FRAME, Y, X_val=NEW)
    with pytest.raises(ValueError, match="y_val was given without X_val"):
        clf.fit(FRAME, Y, y_val=Y)
    with pytest.raises(ValueError, match="classes not in"):
        clf.fit(FRAME, Y, X_val=NEW, y_val=numpy.full(len(NEW), "maybe"))
    with pytest.raises(ValueError, match="feature names"):
        clf.fit(FRAME, Y, X_val=NEW.rename(columns={"city": "town"}), y_val=labels(NEW))
    assert not hasattr(clf, "classes_")


def test_the_encoder_knows_the_training_rows_alone():
    frame = FRAME.assign(rare=[f"value {i // 2}" for i in range(len(FRAME))])
    clf = TabularMLPClassifier(**FAST, n_members=3).fit(frame, Y)
    known = [len(member.encoder.cardinalities_) and member.encoder.cardinalities_[-1] for member in clf.members_]
    n_values = frame["rare"].nunique() + 1
    assert all(0 < n < n_values for n in known)


def test_folds_rotate_and_each_row_is_predicted_by_the_member_that_did_not_train_on_it():
    clf = TabularMLPClassifier(**FAST, n_members=3).fit(FRAME, Y)
    assert len(clf.members_) == len(clf.history_) == 3
    assert clf.oof_.shape == (len(FRAME), 2)
    # the folds are of one size, and what each member is selected by is its accuracy on its fold
    right = clf.classes_[clf.oof_.argmax(axis=1)] == Y
    assert right.mean() == pytest.approx(clf.best_validation_score_)
    mean = numpy.mean([m.network.predict_proba(m.encode(NEW)) for m in clf.members_], axis=0)
    numpy.testing.assert_allclose(clf.predict_proba(NEW), mean)
    reg = TabularMLPRegressor(**FAST, n_members=2).fit(FRAME, PRICE)
    assert numpy.isfinite(reg.oof_).all() and reg.oof_.shape == PRICE.shape


@pytest.mark.parametrize("n_rows", [1, 2, 4, 5, 8])
def test_a_few_rows_do(n_rows):
    clf = TabularMLPClassifier(**FAST, warn=False).fit(FRAME[:n_rows], Y[:n_rows])
    assert (clf.best_validation_score_ is None) == (n_rows < 5)
    assert clf.predict(FRAME[:n_rows]).shape == (n_rows,)
    reg = TabularMLPRegressor(**BEST, warn=False).fit(FRAME[:n_rows], PRICE[:n_rows])
    assert numpy.isfinite(reg.predict(NEW)).all()


def test_more_members_than_rows_are_too_many():
    with pytest.raises(ValueError, match="n_members=5 needs as many rows, but n_samples = 4"):
        TabularMLPClassifier(n_members=5).fit(FRAME[:4], Y[:4])


def test_validation_fraction_0_keeps_the_last_epoch():
    clf = TabularMLPClassifier(**FAST, validation_fraction=0).fit(FRAME, Y)
    assert clf.best_validation_score_ is None
    assert clf.history_["validation_score"] == [None] * FAST["max_iter"]


# Weights


@pytest.mark.parametrize("cls, y", [(TabularMLPClassifier, Y), (TabularMLPRegressor, PRICE)])
def test_rows_of_weight_0_do_not_count(cls, y):
    weight = numpy.ones(len(y))
    weight[::3] = 0
    kept = weight > 0
    weighted = cls(**FAST).fit(FRAME, y, weight)
    fewer = cls(**FAST).fit(FRAME[kept], y[kept], weight[kept])
    numpy.testing.assert_array_equal(weighted.predict(NEW), fewer.predict(NEW))


def test_class_weights():
    clf = TabularMLPClassifier(**FAST)
    y = numpy.where(FRAME["size"] > 75, "rare", "often")
    shares = [
        (clf.set_params(class_weight=weights).fit(FRAME[["street"]], y).predict(FRAME[["street"]]) == "rare").mean()
        for weights in (None, "balanced", {"often": 0.001})
    ]
    assert shares[0] < shares[1] < shares[2]
    with pytest.raises(ValueError, match="class_weight names classes that y lacks"):
        clf.set_params(class_weight={"never": 2}).fit(FRAME, y)
    with pytest.raises(ValueError, match="leave no row"):
        clf.set_params(class_weight={"rare": 0, "often": 0}).fit(FRAME, y)


# Classification


def test_calibration_lowers_the_log_loss_and_changes_no_prediction():
    plain = TabularMLPClassifier(**BEST).fit(FRAME, Y, X_val=NEW, y_val=labels(NEW))
    calibrated = TabularMLPClassifier(**BEST, calibrate=True).fit(FRAME, Y, X_val=NEW, y_val=labels(NEW))
    before, after = (log_loss(labels(NEW), clf.predict_proba(NEW)) for clf in (plain, calibrated))
    assert after < before
    numpy.testing.assert_array_equal(calibrated.predict(NEW), plain.predict(NEW))
    without = TabularMLPClassifier(**BEST, calibrate=True, validation_fraction=0).fit(FRAME, Y)
    assert without.members_[0].network.softmax_beta == 1


def test_calibration_uses_the_rows_of_all_members_with_their_weights():
    weight = numpy.linspace(1, 2, len(Y))
    clf = TabularMLPClassifier(**FAST, n_members=2, calibrate=True).fit(FRAME, Y, weight)
    betas = {member.network._learner.objective.link.beta for member in clf.members_}
    assert len(betas) == 1 and betas != {1.0}
    plain = TabularMLPClassifier(**FAST, n_members=2).fit(FRAME, Y, weight)
    assert log_loss(Y, clf.oof_, sample_weight=weight) < log_loss(Y, plain.oof_, sample_weight=weight)


def test_a_class_that_a_member_does_not_see_has_a_column_all_the_same():
    y = Y.astype(object)
    y[7] = "once"
    clf = TabularMLPClassifier(**FAST, n_members=3).fit(FRAME, y)
    assert clf.predict_proba(NEW).shape == (len(NEW), 3)


def test_a_single_class():
    clf = TabularMLPClassifier(**FAST).fit(FRAME, numpy.full(len(FRAME), "all"))
    assert (clf.predict(NEW) == "all").all()
    numpy.testing.assert_array_equal(clf.predict_proba(NEW), numpy.ones((len(NEW), 1)))


# Regression


def test_predictions_are_clipped_to_the_training_range():
    frame = FRAME[["size"]].fillna(50)
    far = pandas.DataFrame({"size": [-1e6, 1e6]})
    options = {**BEST, "dropout": 0.0, "validation_fraction": 0}
    clipped = TabularMLPRegressor(**options).fit(frame, PRICE).predict(far)
    assert clipped.min() >= PRICE.min() and clipped.max() <= PRICE.max()
    free = TabularMLPRegressor(**options, clip_predictions=False).fit(frame, PRICE).predict(far)
    assert free.min() < PRICE.min() or free.max() > PRICE.max()


@pytest.mark.parametrize("loss", ["poisson", Quantile([0.1, 0.9])], ids=repr)
def test_clipped_predictions_are_those_of_the_loss(loss):
    y = numpy.exp(PRICE / PRICE.max())
    options = {**BEST, "loss": loss, "early_stopping": False, "validation_fraction": 0, "max_iter": 2}
    clipped = TabularMLPRegressor(**options).fit(FRAME, y).predict(NEW)
    free = TabularMLPRegressor(**options, clip_predictions=False).fit(FRAME, y).predict(NEW)
    numpy.testing.assert_array_equal(clipped, free.clip(y.min(), y.max()))


def test_several_outputs():
    y = numpy.column_stack([PRICE, -PRICE])
    reg = TabularMLPRegressor(**BEST, n_members=2).fit(FRAME, y)
    assert reg.predict(NEW).shape == (len(NEW), 2)
    assert reg.oof_.shape == y.shape
    assert reg.score(FRAME, y) > 0.8


@pytest.mark.parametrize("loss", ["absolute_error", "poisson"])
def test_other_losses(loss):
    reg = TabularMLPRegressor(**FAST, loss=loss).fit(FRAME, PRICE / 100)
    assert reg.score(FRAME, PRICE / 100) > 0.5


def test_quantiles_of_several_levels():
    reg = TabularMLPRegressor(**FAST, loss=Quantile([0.1, 0.9])).fit(FRAME, PRICE)
    low, high = reg.predict(NEW).T
    assert (low <= high).all()
    assert reg.score(FRAME, PRICE) > 0


# Importances


def test_importances_are_those_of_the_columns():
    clf = TabularMLPClassifier(**FAST).fit(FRAME, Y)
    importances = clf.feature_importances(NEW, labels(NEW), random_state=0)
    assert importances.columns.tolist() == ["importance", "std"]
    assert set(importances.index[:2]) == {"size", "city"}
    assert importances["importance"].is_monotonic_decreasing
    assert importances.loc["constant"].tolist() == [0, 0]
    array = FRAME[["size", "member"]].to_numpy(dtype=float)
    assert set(clf.fit(array, Y).feature_importances(array, Y, n_repeats=1).index) == {"x0", "x1"}


# Bad input


@pytest.mark.parametrize("missing", [numpy.nan, None])
def test_missing_labels(missing):
    y = Y.astype(object)
    y[3] = missing
    with pytest.raises(ValueError, match="Input y contains NaN"):
        TabularMLPClassifier().fit(FRAME, y)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        TabularMLPRegressor().fit(FRAME, numpy.array([missing, *PRICE[1:]], dtype=float))


def test_errors_name_the_column_and_lose_nothing():
    clf = TabularMLPClassifier(**FAST).fit(FRAME, Y)
    before = dict(vars(clf))
    with pytest.raises(ValueError, match=r"X \(column 'size'\) contains infinity"):
        clf.fit(FRAME.assign(size=numpy.inf), Y)
    with pytest.raises(ValueError, match="0 sample"):
        clf.fit(FRAME[:0], Y[:0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clf.fit(FRAME, Y[:-1])
    with pytest.raises(ValueError, match="lower learning_rate_init"):
        TabularMLPClassifier(learning_rate_init=1e30, max_iter=3, early_stopping=False).fit(FRAME, Y)
    assert vars(clf) == before
    with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing:\n- city"):
        clf.predict(NEW.drop(columns="city"))
    with pytest.raises(ValueError, match="Column 'size' of X holds text"):
        clf.predict(NEW.assign(size="large"))


UNREADABLE = {
    "period": (
        FRAME.assign(since=FRAME["since"].dt.to_period("M")),
        r"Column 'since' of X\w* has the dtype period\[M\].* Series.dt.to_timestamp\(\)",
    ),
    "128 bits": (
        polars.DataFrame({"a": polars.Series(range(300), dtype=polars.UInt128)}),
        r"Column 'a' of X has the dtype UInt128.* Series.cast\(polars.Float64\)",
    ),
    "lazy": (polars.LazyFrame({"a": range(300)}), r"X is a LazyFrame, .* call .collect\(\)"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_column_that_is_not_read_is_named_with_its_conversion(name):
    X, message = UNREADABLE[name]
    for estimator, y in ((TabularMLPClassifier(**FAST), Y), (TabularMLPRegressor(**FAST, n_members=2), PRICE)):
        with pytest.raises(TypeError, match=message):
            estimator.fit(X, y)
        assert not vars(estimator).keys() & {"members_", "n_features_in_"}
    if name == "period":
        with pytest.raises(TypeError, match=message):
            TabularMLPClassifier(**FAST).fit(FRAME, Y, X_val=X, y_val=Y)
        with pytest.raises(TypeError, match=message):
            TabularMLPClassifier(**FAST | {"max_iter": 1}).fit(FRAME, Y).predict(X)


MOMENTS = numpy.datetime64("2024-01-01") + numpy.arange(len(FRAME))


@pytest.mark.parametrize(
    "y",
    [
        MOMENTS,
        MOMENTS[:, None],
        pandas.Series(MOMENTS).dt.tz_localize("UTC"),
        pandas.DataFrame({"a": PRICE, "b": MOMENTS}),
        MOMENTS.tolist(),
        polars.Series(MOMENTS),
    ],
    ids=lambda y: type(y).__name__,
)
def test_datetimes_are_no_target_of_a_regressor(y):
    with pytest.raises(
        TypeError, match=r"y holds datetimes .* the days \(y - y.min\(\)\) / numpy.timedelta64\(1, 'D'\)"
    ):
        TabularMLPRegressor(**FAST).fit(FRAME, y)
    with pytest.raises(TypeError, match=r"y_val holds datetimes .* \(y - y.min\(\)\) / numpy.timedelta64"):
        TabularMLPRegressor(**FAST, n_members=2).fit(FRAME, PRICE, X_val=FRAME, y_val=y)


@pytest.mark.parametrize("y", [MOMENTS - MOMENTS[0], pandas.to_timedelta(MOMENTS - MOMENTS[0]).to_pytimedelta()])
def test_timedeltas_are_no_target_of_a_regressor(y):
    with pytest.raises(TypeError, match=r"y holds timedeltas .* the days y / numpy.timedelta64\(1, 'D'\)"):
        TabularMLPRegressor(**FAST).fit(FRAME, y)


def test_datetimes_are_labels_of_a_classifier():
    y = MOMENTS[:2][(Y == "yes").astype(int)]
    clf = TabularMLPClassifier(**FAST).fit(FRAME, y)
    assert clf.classes_.tolist() == MOMENTS[:2].tolist()
    assert clf.score(NEW, MOMENTS[:2][(labels(NEW) == "yes").astype(int)]) > 0.8


def test_an_unknown_name_has_a_hint():
    with pytest.raises(ValueError, match="'selu'"):
        TabularMLPClassifier(activation="sellu").fit(FRAME, Y)
    with pytest.raises(ValueError, match="TabularMLPRegressor must be"):
        TabularMLPRegressor(preset="slow").fit(FRAME, PRICE)


def test_identifiers_are_told_of_once():
    frame = FRAME.assign(name=[f"person {i}" for i in range(len(FRAME))])
    with pytest.warns(IdentifierColumnWarning, match="name") as told:
        TabularMLPClassifier(**FAST, n_members=3).fit(frame, Y)
    assert len(told) == 1
    TabularMLPClassifier(**FAST, warn=False).fit(frame, Y)


def test_a_table_of_constants_predicts_what_is_common():
    frame = pandas.DataFrame({"a": [1] * 90, "b": [None] * 90})
    y = ["often"] * 60 + ["rare"] * 30
    with pytest.warns(TrainingWarning, match="No column of X is left"):
        clf = TabularMLPClassifier(preset="fast", label_smoothing=0, random_state=0).fit(frame, y)
    numpy.testing.assert_allclose(clf.predict_proba(frame[:1]), [[2 / 3, 1 / 3]], atol=0.05)


def test_the_last_wave_is_left_out_if_the_one_before_was_in_vain():
    noise = numpy.random.RandomState(1).normal(size=len(FRAME))
    options = {**BEST, "max_iter": 60}
    reg = TabularMLPRegressor(**options).fit(FRAME, noise)
    full = TabularMLPRegressor(**options, early_stopping=False).fit(FRAME, noise)
    scores = numpy.array(full.history_["validation_score"])
    assert scores[12:28].max() < scores[:12].max()  # what the case is about
    assert (reg.n_iter_, full.n_iter_) == (28, 60)
    assert reg.history_["validation_score"] == full.history_["validation_score"][:28]
    learns = TabularMLPRegressor(**options).fit(FRAME, PRICE)
    assert learns.n_iter_ == 60
    unseen = TabularMLPRegressor(**options, validation_fraction=0).fit(FRAME, noise)
    assert unseen.n_iter_ == 60


def test_dropout_and_decay_follow_their_schedule():
    def made(**choice):
        return TabularMLPClassifier(**{**BEST, "max_iter": 10}, early_stopping=False, **choice).fit(FRAME, Y)

    probabilities = [
        made(**choice).predict_proba(NEW)
        for choice in (
            {},
            {"regularization_schedule": lambda t: 1.0},
            {"regularization_schedule": "flat_cos"},
            {"regularization_schedule": FlatCosine()},
        )
    ]
    numpy.testing.assert_array_equal(probabilities[0], probabilities[1])
    numpy.testing.assert_array_equal(probabilities[2], probabilities[3])
    assert abs(probabilities[0] - probabilities[2]).max() > 1e-3


@pytest.mark.parametrize("params", [FAST, BEST], ids=["fast", "best"])
def test_a_clone_of_a_members_network_trains_by_the_same_recipe(params):
    clf = TabularMLPClassifier(**params).fit(FRAME, Y)
    reg = TabularMLPRegressor(clip_predictions=True, **params).fit(FRAME, PRICE)
    for estimator, y in ((clf, Y), (reg, PRICE)):
        member = estimator.members_[0]
        encoded = member.encode(FRAME)
        again = clone(member.network)
        assert type(again) is type(member.network) and again.get_params() == member.network.get_params()
        assert not again.__sklearn_is_fitted__()
        again.set_params(early_stopping=False).fit(encoded, y)
        assert list(again._learner.graph.nodes) == list(member.network._learner.graph.nodes)
        assert again.predict(encoded).dtype == member.network.predict(encoded).dtype
        assert again.score(encoded, y) > 0.7
    limits = PRICE.min(), PRICE.max()
    predicted = again.predict(10 * encoded)
    numpy.testing.assert_array_equal(predicted, numpy.clip(predicted, *limits))
