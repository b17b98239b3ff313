"""Bad input of segmenters and detectors: the error names the image, and what was fitted before is kept."""

import copy

import numpy
import pandas
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from skann import FCNSegmenter, YOLODetector
from skann.losses import LOSSES, Hinge, Poisson

from .pictures import pictures, replaced, theta

X, MAPS, Y = pictures(40)
TEST, _, Y_TEST = pictures(20, seed=1)
NOTHING = {"boxes": [], "labels": []}


@pytest.fixture(scope="module")
def segmenter():
    return FCNSegmenter(filters=(4, 8), max_iter=1, random_state=0).fit(X, MAPS)


@pytest.fixture(scope="module")
def detector():
    return YOLODetector(filters=(4, 8), n_scales=1, max_iter=1, random_state=0).fit(X, Y)


BAD_MAPS = {
    "another size": (replaced(MAPS, 3, MAPS[0][:5]), ValueError, r"y\[3\] has the shape \(5, 16\), but image 3 has"),
    "float": (MAPS.astype(float), TypeError, r"y\[0\] has the dtype float64.*integers.* Pass y\.astype\(int\)"),
    "a list of float": (
        list(MAPS * 1.0),
        TypeError,
        r"float64.* Pass \[numpy\.asarray\(own\)\.astype\(int\) for own in y",
    ),
    "fractions": (MAPS + 0.5, TypeError, r"y\[0\] has the dtype float64\. .*or bool\.$"),
    "NaN": (MAPS * numpy.nan, TypeError, r"y\[0\] has the dtype float64.* Replace NaN .*ignore_label"),
    "one float": (replaced(MAPS, 3, MAPS[3] / 2), TypeError, r"y\[3\] has the dtype float64"),
    "text": (MAPS.astype(str), TypeError, r"y\[0\] has the dtype <U"),
    "ragged": (replaced(MAPS, 3, [[1, 2], [1]]), ValueError, r"y\[3\] is not a map of labels"),
    "missing": (replaced(MAPS, 3, None), ValueError, r"y\[3\] must be a map of labels\. Got NoneType"),
    "objects": (Y, ValueError, r"y\[0\] must be a map of labels\. Got dict"),
    "names": (["a"] * 40, ValueError, r"y\[0\] must be a map of labels\. Got str"),
    "a frame": (pandas.DataFrame(MAPS[:, 0]), ValueError, "Got DataFrame: skann.datasets.boxes_from_frame"),
    "beyond 64 bits": (
        replaced(MAPS, 3, numpy.full((16, 16), 2**64 - 1, "uint64")),
        ValueError,
        r"y\[3\] has the label 18446744073709551615",
    ),
    "far beyond 64 bits": (replaced(MAPS, 3, [[10**30] * 16] * 16), TypeError, r"y\[3\] has the dtype object"),
    "of a matrix": (MAPS[:, 0], ValueError, r"y must have the shape \(n_samples, height, width\)"),
    "with channels": (MAPS[..., None], ValueError, r"y must have the shape .*\. Pass y\[\.\.\., 0\]\."),
    "one-hot": (numpy.eye(3)[MAPS], ValueError, r"y must have the shape .* class, pass y\.argmax\(-1\)"),
    "a list with channels": (
        list(MAPS[..., None]),
        ValueError,
        r"y\[0\] has the shape .*own\)\[\.\.\., 0\] for own in y",
    ),
    "fewer": (MAPS[:-1], ValueError, "X has 40 images, but y has 39"),
    "none": (None, ValueError, "requires y to be passed"),
    "text as a whole": ("abc", ValueError, "y"),
    "a number": (5, (ValueError, TypeError), "y must be"),
}
WITH_NAN = numpy.where(X > 0.9, numpy.nan, X)
BAD_IMAGES = {
    "paths": (["a.png"] * 40, TypeError, "X holds str.*ImageLoader"),
    "paths for image_size": (["a.png"] * 40, TypeError, "X holds str.*ImageLoader"),
    "empty": (X[:0], ValueError, "minimum of 1 is required|X has no images"),
    "an empty list": ([], ValueError, r"Got X of shape \(0,\)|X has no images"),
    "NaN": (WITH_NAN, ValueError, "contains NaN"),
    "infinite": (numpy.where(X > 0.9, numpy.inf, X), ValueError, "contains infinity"),
    "a matrix": (X[:, 0], ValueError, r"[Gg]ot.*\(40, 16\)"),
    "five axes": (X[..., None, None], ValueError, r"5 axes|X\[0\] must have the shape"),
    "text": (X.astype(str), (ValueError, TypeError), "strings|real numbers"),
    "complex": (X + 1j, (ValueError, TypeError), "[Cc]omplex"),
    "one without channels": (
        replaced(numpy.repeat(X[..., None], 3, axis=3), 3, X[3]),
        ValueError,
        r"X\[3\] has (\(16, 16\)|1 channels)",
    ),
    "without pixels": (X[:, :0], ValueError, "at least one"),
    "a generator": ((image for image in X), TypeError, "generator"),
    "sparse": (scipy.sparse.csr_matrix(X[:, 0]), TypeError, "Sparse data was passed for X"),
    "a missing one": (replaced(X, 3, None), (ValueError, TypeError), r"X\[3\]"),
    "ragged": (replaced(X, 3, [[1.0, 2.0], [1.0]]), ValueError, r"X\[3\] is not an image"),
    "uint8 among others": (replaced(X, 3, X[3].astype("uint8")), ValueError, r"X\[3\] has uint8"),
    "none": (None, (ValueError, TypeError), "X"),
}


class TestSegmenter:
    def assert_kept(self, seg, X_bad, maps, error, message):
        before, attributes = theta(seg).copy(), dict(vars(seg))
        with pytest.raises(error, match=message):
            seg.fit(X_bad, maps)
        assert vars(seg).keys() == attributes.keys()
        assert all(vars(seg)[name] is value for name, value in attributes.items())
        assert_array_equal(theta(seg), before)

    @pytest.mark.parametrize("name", BAD_MAPS)
    def test_maps(self, segmenter, name):
        self.assert_kept(segmenter, X, *BAD_MAPS[name])

    def test_maps_of_objects(self, segmenter):
        maps = numpy.array(list(MAPS), dtype=object)
        seg = FCNSegmenter(filters=(4, 8), max_iter=1, random_state=0).fit(X, maps)
        assert_array_equal(theta(seg), theta(segmenter))
        assert seg.classes_.dtype == MAPS.dtype
        assert seg.score(X, maps) == segmenter.score(X, MAPS)

    @pytest.mark.parametrize("image_size", [None, (16, 16)])
    @pytest.mark.parametrize("name", BAD_IMAGES)
    def test_images(self, segmenter, name, image_size):
        seg = copy.copy(segmenter).set_params(image_size=image_size)
        images, error, message = BAD_IMAGES[name]
        self.assert_kept(seg, images, MAPS, error, message)

    def test_an_image_with_nan_is_named(self, segmenter):
        seg = copy.copy(segmenter).set_params(image_size=(8, 8))
        self.assert_kept(seg, replaced(X, 3, X[3] * numpy.nan), MAPS, ValueError, r"X\[3\] contains NaN")

    def test_a_class_of_the_validation_set_only(self, segmenter):
        before = theta(segmenter).copy()
        with pytest.raises(ValueError, match=r"y_val\[2\] has the label 7, .*training set: 0, 1, 2\."):
            segmenter.fit(X, MAPS, X_val=X[:4], y_val=replaced(MAPS[:4], 2, MAPS[2] + 7))
        with pytest.raises(ValueError, match="X_val was given without y_val"):
            segmenter.fit(X, MAPS, X_val=X[:4])
        with pytest.raises(ValueError, match=r"X_val has images of shape \(8, 16, 1\)"):
            segmenter.fit(X, MAPS, X_val=X[:4, :8], y_val=MAPS[:4, :8])
        assert_array_equal(theta(segmenter), before)

    @pytest.mark.parametrize("filters", [(), (0,), (2.5,), (True,), "ab", -3])
    def test_filters(self, segmenter, filters):
        self.assert_kept(copy.copy(segmenter).set_params(filters=filters), X, MAPS, ValueError, "filters")

    def test_losses_for_other_targets(self, segmenter):
        for loss in ("hinge", "poisson", "huber", Hinge(), Poisson()):
            self.assert_kept(copy.copy(segmenter).set_params(loss=loss), X, MAPS, ValueError, "'?loss'?")
        names = {name for name in LOSSES.names() if name in ("dice", "lovasz", "log_loss", "focal", "squared_error")}
        with pytest.raises(ValueError) as error:
            FCNSegmenter(loss=Hinge()).fit(X, MAPS)
        assert all(name in str(error.value) for name in names)

    @pytest.mark.parametrize(
        ("weight", "message"),
        [
            (numpy.zeros(40), "at least one non-zero"),
            (-numpy.ones(40), "Negative values"),
            (numpy.ones(39), r"\(39,\), expected \(40,\)"),
        ],
    )
    def test_weights(self, segmenter, weight, message):
        with pytest.raises(ValueError, match=message):
            segmenter.fit(X, MAPS, weight)

    def test_images_of_another_shape_to_predict(self, segmenter):
        with pytest.raises(ValueError, match=r"images of shape \(5, 16, 1\), but FCNSegmenter was fitted"):
            segmenter.predict(X[:, :5])
        with pytest.raises(ValueError, match=r"images of shape \(16, 16, 3\)"):
            segmenter.predict(numpy.repeat(X[..., None], 3, axis=3))
        with pytest.raises(ValueError, match="Got X of shape"):
            segmenter.predict(X[0])


def with_object(boxes, labels=("dark",)):
    """Return the objects, of which those of one image are others."""
    return replaced(Y, 3, {"boxes": boxes, "labels": list(labels)})


BAD_OBJECTS = {
    "outside": (with_object([[2, 2, 30, 9]]), r"y\[3\]\['boxes'\]\[0\].* exceeds the image of 16 x 16 pixels"),
    "before the image": (with_object([[-5, 2, 3, 9]]), r"y\[3\]\['boxes'\]\[0\].* exceeds the image"),
    "just beside": (with_object([[16, 2, 16.9, 9]]), r"y\[3\]\['boxes'\]\[0\].* lies outside of the image"),
    "of no area": (with_object([[1, 1, 3, 3], [2, 2, 2, 9]], "ab"), r"y\[3\]\['boxes'\]\[1\] has no area"),
    "reversed": (with_object([[5, 2, 2, 9]]), r"x0 <= x1 and y0 <= y1\. y\[3\]\['boxes'\]\[0\]"),
    "NaN": (with_object([[numpy.nan, 2, 5, 9]]), r"y\[3\]\['boxes'\] must be finite\. Got nan"),
    "infinite": (with_object([[0, 2, numpy.inf, 9]]), r"y\[3\]\['boxes'\] must be finite\. Got inf"),
    "beyond 64 bits": (with_object([[0, 2, 10**30, 9]]), r"y\[3\]\['boxes'\]\[0\].* exceeds the image"),
    "beyond any float": (with_object([[0, 2, 10**400, 9]]), r"y\[3\]\['boxes'\] must be numbers"),
    "text": (with_object([["a", 2, 4, 9]]), r"y\[3\]\['boxes'\] must be numbers"),
    "complex": (with_object([[1j, 2, 4, 9]]), r"y\[3\]\['boxes'\] must be numbers"),
    "ragged": (with_object([[0, 2, 4, 9], [1, 2]], "ab"), r"y\[3\]\['boxes'\] must be numbers"),
    "three columns": (with_object([[0, 2, 4]]), r"y\[3\]\['boxes'\] must have the shape \(n_objects, 4\)"),
    "flat": (with_object([0, 2, 4, 9]), r"y\[3\]\['boxes'\] must have the shape \(n_objects, 4\)"),
    "a missing label": (with_object([[0, 2, 4, 9]], [None]), r"y\[3\]\['labels'\]\[0\] is missing: .* Got None"),
    "NaN as label": (with_object([[0, 2, 4, 9]], [numpy.nan]), r"y\[3\]\['labels'\]\[0\] is missing: .* Got nan"),
    "a list as label": (with_object([[0, 2, 4, 9]], [["a"]]), r"y\[3\]\['labels'\]\[0\] must be a class label"),
    "more labels": (with_object([[0, 2, 4, 9]], "ab"), r"y\[3\]\['labels'\] .* there are 1\. Got 2"),
    "no labels": (with_object([[0, 2, 4, 9]], ""), r"y\[3\]\['labels'\] .* there are 1\. Got 0"),
    "a name as labels": (
        replaced(Y, 3, {"boxes": [[0, 2, 4, 9]], "labels": "a"}),
        r"y\[3\]\['labels'\] must be a list",
    ),
    "without boxes": (replaced(Y, 3, {"labels": ["a"]}), r"y\[3\] has no 'boxes'"),
    "without labels": (replaced(Y, 3, {"boxes": [[0, 2, 4, 9]]}), r"y\[3\] has no 'labels'"),
    "no dict": (replaced(Y, 3, [[0, 2, 4, 9]]), r"y\[3\] must be a dict"),
    "no dicts": ([1] * 40, r"y\[0\] must be a dict"),
    "missing": (replaced(Y, 3, None), r"y\[3\] must be a dict"),
    "fewer": (Y[:-1], "X has 40 images, but y has 39"),
    "of one image": (Y[0], r"y must be a list or an array with one entry for each image.* pass a list, \[y\]"),
    "a frame": (pandas.DataFrame(Y), r"Got DataFrame: skann\.datasets\.boxes_from_frame"),
    "none": (None, "requires y to be passed"),
    "no objects": ([NOTHING] * 40, "y has no objects"),
}
BAD_PARAMETERS = [
    {"filters": ()},
    {"filters": (0, 4)},
    {"filters": (2.5,)},
    {"filters": "ab"},
    {"n_scales": 0},
    {"n_scales": 3},
    {"n_scales": 1.5},
    {"min_score": 1.0},
    {"min_score": -0.1},
    {"iou_threshold": 1.1},
    {"max_detections": 0},
    {"box_loss": "iou"},
    {"metric": "iou"},
    {"solver": "lbfgs"},
]


class TestDetector:
    def assert_kept(self, detector, images, objects, error, message):
        before, attributes = theta(detector).copy(), dict(vars(detector))
        with pytest.raises(error, match=message):
            detector.fit(images, objects)
        assert vars(detector).keys() == attributes.keys()
        assert all(vars(detector)[name] is value for name, value in attributes.items())
        assert_array_equal(theta(detector), before)

    @pytest.mark.parametrize("name", BAD_OBJECTS)
    def test_objects(self, detector, name):
        objects, message = BAD_OBJECTS[name]
        self.assert_kept(detector, X, objects, ValueError, message)

    @pytest.mark.parametrize("image_size", [None, (16, 16)])
    @pytest.mark.parametrize("name", [name for name in BAD_IMAGES if name != "a generator"])
    def test_images(self, detector, name, image_size):
        images, error, message = BAD_IMAGES[name]
        self.assert_kept(copy.copy(detector).set_params(image_size=image_size), images, Y, error, message)

    def test_no_images_with_objects(self, detector):
        self.assert_kept(detector, X[:0], [], ValueError, "minimum of 1 is required")
        self.assert_kept(detector, X[:0], Y, ValueError, "minimum of 1 is required")

    @pytest.mark.parametrize("parameters", BAD_PARAMETERS, ids=str)
    def test_parameters(self, detector, parameters):
        (name,) = parameters
        self.assert_kept(copy.copy(detector).set_params(**parameters), X, Y, ValueError, name)

    def test_a_class_of_the_validation_set_only(self, detector):
        objects = replaced(Y_TEST, 2, {"boxes": [[1, 1, 8, 9]], "labels": ["zebra"]})
        before = theta(detector).copy()
        with pytest.raises(ValueError, match=r"y_val\[2\]\['labels'\] has the label 'zebra', .*'bright', 'dark'\."):
            detector.fit(X, Y, X_val=TEST, y_val=objects)
        with pytest.raises(ValueError, match=r"y_val\[2\]\['boxes'\]\[0\].* exceeds the image"):
            detector.fit(X, Y, X_val=TEST, y_val=replaced(Y_TEST, 2, {"boxes": [[1, 1, 30, 9]], "labels": ["dark"]}))
        with pytest.raises(ValueError, match="y_val was given without X_val"):
            detector.fit(X, Y, y_val=Y_TEST)
        assert_array_equal(theta(detector), before)

    def test_to_score(self, detector):
        with pytest.raises(ValueError, match="39"):
            detector.score(X, Y[:39])
        with pytest.raises(ValueError, match="no object"):
            detector.score(X, [NOTHING] * 40)

    def test_images_of_another_shape_to_predict(self, detector):
        with pytest.raises(ValueError, match=r"images of shape \(5, 16, 1\), but YOLODetector was fitted"):
            detector.predict(X[:, :5])
        with pytest.raises(ValueError, match="Got X of shape"):
            detector.predict(X[0])


class TestHints:
    def test_boxes_as_fractions_of_the_image(self, detector):
        fractions = [{**own, "boxes": numpy.reshape(own["boxes"], (-1, 4)) / X.shape[1]} for own in Y]
        with pytest.raises(ValueError, match=r"All boxes of y lie between 0 and 1.*multiply x by the width"):
            copy.deepcopy(detector).fit(X, fractions)

    def test_images_of_different_sizes_name_image_size(self, detector):
        with pytest.raises(ValueError, match=r"must have the same shape.*X\[1\].*Or set image_size=\(height, width\)"):
            detector.predict([X[0], X[1][:9]])

    def test_a_single_image(self, segmenter):
        with pytest.raises(ValueError, match=r"Pass a single image as an array of one, X\[None\]"):
            segmenter.predict(X[0])

    @pytest.mark.parametrize(
        "parameters",
        [{"min_score": 2}, {"iou_threshold": "x"}, {"suppression": "mild"}, {"max_detections": 0}],
        ids=str,
    )
    def test_parameters_set_after_fit(self, detector, parameters):
        (name,) = parameters
        with pytest.raises(ValueError, match=f"The '{name}' parameter of YOLODetector must be"):
            copy.deepcopy(detector).set_params(**parameters).predict(X[:1])
