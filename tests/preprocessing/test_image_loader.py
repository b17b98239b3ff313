"""Loading of images: what is accepted, what the lazy sequence does, and errors that name the file."""

import io
import pickle
import re
import struct
import sys
import zlib
from pathlib import Path

import numpy
import pandas
import polars
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

from skann.datasets import ImageSource
from skann.preprocessing import ImageLoader

N, SIZE = 6, (5, 7)
RNG = numpy.random.RandomState(0)
PIXELS = [RNG.randint(256, size=(*SIZE, 3)).astype("uint8") for _ in range(N)]


def encoded(pixels, kind="png", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    for i, pixels in enumerate(PIXELS):
        (tmp_path / f"{i}.png").write_bytes(encoded(pixels))
    return tmp_path


def paths_in(folder):
    return [str(folder / f"{i}.png") for i in range(N)]


def load(X, size=SIZE, **params):
    return ImageLoader(size=size, **params).fit_transform(X)


# What is accepted

FORMS = {
    "list": list,
    "paths": lambda paths: [Path(path) for path in paths],
    "tuple": tuple,
    "array": numpy.array,
    "objects": lambda paths: numpy.array(paths, dtype=object),
    "column": lambda paths: numpy.array(paths)[:, None],
    "lists": lambda paths: [[path] for path in paths],
    "frame": lambda paths: pandas.DataFrame({"file": paths}, index=range(10, 10 + N)),
    "series": lambda paths: pandas.Series(paths, index=range(10, 10 + N)),
    "polars": lambda paths: polars.DataFrame({"file": paths}),
    "polars series": lambda paths: polars.Series(paths),
    "bytes": lambda paths: [Path(path).read_bytes() for path in paths],
    "frame of bytes": lambda paths: pandas.DataFrame({"file": [Path(path).read_bytes() for path in paths]}),
    "folder": lambda paths: str(Path(paths[0]).parent),
    "folder as a path": lambda paths: Path(paths[0]).parent,
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_x(folder, form):
    X = FORMS[form](paths_in(folder))
    before = pickle.dumps(X)
    images = load(X)
    assert isinstance(images, ImageSource)
    assert_array_equal(images, PIXELS)
    assert pickle.dumps(X) == before


def test_a_folder_with_subfolders_and_other_files(folder):
    (folder / "0" / "deep").mkdir(parents=True)
    (folder / "0" / "deep" / "x.JPEG").write_bytes(encoded(PIXELS[0], "jpeg"))
    (folder / "album.png").mkdir()
    for name in ("notes.txt", ".DS_Store", "._0.png", "0/labels.csv"):
        (folder / name).write_text("no image")
    assert load(folder).paths == [str(folder / "0" / "deep" / "x.JPEG"), *paths_in(folder)]


def test_images_of_different_sizes_are_resized():
    flat = [numpy.full((*size, 3), 100 + i, "uint8") for i, size in enumerate([(30, 20), (5, 7), (1, 1), (7, 5)])]
    images = load([encoded(pixels) for pixels in flat])
    assert images.shape == (4, *SIZE, 3)
    for i, image in enumerate(images):
        assert_array_equal(image, numpy.full((*SIZE, 3), 100 + i))
    # the height comes first, and the content is scaled, not cropped
    halves = numpy.zeros((40, 20, 3), "uint8")
    halves[20:] = 200
    (small,) = load([encoded(halves)], size=(4, 10))
    assert small.shape == (4, 10, 3)
    assert_array_equal(small[0], 0)
    assert_array_equal(small[-1], 200)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_modes(mode, channels):
    red = numpy.zeros((*SIZE, 4), "uint8")
    red[..., 0], red[..., 3] = 255, 128
    grey = numpy.full(SIZE, 90, "uint8")
    palette = io.BytesIO()
    Image.fromarray(red).convert("RGB").quantize(4).save(palette, "png", transparency=b"\x80\x80\x80\x80")
    images = numpy.asarray(load([encoded(red), encoded(grey), palette.getvalue()], mode=mode))
    assert images.shape == (3, *SIZE, channels)
    as_red = {"L": [76], "RGB": [255, 0, 0], "RGBA": [255, 0, 0, 128]}[mode]
    as_grey = {"L": [90], "RGB": [90] * 3, "RGBA": [90, 90, 90, 255]}[mode]
    for image, expected in zip(images, (as_red, as_grey, as_red), strict=True):
        assert_array_equal(image, numpy.broadcast_to(numpy.array(expected), image.shape))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_camera_is_applied(orientation):
    seen = numpy.zeros((16, 24, 3), "uint8")  # as it should be seen
    seen[:8, :8] = 255
    stored = {
        1: seen,
        2: seen[:, ::-1],
        3: seen[::-1, ::-1],
        4: seen[::-1],
        5: seen.transpose(1, 0, 2),
        6: numpy.rot90(seen, 1),
        7: seen.transpose(1, 0, 2)[::-1, ::-1],
        8: numpy.rot90(seen, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    (image,) = load([encoded(numpy.ascontiguousarray(stored), "jpeg", exif=exif, quality=95)], size=(16, 24))
    assert_allclose(image.astype(int), seen, atol=40)


# The lazy sequence


def test_the_sequence_is_lazy_and_indexed(folder):
    images = load(paths_in(folder))
    everything = numpy.array(PIXELS)
    assert (len(images), images.shape, images.dtype, images.ndim) == (N, (N, *SIZE, 3), numpy.dtype("uint8"), 4)
    assert_array_equal(images[2], PIXELS[2])
    assert_array_equal(images[-1], PIXELS[-1])
    mask = numpy.arange(N) % 2 == 0
    for key in (slice(1, 4), slice(None, None, -2), [3, 0, 3], numpy.array([5, 1]), mask, ([2, 1], ...)):
        part = images[key]
        assert isinstance(part, ImageSource)
        assert_array_equal(part, everything[key])
    assert_array_equal(images.read(slice(2, 4)), everything[2:4])
    assert_array_equal(images.read(numpy.array([4, 4, 0])), everything[[4, 4, 0]])
    assert_array_equal(numpy.asarray(images, dtype="float32"), everything.astype("float32"))
    assert len(list(images)) == N
    for key in (N, [0, N], (0, 1)):
        with pytest.raises(IndexError):
            images[key]
    with pytest.raises(ValueError, match="copy=False is not possible"):
        numpy.asarray(images, copy=False)
    (folder / "3.png").unlink()  # nothing was opened before it was asked for, and nothing is kept
    assert_array_equal(images[:3], everything[:3])
    with pytest.raises(FileNotFoundError):
        images[3]


def test_pickles_hold_paths_and_no_pixels(folder):
    images = load(paths_in(folder), size=(500, 500))
    pickled = pickle.dumps(images)
    assert len(pickled) < 2000
    assert_array_equal(pickle.loads(pickled)[:2], images[:2])


def test_in_splits_pipelines_and_searches(folder):
    class Brightest(ClassifierMixin, BaseEstimator):
        """Tell images whose first pixel is bright, by the threshold of the training set."""

        def fit(self, X, y):
            assert X.dtype == "uint8"
            self.classes_ = numpy.unique(y)
            values = X.read(slice(0, len(X))).mean(axis=(1, 2, 3))
            self.threshold_ = values.mean()
            return self

        def predict(self, X):
            return (numpy.asarray(X).mean(axis=(1, 2, 3)) > self.threshold_).astype(int)

    y = numpy.arange(8) % 2
    paths = []
    for i, label in enumerate(y):
        paths.append(str(folder / f"bright {i}.png"))
        Path(paths[-1]).write_bytes(encoded(numpy.full((9, 9, 3), 30 + 150 * label + i, "uint8")))
    images = load(paths)
    train, test, y_train, y_test = train_test_split(images, y, test_size=4, stratify=y, random_state=0)
    assert isinstance(train, ImageSource)
    assert Brightest().fit(train, y_train).score(test, y_test) == 1
    assert cross_val_score(Brightest(), images, y, cv=2).tolist() == [1, 1]
    frame = pandas.DataFrame({"file": paths})
    pipeline = make_pipeline(ImageLoader(), Brightest())
    assert cross_val_score(pipeline, frame, y, cv=2).tolist() == [1, 1]
    search = GridSearchCV(pipeline, {"imageloader__mode": ["L", "RGB"], "imageloader__size": [(3, 4)]}, cv=2)
    assert search.fit(frame, y).best_score_ == 1
    assert pickle.loads(pickle.dumps(search.best_estimator_.steps[0][1])).transform(paths).shape[1:3] == (3, 4)


def test_clone_parameters_and_tags():
    loader = ImageLoader((3, 4), "L")
    copy = clone(loader)
    assert copy.get_params() == {"size": (3, 4), "mode": "L"}
    assert repr(copy) == "ImageLoader(mode='L', size=(3, 4))"
    assert copy.set_params(mode="RGB").mode == "RGB"
    assert not loader.__sklearn_tags__().requires_fit
    assert ImageLoader().transform([encoded(PIXELS[0])]).shape == (1, 64, 64, 3)  # nothing to fit
    assert ImageLoader().fit([]) is not None


# Errors


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"size": 64}, "The 'size' parameter of ImageLoader must be"),
        ({"size": (64,)}, r"must be two ints in the range \[1, inf\), the height and the width. Got \(64,\)"),
        ({"size": (64, 0)}, r"Got \(64, 0\)"),
        ({"size": (64, 2.5)}, r"Got \(64, 2.5\)"),
        ({"size": (True, 2)}, r"Got \(True, 2\)"),
        ({"mode": "CMYK"}, "The 'mode' parameter of ImageLoader must be"),
    ],
)
def test_parameters_out_of_range(params, message):
    with pytest.raises(ValueError, match=message):
        ImageLoader(**params).fit([])


def test_a_source_of_an_unknown_mode():
    with pytest.raises(ValueError, match=r"mode must be one of 'L', 'RGB', 'RGBA'\. Got 'HSV'"):
        ImageSource([], (3, 4), "HSV")


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (pandas.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, r"must have a single column, .* the shape \(1, 2\)"),
        (numpy.zeros((2, 3, 3)), ValueError, "must have a single column"),
        ([encoded(PIXELS[0]), 3], TypeError, "contents as bytes. Row 1 is 3"),
        ([None], TypeError, "Row 0 is None"),
        (numpy.array([b"abc\0"]), TypeError, "drops zeros from the end"),
        (b"abc", TypeError, r"a single image: pass a list, \[X\]"),
        (3, TypeError, "a column of paths or bytes, or a folder. Got int"),
    ],
)
def test_no_paths(X, error, message):
    with pytest.raises(error, match=message):
        load(X)


def test_folders_without_images(tmp_path):
    with pytest.raises(ValueError, match=r"has no image files \(.*\.png"):
        load(tmp_path)
    (tmp_path / "a.png").write_bytes(encoded(PIXELS[0]))
    for path in ("nowhere", "a.png"):
        with pytest.raises(ValueError, match=rf"{path}', which is no folder. Pass a single file in a list"):
            load(tmp_path / path)


def broken(content):
    """Return a PNG whose pixels end in the middle, and one with a wrong checksum there."""
    middle = content.index(b"IDAT") + 20
    return content[:middle], content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


NOISE = encoded(RNG.randint(256, size=(40, 40, 3)).astype("uint8"))
CORRUPT = {
    "truncated": (broken(NOISE)[0], "is truncated or corrupt: "),
    "flipped bits": (broken(NOISE)[1], "is truncated or corrupt: "),
    "truncated JPEG": (encoded(numpy.array(PIXELS).reshape(-1, 7, 3), "jpeg")[:-60], "is truncated or corrupt: "),
    "text": (b"no image", "is not an image that Pillow can read."),
    "empty": (b"", "is not an image that Pillow can read."),
    "16 bits": (encoded(numpy.full(SIZE, 60_000, "uint16")), "has the mode 'I;16', with more than 8 bits per channel"),
    "floats": (encoded(numpy.ones(SIZE, "float32"), "tiff"), "has the mode 'F', with more than 8 bits per channel"),
}


@pytest.mark.parametrize("name", CORRUPT)
def test_a_corrupt_file_in_the_middle_of_a_folder(folder, name):
    content, message = CORRUPT[name]
    (folder / "3.png").write_bytes(content)
    images = load(folder)
    assert_array_equal(images[:3], PIXELS[:3])
    with pytest.raises(ValueError, match=f"^Image {re.escape(repr(str(folder / '3.png')))} {message}"):
        numpy.asarray(images)
    with pytest.raises(ValueError, match=f"^Image 1 \\(bytes\\) {message}"):
        numpy.asarray(load([NOISE, content]))


def test_a_mode_that_cannot_be_converted():
    file = io.BytesIO()
    Image.new("LAB", SIZE).save(file, "tiff")
    with pytest.raises(ValueError, match=r"^Image 0 \(bytes\) has the mode 'LAB', which cannot be converted to 'L'"):
        numpy.asarray(load([file.getvalue()], mode="L"))


def test_missing_and_unreadable_files(folder):
    images = load([folder / "0.png", folder / "nowhere.png"])
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        images.read(slice(0, 2))
    (folder / "x.png").mkdir()
    with pytest.raises(OSError, match=r"x\.png"):
        load([folder / "x.png"])[0]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("factor", [1.5, 3], ids=["Pillow warns", "Pillow refuses"])
def test_decompression_bombs_are_refused(folder, factor):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width = int(Image.MAX_IMAGE_PIXELS * factor / 1000)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    (folder / "3.png").write_bytes(bomb)
    message = r"3\.png' may be a decompression bomb: it has more than 89478485 pixels. .* PIL.Image.MAX_IMAGE_PIXELS"
    with pytest.raises(ValueError, match=message):
        numpy.asarray(load(folder))


def test_a_bomb_where_warnings_are_errors(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    with pytest.raises(ValueError, match=r"Image 0 \(bytes\) may be a decompression bomb"):
        load([encoded(PIXELS[0])])[0]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # Pillow's way to turn the check off
    assert_array_equal(load([encoded(PIXELS[0])])[0], PIXELS[0])


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r'need Pillow: pip install "\.\[images\]" in the folder with skann'):
        load(["a.png"])
