"""Objects and masks in JSON in the format of COCO; tests/peers compares the masks with pycocotools."""

import json
import os
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skann.datasets import coco, read_coco

SQUARE = [1, 1, 4, 1, 4, 3, 1, 3]


def runs(counts, size=(4, 6)):
    return {"size": list(size), "counts": counts}


def content(**changes):
    return {
        "images": [
            {"id": 5, "file_name": "b.png", "height": 4, "width": 6},
            {"id": 3, "file_name": "../a.png", "height": 2, "width": 3},
            {"id": 4, "file_name": "c.png", "height": 2, "width": 3},
        ],
        "categories": [{"id": 9, "name": "dog"}, {"id": 1, "name": "cat"}],
        "annotations": [
            annotation(),
            annotation(
                image_id=3, category_id=1, bbox=[0.5, 0, 1, 2], segmentation={"size": [2, 3], "counts": [1, 2, 3]}
            ),
            annotation(iscrowd=1),
            annotation(category_id=1, bbox=[0, 0, 6, 4], segmentation=[SQUARE, [5, 0, 6, 0, 6, 4, 5, 4]]),
        ],
    } | changes


def annotation(**changes):
    return {"image_id": 5, "category_id": 9, "bbox": [1, 2, 3, 1], "segmentation": [SQUARE], "iscrowd": 0} | changes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "instances.json"


def write(path, data):
    path.write_text(json.dumps(data))
    return path


def test_boxes_and_labels(path):
    files, y = read_coco(write(path, content()))
    assert files == ["b.png", "../a.png", "c.png"]
    assert_array_equal(y[0]["boxes"], [[1, 2, 4, 3], [0, 0, 6, 4]])
    assert_array_equal(y[1]["boxes"], [[0.5, 0, 1.5, 2]])
    assert y[2]["boxes"].shape == (0, 4)
    assert [image["labels"].tolist() for image in y] == [["dog", "cat"], ["cat"], []]
    assert y.dtype == object
    assert all(image.keys() == {"boxes", "labels"} for image in y)


def test_the_folder_of_the_images(path):
    files, _ = read_coco(write(path, content()), image_folder=Path("pictures"))
    assert files == [os.path.join("pictures", name) for name in ("b.png", "../a.png", "c.png")]


def test_masks(path):
    _, y = read_coco(str(write(path, content())), masks=True)
    square = numpy.zeros((4, 6), bool)
    square[1:3, 1:4] = True
    assert_array_equal(y[0]["masks"][0], square)
    square[:, 5] = True
    assert_array_equal(y[0]["masks"][1], square)
    assert_array_equal(y[1]["masks"], [[[0, 1, 0], [1, 0, 0]]])
    assert y[2]["masks"].shape == (0, 2, 3)
    assert {image["masks"].dtype for image in y} == {numpy.dtype(bool)}


def test_a_byte_order_mark_is_skipped(path):
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(content()).encode())
    assert len(read_coco(path)[0]) == 3


def test_a_file_that_is_not_there(path):
    with pytest.raises(FileNotFoundError):
        read_coco(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", r"instances\.json', line 1: this is not JSON"),
        (b'{"images": [],\n "categories": oops}', "line 2: this is not JSON"),
        (b"\n\n\xff\xfe\x00", "line 3: this is not text in UTF-8"),
        (b"[" * 100_000, "this JSON cannot be read"),
        (b'{"images": ' + b"9" * 10_000 + b"}", "this JSON cannot be read"),
        (b"[]", "COCO's JSON is an object. Got list"),
        (b"NaN", "COCO's JSON is an object. Got float"),
    ],
)
def test_errors_of_files(path, text, message):
    path.write_bytes(text)
    with pytest.raises(ValueError, match=message):
        read_coco(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": None}, r"instances\.json': COCO's JSON has a list 'images'\. Got None"),
        ({"annotations": {}}, "COCO's JSON has a list 'annotations'"),
        ({"categories": [3]}, r"categories\[0\] must be an object\. Got 3"),
        ({"categories": [{"id": 1}]}, r"categories\[0\] must have a 'name', a string\. Got None"),
        ({"categories": [{"id": 1, "name": "a"}] * 2}, r"categories\[1\] has the id 1 of a category before it"),
        ({"images": [{"id": [], "file_name": "a"}]}, r"images\[0\] must have 'id', an int or a string\. Got \[\]"),
        ({"images": [{"id": 5, "file_name": 3}]}, r"images\[0\] must have a 'file_name', a string\. Got 3"),
        ({"images": [{"id": 5, "file_name": "a"}] * 2}, r"images\[1\] has the id 5 of an image before it"),
        ({"annotations": [annotation(), annotation(image_id=6)]}, r"annotations\[1\]: there is no image_id 6"),
        ({"annotations": [annotation(category_id=True)]}, r"annotations\[0\]: it must have 'category_id'"),
        ({"annotations": [annotation(category_id=2)]}, r"annotations\[0\]: there is no category_id 2"),
        ({"annotations": [annotation(bbox=None)]}, r"annotations\[0\]: 'bbox' must be x, y, width and height"),
        ({"annotations": [annotation(bbox=[1, 2, 3])]}, "'bbox' must be x, y, width and height"),
        ({"annotations": [annotation(bbox=[1, 2, -3, 4])]}, "'bbox' has a negative width or height"),
        ({"annotations": [annotation(bbox=[1, 2, "x", 4])]}, "a finite number is needed. Got 'x'"),
        ({"annotations": [annotation(bbox=[1, 2, float("nan"), 4])]}, "a finite number is needed. Got nan"),
        ({"annotations": [annotation(bbox=[10**400, 2, 3, 4])]}, "a finite number is needed. Got 1000"),
        ({"annotations": [annotation(bbox=[1e308, 2, 1e308, 4])]}, "a finite number is needed. Got inf"),
        ({"annotations": [annotation(bbox=[[], {}, None, True])]}, r"a finite number is needed. Got \[\]"),
    ],
)
def test_errors_name_the_entry(path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_coco(write(path, content(**changes)))


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        (None, r"annotations\[0\]: 'segmentation' must be a list of polygons, or runs"),
        ([], "'segmentation' must be a list of polygons, or runs"),
        ([1, 1, 4, 1, 4, 3], "a polygon must be a list of numbers. Got 1"),
        ([[1, 1, 4, 1]], "x and y of three corners or more. Got 4 numbers"),
        ([[1, 1, 4, 1, 4, 3, 1]], "x and y of three corners or more. Got 7 numbers"),
        ([[1, 1, 4, 1, 4, float("inf")]], "a finite number is needed"),
        ([[1, 1, 4, 1, 4, [3]]], "a finite number is needed"),
        ([[1, 1, 4, 1, 4, 1e300]], "far outside the image"),
        ([[0, 0, 1e7, 0, 0, 1e7]], "absurdly long"),
        ({}, r"must have the 'size' \[4, 6\]\. Got None"),
        (runs([24], (6, 4)), r"must have the 'size' \[4, 6\]\. Got \[6, 4\]"),
        (runs(None), "'counts' must be a list or a string"),
        (runs([23]), "the runs have 23 pixels. The image has 4 x 6"),
        (runs([2**70]), "the runs have 1180591620717411303424 pixels"),
        (runs([25, -1]), "an int of 0 or more. Got -1"),
        (runs([24.0]), "an int of 0 or more. Got 24.0"),
        (runs([True] * 24), "an int of 0 or more. Got True"),
        (runs("é"), "the string of runs has 'é' at a place where it cannot be"),
        (runs("P"), "ends within a number"),
        (runs("o" * 40), "the string of runs has 'o' at a place where it cannot be"),
        (runs("N"), "an int of 0 or more. Got -2"),
        (runs("1"), "the runs have 1 pixels"),
    ],
)
def test_errors_of_masks(path, segmentation, message):
    write(path, content(annotations=[annotation(segmentation=segmentation)]))
    with pytest.raises(ValueError, match=message):
        read_coco(path, masks=True)
    assert len(read_coco(path)[1][0]["boxes"]) == 1


@pytest.mark.parametrize("height", [None, 0, -1, 2.5, True, "4", 10**30])
def test_masks_need_the_size_of_images(path, height):
    write(path, content(images=[{"id": 5, "file_name": "a", "height": height, "width": 6}], annotations=[]))
    with pytest.raises(ValueError, match=r"images\[0\] (must have a 'height'|has 10{30} x 6 pixels, too many)"):
        read_coco(path, masks=True)
    assert read_coco(path)[0] == ["a"]


def test_masks_that_exceed_the_memory(path, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(coco, "draw_polygon", fail)
    with pytest.raises(ValueError, match="its masks exceed the memory"):
        read_coco(write(path, content()), masks=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([5, 9, "a"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(["id", "size", "counts"]), inner),
    max_leaves=8,
)


@given(
    entry=st.sampled_from(["images", "categories", "annotations"]),
    key=st.sampled_from(
        ["id", "file_name", "height", "width", "name", "image_id", "category_id", "bbox", "segmentation", "iscrowd"]
    ),
    value=JSON,
    whole=st.booleans(),
)
def test_any_json_is_read_or_refused(tmp_path_factory, entry, key, value, whole):
    data = content()
    if whole:
        data[entry] = value
    else:
        data[entry][0][key] = value
    path = write(tmp_path_factory.getbasetemp() / "any.json", data)
    try:
        files, y = read_coco(path, masks=True)
    except ValueError as error:
        assert "any.json" in str(error)
    else:
        assert len(files) == len(y)


@given(binary=st.binary())
def test_any_bytes_are_refused(tmp_path_factory, binary):
    path = tmp_path_factory.getbasetemp() / "binary.json"
    path.write_bytes(binary)
    with pytest.raises(ValueError, match=r"binary\.json"):
        read_coco(path)
