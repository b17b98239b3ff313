"""YOLODetector: the forms of images and objects, scikit-learn's tools, training options, and bad input."""

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

from skann import YOLODetector
from skann.augmentations import Shift
from skann.callbacks import Checkpoint
from skann.datasets import ArraySource
from skann.estimators.vision.letterbox import Letterbox
from skann.metrics import mean_average_precision
from skann.preprocessing import ImageLoader
from skann.schedules import Cosine
from skann.solvers import SGD

from .pictures import Stop, pictures, replaced, theta
from .test_interrupts import interrupted
from .test_persistence import through_skops
from .test_segmentation import SIZES

X, _, Y = pictures(40)
TEST, _, Y_TEST = pictures(20, seed=1)
SMALL = {"filters": (4, 8), "n_scales": 1, "max_iter": 3, "random_state": 0}
LEARNING = {"filters": (8, 16), "n_scales": 1, "max_iter": 20, "random_state": 0}
NOTHING = {"boxes": [], "labels": []}
DRAWN = [pictures(1, size, seed) for seed, size in enumerate(SIZES)]
VARIED, VARIED_Y = [images[0] for images, _, _ in DRAWN], [objects[0] for _, _, objects in DRAWN]


@pytest.fixture(scope="module")
def fitted():
    return YOLODetector(**LEARNING).fit(X, Y)


@pytest.fixture(scope="module")
def quick():
    """Fitted for a moment only; all points of an image are detections."""
    return YOLODetector(**SMALL, min_score=0).fit(X, Y)


def assert_same(predicted, expected, **tolerance):
    """Assert that the predictions for the images are the same."""
    assert len(predicted) == len(expected)
    for one, other in zip(predicted, expected, strict=True):
        assert list(one) == list(other) == ["boxes", "labels", "scores"]
        assert_array_equal(one["labels"], other["labels"])
        assert_allclose(one["boxes"], other["boxes"], **tolerance)
        assert_allclose(one["scores"], other["scores"], **tolerance)


def named(labels):
    """Return the objects with other labels for "bright" and "dark"."""
    return [{**image, "labels": [labels[name == "dark"] for name in image["labels"]]} for image in Y]


class TestWithScikitLearn:
    def test_clone_parameters_and_repr(self):
        detector = YOLODetector((4, 8), n_scales=1, solver=SGD(momentum=0.5), learning_rate=Cosine(), box_loss="ciou")
        again = clone(detector)
        assert again.get_params() == detector.get_params()
        assert repr(again) == repr(detector)
        assert repr(YOLODetector((4,), min_score=0.5)) == "YOLODetector(filters=(4,), min_score=0.5)"
        assert detector.set_params(solver__momentum=0.1, metric="coco").solver == SGD(momentum=0.1)
        with pytest.raises(ValueError, match="Invalid parameter 'loss'"):
            detector.set_params(loss="huber")

    def test_tags(self):
        assert not is_classifier(YOLODetector())
        assert not is_regressor(YOLODetector())
        tags = YOLODetector().__sklearn_tags__()
        assert tags.target_tags.required
        assert tags.input_tags.three_d_array
        assert not tags.input_tags.sparse

    def test_before_fit(self):
        for method in ("predict", "hidden_layer_output"):
            with pytest.raises(NotFittedError, match="YOLODetector"):
                getattr(YOLODetector(), method)(X)
        with pytest.raises(NotFittedError):
            YOLODetector().score(X, Y)
        assert not hasattr(YOLODetector(), "coefs_")
        assert not hasattr(YOLODetector(), "partial_fit")
        assert not hasattr(YOLODetector(), "predict_proba")

    @pytest.mark.parametrize("labels", [["a", "b"], [3, 4], [True, False], [1, "b"]], ids=str)
    def test_pickle_and_skops(self, labels):
        detector = YOLODetector(**SMALL, min_score=0, augment=[Shift(0.2), "flip"]).fit(X, named(labels))
        expected = detector.predict(TEST)
        for again in (pickle.loads(pickle.dumps(detector)), through_skops(detector), copy.deepcopy(detector)):
            assert_same(again.predict(TEST), expected, rtol=0)
            assert again.classes_.dtype == detector.classes_.dtype
        assert len(pickle.dumps(detector)) < theta(detector).nbytes + 12_000

    def test_nothing_given_changes(self):
        images, objects, weight = X.copy(), copy.deepcopy(Y), numpy.ones(40)
        arrays = [{"boxes": numpy.array(own["boxes"], "f4"), "labels": numpy.array(own["labels"])} for own in Y]
        for own in arrays:
            own["boxes"].flags.writeable = False
        images.flags.writeable = False
        filters, augment = [4, 8], ["flip", "shift", "rotate"]
        detector = YOLODetector(filters, n_scales=1, max_iter=2, augment=augment, random_state=0)
        detector.fit(images, objects, weight, X_val=images, y_val=objects).predict(images)
        first = theta(detector)
        assert objects == Y
        assert_array_equal(weight, 1)
        assert detector.filters is filters
        assert (filters, augment) == ([4, 8], ["flip", "shift", "rotate"])
        assert_array_equal(theta(detector.fit(images, arrays)), first)

    def test_a_second_fit_is_as_the_first(self, quick):
        again = clone(quick).fit(TEST, Y_TEST).fit(X, Y)
        assert_array_equal(theta(again), theta(quick))
        assert again.loss_curve_ == quick.loss_curve_

    def test_cross_validation_splits_by_image(self):
        sizes = []

        class Recording(YOLODetector):
            def fit(self, X, y, sample_weight=None, **validation):
                sizes.append((len(X), len(y)))
                return super().fit(X, y, sample_weight, **validation)

        scores = cross_val_score(Recording(**{**LEARNING, "max_iter": 10}), X, numpy.array(Y, object), cv=4)
        assert sizes == [(30, 30)] * 4
        assert scores.max() > 0.05
        assert len(set(scores)) == 4
        assert_array_equal(scores, cross_val_score(YOLODetector(**{**LEARNING, "max_iter": 10}), X, Y, cv=4))
        predicted = cross_val_predict(YOLODetector(**SMALL), X, Y, cv=2)
        assert predicted.shape == (40,)
        assert set(predicted[0]) == {"boxes", "labels", "scores"}

    def test_grid_search(self):
        grid = {"filters": [(4, 8), (8, 16)], "min_score": [0.02, 0.9]}
        one, two = (
            GridSearchCV(YOLODetector(**{**LEARNING, "max_iter": 12}), grid, cv=2, n_jobs=jobs, error_score="raise")
            for jobs in (1, 2)
        )
        for search in (one, two):
            search.fit(X, Y)
        scores = one.cv_results_["mean_test_score"]
        assert_array_equal(scores, two.cv_results_["mean_test_score"])
        assert_array_equal(scores[[1, 3]], 0)  # no score is so high
        assert (scores[[0, 2]] > 0.2).all()
        assert one.best_params_["min_score"] == 0.02

    def test_pipeline_with_files(self, tmp_path):
        colours = (255 * X).round().astype("uint8")
        paths = []
        for i, image in enumerate(colours):
            paths.append(tmp_path / f"{i}.png")
            PIL.Image.fromarray(image).save(paths[-1])
        detector = YOLODetector(**SMALL, min_score=0)
        pipeline = make_pipeline(ImageLoader((16, 16), mode="L"), detector).fit(paths, Y)
        expected = clone(detector).fit(colours, Y)
        assert_same(pipeline.predict(paths), expected.predict(colours))
        assert pipeline.score(paths, Y) == expected.score(colours, Y)

    def test_callbacks(self):
        assert YOLODetector(**SMALL).set_callbacks(Stop(2)).fit(X, Y).n_iter_ == 2

    def test_a_resumed_fit_ends_as_an_uninterrupted_one(self, tmp_path):
        """The columns of the parts of the loss are written too."""
        options = {**SMALL, "max_iter": 5, "augment": ["flip", "rotate"], "early_stopping": True, "scoring": "loss"}
        whole = YOLODetector(**options).fit(X, Y)
        path = tmp_path / "run.npz"
        YOLODetector(**options).set_callbacks(Checkpoint(path), Stop(3)).fit(X, Y)
        resumed = YOLODetector(**options).set_callbacks(Checkpoint(path, resume=True)).fit(X, Y)
        assert_array_equal(theta(resumed), theta(whole))
        assert resumed.validation_scores_ == whole.validation_scores_
        assert list(resumed.history_) == list(whole.history_)
        for name in ("loss", "classification_loss", "box_loss"):
            assert resumed.history_[name] == whole.history_[name]
        with pytest.raises(ValueError, match=r"is of another fit: its .*y"):
            YOLODetector(**options).set_callbacks(Checkpoint(path, resume=True)).fit(X, named(["b", "a"])[::-1])

    def test_two_threads_may_predict(self, quick):
        expected = quick.predict(TEST)
        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(lambda _: quick.predict(TEST), range(6)):
                assert_same(found, expected, rtol=0)

    def test_ctrl_c(self):
        with pytest.warns(UserWarning, match="Training interrupted by user after 2 epochs"):
            detector = YOLODetector(**SMALL).set_callbacks(Stop(2, interrupts=True)).fit(X, Y)
        assert {len(column) for column in detector.history_.values()} == {2}
        assert detector.predict(TEST).shape == (20,)

    @pytest.mark.parametrize("start", [None, "fitted"])
    def test_ctrl_c_at_any_moment(self, start):
        """A few of some 20,000 places: a fit that has stepped is one, any other leaves no trace."""
        fitted = YOLODetector(**{**SMALL, "max_iter": 2}, early_stopping=True, warn=False)
        if start == "fitted":
            fitted.fit(X[:12], Y[:12])
        for n in count(1 if start is None else 300, 601):
            own = copy.deepcopy(fitted)
            before = dict(vars(own))
            raises, _, interrupt = interrupted(n, lambda own=own: own.fit(X[:12], Y[:12]))
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
        YOLODetector(**SMALL, verbose=True).fit(X, Y)
        assert len(re.findall(r"epoch +\d  loss \d", capsys.readouterr().out)) == 3

    def test_new_parameters_do_not_change_the_fitted_network(self, quick):
        """Until the next fit, the points are those of the network as it is."""
        expected = quick.predict(TEST)
        changed = copy.copy(quick).set_params(filters=(4, 8, 16), n_scales=2, box_loss="ciou", dtype="float64")
        assert_same(changed.predict(TEST), expected)


class TestDetections:
    def test_it_learns(self, fitted):
        assert fitted.score(TEST, Y_TEST) > 0.6
        assert fitted.score(TEST, Y_TEST) == mean_average_precision(Y_TEST, fitted.predict(TEST))
        assert fitted.classes_.tolist() == ["bright", "dark"]
        assert fitted.image_shape_ == (16, 16, 1)
        strict = copy.copy(fitted).set_params(metric="coco")
        assert strict.score(TEST, Y_TEST) < fitted.score(TEST, Y_TEST)

    def test_the_form_of_predictions(self, quick):
        predicted = quick.predict(TEST)
        assert predicted.shape == (20,)
        for image in predicted:
            boxes, labels, scores = image["boxes"], image["labels"], image["scores"]
            n = len(boxes)
            assert 0 < n <= 100
            assert (boxes.shape, labels.shape, scores.shape) == ((n, 4), (n,), (n,))
            assert boxes.dtype == scores.dtype == "float64"
            assert (boxes[:, 2:] > boxes[:, :2]).all()
            assert boxes.min() >= 0
            assert boxes.max() <= 16
            assert (numpy.diff(scores) <= 0).all()
            assert set(labels) <= {"bright", "dark"}
        assert_same(quick.predict(TEST[3:4]), predicted[3:4], rtol=1e-4, atol=1e-4)
        assert_same(quick.predict(numpy.repeat(TEST, 4, axis=0))[::4], predicted, rtol=1e-4, atol=1e-4)

    def test_thresholds(self, quick):
        n_all = [len(image["boxes"]) for image in quick.predict(TEST)]
        several = copy.copy(quick)
        for min_score in (0.005, 0.02, 0.5):
            for image, n in zip(several.set_params(min_score=min_score).predict(TEST), n_all, strict=True):
                assert (image["scores"] >= min_score).all()
                assert len(image["scores"]) <= n
        assert all(len(image["boxes"]) == 3 for image in copy.copy(quick).set_params(max_detections=3).predict(TEST))
        counts = []
        for iou_threshold in (0, 0.5, 1):
            several = copy.copy(quick).set_params(iou_threshold=iou_threshold, max_detections=10_000)
            counts.append(sum(len(image["boxes"]) for image in several.predict(TEST)))
        assert 0 < counts[0] < counts[1] < counts[2]
        none = copy.copy(quick).set_params(min_score=0.999).predict(TEST)
        assert all(image["boxes"].shape == (0, 4) and image["labels"].dtype == "<U6" for image in none)
        assert copy.copy(quick).set_params(min_score=0.999).score(TEST, Y_TEST) == 0

    @pytest.mark.parametrize("box_loss", ["giou", "ciou"])
    @pytest.mark.parametrize("n_scales", [1, 2])
    def test_scales_and_box_losses(self, box_loss, n_scales):
        options = {**LEARNING, "filters": (8, 16, 16), "n_scales": n_scales, "box_loss": box_loss}
        assert YOLODetector(**options).fit(X, Y).score(X, Y) > 0.25

    @pytest.mark.parametrize(
        ("size", "filters"), [((16, 16), (4, 8)), ((5, 3), (4, 4, 4)), ((1, 1), (2, 3)), ((1, 9), (3,)), ((7, 16), 4)]
    )
    def test_any_size(self, size, filters):
        images = numpy.random.RandomState(0).uniform(size=(6, *size))
        objects = [{"boxes": [[0, 0, size[1], size[0]]], "labels": [7]}] * 6
        detector = YOLODetector(filters, n_scales=1, max_iter=1, min_score=0, random_state=0).fit(images, objects)
        for image in detector.predict(images):
            assert (image["boxes"][:, 2:] <= [size[1], size[0]]).all()

    def test_forms_of_images(self, quick):
        expected, predicted = theta(quick), quick.predict(X)
        objects = numpy.empty(40, object)
        objects[:] = list(X)
        for images in (X[..., None], list(X), objects, pandas.Series(list(X), index=range(9, 49)), ArraySource(X)):
            assert_array_equal(theta(clone(quick).fit(images, Y)), expected)
            assert_same(quick.predict(images), predicted)

    def test_forms_of_objects(self, quick):
        for objects in (
            tuple(Y),
            numpy.array(Y, object),
            pandas.Series(Y, index=range(100, 140)),
            [{**image, "image_id": i, "area": 3.0} for i, image in enumerate(Y)],
            [{"boxes": numpy.array(own["boxes"]), "labels": numpy.array(own["labels"])} for own in Y],
            [{"boxes": numpy.array(own["boxes"], "f4"), "labels": tuple(own["labels"])} for own in Y],
        ):
            detector = clone(quick).fit(X, objects)
            assert_array_equal(theta(detector), theta(quick))
            assert detector.score(X, objects) == quick.score(X, Y)

    @pytest.mark.parametrize(
        ("labels", "dtype"),
        [
            (["cat", "ox"], "<U3"),
            ([7, -3], "int64"),
            ([numpy.int64(4), numpy.int64(2)], "int64"),
            ([numpy.str_("a"), numpy.str_("b")], "<U1"),
            ([True, False], "bool"),
            ([0.5, 1.5], "float64"),
            ([1, "b"], "object"),
            ([10**30, 2], "object"),
            ([("a", 1), ("b", 2)], "object"),
        ],
        ids=str,
    )
    def test_labels(self, quick, labels, dtype):
        objects = named(labels)
        detector = clone(quick).fit(X, objects)
        assert detector.classes_.dtype == dtype
        assert set(detector.classes_.tolist()) == set(labels)
        if detector.classes_.dtype != object:
            assert_array_equal(detector.classes_, numpy.sort(detector.classes_))
        predicted = detector.predict(X)
        assert predicted[0]["labels"].dtype == dtype
        assert set(predicted[0]["labels"].tolist()) <= set(labels)
        assert detector.score(X, objects) == mean_average_precision(objects, predicted)

    @pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32", "longdouble"])
    @pytest.mark.parametrize("image_size", [None, (12, 12)])
    def test_dtypes_of_images(self, dtype, image_size):
        images = (X * (100 if numpy.dtype(dtype).kind in "iu" else 2)).astype(dtype)
        detector = YOLODetector(**{**SMALL, "max_iter": 1}, image_size=image_size, min_score=0).fit(images, Y)
        assert all(numpy.isfinite(image["boxes"]).all() for image in detector.predict(images))

    def test_channels(self):
        images = numpy.stack([X, 1e4 * X, numpy.full_like(X, 7), 0 * X, -X], axis=-1)
        detector = YOLODetector(**LEARNING).fit(images, Y)
        assert detector.score(images, Y) > 0.5
        assert detector.coefs_[0].shape == (3, 3, 5, 8)

    def test_images_without_objects(self):
        objects = [NOTHING if i % 2 else image for i, image in enumerate(Y)]
        detector = YOLODetector(**LEARNING).fit(X, objects)
        assert numpy.isfinite(detector.loss_)
        assert detector.score(X, objects) > 0.1
        one = [{"boxes": numpy.zeros((0, 4)), "labels": numpy.array([])}] * 39 + Y[39:]
        detector.set_params(max_iter=2, min_score=0).fit(X, one)
        assert detector.classes_.tolist() == Y[39]["labels"]
        assert len(detector.predict(X[:1])[0]["boxes"]) > 0

    def test_many_objects_and_equal_ones(self):
        rng = numpy.random.RandomState(0)
        corners = rng.uniform(0, 12, (50, 2))
        many = {"boxes": numpy.hstack([corners, corners + rng.uniform(1, 4, (50, 2))]), "labels": [*range(50)]}
        equal = {"boxes": numpy.tile([[2.0, 2, 9, 9]], (80, 1)), "labels": [0] * 80}
        detector = YOLODetector(**SMALL, min_score=0).fit(X[:10], [many] * 5 + [equal] * 5)
        assert len(detector.classes_) == 50
        assert numpy.isfinite(detector.loss_)
        assert all(len(image["boxes"]) == 100 for image in detector.predict(X[:10]))

    def test_constant_images_and_a_single_one(self):
        detector = YOLODetector(**SMALL, min_score=0)
        detector.fit(X * 0 + 3, Y)
        for images in (X * 0 + 3, X):  # for others, the outputs are extreme
            assert numpy.isfinite(detector.predict(images)[0]["scores"]).all()
        assert detector.fit(X[:1], Y[:1]).predict(X[:1]).shape == (1,)

    def test_hidden_layers(self, quick):
        assert quick.hidden_layer_output(TEST[:2], 0).shape == (2, 16, 16, 4)
        assert quick.hidden_layer_output(TEST[:2]).shape == (2, 8, 8, 8)

    def test_boxes_a_little_outside_are_clipped(self, quick):
        """Rounded annotations exceed the image by less than a pixel."""
        boxes = [[0, 0, 16, 9], [3, 4, 16, 16]]
        outside = [[-0.5, -1, 16.5, 9], [3, 4, 17, 16.2]]
        fits = [
            clone(quick).fit(X, replaced(Y, 3, {"boxes": own, "labels": ["dark", "dark"]})) for own in (boxes, outside)
        ]
        assert_array_equal(theta(fits[0]), theta(fits[1]))


class TestImageSize:
    def test_boxes_are_those_of_the_original_images(self):
        detector = YOLODetector(**SMALL, image_size=(20, 24), min_score=0).fit(VARIED, VARIED_Y)
        assert detector.image_shape_ == (20, 24, 1)
        for image, size, found in zip(VARIED, SIZES, detector.predict(VARIED), strict=True):
            place, canvas = Letterbox(size, (20, 24)), numpy.empty((1, 20, 24, 1))
            place.draw(image[..., None], canvas[0])
            (on_canvas,) = detector.predict(canvas)
            # the canvas has further detections, beside the image
            expected = (on_canvas["boxes"] / place.scales).clip(0, [size[1], size[0]] * 2)
            distance = numpy.abs(found["boxes"][:, None] - expected).max(axis=2)
            assert (distance[: len(distance) // 2].min(axis=1) < 1e-3).mean() > 0.9
            assert (found["boxes"][:, 2:] > found["boxes"][:, :2]).all()

    def test_it_learns_from_images_of_different_sizes(self):
        sizes = [(16, 16), (24, 24), (20, 30), (30, 20)]
        drawn = [pictures(15, size, seed) for seed, size in enumerate(sizes)]
        images = [image for own, _, _ in drawn for image in own]
        objects = [image for _, _, own in drawn for image in own]
        detector = YOLODetector(**{**LEARNING, "max_iter": 30}, image_size=(24, 24)).fit(images, objects)
        assert detector.score(images, objects) > 0.7
        assert detector.score(images[::-1], objects[::-1]) == pytest.approx(detector.score(images, objects))

    def test_images_of_that_size_are_taken_as_they_are(self, quick):
        same = clone(quick).set_params(image_size=(16, 16)).fit(X, Y)
        assert_array_equal(theta(same), theta(quick))
        assert_same(same.predict(TEST), quick.predict(TEST))

    def test_a_validation_set_of_other_sizes(self):
        """A scorer receives the images and the objects as passed to fit."""
        seen = []

        def score(estimator, X, y):
            seen.append(y is VARIED_Y and X is VARIED)
            return estimator.score(X, y)

        options = {**LEARNING, "max_iter": 12, "image_size": (20, 24)}
        detector = YOLODetector(**options, scoring=score).fit(VARIED, VARIED_Y, X_val=VARIED, y_val=VARIED_Y)
        assert seen == [True] * 12
        assert detector.history_["validation_score"][-1] == detector.score(VARIED, VARIED_Y)

    def test_extreme_proportions(self):
        images = [numpy.random.RandomState(0).uniform(size=size) for size in ((1, 500), (500, 1), (2, 2))]
        objects = [{"boxes": [[0, 0, size[1], size[0]]], "labels": [1]} for size in ((1, 100), (30, 1), (1, 1))]
        detector = YOLODetector(**SMALL, image_size=(16, 16), min_score=0).fit(images, objects)
        for image, found in zip(images, detector.predict(images), strict=True):
            height, width = image.shape
            assert (found["boxes"][:, 2:] <= [width, height]).all()

    @pytest.mark.parametrize("image_size", [(0, 3), (3,), (4, 5, 1), (2.5, 3), (True, True), 16, "16"])
    def test_bad_sizes(self, image_size):
        with pytest.raises(ValueError, match="image_size"):
            YOLODetector(image_size=image_size).fit(X, Y)
