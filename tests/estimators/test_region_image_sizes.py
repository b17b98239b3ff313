"""RCNNDetector and MaskRCNNSegmenter with image_size: images of different sizes, on canvases of one size."""

import numpy
from numpy.testing import assert_allclose

from skann import MaskRCNNSegmenter
from skann.estimators.vision.letterbox import Letterbox

from .test_region_detectors import LEARNING, SIZES, SMALL, VARIED, VARIED_Y, both, drawn


@both
def test_detections_are_in_the_original_images(cls):
    detector = cls(**SMALL, image_size=(20, 24), min_score=0).fit(VARIED, VARIED_Y)
    assert detector.image_shape_ == (20, 24, 1)
    for image, size, found in zip(VARIED, SIZES, detector.predict(VARIED), strict=True):
        place, canvas = Letterbox(size, (20, 24)), numpy.empty((1, 20, 24, 1))
        place.draw(image[..., None], canvas[0])
        (on_canvas,) = detector.predict(canvas)
        expected = (on_canvas["boxes"] / place.scales).clip(0, [size[1], size[0]] * 2)
        is_solid = (expected[:, 2:] > expected[:, :2]).all(axis=1)
        assert is_solid.any()
        assert_allclose(found["boxes"], expected[is_solid], atol=1e-2)
        assert_allclose(found["scores"], on_canvas["scores"][is_solid], rtol=1e-4)
        if cls is MaskRCNNSegmenter:
            assert found["masks"].shape == (len(found["boxes"]), *size)


@both
def test_it_learns_from_images_of_different_sizes(cls):
    parts = [drawn(10, size, seed) for seed, size in enumerate([(16, 16), (24, 24), (16, 24)])]
    images, objects = ([item for part in parts for item in part[i]] for i in (0, 1))
    detector = cls(**LEARNING, image_size=(20, 20)).fit(images, objects)
    assert detector.score(images, objects) > 0.6
    if cls is MaskRCNNSegmenter:
        found = detector.predict_instances(images)
        assert [own.shape for own in found] == [image.shape for image in images]


@both
def test_a_validation_set_of_other_sizes(cls):
    options = {**LEARNING, "max_iter": 4, "image_size": (20, 24)}
    detector = cls(**options, scoring=lambda detector, X, y: detector.score(X, y))
    detector.fit(VARIED, VARIED_Y, X_val=VARIED, y_val=VARIED_Y)
    assert detector.history_["validation_score"][-1] == detector.score(VARIED, VARIED_Y)
    again = cls(**options).fit(VARIED, VARIED_Y, X_val=VARIED, y_val=VARIED_Y)
    assert len(again.history_["validation_score"]) == 4


@both
def test_boxes_beside_the_image_are_left_out(cls):
    """They would have no area in it: the canvas of a narrow image is empty but for a strip."""
    images = [image[:, :3] for image in drawn(6)[0]]
    objects = [{"boxes": [[0, 0, 3, 16]], "labels": ["a"], "masks": numpy.ones((1, 16, 3), bool)}] * 6
    detector = cls(**{**SMALL, "max_detections": 100}, image_size=(16, 16), min_score=0).fit(images, objects)
    found = detector.predict(images)
    assert 0 < len(found[0]["boxes"]) < len(detector.predict(numpy.zeros((1, 16, 16)))[0]["boxes"])
    for image in found:
        assert (image["boxes"][:, 2:] > image["boxes"][:, :2]).all()
        assert {len(values) for values in image.values()} == {len(image["boxes"])}
