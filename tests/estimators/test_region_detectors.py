"""RCNNDetector and MaskRCNNSegmenter: scikit-learn's tools, the forms of objects, proposals and predictions."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy
import pandas
import PIL.Image
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skann import MaskRCNNSegmenter, RCNNDetector
from skann.datasets import ArraySource
from skann.engine.detection.boxes import box_iou
from skann.estimators.vision.instances import draw_numbers
from skann.estimators.vision.letterbox import Letterbox
from skann.metrics import instance_f1, mean_average_precision
from skann.preprocessing import ImageLoader
from skann.schedules import Cosine
from skann.solvers import SGD

from .pictures import pictures, theta
from .test_persistence import through_skops

CLASSES = [RCNNDetector, MaskRCNNSegmenter]
KEYS = {RCNNDetector: ["boxes", "labels", "scores"], MaskRCNNSegmenter: ["boxes", "labels", "scores", "masks"]}
SMALL = {
    "filters": (4, 8),
    "hidden_layer_sizes": (8,),
    "n_regions": 8,
    "max_detections": 12,
    "max_iter": 1,
    "random_state": 0,
}
MANY = {**SMALL, "max_detections": 40, "min_score": 0, "max_iter": 2}
LEARNING = {**SMALL, "filters": (8, 16), "hidden_layer_sizes": (32,), "n_regions": 16, "batch_size": 4, "max_iter": 16}
NOTHING = {"boxes": [], "labels": [], "masks": numpy.zeros((0, 16, 16), bool)}
SIZES = [(5, 40), (40, 6), (16, 16), (9, 30), (33, 33), (24, 12), (13, 17)]


def drawn(n, size=(16, 16), seed=0):
    """Return images, the objects of each with boxes and masks, and maps of instance numbers."""
    X, maps, y = pictures(n, size, seed)
    return X, [{**own, "masks": labels[None] > 0} for own, labels in zip(y, maps, strict=True)], (maps > 0).astype(int)


X, Y, NUMBERS = drawn(8)
MORE, Y_MORE, NUMBERS_MORE = drawn(24)
TEST, Y_TEST, NUMBERS_TEST = drawn(8, seed=1)
VARIED, VARIED_Y = (
    [part[0] for part in parts]
    for parts in list(zip(*(drawn(1, size, seed) for seed, size in enumerate(SIZES)), strict=True))[:2]
)

both = pytest.mark.parametrize("cls", CLASSES)


@pytest.fixture(scope="module")
def quick():
    """Both, fitted for a moment only; the regions of an image are detections."""
    return {cls: cls(**SMALL, min_score=0).fit(X, Y) for cls in CLASSES}


@pytest.fixture(scope="module")
def fitted():
    return {cls: cls(**LEARNING).fit(MORE, Y_MORE) for cls in CLASSES}


def assert_same(predicted, expected, **tolerance):
    """Assert that the predictions for the images are the same."""
    assert len(predicted) == len(expected)
    for one, other in zip(predicted, expected, strict=True):
        assert list(one) == list(other)
        assert_array_equal(one["labels"], other["labels"])
        assert_allclose(one["boxes"], other["boxes"], **tolerance)
        assert_allclose(one["scores"], other["scores"], **tolerance)
        if "masks" in one:
            assert_array_equal(one["masks"], other["masks"])


def named(labels):
    """Return the objects with other labels for "bright" and "dark"."""
    return [{**image, "labels": [labels[name == "dark"] for name in image["labels"]]} for image in Y]


def grid_of_boxes(image):
    """Return regions that may hold an object: all squares of half the image, by steps of a quarter."""
    height, width = image.shape[:2]
    y, x = (numpy.linspace(0, length / 2, 5) for length in (height, width))
    start = numpy.stack(numpy.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return numpy.hstack([start, start + numpy.array([width / 2, height / 2])])


class TestWithScikitLearn:
    @both
    def test_clone_parameters_and_repr(self, cls):
        detector = cls((4, 8), (3,), solver=SGD(momentum=0.5), learning_rate=Cosine(), suppression="soft")
        again = clone(detector)
        assert again.get_params() == detector.get_params()
        assert repr(again) == repr(detector)
        assert repr(cls((4, 8), n_regions=3)) == f"{cls.__name__}(filters=(4, 8), n_regions=3)"
        assert detector.set_params(solver__momentum=0.1, metric="coco").solver == SGD(momentum=0.1)
        with pytest.raises(ValueError, match="Invalid parameter 'loss'"):
            detector.set_params(loss="huber")

    @both
    def test_tags(self, cls):
        assert not is_classifier(cls())
        assert not is_regressor(cls())
        tags = cls().__sklearn_tags__()
        assert tags.target_tags.required
        assert tags.input_tags.three_d_array
        assert not tags.input_tags.sparse

    @both
    def test_before_fit(self, cls):
        for method in ("predict", *(["predict_instances"] if cls is MaskRCNNSegmenter else [])):
            with pytest.raises(NotFittedError, match=cls.__name__):
                getattr(cls(), method)(X)
        with pytest.raises(NotFittedError):
            cls().score(X, Y)
        for name in ("coefs_", "partial_fit", "predict_proba"):
            assert not hasattr(cls(), name)
        assert hasattr(cls(), "predict_instances") == (cls is MaskRCNNSegmenter)

    @both
    @pytest.mark.parametrize("labels", [["a", "b"], [3, 4], [1, "b"]], ids=str)
    def test_pickle_and_skops(self, cls, labels):
        detector = cls(**SMALL, min_score=0).fit(X, named(labels))
        expected = detector.predict(TEST)
        for again in (pickle.loads(pickle.dumps(detector)), through_skops(detector), copy.deepcopy(detector)):
            assert_same(again.predict(TEST), expected, rtol=0)
            assert again.classes_.dtype == detector.classes_.dtype
        assert len(pickle.dumps(detector)) < theta(detector).nbytes + 20_000

    @both
    def test_nothing_given_changes(self, cls):
        images, objects, weight = X.copy(), copy.deepcopy(Y), numpy.ones(8)
        arrays = [{key: numpy.array(value) for key, value in own.items()} for own in Y]
        for array in (images, *(array for own in arrays for array in own.values())):
            array.flags.writeable = False
        filters, hidden, augment = [4, 8], [8], ["flip", "shift", "rotate"]
        detector = cls(filters, hidden, n_regions=8, max_iter=2, augment=augment, random_state=0)
        detector.fit(images, objects, weight, X_val=images, y_val=objects).predict(images)
        first = theta(detector)
        for own, before in zip(objects, Y, strict=True):
            assert own.keys() == before.keys()
            assert (own["boxes"], own["labels"]) == (before["boxes"], before["labels"])
            assert_array_equal(own["masks"], before["masks"])
        assert_array_equal(weight, 1)
        assert detector.filters is filters
        assert detector.hidden_layer_sizes is hidden
        assert (filters, hidden, augment) == ([4, 8], [8], ["flip", "shift", "rotate"])
        assert_array_equal(theta(detector.fit(images, arrays)), first)

    @both
    def test_a_second_fit_is_as_the_first(self, quick, cls):
        again = clone(quick[cls]).fit(TEST, Y_TEST).fit(X, Y)
        assert_array_equal(theta(again), theta(quick[cls]))
        assert again.loss_curve_ == quick[cls].loss_curve_
        assert_same(again.predict(TEST), quick[cls].predict(TEST), rtol=0)

    @both
    def test_cross_validation(self, cls):
        scores = cross_val_score(cls(**MANY), MORE, numpy.array(Y_MORE, object), cv=2)
        assert scores.min() > 0
        assert scores[0] != scores[1]

    @both
    def test_grid_search(self, cls):
        grid = {"filters": [(4, 8), (2, 3, 4)], "min_score": [0, 0.999]}
        search = GridSearchCV(cls(**MANY), grid, cv=2, n_jobs=1, error_score="raise").fit(MORE, Y_MORE)
        scores = search.cv_results_["mean_test_score"]
        assert_array_equal(scores[[1, 3]], 0)  # no score is so high
        assert (scores[[0, 2]] > 0).all()
        assert search.best_params_["min_score"] == 0

    @both
    def test_pipeline_with_files(self, tmp_path, cls):
        colours = (255 * X).round().astype("uint8")
        paths = []
        for i, image in enumerate(colours):
            paths.append(tmp_path / f"{i}.png")
            PIL.Image.fromarray(image).save(paths[-1])
        detector = cls(**SMALL, min_score=0)
        pipeline = make_pipeline(ImageLoader((16, 16), mode="L"), detector).fit(paths, Y)
        expected = clone(detector).fit(colours, Y)
        assert_same(pipeline.predict(paths), expected.predict(colours))
        assert pipeline.score(paths, Y) == expected.score(colours, Y)

    @both
    def test_two_threads_may_predict(self, quick, cls):
        expected = quick[cls].predict(TEST)
        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(lambda _: quick[cls].predict(TEST), range(6)):
                assert_same(found, expected, rtol=0)

    @both
    def test_new_parameters_do_not_change_the_fitted_network(self, quick, cls):
        """Until the next fit, the anchors are those of the network as it is."""
        changed = copy.copy(quick[cls]).set_params(filters=(4, 8, 16), hidden_layer_sizes=(3,), dtype="float64")
        assert_same(changed.predict(TEST), quick[cls].predict(TEST))


class TestDetections:
    @both
    def test_it_learns(self, fitted, cls):
        detector = fitted[cls]
        score = detector.score(TEST, Y_TEST)
        assert score > 0.6
        masks = cls is MaskRCNNSegmenter
        assert score == mean_average_precision(Y_TEST, detector.predict(TEST), masks=masks)
        assert detector.classes_.tolist() == ["bright", "dark"]
        assert detector.image_shape_ == (16, 16, 1)
        assert copy.copy(detector).set_params(metric="coco").score(TEST, Y_TEST) < score

    @both
    def test_the_form_of_predictions(self, quick, cls):
        predicted = quick[cls].predict(TEST)
        assert predicted.shape == (8,)
        for image in predicted:
            boxes, labels, scores = image["boxes"], image["labels"], image["scores"]
            n = len(boxes)
            assert list(image) == KEYS[cls]
            assert 0 < n <= 12
            assert (boxes.shape, labels.shape, scores.shape) == ((n, 4), (n,), (n,))
            assert boxes.dtype == scores.dtype == "float64"
            assert (boxes[:, 2:] > boxes[:, :2]).all()
            assert boxes.min() >= 0
            assert boxes.max() <= 16
            assert (numpy.diff(scores) <= 0).all()
            assert set(labels) <= {"bright", "dark"}
            if cls is MaskRCNNSegmenter:
                assert image["masks"].shape == (n, 16, 16)
                assert image["masks"].dtype == bool
        assert_same(quick[cls].predict(TEST[3:4]), predicted[3:4], rtol=1e-4, atol=1e-4)
        few = copy.copy(quick[cls]).set_params(max_detections=3, n_regions=2).predict(TEST)
        assert max(len(image["boxes"]) for image in few) == 3
        none = copy.copy(quick[cls]).set_params(min_score=0.9999).predict(TEST)
        assert all(image["boxes"].shape == (0, 4) and image["labels"].dtype == "<U6" for image in none)

    def test_masks_lie_in_their_boxes(self, fitted):
        for image in fitted[MaskRCNNSegmenter].predict(TEST):
            for (x0, y0, x1, y1), mask in zip(image["boxes"], image["masks"], strict=True):
                rows, columns = numpy.nonzero(mask)
                assert (rows + 0.5 >= y0).all() and (rows + 0.5 < y1).all()
                assert (columns + 0.5 >= x0).all() and (columns + 0.5 < x1).all()

    @both
    def test_soft_suppression(self, fitted, cls):
        overlaps = []
        for suppression in ("hard", "soft"):
            detector = copy.copy(fitted[cls]).set_params(suppression=suppression, min_score=0.01)
            largest = 0.0
            for image in detector.predict(TEST):
                one_class = image["labels"][:, None] == image["labels"]
                overlap = box_iou(image["boxes"], image["boxes"]) * one_class
                largest = max(largest, numpy.triu(overlap, 1).max(initial=0))
                assert (numpy.diff(image["scores"]) <= 0).all()
            overlaps.append(largest)
            assert detector.score(TEST, Y_TEST) > 0.5
        assert overlaps[0] <= 0.5 < overlaps[1]

    @both
    def test_forms_of_images(self, quick, cls):
        expected, predicted = theta(quick[cls]), quick[cls].predict(X)
        objects = numpy.empty(8, object)
        objects[:] = list(X)
        for images in (X[..., None], list(X), objects, pandas.Series(list(X), index=range(9, 17)), ArraySource(X)):
            assert_array_equal(theta(clone(quick[cls]).fit(images, Y)), expected)
            assert_same(quick[cls].predict(images), predicted)

    @both
    @pytest.mark.parametrize(
        "labels", [["cat", "ox"], [7, -3], [True, False], [0.5, 1.5], [1, "b"], [10**30, 2], [("a", 1), ("b", 2)]]
    )
    def test_labels(self, cls, labels):
        objects = named(labels)
        detector = cls(**{**SMALL, "max_iter": 1}, min_score=0).fit(X, objects)
        assert set(detector.classes_.tolist()) == set(labels)
        predicted = detector.predict(X)
        assert predicted[0]["labels"].dtype == detector.classes_.dtype
        assert set(predicted[0]["labels"].tolist()) <= set(labels)
        masks = cls is MaskRCNNSegmenter
        assert detector.score(X, objects) == mean_average_precision(objects, predicted, masks=masks)

    @both
    @pytest.mark.parametrize("batch_size", [1, 4])
    def test_images_without_objects(self, cls, batch_size):
        """Also in batches of such images only."""
        one = [NOTHING] * 7 + Y[7:]
        detector = cls(**SMALL, min_score=0, batch_size=batch_size, shuffle=False).fit(X, one)
        assert detector.classes_.tolist() == Y[7]["labels"]
        assert numpy.isfinite(detector.loss_curve_).all()
        assert numpy.isfinite(detector.predict(X[:1])[0]["scores"]).all()

    @both
    @pytest.mark.parametrize("n_regions", [1, 3])
    def test_more_objects_than_regions(self, cls, n_regions):
        boxes = [[x, y, x + 4, y + 4] for x in range(0, 16, 4) for y in range(0, 16, 4)]
        masks = numpy.zeros((16, 16, 16), bool)
        for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
            mask[y0:y1, x0:x1] = True
        many = {"boxes": boxes, "labels": [*"ab"] * 8, "masks": masks}
        detector = cls(**{**SMALL, "n_regions": n_regions}, min_score=0).fit(X, [many] * 7 + [NOTHING])
        assert numpy.isfinite(detector.loss_)
        assert len(detector.predict(X[:1])[0]["boxes"]) > 5

    @both
    @pytest.mark.parametrize(("size", "filters"), [((1, 1), (2, 2)), ((1, 9), (3, 2, 2)), ((7, 3), (4, 4, 4, 4))])
    def test_any_size(self, cls, size, filters):
        images = numpy.random.RandomState(0).uniform(size=(6, *size))
        objects = [{"boxes": [[0, 0, size[1], size[0]]], "labels": [7], "masks": numpy.ones((1, *size), bool)}] * 6
        detector = cls(**{**SMALL, "filters": filters}, min_score=0).fit(images, objects)
        for image in detector.predict(images):
            assert (image["boxes"][:, 2:] <= [size[1], size[0]]).all()

    @both
    @pytest.mark.parametrize("normalization", [None, "layer"])
    def test_huge_values(self, cls, normalization):
        for factor in (1e-30, 1e30):
            detector = cls(**SMALL, normalization=normalization).fit(factor * X, Y)
            assert numpy.isfinite(detector.predict(factor * X)[0]["scores"]).all()


class TestProposals:
    def test_a_function(self, fitted):
        shapes = set()

        def propose(image):
            shapes.add(image.shape)
            return grid_of_boxes(image)

        detector = RCNNDetector(**LEARNING, proposals=propose).fit(MORE, Y_MORE)
        assert shapes == {(16, 16, 1)}
        assert detector.score(MORE, Y_MORE) > 0.4
        assert len(theta(detector)) < len(theta(fitted[RCNNDetector]))  # without the part that proposes
        strict = copy.copy(detector).set_params(proposals=lambda image: [[0, 0, 3, 3]], min_score=0)
        assert all(len(image["boxes"]) <= 2 for image in strict.predict(TEST))  # one for each class

    @pytest.mark.parametrize("n_regions", [1, 2, 3])
    def test_few_regions(self, n_regions):
        """One of them holds an object."""
        options = {**SMALL, "n_regions": n_regions, "proposals": grid_of_boxes}
        assert min(RCNNDetector(**options).fit(X, Y).history_["box_loss"]) > 0

    @pytest.mark.parametrize(
        "found", [[], numpy.empty((0, 4)), [[20, 20, 30, 30]], [[3, 3, 3, 9]], [[-5, -5, 40, 40]]], ids=repr
    )
    def test_regions_are_clipped(self, found):
        detector = RCNNDetector(**SMALL, proposals=lambda image: found, min_score=0).fit(X, Y)
        reaches = len(found) and found[0][0] < 0
        for image in detector.predict(TEST):
            assert (len(image["boxes"]) > 0) == bool(reaches)

    def test_regions_move_with_the_image(self):
        seen = []

        def look(images, y, rng):
            seen.append(y.copy())
            return images, y

        RCNNDetector(**{**SMALL, "max_iter": 8}, augment=["flip", look], proposals=lambda image: [[1, 2, 6, 9]]).fit(
            X, Y
        )
        regions = {tuple(row[:4]) for target in seen for rows in target for row in rows if row[4] == -2}
        assert regions == {(1, 2, 6, 9), (10, 2, 15, 9)}

    def test_early_stopping_and_a_scorer(self):
        options = {**LEARNING, "max_iter": 6, "proposals": grid_of_boxes}
        own = RCNNDetector(**options, early_stopping=True).fit(MORE, Y_MORE)
        scorer = RCNNDetector(**options, early_stopping=True, scoring=lambda est, X, y: est.score(X, y))
        scorer.fit(MORE, Y_MORE)
        assert_allclose(scorer.validation_scores_, own.validation_scores_, atol=1e-6)

    def test_selective_search(self):
        pytest.importorskip("skimage")
        detector = RCNNDetector(**{**LEARNING, "max_iter": 8}, proposals="selective_search").fit(X, Y)
        assert numpy.isfinite(detector.loss_)
        assert_same(pickle.loads(pickle.dumps(detector)).predict(TEST), detector.predict(TEST), rtol=0)

    @pytest.mark.parametrize(
        ("found", "message"),
        [
            ([[1, 2, 3]], r"must have the shape \(n_objects, 4\)\. Got \(1, 3\)"),
            ([[numpy.nan] * 4], "must be finite. Got nan"),
            ([[5, 5, 2, 2]], "x0 <= x1"),
            ("a", "must be numbers"),
            (None, "must be"),
        ],
    )
    def test_bad_ones(self, quick, found, message):
        detector = copy.copy(quick[RCNNDetector])
        before = theta(detector).copy()
        detector.set_params(proposals=lambda image: found if image[0, 0, 0] == X[3, 0, 0] else [[1, 1, 4, 4]])
        with pytest.raises(ValueError, match=rf"proposals\(X\[3\]\).*{message}|{message}.*proposals\(X\[3\]\)"):
            detector.fit(X, Y)
        assert_array_equal(theta(detector), before)
        detector.set_params(proposals="network")
        assert_same(detector.predict(TEST), quick[RCNNDetector].predict(TEST), rtol=0)

    def test_a_network_without_proposals_of_its_own(self):
        detector = RCNNDetector(**SMALL, proposals=grid_of_boxes).fit(X, Y)
        with pytest.raises(ValueError, match=r"proposals='network' needs .* Fit it again"):
            detector.set_params(proposals="network").predict(TEST)
        assert detector.fit(X, Y).predict(TEST).shape == (8,)


class TestMasks:
    def test_maps_of_numbers(self):
        as_dicts = [{**own, "labels": [1] * len(own["labels"])} for own in Y]
        one, other = (MaskRCNNSegmenter(**SMALL).fit(X, y) for y in (NUMBERS, as_dicts))
        assert one.classes_.tolist() == [1]
        assert_array_equal(theta(one), theta(other))
        for y in (NUMBERS * 2**40, NUMBERS.astype("uint64"), NUMBERS > 0, list(NUMBERS), pandas.Series(list(NUMBERS))):
            assert_array_equal(theta(MaskRCNNSegmenter(**SMALL).fit(X, y)), theta(one))
        assert one.score(X, NUMBERS) == one.score(X, as_dicts)

    def test_predict_instances(self):
        seg = MaskRCNNSegmenter(**{**LEARNING, "max_iter": 20}).fit(MORE, NUMBERS_MORE)
        found = seg.predict_instances(TEST)
        assert found.shape == (8, 16, 16)
        assert found.dtype.kind == "i"
        assert instance_f1(NUMBERS_TEST, found) > 0.6
        assert not seg.predict_instances(TEST, min_score=1.0).any()
        for numbers, image in zip(seg.predict_instances(TEST, min_score=0), seg.predict(TEST), strict=True):
            assert_array_equal(numbers == 1, image["masks"][0])  # the best lies above the others
            assert_array_equal(numbers > 0, image["masks"].any(axis=0))

    def test_overlapping_objects_of_two_classes(self):
        """A bright square in a dark one, which its mask includes."""
        rng, images, y = numpy.random.RandomState(0), numpy.full((20, 20, 20), 0.5), []
        for image in images:
            top, left = rng.randint(0, 9, size=2)
            masks = numpy.zeros((2, 20, 20), bool)
            masks[0, top : top + 11, left : left + 11] = True
            masks[1, top + 3 : top + 8, left + 3 : left + 8] = True
            image[masks[0]], image[masks[1]] = 0.0, 1.0
            y.append({"masks": masks, "labels": ["outer", "inner"]})
        seg = MaskRCNNSegmenter(**LEARNING).fit(images, y)
        assert seg.score(images, y) > 0.9
        for own, truth in zip(seg.predict(images), y, strict=True):
            best = own["masks"][list(own["labels"]).index("outer")]
            assert (best & truth["masks"][1]).sum() > 12  # the pixels of both

    def test_objects_smaller_than_a_pixel_of_the_canvas(self):
        """They are drawn as a pixel."""
        masks = numpy.zeros((3, 64, 64), bool)
        masks[0, 9, 9] = masks[1, 63, 0] = masks[2, 9, 10] = True
        place = Letterbox((64, 64), (16, 16))
        instances = type("Instances", (), {"masks": masks})
        numbers = draw_numbers(instances, numpy.array([0, 1, 0]), 2, (16, 16), place)
        assert numpy.argwhere(numbers[..., 0]).tolist() == [[2, 2], [15, 0]]
        assert numpy.argwhere(numbers[..., 1]).tolist() == [[2, 2]]
        images = [numpy.random.RandomState(0).uniform(size=(64, 64))] * 4
        seg = MaskRCNNSegmenter(**SMALL, image_size=(16, 16)).fit(images, [{"masks": masks, "labels": [*"aba"]}] * 4)
        assert numpy.isfinite(seg.loss_)
