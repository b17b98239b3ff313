"""Objects in XML in the format of Pascal VOC."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skann.datasets import read_voc

BOX = "<bndbox><xmax>30</xmax><ymin>2</ymin><xmin>1.5</xmin><ymax>40</ymax></bndbox>"


def an_object(name="cat", box=BOX, rest=""):
    return f"<object>{rest}<name>{name}</name>{box}</object>\n"


def annotation(*objects, filename="a.jpg", head='<?xml version="1.0"?>\n'):
    return f"{head}<annotation>\n<filename>{filename}</filename>\n{''.join(objects)}</annotation>"


def box(*corners):
    parts = (f"<{tag}>{value}</{tag}>" for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))
    return f"<bndbox>{''.join(parts)}</bndbox>"


@pytest.mark.parametrize("inner", ["", "Annotations"])
def test_boxes_and_labels(tmp_path, inner):
    folder = tmp_path / inner
    folder.mkdir(exist_ok=True)
    # the boxes of a person's parts are no objects of their own
    part = f"<part><name>head</name>{box(1, 1, 2, 2)}</part><difficult>1</difficult>"
    (folder / "2.xml").write_text(annotation(an_object(), an_object(" dog &amp; cat ", box(1, 1, 1, 1), part)))
    (folder / "1.XML").write_text(annotation(filename="../../etc/passwd"))
    (folder / "notes.txt").write_text("no XML")
    (folder / "3.xml").mkdir()
    files, y = read_voc(str(tmp_path))
    assert files == ["../../etc/passwd", "a.jpg"]
    assert y[0]["boxes"].shape == (0, 4)
    assert_array_equal(y[1]["boxes"], [[0.5, 1, 30, 40], [0, 0, 1, 1]])
    assert y[1]["labels"].tolist() == ["cat", "dog & cat"]
    assert y[0]["labels"].dtype == y[1]["labels"].dtype


def test_folders_without_xml_files(tmp_path):
    with pytest.raises(ValueError, match="has no XML files, and no folder 'Annotations'"):
        read_voc(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"There is no folder '.*none'"):
        read_voc(tmp_path / "none")


def test_the_folder_of_the_images(tmp_path):
    (tmp_path / "1.xml").write_text(annotation())
    assert read_voc(tmp_path, image_folder=Path("pictures"))[0] == [os.path.join("pictures", "a.jpg")]


LAUGHS = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.xml', line 1: this is not XML: no element found"),
        ("<annotation>\n<filename>a</file>", "line 2: this is not XML: mismatched tag"),
        ("\x00\x01", "this is not XML"),
        ("<list></list>", "line 1: the outermost element must be <annotation>. Got <list>"),
        ("<annotation></annotation>", "line 1: <annotation> must have one <filename>. Got 0"),
        (annotation(filename=" "), "line 3: <filename> is empty"),
        (annotation(an_object(), "<object></object>"), "line 5: <object> must have one <name>. Got 0"),
        (annotation(an_object(box="")), "line 4: <object> must have one <bndbox>. Got 0"),
        (annotation(an_object(box=BOX * 2)), "line 4: <object> must have one <bndbox>. Got 2"),
        (annotation(an_object(box="<bndbox></bndbox>")), "<bndbox> must have one <xmin>. Got 0"),
        (annotation(an_object(box=box("x", 1, 2, 2))), "line 4: <xmin>: a finite number is needed. Got 'x'"),
        (annotation(an_object(box=box(1, 1, "nan", 2))), "line 4: <xmax>: a finite number is needed. Got 'nan'"),
        (annotation(an_object(box=box(1, "1e999", 1, 2))), "<ymin>: a finite number is needed"),
        (annotation(an_object(box=box(1, "1_0", 1, 20))), "<ymin>: a finite number is needed"),
        (annotation(an_object(box=box(1, "", 1, 20))), "<ymin> is empty"),
        (annotation(an_object(box=box(5, 1, 2, 2))), "line 4: the box ends before it begins"),
        (annotation(head="<!DOCTYPE annotation>"), "a document type definition, .* is refused"),
        (
            annotation(filename="&l9;", head=f'<!DOCTYPE annotation [<!ENTITY l0 "lol">{LAUGHS}]>'),
            "a document type definition, .* is refused",
        ),
        (
            annotation(filename="&x;", head='<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
            "a document type definition, .* is refused",
        ),
        (annotation(filename="&x;"), "this is not XML: undefined entity"),
        ("<a>" * 100_000, "there are more than 50 elements in each other"),
        (annotation(head='<?xml version="1.0" encoding="klingon"?>'), "this XML cannot be read: unknown encoding"),
        (annotation(head='<?xml version="1.0" encoding="big5"?>'), "this XML cannot be read: multi-byte encodings"),
    ],
)
def test_errors_name_the_file_and_the_line(tmp_path, text, message):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_voc(tmp_path)


@given(
    st.binary()
    | st.lists(
        st.sampled_from(
            ["<annotation>", "</annotation>", "<filename>", "</filename>", "a", "<object>", "</object>", BOX]
        )
    ).map(lambda parts: "".join(parts).encode())
)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp() / "voc"
    folder.mkdir(exist_ok=True)
    (folder / "any.xml").write_bytes(content)
    try:
        files, _ = read_voc(folder)
    except ValueError as error:
        assert "any.xml" in str(error)
    else:
        assert set(files[0]) == {"a"}
