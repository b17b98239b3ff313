"""Boxes in data frames: reading them, writing them, and both after each other."""

import io

import numpy
import pandas
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skann.datasets import boxes_from_frame, frame_from_boxes

COORDINATES = ["x0", "y0", "x1", "y1"]
NAN = numpy.nan


def frame(*rows):
    return pandas.DataFrame(rows, columns=["file", *COORDINATES, "class"])


def polars_frame(df):
    return polars.DataFrame(df.astype(object).where(df.notna(), None).to_dict("list"))


def assert_same(y, other):
    assert len(y) == len(other)
    for a, b in zip(y, other, strict=True):
        assert a.keys() == b.keys()
        for key in a:
            assert a[key].tolist() == b[key].tolist()
            assert [type(value) for value in a[key].tolist()] == [type(value) for value in b[key].tolist()]


@pytest.mark.parametrize("library", [pandas.DataFrame, polars_frame, pandas.DataFrame.convert_dtypes])
def test_images_are_in_order_of_their_first_row(library):
    df = frame(
        ("b", 1, 2, 3, 4, "cat"), ("a", NAN, NAN, NAN, NAN, None), ("c", 0, 0, 1, 1, "dog"), ("b", 5, 6, 7.5, 8, "dog")
    )
    files, y = boxes_from_frame(library(df))
    assert files == ["b", "a", "c"]
    assert y.dtype == object
    assert_array_equal(y[0]["boxes"], [[1, 2, 3, 4], [5, 6, 7.5, 8]])
    assert y[1]["boxes"].shape == (0, 4)
    assert {image["boxes"].dtype for image in y} == {numpy.dtype(float)}
    assert [image["labels"].tolist() for image in y] == [["cat", "dog"], [], ["dog"]]
    assert len({image["labels"].dtype for image in y}) == 1


def test_other_columns():
    df = pandas.DataFrame(
        {"path": ["a"], "left": [1], "top": [2], "right": [3], "bottom": [4], "kind": [7], "p": [0.5]}
    )
    files, y = boxes_from_frame(df, "path", ["left", "top", "right", "bottom"], "kind", score="p")
    assert files == ["a"]
    assert_same(y, [{"boxes": numpy.array([[1.0, 2, 3, 4]]), "labels": numpy.array([7]), "scores": numpy.array([0.5])}])


def test_ints_survive_gaps():
    df = pandas.read_csv(io.StringIO("file,x0,y0,x1,y1,class\na,0,0,1,1,3\nb,,,,,\n"))
    assert df["class"].dtype == float
    _, y = boxes_from_frame(df)
    assert y[0]["labels"].tolist() == [3]
    assert y[0]["labels"].dtype.kind == "i"


def test_the_frame_that_is_written():
    y = [{"boxes": [[1, 2, 3, 4]], "labels": [5], "scores": [0.5]}, {"boxes": [], "labels": [], "scores": []}]
    df = frame_from_boxes(["a", "b"], y)
    assert df.columns.tolist() == ["file", *COORDINATES, "class", "score"]
    assert df.iloc[0].tolist() == ["a", 1, 2, 3, 4, 5, 0.5]
    assert df.iloc[1, 1:].isna().all()
    assert df.loc[1, "file"] == "b"
    assert list(df[[*COORDINATES, "score"]].dtypes) == [float] * 5


@pytest.mark.parametrize("labels", [["cat", "dog"], [1, 2], [0.5, 2.5], ["1", 1], [(1, 2), "a"], [True, False]])
@pytest.mark.parametrize("with_empty", [False, True])
def test_labels_of_any_type_survive(labels, with_empty):
    y = [{"boxes": [[0, 0, 1, 1], [1, 1, 2, 2]], "labels": labels}, {"boxes": [], "labels": []}][: 1 + with_empty]
    files, back = boxes_from_frame(frame_from_boxes(["a", "b"][: 1 + with_empty], y))
    assert files == ["a", "b"][: 1 + with_empty]
    assert back[0]["labels"].tolist() == labels
    assert [type(label) for label in back[0]["labels"].tolist()] == [type(label) for label in labels]


def corners(draw):
    finite = st.floats(allow_nan=False, allow_infinity=False)
    (x0, x1), (y0, y1) = (sorted([draw(finite), draw(finite)]) for _ in range(2))
    return [x0, y0, x1, y1]


@st.composite
def data_sets(draw, with_scores):
    kind = draw(st.sampled_from([st.integers(), st.text(), st.floats(allow_nan=False), st.integers() | st.text()]))
    files = draw(st.lists(st.text(), unique=True, max_size=4))
    y = numpy.empty(len(files), object)
    for i in range(len(files)):
        n = draw(st.integers(0, 3))
        labels = numpy.empty(n, object)
        labels[:] = draw(st.lists(kind, min_size=n, max_size=n))
        y[i] = {"boxes": numpy.array([corners(draw) for _ in range(n)]).reshape(-1, 4), "labels": labels}
        if with_scores:
            y[i]["scores"] = numpy.array(draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
    return files, y


@pytest.mark.parametrize("with_scores", [False, True])
@given(data=st.data())
def test_writing_and_reading_are_inverse(with_scores, data):
    files, y = data.draw(data_sets(with_scores))
    score = "score" if with_scores and files else None
    read_files, read = boxes_from_frame(frame_from_boxes(files, y), score=score)
    assert read_files == files
    for image, other in zip(y, read, strict=True):
        assert image["boxes"].tolist() == other["boxes"].tolist()
        assert image["labels"].tolist() == other["labels"].tolist()
        assert with_scores == ("scores" in other)


GOOD = ("a", 0, 0, 1, 1, "cat")


@pytest.mark.parametrize(
    ("df", "message"),
    [
        (frame(GOOD).drop(columns="x1"), r"no columns 'x1'\. Its columns are 'file', 'x0'.* image=, box= and label="),
        (frame(GOOD).rename(columns={"y0": "x0"}), "df has 2 columns 'x0'"),
        (
            frame(GOOD, ("b", 0, 0, NAN, 1, "cat")),
            r"Row 1 has half a box\. Its image is 'b', its box \[0\.0, 0\.0, nan",
        ),
        (frame(GOOD, ("b", 0, 3, 1, 1, "cat")), "Row 1 has a box that ends before it begins"),
        (frame(GOOD, ("b", 0, 0, 1, 1, None)), "Row 1 has a box without a label"),
        (frame((None, 0, 0, 1, 1, "cat")), "Row 0 names no image"),
        (frame((NAN, NAN, NAN, NAN, NAN, "cat")), "Row 0 names no image"),
        (frame(GOOD, ("b", 0, 0, 1, numpy.inf, "cat")), r"The column 'y1' must hold finite numbers\. Row 1 has inf"),
        (frame(("a", "left", 0, 1, 1, "cat")), "The column 'x0' must hold numbers"),
        (frame(("a", [1], 0, 1, 1, "cat")), "The column 'x0' must hold numbers"),
        (frame(("a", 10**400, 0, 1, 1, "cat")), "The column 'x0' must hold numbers"),
    ],
)
def test_errors_name_the_row(df, message):
    with pytest.raises(ValueError, match=message):
        boxes_from_frame(df)


def test_errors_of_what_is_no_frame():
    with pytest.raises(TypeError, match="df must be a DataFrame of pandas or polars"):
        boxes_from_frame([GOOD])
    with pytest.raises(TypeError, match="df is a LazyFrame"):
        boxes_from_frame(polars.LazyFrame({"file": ["a"]}))
    with pytest.raises(ValueError, match="box must be the names of four columns"):
        boxes_from_frame(frame(GOOD), box=["x0", "y0"])
    with pytest.raises(ValueError, match="Row 0 has a box without a score"):
        boxes_from_frame(frame(GOOD).assign(score=NAN), score="score")


def test_images_in_place_of_their_names():
    with pytest.raises(TypeError, match=r"files must be the names of the images.* files\[0\] is of type ndarray"):
        frame_from_boxes(numpy.zeros((1, 4, 4)), [{"boxes": [], "labels": []}])


@pytest.mark.parametrize(
    ("files", "y", "message"),
    [
        (["a"], [], "files has 1 images and y 0"),
        (["a", "a"], [{"boxes": [], "labels": []}] * 2, "An image occurs twice in files"),
        (["a"], [{"boxes": []}], r"y\[0\] has no 'labels'"),
        (["a", "b"], [{"boxes": [], "labels": []}, 3], r"y\[1\] must be a dict"),
        (
            ["a", "b"],
            [{"boxes": [], "labels": [], "scores": []}, {"boxes": [], "labels": []}],
            r"y\[1\] has no 'scores'",
        ),
        (["a"], [{"boxes": [[3, 0, 1, 1]], "labels": [1]}], "x0 <= x1"),
    ],
)
def test_errors_of_objects(files, y, message):
    with pytest.raises(ValueError, match=message):
        frame_from_boxes(files, y)
