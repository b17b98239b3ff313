"""Bad input of RCNNDetector and MaskRCNNSegmenter: the error names the image, and what was fitted before is kept."""

import copy

import numpy
import pandas
import pytest
from numpy.testing import assert_array_equal

from skann import MaskRCNNSegmenter, RCNNDetector

from .pictures import replaced, theta
from .test_region_detectors import NOTHING, NUMBERS, SMALL, TEST, Y_TEST, X, Y, assert_same, both

ONE = numpy.ones((1, 16, 16), bool)
CORNER = numpy.zeros((1, 16, 16), bool)
CORNER[0, 0, 0] = True


@pytest.fixture(scope="module")
def quick():
    return {cls: cls(**SMALL).fit(X, Y) for cls in (RCNNDetector, MaskRCNNSegmenter)}


def with_masks(masks, labels=("dark",)):
    """Return the objects, of which those of one image are others."""
    return replaced(Y, 3, {"masks": masks, "labels": list(labels)})


def with_map(numbers):
    """Return maps of numbers, of which one is another."""
    return replaced(NUMBERS, 3, numbers)


BAD_MASKS = {
    "another size": (
        with_masks(ONE[:, :5]),
        ValueError,
        r"y\[3\]\['masks'\] have the shape \(5, 16\), but image 3 has",
    ),
    "not bool": (
        with_masks(2 * ONE.astype(int)),
        ValueError,
        r"y\[3\]\['masks'\] must be bool, or 0 and 1.* Got 2, .*int64\. Pass masks > 0\.",
    ),
    "fractions": (with_masks(0.5 * ONE), ValueError, r"y\[3\]\['masks'\] must be bool, or 0 and 1.*float64"),
    "NaN": (with_masks(numpy.nan * ONE), ValueError, r"y\[3\]\['masks'\] must be bool"),
    "text": (with_masks(ONE.astype(str)), ValueError, r"y\[3\]\['masks'\] must be bool"),
    "empty": (with_masks([*ONE, *~ONE], "ab"), ValueError, r"y\[3\]\['masks'\]\[1\] has no pixels\. Remove the object"),
    "of two axes": (with_masks(ONE[0]), ValueError, r"y\[3\]\['masks'\] must have the shape \(n_objects, height"),
    "ragged": (with_masks([[[1, 0], [1]]]), ValueError, r"y\[3\]\['masks'\] must be an array"),
    "without masks": (
        replaced(Y, 3, {"labels": ["a"]}),
        ValueError,
        r"^y\[3\] has no 'masks'\. Its keys are 'labels'\.$",
    ),
    "boxes": (
        replaced(Y, 3, {"boxes": [[0, 0, 2, 2]], "labels": ["a"]}),
        ValueError,
        r"y\[3\] has 'boxes', but no 'masks'\. Use RCNNDetector or YOLODetector for boxes\.",
    ),
    "without labels": (replaced(Y, 3, {"masks": ONE}), ValueError, r"y\[3\] has no 'labels'"),
    "fewer labels": (with_masks(ONE, ()), ValueError, r"y\[3\]\['labels'\] .* there are 1\. Got 0"),
    "a missing label": (with_masks(ONE, [None]), ValueError, r"y\[3\]\['labels'\]\[0\] is missing"),
    "NaN as label": (with_masks(ONE, [numpy.nan]), ValueError, r"y\[3\]\['labels'\]\[0\] is missing"),
    "a list as label": (with_masks(ONE, [["a"]]), ValueError, r"y\[3\]\['labels'\]\[0\] must be a class label"),
    "a name as labels": (
        replaced(Y, 3, {"masks": ONE, "labels": "a"}),
        ValueError,
        r"y\[3\]\['labels'\] must be a list",
    ),
    "negative numbers": (with_map(-NUMBERS[3]), ValueError, r"y\[3\] has the instance number -1\. .*not be negative"),
    "a float map": (with_map(NUMBERS[3] * 1.0), TypeError, r"y\[3\] has the dtype float64.*integers"),
    "float maps": (NUMBERS * 1.0, TypeError, r"y\[0\] has the dtype float64.*integers.* Pass y\.astype\(int\)\."),
    "maps with channels": (NUMBERS[..., None], ValueError, r"y\[0\] has the shape .* Pass y\[\.\.\., 0\]\."),
    "names": (["a"] * 8, ValueError, r"y\[0\] must be a map of instance numbers, or a dict .* Got str"),
    "a frame": (pandas.DataFrame(Y), ValueError, r"Got DataFrame: skann\.datasets\.boxes_from_frame"),
    "a map of text": (with_map(NUMBERS[3].astype(str)), TypeError, r"y\[3\] has the dtype <U"),
    "a map of another size": (with_map(NUMBERS[3][:5]), ValueError, r"y\[3\] has the shape \(5, 16\), but image 3 has"),
    "a map with channels": (with_map(NUMBERS[3][..., None]), ValueError, r"y\[3\] has the shape \(16, 16, 1\)"),
    "a ragged map": (with_map([[1, 2], [1]]), ValueError, r"y\[3\]"),
    "missing": (replaced(Y, 3, None), (ValueError, TypeError), r"y\[3\]"),
    "fewer": (NUMBERS[:-1], ValueError, "X has 8 images, but y has 7"),
    "of one image": (Y[0], ValueError, "y must be a list or an array with one entry for each image"),
    "none": (None, ValueError, "requires y to be passed"),
    "no objects": ([NOTHING] * 8, ValueError, "y has no objects"),
    "maps without objects": (0 * NUMBERS, ValueError, "y has no objects"),
}
BAD_BOXES = {
    "outside": (replaced(Y, 3, {"boxes": [[2, 2, 30, 9]], "labels": ["a"]}), r"y\[3\]\['boxes'\]\[0\].* exceeds"),
    "of no area": (replaced(Y, 3, {"boxes": [[2, 2, 2, 9]], "labels": ["a"]}), r"y\[3\]\['boxes'\]\[0\] has no area"),
    "NaN": (replaced(Y, 3, {"boxes": [[numpy.nan, 2, 5, 9]], "labels": ["a"]}), r"y\[3\]\['boxes'\] must be finite"),
    "without boxes": (replaced(Y, 3, {"labels": ["a"]}), r"y\[3\] has no 'boxes'"),
    "without labels": (replaced(Y, 3, {"boxes": [[0, 2, 4, 9]]}), r"y\[3\] has no 'labels'"),
    "maps": (NUMBERS, r"y\[0\] must be a dict"),
    "no objects": ([NOTHING] * 8, "y has no objects"),
}
BAD_PARAMETERS = [
    {"filters": ()},
    {"filters": (4,)},
    {"filters": 4},
    {"filters": (0, 4)},
    {"filters": (2.5, 3)},
    {"hidden_layer_sizes": (0,)},
    {"n_regions": 0},
    {"n_regions": 1.5},
    {"min_score": 1.0},
    {"iou_threshold": 1.1},
    {"suppression": "none"},
    {"max_detections": 0},
    {"metric": "iou"},
    {"solver": "lbfgs"},
    {"image_size": (0, 3)},
]


def assert_kept(detector, images, objects, error, message):
    """Assert that a fit is refused and leaves the estimator as it was."""
    before, attributes = theta(detector).copy(), dict(vars(detector))
    with pytest.raises(error, match=message):
        detector.fit(images, objects)
    assert vars(detector).keys() == attributes.keys()
    assert all(vars(detector)[name] is value for name, value in attributes.items())
    assert_array_equal(theta(detector), before)


@pytest.mark.parametrize("image_size", [None, (12, 20)])
@pytest.mark.parametrize("name", BAD_MASKS)
def test_masks(quick, name, image_size):
    seg = copy.copy(quick[MaskRCNNSegmenter]).set_params(image_size=image_size)
    objects, error, message = BAD_MASKS[name]
    assert_kept(seg, X, objects, error, message)


@pytest.mark.parametrize("name", BAD_BOXES)
def test_boxes(quick, name):
    objects, message = BAD_BOXES[name]
    assert_kept(quick[RCNNDetector], X, objects, ValueError, message)


@both
@pytest.mark.parametrize("parameters", BAD_PARAMETERS, ids=str)
def test_parameters(quick, cls, parameters):
    (name,) = parameters
    assert_kept(copy.copy(quick[cls]).set_params(**parameters), X, Y, ValueError, name)


@pytest.mark.parametrize("proposals", ["selective", None, 3])
def test_kinds_of_proposals(quick, proposals):
    assert_kept(copy.copy(quick[RCNNDetector]).set_params(proposals=proposals), X, Y, ValueError, "proposals")


@both
def test_images(quick, cls):
    assert_kept(quick[cls], X[:0], [], ValueError, "minimum of 1 is required")
    assert_kept(quick[cls], numpy.where(X > 0.9, numpy.nan, X), Y, ValueError, "contains NaN")
    assert_kept(quick[cls], X[:, 0], Y, ValueError, r"Got X of shape \(8, 16\)")
    with pytest.raises(ValueError, match=rf"images of shape \(5, 16, 1\), but {cls.__name__} was fitted"):
        quick[cls].predict(X[:, :5])


@both
def test_a_class_of_the_validation_set_only(quick, cls):
    before, expected = theta(quick[cls]).copy(), quick[cls].predict(TEST)
    objects = replaced(Y_TEST, 2, {"boxes": [[0, 0, 1, 1]], "masks": CORNER, "labels": ["zebra"]})
    with pytest.raises(ValueError, match=r"y(_val)?\[2\]\['labels'\] has the label 'zebra', .*'bright', 'dark'\."):
        quick[cls].fit(X, Y, X_val=TEST, y_val=objects)
    with pytest.raises(ValueError, match="y_val was given without X_val"):
        quick[cls].fit(X, Y, y_val=Y_TEST)
    assert_array_equal(theta(quick[cls]), before)
    assert_same(quick[cls].predict(TEST), expected, rtol=0)


def test_bad_masks_of_the_validation_set(quick):
    with pytest.raises(ValueError, match=r"y_val\[2\]\['masks'\] have the shape \(5, 16\)"):
        quick[MaskRCNNSegmenter].fit(X, Y, X_val=TEST, y_val=replaced(Y_TEST, 2, {"masks": ONE[:, :5], "labels": [1]}))


@both
def test_weights(quick, cls):
    with pytest.raises(ValueError, match="at least one non-zero"):
        quick[cls].fit(X, Y, numpy.zeros(8))
    with pytest.raises(ValueError, match="Negative values"):
        quick[cls].fit(X, Y, -numpy.ones(8))


@both
def test_to_score(quick, cls):
    with pytest.raises(ValueError, match="7"):
        quick[cls].score(X, Y[:7])
    with pytest.raises(ValueError, match="no object"):
        quick[cls].score(X, [NOTHING] * 8)


@pytest.mark.parametrize(
    ("proposals", "message"),
    [
        (None, r"proposals\(X\[0\]\) must be an array of numbers\. Got None"),
        ([[1, 2, 3]], r"proposals\(X\[0\]\) must have the shape \(n_objects, 4\)\. Got \(1, 3\)"),
        ([[9, 2, 3, 4]], r"proposals\(X\[0\]\)\[0\] is \[9"),
    ],
)
def test_proposals(proposals, message):
    with pytest.raises(ValueError, match=message):
        RCNNDetector(**SMALL, proposals=lambda image: proposals).fit(X, Y)


def test_maps_of_objects():
    maps, expected = numpy.array(list(NUMBERS), dtype=object), MaskRCNNSegmenter(**SMALL).fit(X, NUMBERS)
    seg = MaskRCNNSegmenter(**SMALL).fit(X, maps)
    assert_array_equal(theta(seg), theta(expected))
    assert seg.score(X, maps) == expected.score(X, NUMBERS)


def test_proposals_of_the_validation_set():
    def propose(image):
        return [[1, 2, 3]] if image[0, 0, 0] == TEST[2, 0, 0] else [[1, 1, 9, 9]]

    with pytest.raises(ValueError, match=r"y_val: proposals\(X\[2\]\)"):
        RCNNDetector(**SMALL, proposals=propose).fit(X, Y, X_val=TEST, y_val=Y_TEST)
