"""Selective search: recall on drawn objects, the form of its boxes, and images of all kinds."""

import sys

import numpy
import pytest
from numpy.testing import assert_array_equal

from skann.engine.detection.boxes import box_iou
from skann.estimators.vision import selective_search as module
from skann.estimators.vision.selective_search import selective_search

SHAPES = [(1, 1, 1), (1, 1, 3), (1, 9, 3), (9, 1, 1), (2, 2, 3), (30, 40, 1), (30, 40, 2), (30, 40, 3), (30, 40, 4)]


@pytest.fixture(scope="module", autouse=True)
def _scikit_image(request):
    pytest.importorskip("skimage")


def discs(seed, channels=3, radii=(4, 6, 9, 13), height=120, width=160):
    """Return a noisy image with discs of several colours that do not touch, and their boxes."""
    rng = numpy.random.default_rng(seed)
    image = numpy.full((height, width, channels), 0.8)
    rows, columns = numpy.indices((height, width))
    taken, boxes = numpy.zeros((height, width), bool), []
    for radius in radii * 3:
        y, x = rng.integers(radius, height - radius), rng.integers(radius, width - radius)
        distance = numpy.hypot(rows - y, columns - x)
        if (taken & (distance <= radius + 2)).any():
            continue
        taken |= distance <= radius
        image[distance <= radius] = rng.uniform(0.1, 0.6, channels)
        boxes.append([x - radius, y - radius, x + radius + 1, y + radius + 1])
    image += rng.normal(0, 0.02, image.shape)
    return numpy.rint(image.clip(0, 1) * 255).astype(numpy.uint8), numpy.array(boxes, float)


def recall(found, boxes, iou=0.7):
    return (box_iou(boxes, found).max(axis=1) >= iou).mean()


def check_boxes(boxes, shape):
    """Check that boxes are distinct, have an area, and lie inside the image."""
    height, width = shape[:2]
    assert boxes.dtype == numpy.float64
    assert boxes.ndim == 2
    assert boxes.shape[1] == 4
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= [width, height]).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert len(numpy.unique(boxes, axis=0)) == len(boxes)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_discs_of_all_sizes_are_found(seed, channels):
    image, boxes = discs(seed, channels)
    assert len(boxes) > 5
    assert recall(selective_search(image), boxes) == 1


def test_large_images_have_large_and_small_objects():
    image, boxes = discs(0, radii=(10, 20, 40), height=360, width=400)
    found = selective_search(image)
    assert len(found) <= 2000
    assert recall(found, boxes) == 1


def test_faint_discs_are_found_as_well_as_bright_ones():
    image, boxes = discs(0)
    assert recall(selective_search(image // 8 + 20), boxes) == 1


def test_colours_of_equal_brightness_are_told_apart():
    image = numpy.full((40, 40, 3), [0.5, 0.5, 0.5])
    image[12:26, 8:20] = [0.8, 0.35, 0.35]
    assert recall(selective_search(image), numpy.array([[8.0, 12, 20, 26]]), iou=0.999) == 1


def test_parts_are_joined_into_the_object():
    image = numpy.full((60, 60, 3), 220, numpy.uint8)
    image[20:40, 20:30] = [200, 20, 20]
    image[20:40, 30:40] = [120, 20, 20]
    expected = numpy.array([[20.0, 20, 30, 40], [30, 20, 40, 40], [20, 20, 40, 40], [0, 0, 60, 60]])
    assert recall(selective_search(image), expected, iou=0.999) == 1


def test_objects_at_the_borders_are_found():
    image = numpy.full((50, 60, 3), 30, numpy.uint8)
    image[:12, :15] = 240
    image[36:, 50:] = 200
    assert recall(selective_search(image), numpy.array([[0.0, 0, 15, 12], [50, 36, 60, 50]]), iou=0.999) == 1


def test_every_call_returns_the_same():
    image, _ = discs(1)
    first = selective_search(image)
    numpy.random.seed(7)  # noqa: NPY002  the global generator, which must not matter
    assert_array_equal(selective_search(image.copy()), first)


def test_the_image_is_left_alone():
    for image in (discs(1)[0], discs(1)[0] / 255):
        before = image.copy()
        selective_search(image)
        assert_array_equal(image, before)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_images_of_floats_equal_those_of_uint8(dtype, channels):
    image, _ = discs(2, channels)
    assert_array_equal(selective_search((image / 255).astype(dtype)), selective_search(image))


def test_an_image_need_not_be_contiguous():
    image, _ = discs(2)
    assert_array_equal(selective_search(image[::2, ::-2]), selective_search(image[::2, ::-2].copy()))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_noise_of_any_shape(shape):
    boxes = selective_search(numpy.random.default_rng(0).integers(0, 256, shape, dtype=numpy.uint8))
    check_boxes(boxes, shape)
    assert [0, 0, shape[1], shape[0]] in boxes.tolist()  # the whole image ends each hierarchy
    assert len(boxes) > 20 or shape[0] < 30


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("value", [0, 255, 0.3])
def test_a_constant_image_is_one_region(shape, value):
    image = numpy.full(shape, value, numpy.uint8 if isinstance(value, int) else float)
    assert_array_equal(selective_search(image), [[0, 0, shape[1], shape[0]]])


@pytest.mark.parametrize("max_regions", [1, 10, 200])
def test_max_regions_keeps_the_most_promising(max_regions):
    image, _ = discs(0)
    boxes = selective_search(image, max_regions)
    check_boxes(boxes, image.shape)
    assert_array_equal(boxes, selective_search(image)[:max_regions])
    assert len(boxes) == max_regions


def test_objects_are_among_the_first():
    image, boxes = discs(0)
    found = selective_search(image)
    assert len(found) > 600
    assert recall(found[:300], boxes) > recall(found[-300:], boxes)


class TestWithoutScikitImage:
    @pytest.fixture(autouse=True)
    def _scikit_image(self):
        """Do not skip these tests where scikit-image is missing."""

    def test_the_error_names_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "skimage", None)
        monkeypatch.setitem(sys.modules, "skimage.color", None)
        message = r'Selective search needs scikit-image: pip install "\.\[proposals\]" in the folder with skann'
        with pytest.raises(ImportError, match=message):
            selective_search(numpy.zeros((4, 4, 3), numpy.uint8))

    @pytest.mark.parametrize("seed", range(3))
    def test_the_heap_merges_as_a_search_of_all_pairs_does(self, seed):
        segments = numpy.kron(numpy.arange(20).reshape(4, 5), numpy.ones((3, 2), int))
        histograms = numpy.random.default_rng(seed).dirichlet(numpy.ones(6), 20)
        plain = module._Hierarchy(segments, histograms)
        pairs = {tuple(pair) for pair in plain.pairs.tolist()}
        for new in range(20, 39):
            ordered = sorted(pairs)
            a, b = ordered[int(numpy.argmax([plain.similarities(*pair) for pair in ordered]))]
            plain.unite(a, b, new)
            renamed = [tuple(sorted(new if region in (a, b) else region for region in pair)) for pair in ordered]
            pairs = {pair for pair in renamed if pair[0] != pair[1]}
        assert_array_equal(module._Hierarchy(segments, histograms).merge_all(), plain.boxes)

    def test_similarities_follow_the_formula(self):
        segments = numpy.array([[0, 0, 0, 1], [0, 2, 2, 1]])
        histograms = numpy.array([[0.5, 0.5], [0.25, 0.75], [1, 0]])
        regions = module._Hierarchy(segments, histograms)
        assert_array_equal(regions.pairs, [[0, 1], [0, 2], [1, 2]])
        # shared histogram, share of the pixels, and share of the pixels of the box around both that neither has
        expected = [0.75 + (1 - 6 / 8) + (1 - 2 / 8), 0.5 + (1 - 6 / 8) + 1, 0.25 + (1 - 4 / 8) + (1 - 2 / 8)]
        assert_array_equal(regions.similarities([0, 0, 1], [1, 2, 2]), expected)

    def test_histograms_are_shares_of_the_pixels_of_each_segment(self):
        segments = numpy.array([[0, 0, 1], [0, 0, 1]])
        bins = numpy.array([[[0, 2], [1, 2], [2, 0]], [[0, 2], [0, 1], [2, 0]]], numpy.uint8)
        expected = [[3 / 8, 1 / 8, 0, 0, 1 / 8, 3 / 8], [0, 0, 1 / 2, 1 / 2, 0, 0]]
        assert_array_equal(module._histograms(segments, bins, 3), expected)
