"""Looks at segmenters and detectors: displays of their predictions, findings about their targets, and refusals."""

from functools import cache

import matplotlib.pyplot as plt
import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import binary_dilation
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skann import FCNSegmenter, MaskRCNNSegmenter, MLPClassifier, RCNNDetector, YOLODetector
from skann.datasets import ArraySource
from skann.inspection import (
    ActivationDisplay,
    DeadUnitsDisplay,
    DetectionDisplay,
    DetectionPrecisionRecallDisplay,
    FeatureMapsDisplay,
    GradientFlowDisplay,
    HiddenLayerTransformer,
    HiddenSpaceDisplay,
    MisclassifiedDisplay,
    NetworkDisplay,
    SaliencyDisplay,
    SegmentationDisplay,
    TrainingHistoryDisplay,
    WeightsDisplay,
    diagnose,
    saliency,
    summary,
)
from skann.inspection.findings import objects
from skann.metrics import average_precision_by_class
from tests.inspection import fits
from tests.inspection.test_diagnosis import OF_OBJECTS, check_parameters, names

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NAMES = {0: "ground", 1: "dark", 2: "bright"}


def scenes(n=40, size=(24, 32), seed=0):
    """Return images with a dark and a bright rectangle on noise, label maps, and the objects."""
    rng = numpy.random.RandomState(seed)
    height, width = size
    X, maps, y = rng.normal(0.5, 0.02, (n, height, width)), numpy.zeros((n, height, width), int), []
    for image, labels in zip(X, maps, strict=True):
        boxes = []
        for label, left in ((1, 0), (2, width // 2)):
            rows, columns = rng.randint(height // 4, height // 2), rng.randint(width // 6, width // 3)
            top, left = rng.randint(height - rows), left + rng.randint(width // 2 - columns)
            labels[top : top + rows, left : left + columns] = label
            image[top : top + rows, left : left + columns] += 0.6 * label - 0.9
            boxes.append([left, top, left + columns, top + rows])
        y.append({"boxes": numpy.array(boxes, float), "labels": [1, 2]})
    return X, maps, y


X, MAPS, OBJECTS = scenes()


@cache
def segmenter(**options):
    return FCNSegmenter(**{"filters": (4, 8), "max_iter": 6, "random_state": 0, **options}).fit(X, MAPS)


@cache
def detector(**options):
    options = {"filters": (4, 8, 8), "n_scales": 1, "max_iter": 4, "random_state": 0, **options}
    return YOLODetector(**options).fit(X, OBJECTS)


def shapes_of(y):
    """Return the objects with masks in place of boxes."""
    masks = (masks_of({"boxes": image["boxes"].astype(int), "labels": image["labels"]}) for image in y)
    return [{"masks": image["masks"], "labels": image["labels"]} for image in masks]


@cache
def two_stage(masks=False, **options):
    options = {"filters": (4, 8, 8), "hidden_layer_sizes": (12,), "n_regions": 16, "max_iter": 3, "random_state": 0}
    return MaskRCNNSegmenter(**options).fit(X, shapes_of(OBJECTS)) if masks else RCNNDetector(**options).fit(X, OBJECTS)


def titles(display):
    return [axes.get_title() for axes in display.axes_]


def legend_of(display):
    (legend,) = [*display.figure_.legends, *(axes.get_legend() for axes in display.axes_ if axes.get_legend())]
    return [text.get_text() for text in legend.get_texts()]


def colours_in(axes):
    """Return the different colours of the last image drawn."""
    return {tuple(colour) for colour in numpy.asarray(axes.get_images()[-1].get_array()).reshape(-1, 3).round(3)}


class TestSegmentation:
    def test_panels_and_legend(self):
        display = SegmentationDisplay.from_estimator(segmenter(), X, MAPS, names=NAMES, differences=True, max_images=2)
        assert [title.split(":")[0] for title in titles(display)[:4]] == [
            "image",
            "truth",
            "prediction",
            "differences",
        ]
        wrong = (segmenter().predict(X[:2]) != MAPS[:2]).mean(axis=(1, 2))
        assert [title.split(": ")[-1] for title in titles(display)[3::4]] == [f"{w:.1%} of the pixels" for w in wrong]
        assert legend_of(display) == ["ground", "dark", "bright", "differs"]
        assert len(set(display.colours_.values())) == 3
        display.figure_.canvas.draw()

    def test_without_truth(self):
        display = SegmentationDisplay.from_estimator(segmenter(), X[:1])
        assert titles(display) == ["image", "prediction"]
        with pytest.raises(ValueError, match="compares the prediction with the truth: pass y"):
            SegmentationDisplay.from_estimator(segmenter(), X[:1], differences=True)

    def test_each_class_has_its_pixels(self):
        image, labels = numpy.zeros((1, 8, 12)), numpy.zeros((1, 8, 12), int)
        labels[0, :2], labels[0, 6:] = 1, 2
        _, truth, prediction = SegmentationDisplay.from_predictions(image, labels, 0 * labels).axes_
        drawn = truth.get_images()[0].get_array()
        assert len(colours_in(truth)) == 3
        assert len(colours_in(prediction)) == 1
        for label in range(3):
            assert len({tuple(colour) for colour in drawn[labels[0] == label]}) == 1

    def test_colours_do_not_depend_on_the_classes_present(self):
        whole = SegmentationDisplay.from_predictions(X[:1], MAPS[:1], MAPS[:1], classes=[0, 1, 2])
        part = SegmentationDisplay.from_predictions(X[:1], None, numpy.full_like(MAPS[:1], 2), classes=[0, 1, 2])
        assert part.colours_ == {2: whole.colours_[2]}

    def test_pixels_without_a_label_are_hatched_and_not_counted(self):
        labels = MAPS[:1].copy()
        labels[0, :5] = 255
        display = SegmentationDisplay.from_predictions(
            X[:1], labels, MAPS[:1] + (labels == 255), ignore_label=255, differences=True
        )
        assert titles(display)[-1] == "differences: 0.0% of the pixels"
        assert legend_of(display)[-2:] == ["no label", "differs"]
        _, truth, prediction, _ = display.axes_
        assert [len(axes.collections) for axes in (truth, prediction)] == [1, 0]
        assert truth.get_ylim() == prediction.get_ylim()

    def test_sources_pipelines_and_images_of_other_sizes(self):
        displays = [
            SegmentationDisplay.from_estimator(make_pipeline(segmenter()), source, MAPS, max_images=3)
            for source in (X, list(X), ArraySource(X))
        ]
        assert all(len(display.axes_) == 9 for display in displays)
        for display in displays[1:]:
            assert_array_equal(display.y_pred, displays[0].y_pred)
        seg = segmenter(image_size=(16, 16))
        images, maps = [X[0], X[1][:20, :28]], [MAPS[0], MAPS[1][:20, :28]]
        display = SegmentationDisplay.from_estimator(seg, images, maps, differences=True)
        assert [labels.shape for labels in display.y_pred] == [(24, 32), (20, 28)]

    def test_draws_into_axes_given(self):
        figure, axes = plt.subplots(2, 2)
        display = SegmentationDisplay.from_estimator(segmenter(), X[:2], ax=axes)
        assert display.figure_ is figure
        assert legend_of(display)
        with pytest.raises(ValueError, match="has 4 panels"):
            display.plot(axes[0])

    def test_what_cannot_be_drawn(self):
        for other, title in ((detector(), "YOLODetector"), (fits.conv()[0], "ConvClassifier")):
            with pytest.raises(TypeError, match=f"pass an FCNSegmenter. Got {title}"):
                SegmentationDisplay.from_estimator(other, X)
        with pytest.raises(TypeError, match="names must be a dict"):
            SegmentationDisplay.from_estimator(segmenter(), X, names=["ground"])
        with pytest.raises(ValueError, match="max_images must be an int of at least 1"):
            SegmentationDisplay.from_estimator(segmenter(), X, max_images=0)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            SegmentationDisplay.from_estimator(segmenter(), X, MAPS[:3])
        with pytest.raises(ValueError, match=r"y\[0\] has the shape \(24, 31\)"):
            SegmentationDisplay.from_estimator(segmenter(), X, MAPS[:, :, 1:])
        with pytest.raises(NotFittedError):
            SegmentationDisplay.from_estimator(FCNSegmenter(), X)


BOXES: dict = {"boxes": [[2, 2, 10, 12], [20, 4, 30, 16]], "labels": [1, 2]}
FOUND = {
    "boxes": [[2, 3, 10, 12], [20, 15, 30, 22], [20, 4, 30, 16], [0, 0, 3, 3]],
    "labels": [1, 2, 1, 2],
    "scores": [0.9, 0.8, 0.5, 0.1],
}


def masks_of(objects):
    masks = numpy.zeros((len(objects["boxes"]), 24, 32), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, objects["boxes"], strict=True):
        mask[y0:y1, x0:x1] = True
    return {**objects, "masks": masks}


class TestDetection:
    def test_counts(self):
        display = DetectionDisplay.from_predictions(X[:1], [BOXES], [FOUND], names=NAMES)
        assert titles(display) == ["truth: 2", "1 of 2 found, 2 false"]
        assert [len(axes.patches) for axes in display.axes_] == [2, 3]
        dashed = [[patch.get_linestyle() not in ("-", "solid") for patch in axes.patches] for axes in display.axes_]
        assert [sum(of_panel) for of_panel in dashed] == [1, 2]
        assert legend_of(display) == ["dark", "bright", "missed or false"]
        display = DetectionDisplay.from_predictions(X[:1], [BOXES], [FOUND], min_score=0.0)
        assert titles(display)[1] == "1 of 2 found, 3 false"
        display = DetectionDisplay.from_predictions(X[:1], None, [FOUND])
        assert titles(display) == ["3 detected"]

    def test_each_object_is_found_once(self):
        twice = {"boxes": [[2, 2, 10, 12]] * 2, "labels": [1, 1], "scores": [0.4, 0.9]}
        display = DetectionDisplay.from_predictions(X[:1], [BOXES], [twice])
        assert titles(display)[1] == "1 of 2 found, 1 false"

    def test_places_and_texts(self):
        display = DetectionDisplay.from_predictions(X[:1], [BOXES], [BOXES | {"scores": [0.75, 0.5]}], names=NAMES)
        drawn = {patch.get_bbox().bounds for patch in display.axes_[1].patches}
        assert drawn == {(1.5, 1.5, 8, 10), (19.5, 3.5, 10, 12)}  # the centre of the first pixel is at 0
        assert {text.get_text() for text in display.axes_[1].texts} == {"dark 0.75", "bright 0.50"}
        assert "missed or false" not in legend_of(display)

    def test_texts_do_not_overlap(self):
        rng = numpy.random.RandomState(0)
        corners = rng.uniform(0, 20, size=(40, 2))
        crowd = {
            "boxes": numpy.hstack([corners, corners + 4]),
            "labels": [1, 2] * 20,
            "scores": numpy.linspace(0.3, 1, 40),
        }
        display = DetectionDisplay.from_predictions(X[:1], None, [crowd], names=NAMES)
        display.figure_.canvas.draw()
        (axes,) = display.axes_
        extents = [text.get_window_extent() for text in axes.texts]
        assert 2 < len(extents) < 40
        assert axes.texts[0].get_text() == "bright 1.00"
        assert not [(a, b) for i, a in enumerate(extents) for b in extents[:i] if a.overlaps(b)]
        panel = axes.get_window_extent()
        assert all(panel.x0 <= e.x0 and e.x1 <= panel.x1 and e.y1 <= panel.y1 + 1 for e in extents)

    def test_masks(self):
        true, found = masks_of(BOXES), masks_of(FOUND)
        display = DetectionDisplay.from_predictions(X[:1], [true], [found])
        assert titles(display) == ["truth: 2", "1 of 2 found, 2 false"]
        filled = [numpy.asarray(image.get_array())[..., 3] > 0 for image in display.axes_[0].get_images()[1:]]
        assert_array_equal(sorted(mask.sum() for mask in filled), sorted(true["masks"].sum(axis=(1, 2))))
        without_boxes = {key: value for key, value in true.items() if key != "boxes"}
        assert titles(DetectionDisplay.from_predictions(X[:1], [without_boxes], [found])) == titles(display)

    def test_maps_of_instance_numbers(self):
        numbers = numpy.zeros((24, 32), int)
        for number, mask in zip((7, 3), masks_of(BOXES)["masks"], strict=True):
            numbers[mask] = number
        found = masks_of(BOXES) | {"labels": [1, 1], "scores": [0.9, 0.8]}
        assert titles(DetectionDisplay.from_predictions(X[:1], [numbers], [found])) == ["truth: 2", "2 of 2 found"]
        for masks in (False, True):
            display = DetectionPrecisionRecallDisplay.from_predictions([numbers], [found], masks=masks)
            assert display.average_precision_ == {1: 1.0}

    def test_draws_into_a_part_of_a_figure(self):
        figure = plt.figure(figsize=(8, 3))
        axes = figure.subfigures(1, 2)[0].subplots(1, 2)
        X, _, y = scenes(1)
        display = DetectionDisplay.from_predictions(X, y, [{**y[0], "scores": [0.9, 0.8]}], ax=axes)
        assert titles(display) == ["truth: 2", "2 of 2 found"]
        plt.close(figure)

    def test_no_objects(self):
        none = {"boxes": [], "labels": []}
        display = DetectionDisplay.from_predictions(X[:1], [none], [none | {"scores": []}])
        assert titles(display) == ["truth: 0", "0 of 0 found"]
        display.figure_.canvas.draw()

    def test_from_estimator(self):
        displays = [
            DetectionDisplay.from_estimator(make_pipeline(detector()), source, OBJECTS, max_images=2)
            for source in (X, list(X), ArraySource(X))
        ]
        for display in displays:
            assert titles(display)[::2] == ["truth: 2"] * 2
            for found, expected in zip(display.y_pred, detector().predict(X[:2]), strict=True):
                assert_allclose(found["boxes"], expected["boxes"])
        figure, axes = plt.subplots(1, 2)
        display = DetectionDisplay.from_estimator(detector(), X[:2], ax=axes)
        assert display.figure_ is figure
        images = [X[0], X[1][:20, :28]]
        display = DetectionDisplay.from_estimator(detector(image_size=(24, 24)), images)
        assert [image.shape for image in display.images] == [(24, 32, 1), (20, 28, 1)]

    def test_what_cannot_be_drawn(self):
        for cls in (DetectionDisplay, DetectionPrecisionRecallDisplay):
            with pytest.raises(TypeError, match=r"pass a detector, such as a YOLODetector\. Got FCNSegmenter"):
                cls.from_estimator(segmenter(), X, OBJECTS)
            with pytest.raises(NotFittedError):
                cls.from_estimator(YOLODetector(), X, OBJECTS)
        with pytest.raises(ValueError, match=r"X has 1 images, but y_pred has 2"):
            DetectionDisplay.from_predictions(X[:1], None, [FOUND, FOUND])
        with pytest.raises(ValueError, match="min_score must be a float"):
            DetectionDisplay.from_predictions(X[:1], None, [FOUND], min_score="high")
        with pytest.raises(ValueError, match=r"y_true\[0\] has no 'labels'"):
            DetectionDisplay.from_predictions(X[:1], [{"boxes": []}], [FOUND])


class TestPrecisionRecall:
    def test_average_precision_is_that_of_the_metric(self):
        display = DetectionPrecisionRecallDisplay.from_estimator(detector(), X, OBJECTS, names=NAMES)
        expected = average_precision_by_class(OBJECTS, detector().predict(X))
        assert display.average_precision_ == expected
        texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert texts == [f"{NAMES[label]}: AP {value:.2f}" for label, value in expected.items()]
        assert display.ax_.get_title().endswith(f"mean AP {numpy.mean(list(expected.values())):.2f}")

    def test_line_is_the_highest_precision_at_a_recall(self):
        boxes = [[0, 0, 4, 4], [10, 0, 14, 4], [20, 0, 24, 4], [0, 10, 4, 14]]
        found = {
            "boxes": [boxes[0], [5, 5, 8, 8], boxes[1], boxes[2]],
            "labels": ["a"] * 4,
            "scores": [0.9, 0.8, 0.7, 0.6],
        }
        display = DetectionPrecisionRecallDisplay.from_predictions([{"boxes": boxes, "labels": ["a"] * 4}], [found])
        recall, precision = display.lines_["a"].get_data()
        for low, high, height in ((0, 0.25, 1.0), (0.25, 0.5, 0.75), (0.5, 0.75, 0.75)):
            between = (recall[:-1] >= low) & (recall[1:] <= high) & (recall[1:] > recall[:-1])
            assert_allclose(precision[:-1][between], height)
            assert_allclose(precision[1:][between], height)
        assert (recall[-1], precision[-1]) == (0.75, 0)

    def test_threshold_and_masks(self):
        found = [FOUND]
        loose, strict = (
            DetectionPrecisionRecallDisplay.from_predictions([BOXES], found, iou_threshold=t) for t in (0.5, 0.95)
        )
        assert loose.average_precision_[1] == 1
        assert strict.average_precision_[1] == 0
        by_masks = DetectionPrecisionRecallDisplay.from_predictions([masks_of(BOXES)], [masks_of(FOUND)], masks=True)
        assert by_masks.average_precision_ == loose.average_precision_

    def test_classes_without_detections_or_objects(self):
        only = {"boxes": [[0, 0, 3, 3]], "labels": [7], "scores": [0.5]}
        display = DetectionPrecisionRecallDisplay.from_predictions([BOXES], [only])
        assert display.average_precision_ == {1: 0, 2: 0}
        with pytest.raises(ValueError, match="y_true has no object"):
            DetectionPrecisionRecallDisplay.from_predictions([{"boxes": [], "labels": []}], [only])
        with pytest.raises(ValueError, match=r"iou_threshold must be a float in the range \(0, 1\]"):
            DetectionPrecisionRecallDisplay.from_predictions([BOXES], [FOUND], iou_threshold=0)


class TestHistory:
    def test_parts_of_the_loss(self):
        display = TrainingHistoryDisplay.from_estimator(detector())
        history = detector().history_
        lines = display.axes_[0].get_lines()
        thin = [line for line in lines if line.get_linewidth() == 1]
        assert_array_equal(thin[0].get_ydata(), history["classification_loss"])
        assert_array_equal(thin[1].get_ydata(), history["box_loss"])
        texts = [text.get_text() for text in display.axes_[-1].get_legend().get_texts()]
        assert texts == ["training", "classification loss", "box loss", f"best epoch: {display.best_epochs_['']}"]
        compared = TrainingHistoryDisplay.from_estimator({"a": detector(), "b": detector()})
        assert not [line for line in compared.axes_[0].get_lines() if line.get_linewidth() == 1]

    def test_names_of_the_scores(self):
        for estimator, name in ((segmenter, "mean IoU"), (detector, "mean average precision")):
            display = TrainingHistoryDisplay.from_estimator(estimator(early_stopping=True))
            assert display.axes_[1].get_ylabel() == f"validation {name}"


BUILDERS = [
    pytest.param(segmenter, id="fcn8"),
    pytest.param(lambda: segmenter(architecture="unet"), id="unet"),
    pytest.param(lambda: detector(n_scales=2), id="yolo"),
    pytest.param(two_stage, id="rcnn"),
    pytest.param(lambda: two_stage(masks=True), id="mask rcnn"),
]


class TestInsides:
    @pytest.mark.parametrize("build", BUILDERS)
    def test_every_layer_is_listed(self, build):
        estimator = build()
        table = summary(estimator)
        assert sum(layer.n_parameters for layer in table.layers) == table.n_parameters
        assert len({layer.name for layer in table.layers}) == len(table.layers)
        links = [layer.activation for layer in table.layers if layer.activation not in ("", "relu")]
        assert len(links) == len(estimator._learner.objective.heads)
        operations = {layer.operation for layer in table.layers}
        assert "upsample 2 x 2" in operations
        for cls in (ActivationDisplay, DeadUnitsDisplay, GradientFlowDisplay, WeightsDisplay):
            assert cls.from_estimator(estimator).figure_.axes

    @pytest.mark.parametrize(("estimator", "size"), [(segmenter, (24, 32)), (detector, (24, 32))])
    def test_maps_of_hidden_layers(self, estimator, size):
        for fitted in (estimator(), estimator(image_size=(24, 32))):
            display = FeatureMapsDisplay.from_estimator(fitted, X[:1])
            assert display.maps.shape == (*size, 4)
            output = HiddenLayerTransformer(fitted, 0, prefit=True).fit(X).transform(X[:1])
            assert_allclose(output.reshape(display.maps.shape), display.maps, rtol=1e-6)

    def test_two_stages(self):
        det = two_stage(masks=True)
        display = GradientFlowDisplay.from_estimator(det)
        assert display.names[-1] == "mask output"
        assert len(display.names) == len(display.lines_)
        assert FeatureMapsDisplay.from_estimator(det, X[:1], layer=1).maps.shape == (24, 32, 4)
        with pytest.raises(ValueError, match=r"Hidden layer -1 sees regions of the image"):
            FeatureMapsDisplay.from_estimator(det, X[:1], layer=-1)
        y = shapes_of(OBJECTS)
        display = DetectionDisplay.from_estimator(det, X, y, max_images=1)
        assert display.axes_[0].get_title() == "truth: 2"
        for masks in (False, True):
            assert DetectionPrecisionRecallDisplay.from_estimator(det, X, y, masks=masks).average_precision_.keys() == {
                1,
                2,
            }

    @pytest.mark.parametrize("build", BUILDERS)
    def test_what_there_is_no_picture_of(self, build):
        estimator = build()
        name = type(estimator).__name__
        for look in (saliency, SaliencyDisplay.from_estimator):
            with pytest.raises(TypeError, match=f"pass a ConvClassifier or ConvRegressor. {name} has outputs for its"):
                look(estimator, X[:2])
        with pytest.raises(TypeError, match=f"The network of {name} branches and ends in maps"):
            NetworkDisplay.from_estimator(estimator)
        with pytest.raises(TypeError, match=f"Got {name} instead. (Segmentation|Detection)Display draws"):
            MisclassifiedDisplay.from_estimator(estimator, X, MAPS)
        with pytest.raises(TypeError, match=f"Got {name} instead"):
            HiddenSpaceDisplay.from_estimator(estimator, X, MAPS)


def boxed(change):
    """Objects whose boxes are changed."""
    return detector(), X, [{**image, "boxes": change(image["boxes"])} for image in OBJECTS]


def tall(change):
    """Objects in images that are higher than wide."""
    images, _, y = scenes(size=(48, 16))
    det = YOLODetector(filters=(4, 8), n_scales=1, max_iter=1, random_state=0).fit(images, y)
    return det, images, [{**image, "boxes": change(image["boxes"])} for image in y]


def without(label, n_left):
    """Objects of which those with a label are left out after the first images."""
    y = [
        image if i < n_left else {"boxes": image["boxes"][:1], "labels": [3 - label]} for i, image in enumerate(OBJECTS)
    ]
    return detector(), X, y


def few_pixels():
    maps = MAPS.copy()
    maps[1:][maps[1:] == 1] = 0
    maps[0, :-1][maps[0, :-1] == 1] = 0
    maps[0, -1, :2] = 1
    return segmenter(), X, maps


def shifted(down, right, **options):
    return segmenter(**options), X, numpy.roll(MAPS, (down, right), (1, 2))


SICK = {
    "boxes with width and height": [
        lambda: boxed(lambda boxes: numpy.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])),
        lambda: boxed(lambda boxes: numpy.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]])),
    ],
    "boxes between 0 and 1": [lambda: boxed(lambda boxes: boxes / [32, 24, 32, 24])],
    "boxes with y first": [
        lambda: tall(lambda boxes: boxes[:, [1, 0, 3, 2]]),
        lambda: boxed(lambda boxes: boxes[:, [1, 0, 3, 2]]),
    ],
    "rare classes": [lambda: without(2, 1), lambda: without(2, 0), few_pixels],
    "one class nearly everywhere": [lambda: (segmenter(), X, MAPS * (numpy.arange(24) < 4)[:, None])],
    "labels shifted against the images": [
        lambda: shifted(3, 0),
        lambda: shifted(-2, 5),
        lambda: shifted(0, 4, image_size=(24, 32)),
    ],
}


class TestFindings:
    def test_every_symptom_has_its_cases(self):
        assert set(SICK) == OF_OBJECTS

    @pytest.mark.parametrize(("name", "sick"), [(name, sick) for name, cases in SICK.items() for sick in cases])
    def test_of_sick_targets(self, name, sick):
        estimator, images, y = sick()
        diagnosis = diagnose(estimator, images, y)
        found = [finding for finding in diagnosis if finding.name in OF_OBJECTS]
        assert name in names(found), diagnosis
        assert set(names(found)) <= {name, "rare classes"}
        finding = next(finding for finding in found if finding.name == name)
        assert any(character.isdigit() for character in finding.seen)
        assert finding.seen.endswith(".")
        assert finding.remedy.endswith(".")
        check_parameters(estimator, diagnosis)

    def test_remedies_of_boxes_mend_them(self):
        width_and_height = SICK["boxes with width and height"]
        for sick in width_and_height:
            estimator, images, y = sick()
            (finding,) = [finding for finding in diagnose(estimator, images, y) if finding.name in OF_OBJECTS]
            expression = finding.remedy.split(": ", 1)[1].rstrip(".")
            mended = [eval(expression, {"numpy": numpy, "boxes": image["boxes"]}) for image in y]
            assert_allclose(mended, [image["boxes"] for image in OBJECTS])

    def test_of_shifts_names_the_way_back(self):
        (finding,) = [finding for finding in diagnose(*shifted(-2, 5)) if finding.name in OF_OBJECTS]
        assert "if moved by 2 rows and -5 columns" in finding.seen

    @pytest.mark.parametrize("size", [(24, 32), (48, 16), (32, 32), (12, 12)])
    def test_none_of_sound_targets(self, size):
        images, maps, y = scenes(30, size, seed=1)
        seg = FCNSegmenter(filters=(4, 8), max_iter=4, random_state=0).fit(images, maps)
        det = YOLODetector(filters=(4, 8), n_scales=1, max_iter=4, random_state=0).fit(images, y)
        for estimator, target in ((seg, maps), (seg, list(maps)), (det, y), (det, numpy.array(y, object))):
            diagnosis = diagnose(estimator, images, target)
            assert not OF_OBJECTS & set(names(diagnosis)), diagnosis
            assert "30 images" in str(diagnosis)

    def test_of_sources_and_images_of_other_sizes(self):
        assert str(diagnose(segmenter(), ArraySource(X), MAPS)) == str(diagnose(segmenter(), X, MAPS))
        images, _, y = scenes(12, (48, 64))
        det = YOLODetector((4, 8), n_scales=1, image_size=(24, 32), max_iter=1, random_state=0).fit(list(images), y)
        assert not OF_OBJECTS & set(names(diagnose(det, list(images), y)))
        scaled = [{**image, "boxes": image["boxes"] / [64, 48, 64, 48]} for image in y]
        assert "boxes between 0 and 1" in names(diagnose(det, list(images), scaled))

    def test_of_masks(self):
        assert not OF_OBJECTS & set(names(diagnose(two_stage(), X, OBJECTS)))
        y = shapes_of(OBJECTS)
        numbers = [numpy.where(image["masks"][0], 1, 2 * image["masks"][1]) for image in y]
        for target in (y, numbers):
            assert not OF_OBJECTS & set(names(diagnose(two_stage(masks=True), X, target)))
        moved = [{**image, "masks": numpy.roll(image["masks"], (2, -4), (1, 2))} for image in y]
        for target in (moved, [numpy.roll(image, (2, -4), (0, 1)) for image in numbers]):
            (finding,) = [own for own in diagnose(two_stage(masks=True), X, target) if own.name in OF_OBJECTS]
            assert "if moved by -2 rows and 4 columns" in finding.seen

    def test_other_targets(self):
        with pytest.raises(TypeError, match=r"YOLODetector takes a dict with 'labels' for each image\. Got int64 for"):
            diagnose(detector(), X, numpy.zeros(len(X), int))
        with pytest.raises(ValueError, match=r"y\[0\] must be a map of labels\. Got int64"):
            diagnose(segmenter(), X, numpy.zeros(len(X), int))
        with pytest.raises(TypeError, match="must be one of skann's"):
            diagnose("YOLODetector", X, OBJECTS)

    def test_findings_of_the_course_name_parameters(self):
        for estimator, y in ((segmenter(early_stopping=True), MAPS), (detector(early_stopping=True), OBJECTS)):
            fitted = estimator._fitted_copy(estimator._learner)
            rising = numpy.linspace(0.1, 1, 60).tolist()
            fitted.history_ = {**estimator.history_, "loss": rising[::-1], "validation_loss": rising}
            fitted.history_["validation_score"] = rising
            diagnosis = diagnose(fitted, X, y)
            assert "over-fitting" in names(diagnosis)
            check_parameters(fitted, diagnosis)

    def test_no_validation_loss_is_no_over_fitting(self):
        fitted = detector()._fitted_copy(detector()._learner)
        fitted.history_ = {**detector().history_, "validation_loss": [numpy.nan] * 4, "validation_score": [0.1] * 4}
        diagnosis = diagnose(fitted, X, OBJECTS)
        assert "over-fitting" in diagnosis.unseen


def drawn(kind, n=30, size=32):
    """Return images of this kind with a rectangle, and its mask."""
    rng = numpy.random.RandomState(0)
    for _ in range(n):
        mask = numpy.zeros((size, size), bool)
        i, j = rng.randint(2, size - 14, 2)
        mask[i : i + 10, j : j + 12] = True
        noise = rng.normal(size=mask.shape)
        if kind == "noise":
            yield noise, mask
        elif kind == "texture":
            yield noise * (0.1 + mask), mask
        elif kind == "shadow":
            yield mask - 0.8 * (numpy.roll(mask, (3, 3), (0, 1)) & ~mask) + 0.05 * noise, mask
        elif kind == "too large":
            yield mask + 0.1 * noise, binary_dilation(mask, iterations=2)
        elif kind == "too small":
            yield binary_dilation(mask, iterations=2) + 0.1 * noise, mask
        else:
            yield 0.5 * mask + numpy.sin(1.2 * numpy.arange(size) + rng.uniform(6)) + 0.1 * noise, mask


@pytest.mark.parametrize("kind", ["noise", "texture", "shadow", "too large", "too small", "stripes"])
@pytest.mark.parametrize("n", [5, 30])
def test_sound_labels_of_difficult_images_are_not_shifted(kind, n):
    images, masks = (numpy.array(part) for part in zip(*drawn(kind, n), strict=True))
    seg = FCNSegmenter(filters=(2,), max_iter=1, random_state=0).fit(images, masks)
    assert not OF_OBJECTS & set(names(diagnose(seg, images, masks)))


def test_outlines():
    labels = numpy.array([[0, 0, 1, 1, 9], [0, 0, 1, 1, 9]])
    rises, falls = objects.outlines_of(labels)
    assert_array_equal(rises[0], [False, True, True, True, True])
    assert not falls.any()
    assert_array_equal(objects.outlines_of(labels.T)[0], rises.T)
    assert_array_equal(objects.outlines_of(labels[:, ::-1])[1], rises[:, ::-1])
    assert_array_equal(objects.outlines_of(labels, ignored=9)[0, 0], [False, True, True, False, False])


def test_masks_have_outlines_of_their_own():
    touching = numpy.zeros((2, 8, 8), bool)
    touching[0, :, :4], touching[1, :, 4:] = True, True
    for target in ({"masks": touching, "labels": [1, 1]}, numpy.where(touching[0], 1, 2)):
        layers = objects._layers(target)
        outlines = numpy.any([objects.outlines_of(layer).any(axis=0) for layer in layers], axis=0)
        assert_array_equal(outlines.all(axis=0), [False, False, False, True, True, False, False, False])
    assert objects._layers({"boxes": [], "labels": []}) is None


def test_other_estimators_have_no_findings_of_objects():
    mlp = MLPClassifier(**fits.SMALL, warn=False).fit(*fits.MOONS)
    assert not OF_OBJECTS & set(names(diagnose(mlp, *fits.MOONS)))
