"""FCNSegmenter: the forms of images and maps, scikit-learn's tools, training options, and bad input."""

import copy
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy
import pandas
import PIL.Image
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from skann import FCNSegmenter
from skann.augmentations import Mixup, Rotate, Shift
from skann.callbacks import Checkpoint
from skann.datasets import ArraySource
from skann.estimators.vision.label_maps import encode_maps
from skann.losses import Dice, Focal, Lovasz
from skann.metrics import mean_iou
from skann.preprocessing import ImageLoader
from skann.solvers import SGD

from .pictures import Stop, pictures, theta
from .test_interrupts import interrupted
from .test_persistence import through_skops

X, MAPS, _ = pictures(40)
TEST, MAPS_TEST, _ = pictures(20, seed=1)
SMALL = {"filters": (4, 8), "max_iter": 3, "random_state": 0}
# of different sizes, for image_size
SIZES = [(5, 40), (40, 6), (16, 16), (9, 30), (33, 33), (24, 12), (8, 8), (13, 17)]
DRAWN = [pictures(1, size, seed) for seed, size in enumerate(SIZES)]
VARIED, VARIED_MAPS = [images[0] for images, _, _ in DRAWN], [maps[0] for _, maps, _ in DRAWN]


@pytest.fixture(scope="module")
def fitted():
    return FCNSegmenter(filters=(8, 16), max_iter=20, random_state=0).fit(X, MAPS)


@pytest.fixture(scope="module")
def quick():
    """Fitted for a moment only."""
    return FCNSegmenter(**SMALL).fit(X, MAPS)


@pytest.fixture(scope="module")
def varied():
    """Fitted to images of different sizes."""
    return FCNSegmenter(filters=(4, 8), max_iter=4, image_size=(20, 24), random_state=0).fit(VARIED, VARIED_MAPS)


class TestWithScikitLearn:
    def test_clone_parameters_and_repr(self):
        seg = FCNSegmenter("unet", (4, 8), loss=Dice(smooth=0.5), solver=SGD(momentum=0.5), ignore_label=2)
        again = clone(seg)
        assert again.get_params() == seg.get_params()
        assert again.get_params()["loss__smooth"] == 0.5
        assert repr(again) == repr(seg)
        assert repr(FCNSegmenter(filters=(4,))) == "FCNSegmenter(filters=(4,))"
        assert seg.set_params(loss__smooth=2.0, solver__momentum=0.1).loss == Dice(2.0)
        with pytest.raises(ValueError, match="Invalid parameter 'hidden_layer_sizes'"):
            seg.set_params(hidden_layer_sizes=(3,))
        assert FCNSegmenter().get_params() == clone(FCNSegmenter()).get_params()

    def test_tags(self):
        seg = FCNSegmenter()
        assert not is_classifier(seg)
        assert not is_regressor(seg)
        tags = seg.__sklearn_tags__()
        assert tags.target_tags.required
        assert tags.input_tags.three_d_array
        assert not tags.input_tags.sparse

    def test_before_fit(self):
        for method in ("predict", "predict_proba", "hidden_layer_output"):
            with pytest.raises(NotFittedError, match="FCNSegmenter"):
                getattr(FCNSegmenter(), method)(X)
        with pytest.raises(NotFittedError):
            FCNSegmenter().score(X, MAPS)
        assert not hasattr(FCNSegmenter(), "coefs_")
        assert not hasattr(FCNSegmenter(), "partial_fit")

    def test_pickle_and_skops(self, quick):
        expected = quick.predict_proba(TEST)
        for again in (pickle.loads(pickle.dumps(quick)), through_skops(quick), copy.deepcopy(quick)):
            assert_array_equal(again.predict_proba(TEST), expected)
            assert_array_equal(again.predict(TEST), quick.predict(TEST))
        weights = theta(quick).nbytes
        assert len(pickle.dumps(quick)) < weights + 12_000

    def test_skops_with_objects_as_parameters(self):
        seg = FCNSegmenter(**{**SMALL, "max_iter": 1}, loss=Lovasz(), augment=[Shift(0.2), "flip"], image_size=(12, 10))
        seg.fit(VARIED, VARIED_MAPS)
        for one, other in zip(through_skops(seg).predict(VARIED), seg.predict(VARIED), strict=True):
            assert_array_equal(one, other)

    @pytest.mark.parametrize("dtype", ["float64", "float32", "uint8"])
    def test_nothing_given_changes(self, dtype):
        images, maps, weight = (100 * X).astype(dtype), MAPS.copy(), numpy.ones(40)
        before = images.copy()
        filters, augment = [4, 8], ["flip", "shift"]
        seg = FCNSegmenter(filters=filters, max_iter=1, augment=augment, random_state=0)
        seg.fit(images, maps, weight, X_val=images, y_val=maps).predict(images)
        assert_array_equal(images, before)
        assert_array_equal(maps, MAPS)
        assert_array_equal(weight, 1)
        assert seg.filters is filters
        assert filters == [4, 8]
        assert augment == ["flip", "shift"]
        for array in (images, maps):
            array.flags.writeable = False
        seg.fit(images, maps).predict(images)

    def test_a_second_fit_is_as_the_first(self, quick):
        again = clone(quick).fit(TEST, MAPS_TEST).fit(X, MAPS)
        assert_array_equal(theta(again), theta(quick))
        assert again.loss_curve_ == quick.loss_curve_

    def test_cross_validation_splits_by_image(self):
        splits = []

        class Recording(FCNSegmenter):
            def fit(self, X, y, sample_weight=None, **validation):
                splits.append((X.shape, y.shape))
                return super().fit(X, y, sample_weight, **validation)

        scores = cross_val_score(Recording(**SMALL), X, MAPS, cv=4)
        assert splits == [((30, 16, 16), (30, 16, 16))] * 4
        assert scores.shape == (4,)
        assert ((scores > 0) & (scores < 1)).all()
        predicted = cross_val_predict(FCNSegmenter(**SMALL), X, MAPS, cv=2)
        assert predicted.shape == MAPS.shape

    def test_grid_search(self):
        grid = {"filters": [(4,), (4, 8)], "architecture": ["fcn8", "unet"]}
        one, two = (
            GridSearchCV(FCNSegmenter(**SMALL), grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, MAPS)
            for n_jobs in (1, 2)
        )
        assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
        assert len(set(one.cv_results_["mean_test_score"])) > 1
        assert one.best_estimator_.predict(TEST).shape == MAPS_TEST.shape

    def test_pipeline_with_files(self, tmp_path, quick):
        colours = (255 * X).round().astype("uint8")
        paths = []
        for i, image in enumerate(colours):
            paths.append(tmp_path / f"{i}.png")
            PIL.Image.fromarray(image).save(paths[-1])
        seg = FCNSegmenter(**SMALL)
        pipeline = make_pipeline(ImageLoader((16, 16), mode="L"), seg).fit(paths, MAPS)
        expected = clone(seg).fit(colours, MAPS)
        assert_array_equal(pipeline.predict(paths), expected.predict(colours))
        assert pipeline.score(paths, MAPS) == expected.score(colours, MAPS)

    def test_callbacks(self):
        stop = Stop(2)
        seg = FCNSegmenter(**SMALL).set_callbacks(stop).fit(X, MAPS)
        assert seg.n_iter_ == 2

    def test_a_resumed_fit_ends_as_an_uninterrupted_one(self, tmp_path):
        options = {**SMALL, "augment": ["flip", "rotate"], "normalization": "batch", "early_stopping": True}
        whole = FCNSegmenter(**options).fit(X, MAPS)
        path = tmp_path / "run.npz"
        FCNSegmenter(**options).set_callbacks(Checkpoint(path), Stop(2)).fit(X, MAPS)
        resumed = FCNSegmenter(**options).set_callbacks(Checkpoint(path, resume=True)).fit(X, MAPS)
        assert_array_equal(theta(resumed), theta(whole))
        assert resumed.validation_scores_ == whole.validation_scores_

    def test_two_threads_may_predict(self, quick):
        expected = quick.predict_proba(TEST)
        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(lambda _: quick.predict_proba(TEST), range(10)):
                assert_array_equal(found, expected)

    def test_ctrl_c(self):
        with pytest.warns(UserWarning, match="Training interrupted by user after 2 epochs"):
            seg = FCNSegmenter(**SMALL).set_callbacks(Stop(2, interrupts=True)).fit(X, MAPS)
        assert seg.n_iter_ == len(seg.history_["loss"]) == 2
        assert seg.predict(TEST).shape == MAPS_TEST.shape

    @pytest.mark.parametrize("start", [None, "fitted"])
    def test_ctrl_c_at_any_moment(self, start):
        """A few of some 20,000 places: a fit that has stepped is one, any other leaves no trace."""
        fitted = FCNSegmenter(**{**SMALL, "max_iter": 2}, early_stopping=True, warn=False)
        if start == "fitted":
            fitted.fit(X[:12], MAPS[:12])
        for n in count(1 if start is None else 300, 601):
            own = copy.deepcopy(fitted)
            before = dict(vars(own))
            raises, _, interrupt = interrupted(n, lambda own=own: own.fit(X[:12], MAPS[:12]))
            if interrupt.where is None:
                assert n > 10_000
                return
            is_new = vars(own).keys() != before.keys() or any(vars(own)[k] is not v for k, v in before.items())
            assert is_new == interrupt.has_stepped, interrupt.where
            assert raises or is_new, interrupt.where
            if is_new:
                assert len(own.predict(X[:2])) == 2
                assert {len(column) for column in own.history_.values()} == {len(own.loss_curve_)}

    def test_verbose(self, capsys):
        FCNSegmenter(**SMALL, verbose=True).fit(X, MAPS)
        assert len(re.findall(r"epoch +\d  loss \d", capsys.readouterr().out)) == 3
        FCNSegmenter(**SMALL).fit(X, MAPS)
        assert capsys.readouterr().out == ""


class TestImagesAndMaps:
    def test_it_learns(self, fitted):
        assert fitted.score(TEST, MAPS_TEST) > 0.8
        assert fitted.score(TEST, MAPS_TEST) == mean_iou(MAPS_TEST, fitted.predict(TEST))
        assert_array_equal(fitted.classes_, [0, 1, 2])
        assert fitted.image_shape_ == (16, 16, 1)
        assert fitted.n_features_in_ == 256

    def test_predictions(self, fitted):
        proba = fitted.predict_proba(TEST)
        assert proba.shape == (20, 16, 16, 3)
        assert_allclose(proba.sum(axis=-1), 1, rtol=1e-5)
        assert_array_equal(fitted.classes_[proba.argmax(axis=-1)], fitted.predict(TEST))
        assert_allclose(fitted.predict_proba(TEST[3:4])[0], proba[3], atol=1e-6)
        many = numpy.repeat(TEST, 4, axis=0)  # in more than one part
        assert_allclose(fitted.predict_proba(many)[::4], proba, atol=1e-6)

    @pytest.mark.parametrize("architecture", ["fcn8", "unet"])
    @pytest.mark.parametrize(
        ("size", "filters"), [((16, 16), (4, 8)), ((5, 3), (4, 4, 4)), ((1, 1), (2, 3)), ((1, 9), (3,)), ((7, 16), 4)]
    )
    def test_any_size(self, architecture, size, filters):
        """Images smaller than the strides, and sizes that these do not divide, are padded."""
        images = numpy.random.RandomState(0).uniform(size=(6, *size))
        maps = (images > 0.5).astype(int)
        seg = FCNSegmenter(architecture, filters, max_iter=1, random_state=0).fit(images, maps)
        assert seg.predict(images).shape == maps.shape
        assert seg.predict_proba(images).shape == (*maps.shape, 2)

    def test_forms_of_images(self, quick):
        expected = theta(quick)
        objects = numpy.empty(40, object)
        objects[:] = list(X)
        for images in (
            X[..., None],
            list(X),
            tuple(X),
            [image.tolist() for image in X],
            objects,
            pandas.Series(list(X), index=range(100, 140)),
            numpy.asfortranarray(X),
            ArraySource(X),
        ):
            assert_array_equal(theta(clone(quick).fit(images, MAPS)), expected)
            assert_array_equal(quick.predict(images), quick.predict(X))

    def test_forms_of_maps(self, quick):
        objects = numpy.empty(40, object)
        objects[:] = list(MAPS)
        for maps in (
            list(MAPS),
            MAPS.tolist(),
            objects,
            pandas.Series(list(MAPS), index=range(100, 140)),
            MAPS.astype("uint8"),
            MAPS.astype("uint64"),
        ):
            seg = clone(quick).fit(X, maps)
            assert_array_equal(theta(seg), theta(quick))
            assert seg.score(X, maps) == quick.score(X, MAPS)

    @pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32", "longdouble"])
    @pytest.mark.parametrize("image_size", [None, (12, 12)])
    def test_dtypes_of_images(self, dtype, image_size):
        images = (X * (100 if numpy.dtype(dtype).kind in "iu" else 2)).astype(dtype)
        seg = FCNSegmenter(**{**SMALL, "max_iter": 1}, image_size=image_size).fit(images, MAPS)
        assert seg.predict(images).shape == MAPS.shape
        assert numpy.isfinite(seg.predict_proba(images)).all()

    def test_channels(self):
        images = numpy.stack([X, 1e4 * X, numpy.full_like(X, 7), 0 * X, -X], axis=-1)
        seg = FCNSegmenter(filters=(8, 16), max_iter=12, random_state=0).fit(images, MAPS)
        assert seg.score(images, MAPS) > 0.6
        assert seg.coefs_[0].shape == (3, 3, 5, 8)

    @pytest.mark.parametrize("labels", [[0, 1, 2], [-7, 3, 255], [2**62, -(2**62), 5], [False, True, True]], ids=str)
    def test_labels(self, quick, labels):
        labels = numpy.array(labels)
        seg = clone(quick).fit(X, labels[MAPS])
        assert_array_equal(seg.classes_, numpy.unique(labels))
        assert seg.classes_.dtype == seg.predict(X).dtype == labels.dtype
        assert set(numpy.unique(seg.predict(X))) <= set(labels.tolist())

    def test_unsigned_and_signed_labels_together(self, quick):
        maps = [labels.astype("uint64" if i else "int64") for i, labels in enumerate(MAPS)]
        assert clone(quick).fit(X, maps).classes_.dtype == "int64"

    def test_more_classes_than_16_bits_hold(self):
        labels = numpy.arange(40_000).reshape(1, 200, 200)
        assert_array_equal(encode_maps(list(labels), numpy.arange(40_000), None, None), labels)

    def test_one_class_one_image_and_constant_images(self):
        seg = FCNSegmenter(**SMALL)
        assert_array_equal(clone(seg).fit(X, MAPS * 0 + 4).predict(X), 4)
        assert seg.fit(X[:1], MAPS[:1]).predict(X[:1]).shape == (1, 16, 16)
        assert_array_equal(numpy.isfinite(seg.fit(X * 0 + 3, MAPS).predict_proba(X)), True)

    def test_hidden_layers(self, quick, varied):
        assert quick.hidden_layer_output(TEST[:2], 0).shape == (2, 16, 16, 4)
        assert quick.hidden_layer_output(TEST[:2]).shape == (2, 8, 8, 8)
        assert varied.hidden_layer_output(VARIED, 0).shape == (8, 20, 24, 4)


class TestImageSize:
    def test_each_image_has_its_own_size(self, varied):
        assert varied.image_shape_ == (20, 24, 1)
        predicted, proba = varied.predict(VARIED), varied.predict_proba(VARIED)
        assert [labels.shape for labels in predicted] == SIZES
        for labels, own in zip(predicted, proba, strict=True):
            assert own.shape == (*labels.shape, 3)
            assert_allclose(own.sum(axis=-1), 1, rtol=1e-5)
            assert_array_equal(varied.classes_[own.argmax(axis=-1)], labels)
        assert varied.score(VARIED, VARIED_MAPS) == mean_iou(VARIED_MAPS, list(predicted))
        assert varied.predict(X).shape == X.shape  # of one size, other than the canvas

    def test_images_of_that_size_are_taken_as_they_are(self, quick):
        same = clone(quick).set_params(image_size=(16, 16)).fit(X, MAPS)
        assert_array_equal(theta(same), theta(quick))
        assert_array_equal(same.predict_proba(TEST), quick.predict_proba(TEST))

    def test_a_validation_set_of_other_sizes(self):
        """A scorer receives the images and the maps as passed to fit."""
        seen = []

        def score(estimator, X, y):
            seen.append(y is VARIED_MAPS and X is VARIED)
            return estimator.score(X, y)

        options = {**SMALL, "image_size": (20, 24)}
        seg = FCNSegmenter(**options, scoring=score).fit(X, MAPS, X_val=VARIED, y_val=VARIED_MAPS)
        assert seen == [True] * 3
        assert seg.history_["validation_score"][-1] == seg.score(VARIED, VARIED_MAPS)

    def test_lists_are_needed_for_different_sizes(self):
        with pytest.raises(ValueError, match=r"same shape, but X\[1\] has \(40, 6\) and X\[0\] has \(5, 40\)"):
            FCNSegmenter().fit(VARIED, VARIED_MAPS)

    @pytest.mark.parametrize("image_size", [(0, 3), (3,), (4, 5, 1), (2.5, 3), (True, True), 16, "16"])
    def test_bad_sizes(self, image_size):
        with pytest.raises(ValueError, match="image_size"):
            FCNSegmenter(image_size=image_size).fit(X, MAPS)

    def test_a_new_size_needs_a_new_fit(self, varied):
        changed = copy.deepcopy(varied).set_params(image_size=(8, 8))
        with pytest.raises(ValueError, match=r"\(8, 8, 1\), but FCNSegmenter was fitted with .* \(20, 24, 1\)"):
            changed.predict(VARIED)


class TestTraining:
    @pytest.mark.parametrize("loss", ["log_loss", "focal", "dice", "lovasz", "squared_error", Dice(0.1), Focal(0.5)])
    def test_losses(self, loss):
        seg = FCNSegmenter(filters=(8, 16), max_iter=12, loss=loss, random_state=0).fit(X, MAPS)
        assert seg.score(TEST, MAPS_TEST) > 0.45
        assert seg.loss_curve_[-1] < 0.7 * seg.loss_curve_[0]

    def test_the_reported_loss_is_the_objective(self):
        """Of one full batch, before its step: the mean over images of the mean over pixels, plus the penalty."""
        options = {**SMALL, "normalization": None, "augment": None, "batch_size": 40, "dtype": "float64", "alpha": 0.0}
        first = FCNSegmenter(**{**options, "max_iter": 1}, learning_rate="constant", learning_rate_init=1e-12)
        first.fit(X, MAPS)
        p = numpy.take_along_axis(first.predict_proba(X), MAPS[..., None], axis=-1)
        assert first.loss_ == pytest.approx(-numpy.log(p).mean(), rel=1e-6)

    def test_a_weight_of_2_is_an_image_twice(self):
        options = {**SMALL, "normalization": None, "augment": None, "shuffle": False, "dtype": "float64"}
        weight = numpy.where(numpy.arange(40) < 10, 2.0, 1.0)
        weighted = FCNSegmenter(**options, batch_size=40).fit(X, MAPS, weight)
        twice = FCNSegmenter(**options, batch_size=50)
        twice.fit(numpy.concatenate([X[:10], X]), numpy.concatenate([MAPS[:10], MAPS]))
        assert_allclose(weighted.predict_proba(X), twice.predict_proba(X), rtol=1e-9)
        assert weighted.loss_ == pytest.approx(twice.loss_, rel=1e-9)
        plain = FCNSegmenter(**options, batch_size=40).fit(X, MAPS)
        assert numpy.abs(plain.predict_proba(X) - weighted.predict_proba(X)).max() > 1e-4

    def test_images_of_weight_0_do_not_count(self):
        options = {**SMALL, "augment": None, "shuffle": False, "batch_size": 40, "dtype": "float64"}
        maps = MAPS.copy()
        maps[20:] = 0
        weight = numpy.where(numpy.arange(40) < 20, 1.0, 0.0)
        for normalization in (None, "batch"):
            seg = FCNSegmenter(**options, normalization=normalization)
            outputs = [clone(seg).fit(X, own, weight).predict_proba(X) for own in (MAPS, maps)]
            assert_allclose(*outputs, rtol=1e-12)

    def test_early_stopping_by_the_mean_iou(self):
        seg = FCNSegmenter(filters=(8,), max_iter=30, early_stopping=True, n_iter_no_change=2, random_state=0)
        seg.fit(X, MAPS)
        assert len(seg.validation_scores_) == seg.n_iter_ < 30
        assert seg.best_validation_score_ == max(seg.validation_scores_)
        best = seg.fit(X, MAPS, X_val=TEST, y_val=MAPS_TEST)
        assert best.best_validation_score_ == pytest.approx(best.score(TEST, MAPS_TEST))

    def test_scoring(self):
        options = {**SMALL, "early_stopping": True}
        own = FCNSegmenter(**options).fit(X, MAPS)
        called = FCNSegmenter(**options, scoring=lambda estimator, X, y: estimator.score(X, y)).fit(X, MAPS)
        assert called.validation_scores_ == own.validation_scores_
        by_loss = FCNSegmenter(**options, scoring="loss").fit(X, MAPS)
        assert by_loss.validation_scores_ == [-loss for loss in by_loss.history_["validation_loss"]]

    def test_a_validation_set(self):
        seg = FCNSegmenter(**SMALL).fit(X, MAPS, X_val=TEST, y_val=MAPS_TEST, sample_weight_val=numpy.ones(20))
        assert seg.history_["validation_score"][-1] == pytest.approx(seg.score(TEST, MAPS_TEST))
        assert set(seg.history_) >= {"loss", "validation_loss", "learning_rate", "gradient_norm"}

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_precision(self, dtype):
        seg = FCNSegmenter(**SMALL, dtype=dtype).fit(X, MAPS)
        assert theta(seg).dtype == seg.predict_proba(TEST).dtype == dtype

    def test_warm_start(self, quick):
        seg = FCNSegmenter(**SMALL, warm_start=True).fit(X, MAPS)
        assert_array_equal(theta(seg), theta(quick))
        seg.fit(X[:8], numpy.zeros_like(MAPS[:8]))  # fewer classes than before
        assert_array_equal(seg.classes_, [0, 1, 2])
        assert len(seg.loss_curve_) == 6
        before = theta(seg).copy()
        with pytest.raises(ValueError, match=r"y\[0\] has the label 9, which is not among the classes"):
            seg.fit(X, numpy.full_like(MAPS, 9))
        with pytest.raises(ValueError, match=r"do not fit the network: filters=\(4, 16\)"):
            seg.set_params(filters=(4, 16)).fit(X, MAPS)
        assert_array_equal(theta(seg), before)

    def test_augmentations_move_the_maps(self):
        """What a shift or rotation brings in from outside has no label."""
        seen = []

        def look(X, y, rng):
            seen.append(y.copy())
            return X, y

        augment = [Rotate(45), Shift(0.3), look]
        FCNSegmenter(**{**SMALL, "max_iter": 1}, augment=augment).fit(X, MAPS)
        y = numpy.concatenate(seen)
        assert y.shape == MAPS.shape
        assert set(numpy.unique(y)) == {-1, 0, 1, 2}

    @pytest.mark.parametrize("augment", ["mixup", Mixup(), ["flip", "mixup"]])
    def test_mixup_is_refused(self, augment):
        with pytest.raises(ValueError, match=r"augment=Mixup\(.*not defined for labels of pixels"):
            FCNSegmenter(augment=augment).fit(X, MAPS)

    def test_a_batch_larger_than_the_data(self):
        with pytest.warns(UserWarning, match="batch_size"):
            FCNSegmenter(**SMALL, batch_size=100).fit(X, MAPS)

    def test_huge_values(self):
        for factor in (1e-30, 1e30):
            assert numpy.isfinite(FCNSegmenter(**SMALL).fit(factor * X, MAPS).predict_proba(factor * X)).all()


class TestIgnoreLabel:
    def test_it_is_no_class_and_counts_for_nothing(self):
        options = {**SMALL, "augment": None, "dtype": "float64"}
        seg = FCNSegmenter(**options, ignore_label=255).fit(X, MAPS)
        assert_array_equal(seg.classes_, [0, 1, 2])
        maps = MAPS.copy()
        maps[:, :4] = 255
        some = FCNSegmenter(**options, ignore_label=255).fit(X, maps)
        assert_array_equal(some.classes_, [0, 1, 2])
        assert not (some.predict(X) == 255).any()
        predicted = some.predict(X)
        assert some.score(X, maps) == mean_iou(maps[:, 4:], predicted[:, 4:])

    @pytest.mark.parametrize("loss", ["log_loss", "focal", "dice", "lovasz"])
    def test_images_without_any_label(self, loss):
        maps = MAPS.copy()
        maps[::2] = -1
        seg = FCNSegmenter(**SMALL, ignore_label=-1, loss=loss, early_stopping=True).fit(X, maps)
        assert numpy.isfinite(seg.loss_)
        assert_array_equal(seg.classes_, [0, 1, 2])

    def test_a_scorer_receives_the_label_of_pixels_without_one(self):
        seen = set()

        def score(estimator, X, y):
            seen.update(numpy.unique(y).tolist())
            return estimator.score(X, y)

        FCNSegmenter(**SMALL, ignore_label=1, early_stopping=True, scoring=score).fit(X, MAPS)
        assert seen == {0, 1, 2}

    def test_all_pixels_ignored(self):
        with pytest.raises(ValueError, match="All pixels of y have the ignore_label 0"):
            FCNSegmenter(ignore_label=0).fit(X, 0 * MAPS)
