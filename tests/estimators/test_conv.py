"""ConvClassifier and ConvRegressor: images in all forms, scikit-learn's tools, and bad input."""

import io
import pickle
import re
import threading
import warnings

import joblib
import numpy
import pandas
import PIL.Image
import pytest
import scipy.sparse
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    check_param_validation,
)

import skann
from skann import ConvClassifier, ConvRegressor, MLPClassifier
from skann.activations import LeakyReLU, Maxout
from skann.augmentations import Shift
from skann.callbacks import Checkpoint
from skann.callbacks.base import Callback
from skann.datasets import ArraySource, GeneratorSource
from skann.engine.data.augmentation import AUGMENTATIONS
from skann.layers import LayerNorm
from skann.preprocessing import ImageLoader
from skann.schedules import Cosine
from skann.solvers import SGD

DIGITS = load_digits()
ORDER = numpy.random.RandomState(0).permutation(len(DIGITS.target))
IMAGES, Y = DIGITS.images[ORDER[:300]] / 16, DIGITS.target[ORDER[:300]]
TEST, Y_TEST = DIGITS.images[ORDER[300:800]] / 16, DIGITS.target[ORDER[300:800]]
SMALL = {"filters": (8, 16), "hidden_layer_sizes": (32,), "max_iter": 12, "batch_size": 20, "random_state": 0}
BOTH = pytest.mark.parametrize("cls", [ConvClassifier, ConvRegressor])


def colour(images):
    """Return images in three channels, of which one shows the digit."""
    return numpy.stack([images, 1 - images, numpy.full_like(images, 0.5)], axis=-1)


def theta(estimator):
    return estimator._learner.parameters.theta


def name(augment):
    return getattr(augment, "__name__", str(augment))


def unchanged(X, y, rng):
    return X, y


class OnImages:
    """Turns the matrices of scikit-learn's checks into images of one row."""

    def _training_data(self, X, y, reset):
        return super()._training_data(self._as_images(X), y, reset)

    def _prediction_data(self, X):
        return super()._prediction_data(self._as_images(X))

    def _as_images(self, X):
        array = X if scipy.sparse.issparse(X) else numpy.asarray(X)
        return array[:, None] if array.ndim == 2 and not scipy.sparse.issparse(array) else X


class ClassifierOfImages(OnImages, ConvClassifier):
    pass


class RegressorOfImages(OnImages, ConvRegressor):
    pass


class TestChecks:
    @pytest.mark.parametrize(
        "estimator",
        [ConvClassifier(), ConvRegressor(), ConvClassifier(residual=True), ConvRegressor(normalization=None)],
        ids=repr,
    )
    def test_check_estimator(self, estimator):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SkipTestWarning)
            results = check_estimator(estimator, on_fail=None)
        assert len(results) > 50
        failed = {result["check_name"] for result in results if result["status"] == "failed"}
        # the rounding errors of sums over other numbers of rows grow with the depth
        assert failed <= ({"check_sample_weight_equivalence_on_dense_data"} if estimator.residual else set())

    @pytest.mark.parametrize("cls", [ClassifierOfImages, RegressorOfImages])
    def test_check_estimator_on_images(self, cls):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SkipTestWarning)
            results = check_estimator(cls(pool_size=1), on_fail=None)
        assert len(results) > 50
        # their messages count features, where those about images tell shapes
        counted = {"check_n_features_in_after_fitting", "check_estimators_empty_data_messages"}
        assert {result["check_name"] for result in results if result["status"] == "failed"} == counted

    @BOTH
    @pytest.mark.parametrize("check", [check_dataframe_column_names_consistency, check_param_validation])
    def test_checks_that_check_estimator_leaves_out(self, cls, check):
        check(cls.__name__, cls(max_iter=2))

    @BOTH
    @pytest.mark.parametrize("of_images", [False, True], ids=["matrix", "images"])
    def test_bad_input_raises_the_exceptions_of_perceptrons(self, cls, of_images):
        """The same type of error for the same fault, in matrices and in images."""
        perceptron = getattr(skann, cls.__name__.replace("Conv", "MLP"))(max_iter=2)
        X, y = IMAGES[:20].reshape(20, -1), Y[:20].astype(float)
        faults = {
            "NaN": (numpy.where(X > 0.9, numpy.nan, X), y),
            "infinite": (numpy.where(X > 0.9, numpy.inf, X), y),
            "complex": (X + 1j, y),
            "text": (X.astype(str).astype(object) + "a", y),
            "no rows": (X[:0], y[:0]),
            "fewer targets": (X, y[:-1]),
            "no target": (X, None),
            "a missing target": (X, numpy.where(y > 5, numpy.nan, y)),
        }
        for name, (X_bad, y_bad) in faults.items():
            with pytest.raises((ValueError, TypeError)) as expected:
                clone(perceptron).fit(X_bad, y_bad)
            with pytest.raises((ValueError, TypeError)) as raised:
                cls(max_iter=2).fit(X_bad.reshape(-1, 8, 8) if of_images else X_bad, y_bad)
            assert raised.type is expected.type, name


class TestImages:
    def test_digits(self):
        clf = ConvClassifier(**SMALL).fit(IMAGES, Y)
        assert clf.score(TEST, Y_TEST) > 0.9
        assert clf.image_shape_ == (8, 8, 1)
        assert clf.n_features_in_ == 64
        assert [w.shape for w in clf.coefs_] == [(3, 3, 1, 8), (3, 3, 8, 16), (64, 32), (32, 10)]
        assert [b.shape for b in clf.intercepts_] == [(8,), (16,), (32,), (10,)]
        assert clf.hidden_layer_output(TEST[:3], 0).shape == (3, 8, 8, 8)

    def test_the_forms_of_grey_images(self):
        expected = ConvClassifier(**SMALL).fit(IMAGES, Y).predict_proba(TEST)
        matrix = ConvClassifier(**SMALL, image_shape=(8, 8)).fit(IMAGES.reshape(300, 64), Y)
        for X, clf in (
            (IMAGES[..., None], ConvClassifier(**SMALL)),
            (list(IMAGES), ConvClassifier(**SMALL)),
            (numpy.asfortranarray(IMAGES), ConvClassifier(**SMALL)),
            (pandas.DataFrame(IMAGES.reshape(300, 64)), ConvClassifier(**SMALL, image_shape=(8, 8, 1))),
        ):
            assert_allclose(clf.fit(X, Y).predict_proba(TEST), expected, rtol=1e-10, atol=1e-10)
        assert_allclose(matrix.predict_proba(TEST.reshape(500, 64)), expected, rtol=1e-10, atol=1e-10)
        assert_array_equal(matrix.predict_proba(TEST), matrix.predict_proba(TEST.reshape(500, 64)))
        objects = numpy.empty(300, object)
        objects[:] = list(IMAGES)
        assert_allclose(ConvClassifier(**SMALL).fit(objects, Y).predict_proba(TEST), expected, rtol=1e-10, atol=1e-10)

    def test_colour(self):
        clf = ConvClassifier(**SMALL).fit(colour(IMAGES), Y)
        assert clf.score(colour(TEST), Y_TEST) > 0.9
        assert clf.coefs_[0].shape == (3, 3, 3, 8)
        with pytest.raises(ValueError, match=r"X has images of shape \(8, 8, 1\), but ConvClassifier was"):
            clf.predict(TEST)

    def test_the_scale_of_the_channels_does_not_matter(self):
        X = colour(IMAGES)
        expected = ConvClassifier(**SMALL, dtype="float64").fit(X, Y).predict_proba(colour(TEST))
        factor, shift = numpy.array([1.0, 1000.0, 1e-3]), numpy.array([0.0, 5.0, -3.0])
        scaled = ConvClassifier(**SMALL, dtype="float64").fit(X * factor + shift, Y)
        assert_allclose(scaled.predict_proba(colour(TEST) * factor + shift), expected, rtol=1e-6, atol=1e-8)

    def test_signals(self):
        """Without image_shape a row of a matrix is a signal: the place of a bump does not matter."""
        rng = numpy.random.RandomState(0)
        X, y = rng.normal(scale=0.1, size=(300, 50)), rng.randint(2, size=300)
        for row, is_wide in zip(X, y, strict=True):
            start = rng.randint(40)
            row[start : start + (8 if is_wide else 2)] += 1
        clf = ConvClassifier(**SMALL).fit(X[:200], y[:200])
        assert clf.image_shape_ == (1, 50, 1)
        assert clf.coefs_[0].shape == (1, 3, 1, 8)
        assert clf.score(X[200:], y[200:]) > 0.95

    def test_stages_that_do_not_fit_a_signal_are_dropped(self):
        X = numpy.random.RandomState(0).normal(size=(30, 3))
        clf = ConvClassifier((4, 8, 16), (), max_iter=1, random_state=0).fit(X, numpy.arange(30) % 3)
        assert [w.shape for w in clf.coefs_] == [(1, 3, 1, 4), (4, 3)]

    def test_regression(self):
        y = IMAGES.mean(axis=(1, 2)) * 1000
        reg = ConvRegressor(**{**SMALL, "normalization": None, "max_iter": 40}).fit(IMAGES, y)
        assert reg.score(TEST, TEST.mean(axis=(1, 2)) * 1000) > 0.9
        several = ConvRegressor(**SMALL).fit(IMAGES, numpy.column_stack([y, -y]))
        assert several.predict(TEST).shape == (500, 2)

    @pytest.mark.parametrize(
        "options",
        [
            {"residual": True, "blocks_per_stage": 2},
            {"kernel_size": (5, 3), "pool_size": (1, 2)},
            {"pool_size": 1, "filters": (4,)},
            {"filters": ()},
            {"filters": 8, "hidden_layer_sizes": ()},
            {"activation": Maxout(2)},
            {"activation": LeakyReLU(0.2), "normalization": LayerNorm()},
            {"activation": "prelu", "normalization": None},
            {"solver": SGD(), "learning_rate": Cosine(), "learning_rate_init": 0.05},
            {"dropout": 0.2, "early_stopping": True},
            {"solver": "lbfgs", "normalization": None, "alpha": 1e-3, "max_iter": 60},
            {"weight_init": "he_normal", "dtype": "float32", "clip_norm": 5.0, "averaging": 0.9},
        ],
        ids=str,
    )
    def test_options(self, options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", skann.exceptions.TrainingWarning)
            warnings.filterwarnings("ignore", message="lbfgs failed to converge")
            clf = ConvClassifier(**{**SMALL, **options}).fit(IMAGES, Y)
        assert clf.score(TEST, Y_TEST) > 0.75
        assert_array_equal(pickle.loads(pickle.dumps(clf)).predict(TEST), clf.predict(TEST))

    def test_precision(self):
        assert ConvClassifier(**SMALL).fit(IMAGES, Y).predict_proba(TEST).dtype == numpy.float64
        clf = ConvClassifier(**SMALL).fit(IMAGES.astype("float32"), Y)
        assert clf.predict_proba(TEST.astype("float32")).dtype == numpy.float32
        assert clf.predict_proba(TEST).dtype == numpy.float64
        assert_allclose(clf.predict_proba(TEST.astype("float32")), clf.predict_proba(TEST), atol=1e-5)

    def test_large_images_are_predicted_in_small_chunks(self, monkeypatch):
        clf = ConvClassifier(**SMALL, dtype="float64").fit(IMAGES, Y)
        expected = clf.predict_proba(TEST)
        monkeypatch.setattr("skann.engine.prediction._LARGEST", 8 * 8 * 8 * 20)
        assert_allclose(clf.predict_proba(TEST), expected, rtol=1e-12, atol=1e-12)


class TestTools:
    @BOTH
    def test_cross_validation_of_images(self, cls):
        assert (cross_val_score(cls(**SMALL), IMAGES, Y, cv=3) > 0.5).all()

    @BOTH
    def test_a_pipeline_and_a_grid_from_a_frame(self, cls):
        frame = pandas.DataFrame(IMAGES.reshape(300, 64)).add_prefix("pixel_")
        pipeline = make_pipeline(FunctionTransformer(numpy.sqrt), cls(**SMALL, image_shape=(8, 8)))
        name = cls.__name__.lower()
        grid = {f"{name}__filters": [(4,), (8, 16)], f"{name}__activation": ["relu", LeakyReLU(0.1)]}
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise").fit(frame, Y)
        assert search.score(frame, Y) > 0.7
        assert search.best_estimator_[-1].image_shape_ == (8, 8, 1)

    def test_weights_of_two_and_class_weights(self):
        weight = numpy.where(Y < 2, 2.0, 1.0)
        options = {**SMALL, "batch_size": 300, "shuffle": False, "solver": "sgd", "alpha": 0.1, "dtype": "float64"}
        by_rows = ConvClassifier(**options).fit(IMAGES, Y, sample_weight=weight)
        by_class = ConvClassifier(**options, class_weight={0: 2, 1: 2}).fit(IMAGES, Y)
        assert_allclose(theta(by_class), theta(by_rows), rtol=1e-9, atol=1e-12)
        assert not numpy.allclose(theta(by_rows), theta(ConvClassifier(**options).fit(IMAGES, Y)))

    def test_a_row_of_weight_zero_does_not_set_the_scale_of_the_channels(self):
        X, weight = IMAGES.copy(), numpy.ones(300)
        X[7], weight[7] = 1e6, 0
        with_row = ConvClassifier(**SMALL).fit(X, Y, sample_weight=weight)
        assert 0.1 < with_row.parameters_["input_scaling.scale"].item() < 10

    def test_partial_fit(self):
        clf = ConvClassifier(**SMALL)
        for _ in range(10):
            for start in range(0, 300, 100):
                clf.partial_fit(IMAGES[start : start + 100], Y[start : start + 100], classes=range(10))
        assert clf.score(TEST, Y_TEST) > 0.8
        before = clf.predict_proba(TEST)
        with pytest.raises(ValueError, match=r"X has images of shape \(8, 7, 1\)"):
            clf.partial_fit(IMAGES[:, :, :7], Y)
        assert_array_equal(clf.predict_proba(TEST), before)

    def test_a_validation_set_of_images(self):
        clf = ConvClassifier(**SMALL, early_stopping=True, scoring="balanced_accuracy")
        clf.fit(IMAGES, Y, X_val=TEST, y_val=Y_TEST)
        assert clf.best_validation_score_ == max(clf.history_["validation_score"]) > 0.8
        split = ConvClassifier(**SMALL, early_stopping=True, scoring="accuracy").fit(IMAGES.reshape(300, 64), Y)
        assert len(split.validation_scores_) == split.n_iter_
        with pytest.raises(ValueError, match=r"X_val has images of shape \(8, 4, 1\)"):
            clf.fit(IMAGES, Y, X_val=TEST[:, :, :4], y_val=Y_TEST)

    def test_warm_start(self):
        clf = ConvClassifier(**{**SMALL, "max_iter": 2}, warm_start=True).fit(IMAGES, Y)
        first = clf.loss_
        scale = clf.parameters_["input_scaling.scale"].copy()
        assert clf.fit(IMAGES, Y).loss_ < first
        assert_array_equal(clf.parameters_["input_scaling.scale"], scale)
        with pytest.raises(ValueError, match="do not fit the network"):
            clf.set_params(filters=(9,)).fit(IMAGES, Y)
        assert clf.predict(TEST).shape == (500,)

    def test_fits_repeat_and_inputs_stay(self):
        X, y = IMAGES.copy(), Y.copy()
        X.flags.writeable = y.flags.writeable = False
        first, second = ConvClassifier(**SMALL).fit(X, y), ConvClassifier(**SMALL).fit(X, y)
        assert_array_equal(theta(first), theta(second))
        assert_array_equal(theta(first.fit(X, y)), theta(second))

    def test_files(self):
        clf = ConvClassifier(**SMALL).fit(IMAGES, Y)
        buffer = io.BytesIO()
        joblib.dump(clf, buffer)
        buffer.seek(0)
        data = skops.io.dumps(clf)
        trusted = skops.io.get_untrusted_types(data=data)
        for again in (pickle.loads(pickle.dumps(clf)), joblib.load(buffer), skops.io.loads(data, trusted=trusted)):
            assert_array_equal(again.predict_proba(TEST), clf.predict_proba(TEST))

    def test_a_checkpoint_is_resumed(self, tmp_path):
        path = tmp_path / "run.npz"
        seen = []

        class Note(Callback):
            def on_epoch_end(self, estimator, context):
                seen.append(context.task_id)
                if context.task_id == 5 and len(seen) == 6:
                    raise OSError("a full disk")

        whole = ConvClassifier(**SMALL).fit(IMAGES, Y)
        with pytest.raises(OSError, match="a full disk"):
            ConvClassifier(**SMALL).set_callbacks(Checkpoint(path), Note()).fit(IMAGES, Y)
        resumed = ConvClassifier(**SMALL).set_callbacks(Checkpoint(path, resume=True), Note()).fit(IMAGES, Y)
        assert_array_equal(theta(resumed), theta(whole))
        assert len(seen) == SMALL["max_iter"]

    def test_warm_start_with_another_structure_names_the_parameters(self):
        clf = ConvClassifier(**SMALL, warm_start=True).fit(IMAGES, Y)
        with pytest.raises(ValueError, match=r"filters=\(4,\), kernel_size=3, .* hidden_layer_sizes"):
            clf.set_params(filters=(4,)).fit(IMAGES, Y)

    def test_attributes_before_fit(self):
        with pytest.raises(NotFittedError):
            ConvClassifier().predict(TEST)
        assert not hasattr(ConvClassifier(), "coefs_")
        clf = ConvClassifier(**SMALL).fit(IMAGES, Y)
        with pytest.raises(AttributeError):
            clf.coefs_ = []
        clf.coefs_[0][...] = 0
        assert len({*clf.predict(TEST)}) == 1


class TestAugmentation:
    def test_mirrored_images_are_learned_from_flips(self):
        """Spots above or below the middle, on the left in training and on the right in the test."""
        rng = numpy.random.RandomState(0)
        X, y = rng.uniform(0, 0.1, size=(200, 8, 8)), rng.randint(2, size=200)
        X[numpy.arange(200), 6 * y + rng.randint(2, size=200), rng.randint(3, size=200)] = 1
        options = {**SMALL, "filters": 4, "kernel_size": 1}
        plain = ConvClassifier(**options).fit(X, y).score(X[:, :, ::-1], y)
        assert ConvClassifier(**options, augment="flip").fit(X, y).score(X[:, :, ::-1], y) > max(0.95, plain)

    @pytest.mark.parametrize("augment", [*AUGMENTATIONS.names(), ["flip", Shift(0.2)], unchanged], ids=name)
    def test_every_kind_repeats(self, augment):
        options = {**SMALL, "max_iter": 2}
        first = ConvClassifier(**options, augment=augment).fit(colour(IMAGES), Y)
        second = ConvClassifier(**options, augment=augment).fit(colour(IMAGES), Y)
        assert_array_equal(theta(first), theta(second))
        plain = ConvClassifier(**options).fit(colour(IMAGES), Y)
        assert numpy.array_equal(theta(plain), theta(first)) == callable(augment)

    def test_a_function_sees_one_hot_targets(self):
        shapes = set()

        def note(X, y, rng):
            shapes.add((X.shape, y.shape))
            assert_allclose(y.sum(axis=1), 1)
            return X, y

        ConvClassifier(**{**SMALL, "max_iter": 1}, augment=note).fit(IMAGES, Y)
        assert shapes == {((20, 8, 8, 1), (20, 10))}

    def test_a_grid_reaches_its_parameters(self):
        clf = ConvClassifier(**{**SMALL, "max_iter": 3}, augment=Shift())
        search = GridSearchCV(clf, {"augment__fraction": [0.1, 1.0]}, error_score="raise").fit(IMAGES, Y)
        assert search.best_params_ == {"augment__fraction": 0.1}


class TestBytes:
    def test_they_are_scaled_batch_by_batch(self):
        X = (IMAGES * 255).round().astype("uint8")
        clf = ConvClassifier(**SMALL).fit(X, Y)
        by_hand = ConvClassifier(**SMALL).fit((X / 255).astype("float32"), Y)
        assert clf.predict_proba(X).dtype == numpy.float32
        assert_allclose(clf.predict_proba(X), by_hand.predict_proba((X / 255).astype("float32")), atol=1e-4)
        assert_allclose(clf.predict_proba(X[:3]), clf.predict_proba(X)[:3], atol=1e-6)
        validated = ConvClassifier(**SMALL, early_stopping=True).fit(X, Y, X_val=X, y_val=Y)
        assert validated.validation_scores_[-1] > 0.9


class Tensor:
    """An array of another library, which speaks DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A frame with a column of paths, and the images in these files."""
    folder = tmp_path_factory.mktemp("digits")
    images = (IMAGES[:200] * 255).astype("uint8")
    paths = [folder / f"{i}.png" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        PIL.Image.fromarray(image).save(path)
    return pandas.DataFrame({"file": list(map(str, paths))}), images


class TestSources:
    def test_files_in_a_pipeline(self, files):
        frame, images = files
        pipeline = make_pipeline(ImageLoader(size=(8, 8), mode="L"), ConvClassifier(**SMALL)).fit(frame, Y[:200])
        by_array = ConvClassifier(**SMALL).fit(images, Y[:200])
        assert_array_equal(pipeline.predict_proba(frame), by_array.predict_proba(images))
        assert cross_val_score(pipeline, frame, Y[:200], cv=2).min() > 0.5
        grid = {"imageloader__mode": ["L", "RGB"], "convclassifier__augment": [None, "shift"]}
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise").fit(frame, Y[:200])
        assert len({*search.cv_results_["mean_test_score"]}) > 1

    def test_a_corrupt_file_in_the_middle(self, files):
        frame, _ = files
        paths = frame.copy()
        paths.iloc[77, 0] = broken = frame.iloc[77, 0] + ".broken"
        with open(frame.iloc[77, 0], "rb") as whole, open(broken, "wb") as part:
            part.write(whole.read()[:60])
        pipeline = make_pipeline(ImageLoader(size=(8, 8), mode="L"), ConvClassifier(**SMALL)).fit(frame, Y[:200])
        before = pipeline.predict_proba(frame)
        with pytest.raises(ValueError, match=re.escape(broken)):
            pipeline.fit(paths, Y[:200])
        assert_array_equal(pipeline.predict_proba(frame), before)

    @pytest.mark.parametrize("kind", [ArraySource, lambda X: GeneratorSource(lambda: iter(X), len(X)), Tensor])
    def test_sources_equal_arrays(self, kind):
        X = IMAGES.astype("float32")
        options = {**SMALL, "shuffle": False}
        by_array = ConvClassifier(**options).fit(X, Y).predict_proba(X)
        clf = ConvClassifier(**options).fit(kind(X), Y)
        assert_array_equal(clf.predict_proba(kind(X)), by_array)
        assert clf.predict(kind(X[:3])).shape == (3,)

    def test_predictions_read_a_source_in_this_thread(self):
        class Source(ArraySource):
            def read(self, rows):
                readers.add(threading.get_ident())
                return super().read(rows)

        readers: set[int] = set()
        clf = ConvClassifier(**SMALL).fit(IMAGES, Y)
        many = numpy.tile(IMAGES, (8, 1, 1))
        assert_allclose(clf.predict_proba(Source(many)), clf.predict_proba(many), rtol=1e-12)
        assert readers == {threading.get_ident()}

    def test_validation_rows_of_a_source(self):
        clf = ConvClassifier(**SMALL, early_stopping=True, scoring="accuracy").fit(ArraySource(IMAGES), Y)
        by_array = ConvClassifier(**SMALL, early_stopping=True, scoring="accuracy").fit(IMAGES, Y)
        assert clf.validation_scores_ == by_array.validation_scores_

    def test_a_memory_map(self, tmp_path):
        X = (IMAGES * 255).astype("uint8")
        numpy.save(tmp_path / "X.npy", X)
        mapped = numpy.load(tmp_path / "X.npy", mmap_mode="r")
        clf = ConvClassifier(**SMALL).fit(mapped, Y)
        assert_array_equal(clf.predict_proba(mapped), ConvClassifier(**SMALL).fit(X, Y).predict_proba(X))

    @pytest.mark.parametrize(
        ("X", "error", "match"),
        [
            (IMAGES[:0], ValueError, "has no images"),
            (IMAGES.astype("complex"), TypeError, "has the dtype complex128"),
            (IMAGES[..., None, None], ValueError, r"X has 5 axes, of lengths \(300, 8, 8, 1, 1\)"),
            (numpy.where(IMAGES > 0.9, numpy.nan, IMAGES), ValueError, "contains NaN"),
        ],
        ids=["no rows", "complex", "axes", "NaN"],
    )
    def test_bad_sources(self, X, error, match):
        with pytest.raises(error, match=match):
            ConvClassifier(**SMALL).fit(ArraySource(X), Y[: len(X)])


class TestBadInput:
    def refused(self, match, X=IMAGES, y=Y, error=ValueError, **options):
        """Assert that fit raises the error, and keeps the earlier fit."""
        clf = ConvClassifier(**SMALL).fit(IMAGES, Y)
        before = clf.predict_proba(TEST)
        with pytest.raises(error, match=match):
            clf.set_params(**options).fit(X, y)
        assert_array_equal(clf.set_params(**dict.fromkeys(["image_shape"])).predict_proba(TEST), before)

    def test_no_rows(self):
        self.refused(r"Found array with 0 sample\(s\)", IMAGES[:0], Y[:0])

    def test_one_image(self):
        clf = ConvClassifier(**{**SMALL, "batch_size": "auto"}, warn=False).fit(IMAGES[:1], Y[:1])
        assert_array_equal(clf.predict(TEST[:5]), [Y[0]] * 5)

    def test_images_of_different_sizes(self):
        images = [*IMAGES[:5], IMAGES[5][:, :7], IMAGES[6][:6]]
        self.refused(r"X\[5\] has \(8, 7\) and X\[0\] has \(8, 8\)", images, Y[:7])
        objects = numpy.empty(7, object)
        objects[:] = images
        self.refused(r"X\[5\] has \(8, 7\) and X\[0\] has \(8, 8\)", objects, Y[:7])

    def test_nan(self):
        X = IMAGES.copy()
        X[3, 2, 1] = numpy.nan
        self.refused("Input X contains NaN", X)

    def test_too_many_axes(self):
        self.refused(r"X has 5 axes, of lengths \(300, 8, 8, 1, 1\)", IMAGES[..., None, None])

    def test_no_pixels(self):
        self.refused(r"X has images of shape \(8, 0, 1\), without pixels", IMAGES[:, :, :0])

    def test_images_too_small_for_the_stages(self):
        self.refused(
            r"Images of 8 x 8 pixels are too small for 4 stages with pool_size=2: 3 fit. Use fewer filters, such as "
            r"filters=\(4, 8, 16\)",
            filters=(4, 8, 16, 32),
        )
        self.refused("1 fit", IMAGES.reshape(300, 64), filters=(4, 8), image_shape=(2, 32))

    def test_images_of_different_dtypes(self):
        images = [(IMAGES[0] * 255).astype("uint8"), *IMAGES[1:5]]
        self.refused(r"X\[1\] has float64 and X\[0\] has uint8", images, Y[:5])

    def test_dates(self):
        self.refused(r"X has the dtype datetime64\[s\]", IMAGES.astype("datetime64[s]"), error=TypeError)

    @pytest.mark.parametrize(
        "X",
        [
            "folder",
            ["a.png"] * 300,
            [["a.png"]] * 300,
            numpy.array(["a.png"] * 300),
            pandas.DataFrame({"path": ["a.png"] * 300}),
            [b"\x89PNG"] * 300,
        ],
        ids=repr,
    )
    def test_paths(self, X):
        self.refused("ImageLoader before it in a Pipeline", X, error=TypeError)

    def test_an_iterator(self):
        self.refused("X is a generator, .*GeneratorSource", (image for image in IMAGES), error=TypeError)

    def test_columns_of_images(self):
        clf = ConvClassifier(**SMALL).fit(pandas.Series(list(IMAGES)), Y)
        assert_array_equal(theta(clf), theta(ConvClassifier(**SMALL).fit(IMAGES, Y)))

    def test_channels_first(self):
        X = numpy.moveaxis(colour(IMAGES), -1, 1)
        self.refused(r"too small for 2 stages .* numpy.moveaxis\(X, 1, -1\)", X)
        clf = ConvClassifier(**SMALL).fit(colour(IMAGES), Y)
        with pytest.raises(ValueError, match=r"numpy.moveaxis\(X, 1, -1\)"):
            clf.predict(X)

    def test_a_single_image(self):
        for X in (IMAGES, colour(IMAGES)):
            clf = ConvClassifier(**SMALL).fit(X, Y)
            with pytest.raises(ValueError, match=r"X\[None\]"):
                clf.predict(X[0])

    def test_an_image_shape_that_is_wrong(self):
        self.refused(
            r"image_shape=\(8, 9\) takes 72 features, but X has 64", IMAGES.reshape(300, 64), image_shape=(8, 9)
        )
        for shape in ((8,), (8, 0), (8.0, 8), (2, 2, 2, 2), (True, 8)):
            self.refused(r"image_shape must be \(height, width\) or", IMAGES.reshape(300, 64), image_shape=shape)

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"filters": (8, 0)}, "filters must be a positive int for each stage"),
            ({"filters": (8.5,)}, "filters must be a positive int for each stage"),
            ({"kernel_size": (3, 3, 3)}, "kernel_size must be an int of at least 1, or two of them"),
            ({"pool_size": (2, -1)}, "pool_size must be an int of at least 1, or two of them"),
            ({"residual": True, "activation": Maxout()}, "residual=True needs an activation of a single weighted sum"),
            ({"solver": "lbfgs"}, "solver='lbfgs' needs a loss that is the same"),
            ({"solver": "lbfgs", "normalization": None, "augment": "flip"}, "needs a loss that is the same"),
            ({"augment": "flop"}, "Did you mean 'flip'"),
            ({"augment": ["flip", "flop"]}, "flop"),
            ({"augment": ["flip", 3]}, "3"),
            ({"augment": Shift}, r"Pass an object, Shift\(\), in place of the class"),
            ({"filters": "many"}, "The 'filters' parameter of ConvClassifier must be"),
        ],
        ids=str,
    )
    def test_parameters(self, options, match):
        self.refused(match, **options)

    def test_sparse(self):
        self.refused("Sparse data was passed", scipy.sparse.csr_matrix(IMAGES.reshape(300, 64)), error=TypeError)


def test_a_perceptron_does_worse_on_shifted_images():
    """What convolutions are for: the same digit at another place."""
    rng = numpy.random.RandomState(0)

    def at_random(images):
        wide = numpy.zeros((len(images), 16, 16))
        for out, image in zip(wide, images, strict=True):
            i, j = rng.randint(9, size=2)
            out[i : i + 8, j : j + 8] = image
        return wide

    X, X_test = at_random(DIGITS.images[:1000] / 16), at_random(TEST)
    y = DIGITS.target[:1000]
    conv = ConvClassifier((16, 32, 32), (32,), max_iter=10, random_state=0).fit(X, y)
    mlp = MLPClassifier((128,), max_iter=60, random_state=0, warn=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.fit(X.reshape(1000, -1), y)
    assert conv.score(X_test, Y_TEST) > mlp.score(X_test.reshape(500, -1), Y_TEST) + 0.2


def test_train_test_split_of_images():
    X_train, X_test, y_train, y_test = train_test_split(IMAGES, Y, random_state=0)
    assert ConvClassifier(**SMALL).fit(X_train, y_train).score(X_test, y_test) > 0.85
