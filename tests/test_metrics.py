"""Metrics of detections and segmentations; tests/peers compares average precision with pycocotools."""

import numpy
import pandas
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import jaccard_score

from skann.metrics import average_precision_by_class, instance_f1, mean_average_precision, mean_iou

BOXES = [[0, 0, 10, 10], [20, 0, 30, 10]]


def target(labels=("a", "b"), boxes=BOXES, **rest):
    return {"boxes": boxes, "labels": list(labels), **rest}


def prediction(labels=("a", "b"), boxes=BOXES, scores=None, **rest):
    return target(labels, boxes, scores=[0.5] * len(labels) if scores is None else scores, **rest)


def square(start, stop, size=12):
    mask = numpy.zeros((size, size), bool)
    mask[start:stop, start:stop] = True
    return mask


NOTHING = target([], [])


def test_perfect_detections():
    for metric in ("voc", "coco"):
        score = mean_average_precision([target(), NOTHING], [prediction(), prediction([], [])], metric=metric)
        assert type(score) is float
        assert score == 1


def test_classes_are_those_of_y_true():
    by_class = average_precision_by_class([target("aa")], [prediction("ab")])
    assert list(by_class) == ["a"]
    assert_allclose(by_class["a"], 51 / 101)


def test_the_iou_of_voc_and_coco():
    y_pred = [prediction("a", [[0, 0, 10, 7.6]])]
    assert mean_average_precision([target("a", BOXES[:1])], y_pred) == 1
    # 0.5, ..., 0.75
    assert_allclose(mean_average_precision([target("a", BOXES[:1])], y_pred, metric="coco"), 0.6)


def test_labels_choose_classes_and_their_order():
    y_true, y_pred = [target()], [prediction("a", BOXES[:1])]
    assert list(average_precision_by_class(y_true, y_pred, labels=["b", "a", "c", "a"]).items()) == [("b", 0), ("a", 1)]
    assert mean_average_precision(y_true, y_pred, labels=numpy.array(["a"])) == 1


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([3, -1], [-1, 3]),
        ([0.5, 2], [0.5, 2]),
        (["b", 1], ["b", 1]),
        ([(1, 2), "a"], ["a", (1, 2)]),
        ([True, 0], [0, True]),
    ],
)
def test_labels_of_any_type(labels, expected):
    by_class = average_precision_by_class([target(labels)], [prediction(labels)])
    assert set(by_class) == set(expected)
    assert all(value == 1 for value in by_class.values())
    try:
        assert list(by_class) == sorted(labels)
    except TypeError:  # without an order of their own: the same in any order of the images
        assert list(by_class) == list(average_precision_by_class([target(labels[::-1])], [prediction(labels[::-1])]))


def test_labels_in_arrays_equal_those_in_lists():
    y_true = [target(numpy.array([1, 2])), target(numpy.array(["x", "y"]))]
    for as_array in (numpy.array, lambda labels: numpy.array(labels, object)):
        y_pred = [prediction(), prediction()]
        y_pred[0]["labels"], y_pred[1]["labels"] = as_array([1, 2]), as_array(["x", "y"])
        assert average_precision_by_class(y_true, y_pred) == {1: 1, 2: 1, "x": 1, "y": 1}


def test_a_series_of_pandas():
    series = pandas.Series(average_precision_by_class([target()], [prediction()]))
    assert series.to_dict() == {"a": 1, "b": 1}


def test_masks_in_place_of_boxes():
    y_true = [{"masks": numpy.stack([square(0, 4), square(6, 10)]), "labels": ["a", "b"]}, {"masks": [], "labels": []}]
    shifted = numpy.stack([square(0, 4), square(7, 11)]).astype(int)
    y_pred = [
        {"masks": shifted, "labels": ["a", "b"], "scores": [0.1, 0.2]},
        {"masks": [square(0, 4, size=5)], "labels": ["a"], "scores": [0.05]},
    ]
    assert average_precision_by_class(y_true, y_pred, masks=True) == {"a": 1, "b": 0}
    assert mean_average_precision(y_true, y_pred, masks=True) == 0.5


def test_inputs_are_as_they_were():
    y_true = numpy.array([target(), NOTHING], dtype=object)
    y_pred = [prediction(boxes=numpy.array(BOXES, numpy.float32)), prediction([], [])]
    before = repr(y_true), repr(y_pred)
    mean_average_precision(y_true, y_pred)
    assert (repr(y_true), repr(y_pred)) == before


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([target()], [], "y_true has 1 images and y_pred 0"),
        (
            target(),
            prediction(),
            r"with one entry for each image. Got the dict of a single image: pass a list, \[y_true\]",
        ),
        ([target()], None, "y_pred must be a list.* Got NoneType"),
        (
            pandas.DataFrame([target()]),
            [prediction()],
            r"y_true must be .* DataFrame: skann\.datasets\.boxes_from_frame",
        ),
        ([NOTHING], [prediction()], "y_true has no object: average precision is not defined"),
        ([], [], "y_true has no object"),
        ([target(), 3], [prediction()] * 2, r"y_true\[1\] must be a dict with 'boxes'. Got int"),
        ([target(), {"boxes": []}], [prediction()] * 2, r"y_true\[1\] has no 'labels'. Its keys are 'boxes'"),
        ([target()], [target()], r"y_pred\[0\] has no 'scores'"),
        ([target(boxes=[1, 2, 3, 4])], [prediction()], r"y_true\[0\]\['boxes'\] must have the shape"),
        ([target(boxes=[[1, 2, 3]] * 2)], [prediction()], r"must have the shape \(n_objects, 4\). Got \(2, 3\)"),
        ([target(boxes=None)], [prediction()], r"y_true\[0\]\['boxes'\] must be an array of numbers. Got None"),
        ([target(boxes=[[1], [1, 2]])], [prediction()], r"y_true\[0\]\['boxes'\] must be numbers"),
        ([target(boxes=[[0, 0, 1, numpy.nan]] * 2)], [prediction()], r"\['boxes'\] must be finite. Got nan"),
        ([target(boxes=[[0, 0, 1, 1], [5, 0, 4, 1]])], [prediction()], r"\['boxes'\]\[1\] is \[5.0, 0.0, 4.0, 1.0\]"),
        ([target("abc")], [prediction()], r"y_true\[0\]\['labels'\] must have one label per object.* 2. Got 3"),
        ([target() | {"labels": "ab"}], [prediction()], r"y_true\[0\]\['labels'\] must be a list or an array"),
        ([target(["a", None])], [prediction()], r"y_true\[0\]\['labels'\]\[1\] is missing: .* Got None"),
        ([target()], [prediction(["a", numpy.nan])], r"y_pred\[0\]\['labels'\]\[1\] is missing: .* Got nan"),
        ([target([pandas.NA, "a"])], [prediction()], r"y_true\[0\]\['labels'\]\[0\] is missing: .* Got <NA>"),
        ([target([("a", []), "a"])], [prediction()], r"\['labels'\]\[0\] must be a class label that can be hashed"),
        ([target()], [prediction([[], "a"])], r"y_pred\[0\]\['labels'\]\[0\] must be a class label that can be hashed"),
        ([target()], [prediction(scores=[0.5])], r"y_pred\[0\]\['scores'\] must have the shape \(2,\).* Got \(1,\)"),
        ([target()], [prediction(scores=[0.5, numpy.inf])], r"y_pred\[0\]\['scores'\] must be finite. Got inf"),
        ([target()], [prediction(scores=["high", 0])], r"y_pred\[0\]\['scores'\] must be numbers"),
    ],
)
def test_errors_name_the_image(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        mean_average_precision(y_true, y_pred)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (numpy.ones((1, 4)), r"y_pred\[0\]\['masks'\] must have the shape \(n_objects, height, width\). Got \(1, 4\)"),
        (
            numpy.full((1, 4, 4), 0.5),
            r"y_pred\[0\]\['masks'\] must be bool, or 0 and 1. Got 0\.5, of dtype float64\. Pass masks > 0\.5",
        ),
        (numpy.full((1, 4, 4), 255, "uint8"), r"\['masks'\] .* Got 255, of dtype uint8\. Pass masks > 0\.$"),
        (numpy.full((1, 4, 4), numpy.nan), r"\['masks'\] .* Got nan, of dtype float64\.$"),
        (numpy.full((1, 4, 4), "x"), "must be bool, or 0 and 1. Got dtype <U1"),
        ([[[1, 0], [1]]], r"y_pred\[0\]\['masks'\] must be an array"),
        (numpy.ones((1, 3, 4), bool), r"The masks of image 0 have the size \(4, 4\) in y_true and \(3, 4\) in y_pred"),
    ],
)
def test_errors_of_masks(masks, message):
    y_true = [{"masks": numpy.ones((1, 4, 4), bool), "labels": ["a"]}]
    with pytest.raises(ValueError, match=message):
        mean_average_precision(y_true, [{"masks": masks, "labels": ["a"], "scores": [1]}], masks=True)


def test_masks_that_are_not_there():
    with pytest.raises(ValueError, match=r"^y_true\[0\] has no 'masks'\. Its keys are 'boxes', 'labels'\.$"):
        mean_average_precision([target()], [prediction()], masks=True)


def test_errors_of_parameters():
    for labels in (1, "a"):
        with pytest.raises(ValueError, match=f"labels must be a list of classes. Got {labels!r}"):
            mean_average_precision([target()], [prediction()], labels=labels)
    with pytest.raises(ValueError, match=r"metric must be 'voc' or 'coco'\. Got 'map' instead"):
        mean_average_precision([target()], [prediction()], metric="map")
    with pytest.raises(ValueError, match="y_true has no object of the classes in labels"):
        mean_average_precision([target()], [prediction()], labels=["c"])
    for threshold in (0, 1.5, numpy.nan, "half", True):
        with pytest.raises(ValueError, match=r"iou_threshold must be a float in the range \(0, 1\]"):
            instance_f1([[1]], [[1]], iou_threshold=threshold)


@pytest.mark.parametrize("classes", [[0, 1, 2], [-5, 7], [0, 10**12, -(10**15)]])
def test_mean_iou_equals_the_jaccard_score(classes):
    rng = numpy.random.default_rng(0)
    y_true, y_pred = (rng.choice(classes, size=(3, 6, 5)) for _ in range(2))
    expected = jaccard_score(y_true.ravel(), y_pred.ravel(), average="macro")
    assert_allclose(mean_iou(y_true, y_pred), expected)
    assert_allclose(mean_iou(list(y_true), list(y_pred)), expected)
    some = classes[:1]
    expected = jaccard_score(y_true.ravel(), y_pred.ravel(), average="macro", labels=some)
    assert_allclose(mean_iou(y_true, y_pred, labels=[*some, 99]), expected)


def test_mean_iou_of_images_of_different_sizes():
    y_true = [numpy.array([[0, 1]]), numpy.array([[1], [1], [1]])]
    y_pred = [numpy.array([[0, 0]]), numpy.array([[1], [1], [2]])]
    assert_allclose(mean_iou(y_true, y_pred), (1 / 2 + 2 / 4 + 0) / 3)


@pytest.mark.parametrize("dtype", [bool, numpy.int8, numpy.uint8, numpy.uint64])
def test_mean_iou_of_any_integer(dtype):
    y_true, y_pred = numpy.array([[[0, 1, 1, 0]]]).astype(dtype), numpy.array([[[0, 1, 0, 0]]])
    assert_allclose(mean_iou(y_true, y_pred), (2 / 3 + 1 / 2) / 2)


def test_mean_iou_at_the_ends_of_a_dtype():
    y = numpy.array([[[-128, 127, 0]]], numpy.int8)
    assert mean_iou(y, y) == 1
    y = numpy.array([[[2**64 - 1, 0, 5]]], numpy.uint64)
    assert mean_iou(y, y) == 1


def test_the_ignored_label_is_no_class():
    y_true = numpy.array([[[0, 0, 1, -1, -1]]])
    assert_allclose(mean_iou(y_true, [[[0, 0, 1, 2, 0]]], ignore_label=-1), 1)
    # predicted where it is not ignored, it is wrong, but no class of its own
    assert_allclose(mean_iou(y_true, [[[0, -1, 1, 2, 0]]], ignore_label=-1), (1 / 2 + 1) / 2)
    assert_allclose(mean_iou(numpy.array([[[0, 255]]], numpy.uint8), [[[0, 0]]], ignore_label=-1), 1 / 4)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([[[1]]], [[[1]], [[1]]], "y_true has 1 images and y_pred 2"),
        ([[[1]], [[1]]], [[[1]], [[1, 1]]], r"Image 1 has the shape \(1, 1\) in y_true and \(1, 2\) in y_pred"),
        ([[[1]]], [[[1.0]]], r"y_pred\[0\] must be an array of int. Got dtype float64"),
        ([[["a"]]], [[[1]]], r"y_true\[0\] must be an array of int. Got dtype <U1"),
        ([[[1], [1, 2]]], [[[1]]], r"y_true\[0\] must be an array: "),
        (numpy.int64(3), [[[1]]], "y_true must be a list or an array"),
        ([1], [1], r"y_true\[0\] must be an array of int .* Got int"),
        ([{}], [[[1]]], r"y_true\[0\] must be an array of int .* Got dict"),
        (
            [[1]],
            [[1]],
            r"y_true\[0\] must have the shape \(height, width\)\. Got \(1,\)\. .* a list of maps, \[y_true\]",
        ),
        ([[[[1]]]], [[[[1]]]], r"y_true\[0\] must have the shape \(height, width\)\. Got \(1, 1, 1\)\.$"),
        ([[[7]]], [[[7]]], "no pixels that are counted"),
        ([], [], "no pixels"),
    ],
)
def test_errors_of_mean_iou(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        mean_iou(y_true, y_pred, ignore_label=7)


def test_maps_of_objects():
    y = numpy.array([[[0, 1]], [[1, 2]]])
    assert mean_iou(y.astype(object), y) == instance_f1(y.astype(object), y) == 1
    for value in (0.5, 10**30, None):
        y_true = y.astype(object)
        y_true[1, 0, 0] = value
        with pytest.raises(ValueError, match=r"y_true\[1\] must be an array of int. Got dtype"):
            mean_iou(y_true, y)


def test_mean_iou_needs_pixels_of_the_labels():
    with pytest.raises(ValueError, match=r"labels must be a list of classes. Got 1: pass \[1\]"):
        mean_iou([[[1]]], [[[1]]], labels=1)
    with pytest.raises(ValueError, match="no pixels of the classes in labels"):
        mean_iou([[[1]]], [[[1]]], labels=[3])


def instances(*images):
    """Return the same instances as maps and as dicts."""
    maps = [numpy.array(image) for image in images]
    dicts = [{"masks": numpy.array([m == n for n in numpy.unique(m) if n]).reshape(-1, *m.shape)} for m in maps]
    return maps, dicts


FIRST = [[1, 1, 0, 2], [1, 1, 0, 2]], [[0, 0, 0]]
SECOND = [[9, 9, 0, 0], [9, 9, 0, 4]], [[5, 0, 0]]


@pytest.mark.parametrize("form_true", [0, 1])
@pytest.mark.parametrize("form_pred", [0, 1])
@pytest.mark.parametrize(("threshold", "expected"), [(0.5, 4 / 5), (0.51, 2 / 5), (1, 2 / 5)])
def test_instance_f1_by_hand(form_true, form_pred, threshold, expected):
    y_true, y_pred = instances(*FIRST)[form_true], instances(*SECOND)[form_pred]
    score = instance_f1(y_true, y_pred, iou_threshold=threshold)
    assert type(score) is float
    assert_allclose(score, expected)


def test_instances_are_matched_one_to_one_the_best_first():
    # the first true instance overlaps both predicted ones, the second of them more
    y_true = [[[1, 1, 1, 1, 1, 1]]]
    y_pred = [[[1, 1, 2, 2, 2, 2]]]
    assert_allclose(instance_f1(y_true, y_pred, iou_threshold=0.3), 2 / 3)
    # greedy: the pair (2, 2) with IoU 3/5 leaves 1 and 1, with IoU 1/4
    assert_allclose(instance_f1([[[1, 1, 2, 2, 2, 2]]], [[[1, 2, 2, 2, 2, 1]]], iou_threshold=0.3), 1)


def test_maps_and_masks_give_the_same_on_random_instances():
    rng = numpy.random.default_rng(0)
    y_true, dicts_true = instances(*rng.integers(0, 6, size=(5, 3, 4)))
    y_pred, dicts_pred = instances(*numpy.where(rng.random((5, 3, 4)) < 0.6, y_true, rng.integers(0, 6, (5, 3, 4))))
    scores = {instance_f1(t, p, iou_threshold=0.4) for t in (y_true, dicts_true) for p in (y_pred, dicts_pred)}
    assert len(scores) == 1
    assert 0.1 < scores.pop() < 0.9


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([[[0]]], [[[0]]], "no instances: the F1 score is not defined"),
        ([[[-1]]], [[[1]]], r"y_true\[0\] must be instance numbers, with 0 for the background. Got -1"),
        ([[[1]]], [{"boxes": []}], r"y_pred\[0\] has no 'masks'"),
        ([[[1]]], [{"masks": numpy.ones((1, 2, 2), bool)}], "The masks of image 0 have the size"),
        ([[1]], [{"masks": numpy.ones((1, 2, 2), bool)}], r"y_true\[0\] must have the shape \(height, width\)"),
        ([[[1]]], [[[1, 1]]], "Image 0 has the shape"),
        ([[1, 2]], [[1, 2]], r"y_true\[0\] must have the shape \(height, width\).* pass a list of maps, \[y_true\]"),
    ],
)
def test_errors_of_instance_f1(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        instance_f1(y_true, y_pred)
