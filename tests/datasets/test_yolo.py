"""Objects in text files in the format of YOLO, and the names of their classes."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from PIL import Image

from skann.datasets import read_yolo
from skann.datasets.class_names import read_names

SIZE = 80, 60  # width and height


def make_image(path, size=SIZE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """A folder with an image, a.png, and without its objects."""
    make_image(tmp_path / "a.png")
    return tmp_path


def objects(folder, text="0 0.5 0.5 0.25 0.1\n"):
    (folder / "a.txt").write_text(text)


def test_boxes_and_numbers(folder):
    make_image(folder / "inner" / "b.jpg", (10, 10))
    make_image(folder / "c.png", (10, 10))
    objects(folder, "0 0.5 0.5 0.25 0.1\r\n\r\n 12\t0.9 .5 0.2001 1e0")
    (folder / "inner" / "b.txt").write_text("")
    files, y = read_yolo(str(folder))
    assert files == [str(folder / name) for name in ("a.png", "c.png", "inner/b.jpg")]
    assert_allclose(y[0]["boxes"], [[30, 27, 50, 33], [0.79995 * 80, 0, 1.00005 * 80, 60]])
    assert y[0]["labels"].tolist() == [0, 12]
    assert [image["boxes"].shape for image in y[1:]] == [(0, 4)] * 2
    assert {image["labels"].dtype for image in y} == {numpy.dtype(int)}


@pytest.mark.parametrize(
    ("image", "text", "names", "read", "label"),
    [
        ("images/a.png", "labels/a.txt", "data.yaml", "", "dog"),
        ("images/train/a.png", "labels/train/a.txt", "data.yaml", "", "dog"),
        ("images/train/a.png", "labels/train/a.txt", "data.yaml", "images/train", "dog"),
        ("train/images/a.png", "train/labels/a.txt", "data.yaml", "train", "dog"),
        ("train/images/a.png", "train/labels/a.txt", "data.yaml", "train/images", 1),
        ("images/a.png", "labels/a.txt", "labels/classes.txt", "", "dog"),
        ("a.png", "a.txt", "classes.txt", "", "dog"),
    ],
)
def test_where_files_are(tmp_path, image, text, names, read, label):
    root = tmp_path / "images" / "root"  # a folder of that name above does no harm
    for path, content in (
        (text, "1 .5 .5 1 1"),
        (names, "cat\ndog\n" if names.endswith("txt") else "names: [cat, dog]"),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    make_image(root / image)
    files, y = read_yolo(root / read)
    assert files == [str(root / image)]
    assert y[0]["labels"].tolist() == [label]


def test_images_that_are_turned(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown with a quarter turn
    make_image(folder / "a.png", exif=exif)
    objects(folder, "0 0.5 0.5 1 1")
    assert_allclose(read_yolo(folder)[1][0]["boxes"], [[0, 0, 60, 80]])


def test_folders_without_images_or_objects(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no folder '.*none'"):
        read_yolo(tmp_path / "none")
    with pytest.raises(ValueError, match="has no image files"):
        read_yolo(tmp_path)
    make_image(tmp_path / "images" / "a.png")
    with pytest.raises(ValueError, match=r"None of the 1 images in .* has a text file"):
        read_yolo(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 .5 .5 1", "five numbers are needed.* Got 4"),
        ("0 .5 .5 1 1 .9", "five numbers are needed.* Got 6"),
        ("-1 .5 .5 1 1", "the number of a class must be an int from 0. Got '-1'"),
        ("1.0 .5 .5 1 1", "the number of a class must be an int"),
        ("²3 .5 .5 1 1", "the number of a class must be an int"),
        ("9" * 5000 + " .5 .5 1 1", "the number of a class must be an int"),
        ("2 .5 .5 1 1", "the class 2 has no name. There are 2 names"),
        ("0 .5 .5 x 1", "a finite number is needed. Got 'x'"),
        ("0 .5 nan 1 1", "a finite number is needed. Got 'nan'"),
        ("0 .5 .5 1e999 1", "a finite number is needed"),
        ("0 40 30 10 10", "x, y, width and height must be fractions of the image, from 0 to 1"),
        ("0 .5 .5 -.5 1", "x, y, width and height must be fractions"),
        ("\x00", "five numbers are needed"),
    ],
)
def test_errors_name_the_file_and_the_line(folder, line, message):
    (folder / "classes.txt").write_text("cat\ndog\n\n")
    objects(folder, f"0 .5 .5 1 1\n{line}\n")
    with pytest.raises(ValueError, match=rf"a\.txt', line 2: {message}"):
        read_yolo(folder)


def test_errors_of_files(folder):
    (folder / "a.txt").write_bytes(b"0 .5 .5 1 1\n\xff")
    with pytest.raises(ValueError, match=r"a\.txt', line 2: this is not text in UTF-8"):
        read_yolo(folder)
    objects(folder)
    (folder / "a.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"a\.png' is not an image"):
        read_yolo(folder)


NUMBERS = st.sampled_from(["0", "1", ".5", "nan", "inf", "1e9", "-1"])


@given(st.binary() | st.lists(NUMBERS, min_size=5, max_size=5).map(lambda numbers: " ".join(numbers).encode()))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp() / "yolo"
    make_image(folder / "a.png")
    (folder / "a.txt").write_bytes(content)
    try:
        _, y = read_yolo(folder)
    except ValueError as error:
        assert "a.txt', line " in str(error)
    else:
        assert numpy.isfinite(y[0]["boxes"]).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("names: [cat, 'hot dog', \"x, y\"]", ["cat", "hot dog", "x, y"]),
        ("names: [ cat,\n  C#, # [a comment\n  'it''s', \"a\\\"b\" ,]\nnc: 4", ["cat", "C#", "it's", 'a"b']),
        ("nc: 2\nnames:\n- cat\n- hot dog # comment\nval: x", ["cat", "hot dog"]),
        ("names: # comment\n\n  # comment\n  - 'cat'\n  - it's\n\npath: ..\n", ["cat", "it's"]),
        ('names:\r\n  0: cat\r\n  1: "hot # dog" # comment\r\n', ["cat", "hot # dog"]),
        ("names: {0: cat, 1: 'd: e'}", ["cat", "d: e"]),
        ("names: [0, 1]", ["0", "1"]),
        ("a: 1\nsub:\n  names: [no]\nnames: []", []),
    ],
)
def test_names_in_yaml(tmp_path, text, expected):
    path = tmp_path / "data.yaml"
    path.write_text(text, newline="")
    assert read_names(path) == dict(enumerate(expected))


def test_numbers_need_not_be_in_order(tmp_path):
    path = tmp_path / "data.yaml"
    path.write_text("names:\n  7: b\n  2: a\n")
    assert read_names(path) == {7: "b", 2: "a"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nc: 3", r"data\.yaml': there is no 'names'"),
        ("a: 1\nnames: cat", "line 2: 'names' must be a list or a mapping"),
        ("names: *anchor", "line 1: 'names' must be a list or a mapping"),
        ("names:\nnc: 3", "line 1: 'names' is empty"),
        ("names:\n  - cat\n  dog", "line 3: 'names' must be a list of names, or a mapping"),
        ("names:\n  cat: 0", "line 2: 'names' must be a list of names, or a mapping of ints"),
        ("names:\n  0: cat\n  0: dog", "line 3: 'names' has the number 0 twice"),
        ("names:\n  - &a cat", "line 2: a name must be plain text, or text in quotes. Got '&a cat'"),
        ("names:\n  - a: b", "line 2: a name must be plain text"),
        ("names:\n  - [a]", "line 2: a name must be plain text"),
        ("names:\n  - 'a", "line 2: a name must be plain text"),
        ("names: [a", "line 1: 'names' needs a comma or ']' after 'a'"),
        ("names: [a,", "a name must be plain text, or text in quotes. Got ''"),
        ("names: [,]", "a name must be plain text"),
        ("names: ['a' b]", "'names' needs a comma or ']' after \"'a'\""),
        ("names: {a: 0}", "'names' must be a mapping of ints to names"),
        ("names: {0: a, 0: b}", "'names' has the number 0 twice"),
        ("names: " + "[" * 100_000, "a name must be plain text"),
    ],
)
def test_errors_of_names(tmp_path, text, message):
    path = tmp_path / "data.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_names(path)


@given(st.text(alphabet="ab '\"[]{}:,#\n-01\\", max_size=40))
def test_any_names_are_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text("names:" + text)
    try:
        names = read_names(path)
    except ValueError as error:
        assert "any.yaml" in str(error)
    else:
        assert all(isinstance(key, int) and isinstance(name, str) for key, name in names.items())
