"""Average precision and masks equal those of pycocotools, where that is installed."""

import json

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("pycocotools")

from pycocotools import mask as coco_masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from skann.datasets import read_coco
from skann.datasets.mask_codes import decode_runs, draw_polygon, read_runs
from skann.engine.detection.mask_overlaps import mask_iou
from skann.metrics import average_precision_by_class, mean_average_precision

# pycocotools has not followed NumPy 2 yet
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

SIZE = 40, 60  # height and width
LABELS = ["a", "b", "c"]


def random_boxes(rng, n, whole):
    x0, y0 = rng.uniform(0, 40, n), rng.uniform(0, 25, n)
    boxes = numpy.stack([x0, y0, x0 + rng.uniform(1, 20, n), y0 + rng.uniform(1, 15, n)], axis=1)
    return boxes.round() if whole else boxes


def draw(boxes):
    """Return masks of ellipses in boxes."""
    y, x = numpy.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    x0, y0, x1, y1 = boxes.T[:, :, None, None]
    with numpy.errstate(divide="ignore", invalid="ignore"):
        return ((2 * x - x0 - x1) / (x1 - x0)) ** 2 + ((2 * y - y0 - y1) / (y1 - y0)) ** 2 <= 1


def random_sets(seed, n_images=12, whole=False, ties=False, far=3):
    """Return true objects and detections near them, with others beside."""
    rng = numpy.random.default_rng(seed)
    y_true, y_pred = [], []
    for _ in range(n_images):
        n = rng.integers(0, 8)
        boxes, labels = random_boxes(rng, n, whole), rng.choice(LABELS[: 2 if seed % 2 else 3], n)
        chosen = rng.integers(0, n, rng.integers(0, 2 * n)) if n else numpy.empty(0, int)
        near = boxes[chosen] + (rng.integers(-2, 3, (len(chosen), 4)) if whole else rng.normal(0, 1, (len(chosen), 4)))
        near[:, 2:] = numpy.maximum(near[:, 2:], near[:, :2])
        found = numpy.concatenate([near, random_boxes(rng, rng.integers(0, far), whole)])
        others = rng.choice(LABELS, len(found) - len(chosen))
        scores = rng.random(len(found))
        y_true.append({"boxes": boxes, "labels": labels, "masks": draw(boxes)})
        y_pred.append(
            {
                "boxes": found,
                "labels": numpy.concatenate([labels[chosen], others]),
                "scores": scores.round(1) if ties else scores,
                "masks": draw(found),
            }
        )
    return y_true, y_pred


def entries(y, kind):
    """Return objects as COCO has them."""
    found = []
    for i, image in enumerate(y):
        for j, label in enumerate(image["labels"]):
            x0, y0, x1, y1 = map(float, image["boxes"][j])
            entry = {"id": len(found) + 1, "image_id": i, "category_id": LABELS.index(label), "iscrowd": 0}
            entry |= {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
            if kind == "segm":
                entry["segmentation"] = coco_masks.encode(numpy.asfortranarray(image["masks"][j].astype(numpy.uint8)))
            if "scores" in image:
                entry["score"] = float(image["scores"][j])
            found.append(entry)
    return found


def reference(y_true, y_pred, kind):
    """Return average precision by pycocotools of shape (n_thresholds, n_classes); nan for classes without objects."""
    truth = COCO()
    images = [{"id": i, "height": SIZE[0], "width": SIZE[1]} for i in range(len(y_true))]
    truth.dataset = {
        "images": images,
        "annotations": entries(y_true, kind),
        "categories": [{"id": i, "name": name} for i, name in enumerate(LABELS)],
    }
    truth.createIndex()
    detected = COCO()
    detected.dataset = truth.dataset | {"annotations": entries(y_pred, kind)}
    detected.createIndex()
    evaluation = COCOeval(truth, detected, kind)
    evaluation.params.areaRng = [[-1, 1e10]]
    evaluation.params.areaRngLbl = ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return numpy.where(precision[:, 0] < 0, numpy.nan, precision.mean(axis=1))


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_average_precision(kind, whole, ties, seed):
    y_true, y_pred = random_sets(seed, whole=whole, ties=ties)
    expected = reference(y_true, y_pred, kind)
    masks = kind == "segm"
    for metric, rows in (("voc", [0]), ("coco", range(10))):
        by_class = average_precision_by_class(y_true, y_pred, metric=metric, masks=masks)
        means = expected[rows].mean(axis=0)
        assert_allclose([by_class.get(label, numpy.nan) for label in LABELS], means, rtol=0, atol=1e-9)
        mean = mean_average_precision(y_true, y_pred, metric=metric, masks=masks)
        assert_allclose(mean, numpy.nanmean(means), rtol=0, atol=1e-9)
        assert 0 < mean < 1


@pytest.mark.parametrize("seed", range(6))
def test_equal_overlaps(seed):
    """Boxes of one size along a line: many detections are as near to one object as to another."""
    rng = numpy.random.default_rng(seed)

    def line(n):
        x0 = rng.integers(0, 25, n).astype(float)
        boxes = numpy.stack([x0, 0 * x0, x0 + 10, 0 * x0 + 10], axis=1)
        return {"boxes": boxes, "labels": ["a"] * n, "scores": rng.random(n)}

    y_pred = [line(20) for _ in range(20)]
    y_true = [{"boxes": image["boxes"], "labels": image["labels"]} for image in (line(8) for _ in range(20))]
    found = mean_average_precision(y_true, y_pred, metric="coco")
    assert_allclose(found, reference(y_true, y_pred, "bbox")[:, 0].mean(), rtol=0, atol=1e-9)


def test_more_than_100_detections_of_an_image_and_class():
    y_true, y_pred = random_sets(0, n_images=2, far=600, ties=True)
    assert max(len(image["labels"]) for image in y_pred) > 300
    found = average_precision_by_class(y_true, y_pred, metric="coco")
    expected = reference(y_true, y_pred, "bbox").mean(axis=0)
    assert_allclose([found.get(label, numpy.nan) for label in LABELS], expected, rtol=0, atol=1e-9)


def test_overlaps_of_masks():
    rng = numpy.random.default_rng(0)
    a, b = rng.random((4, *SIZE)) < 0.3, rng.random((3, *SIZE)) < 0.6
    encoded = [[coco_masks.encode(numpy.asfortranarray(m.astype(numpy.uint8))) for m in stack] for stack in (a, b)]
    assert_allclose(mask_iou(a, b), coco_masks.iou(*encoded, [0] * len(b)), rtol=1e-15)


def as_list(encoded):
    """Return masks in pycocotools' encoding as JSON has them."""
    return {"size": [int(n) for n in encoded["size"]], "counts": encoded["counts"].decode()}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["inside", "across the border", "whole numbers", "rectangles", "repeated corners"])
def test_polygons(kind, seed):
    rng = numpy.random.default_rng(seed)
    for _ in range(10):
        corners = rng.uniform(0, 1, (rng.integers(3, 12), 2)) * (SIZE[1], SIZE[0])
        if kind == "across the border":
            corners = 3 * corners - (SIZE[1], SIZE[0])
        elif kind == "whole numbers":
            corners = corners.round()
        elif kind == "rectangles":
            (x0, y0), (x1, y1) = corners[:2].round(1)
            corners = numpy.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        elif kind == "repeated corners":
            corners = numpy.repeat(corners, 2, axis=0)
        polygon = corners.ravel().tolist()
        expected = coco_masks.decode(coco_masks.frPyObjects([polygon], *SIZE))[:, :, 0]
        assert_array_equal(draw_polygon(polygon, *SIZE), expected)


@pytest.mark.parametrize("share", [0, 0.02, 0.5, 1])
def test_runs(share):
    rng = numpy.random.default_rng(0)
    for size in (SIZE, (300, 1), (1, 1), (500, 400)):
        mask = rng.random(size) < share
        encoded = coco_masks.encode(numpy.asfortranarray(mask.astype(numpy.uint8)))
        assert_array_equal(decode_runs(read_runs(encoded["counts"].decode()), *size), mask)


def test_a_file_of_coco(tmp_path):
    rng = numpy.random.default_rng(0)
    mask = rng.random(SIZE) < 0.3
    runs = as_list(coco_masks.encode(numpy.asfortranarray(mask.astype(numpy.uint8))))
    polygons = (rng.random((2, 10)) * SIZE[0]).tolist()
    segmentations = [polygons, runs, runs | {"counts": read_runs(runs["counts"])}]
    path = tmp_path / "instances.json"
    rest = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 0}
    content = {
        "info": {},
        "images": [{"id": 1, "file_name": "a.png", "height": SIZE[0], "width": SIZE[1]}],
        "annotations": [{"id": i, "segmentation": s, **rest} for i, s in enumerate(segmentations)],
        "categories": [{"id": 1, "name": "a"}],
    }
    path.write_text(json.dumps(content))
    peer = COCO(str(path))
    _, y = read_coco(path, masks=True)
    assert_array_equal(y[0]["masks"], [peer.annToMask(annotation) for annotation in peer.dataset["annotations"]])
