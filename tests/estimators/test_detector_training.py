"""YOLODetector: losses and their parts, weights, validation, warm starts and augmentations."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skann import YOLODetector
from skann.augmentations import Brightness, Crop, Rotate, Shift

from .pictures import pictures, replaced, theta
from .test_detection import LEARNING, NOTHING, SMALL

X, _, Y = pictures(40)
TEST, _, Y_TEST = pictures(20, seed=1)


@pytest.fixture(scope="module")
def quick():
    """Fitted for a moment only."""
    return YOLODetector(**SMALL, min_score=0).fit(X, Y)


class TestTraining:
    def test_the_loss_has_columns_for_its_parts(self, quick):
        history = quick.history_
        assert {len(column) for column in history.values()} == {3}
        sums = numpy.add(history["classification_loss"], history["box_loss"])
        assert_allclose(sums, history["loss"], rtol=0.02)  # which includes the penalty
        assert (numpy.array(history["classification_loss"]) > 0).all()
        plain = clone(quick).set_params(alpha=0.0, solver="adam").fit(X, Y).history_
        assert_allclose(numpy.add(plain["classification_loss"], plain["box_loss"]), plain["loss"], rtol=1e-6)

    def test_a_weight_of_2_is_an_image_twice(self):
        options = {
            **SMALL,
            "normalization": None,
            "augment": None,
            "shuffle": False,
            "dtype": "float64",
            "min_score": 0,
        }
        weight = numpy.where(numpy.arange(40) < 10, 2.0, 1.0)
        weighted = YOLODetector(**options, batch_size=40).fit(X, Y, weight)
        twice = YOLODetector(**options, batch_size=50).fit(numpy.concatenate([X[:10], X]), Y[:10] + Y)
        assert_allclose(theta(weighted), theta(twice), rtol=1e-6, atol=1e-9)
        assert weighted.loss_ == pytest.approx(twice.loss_, rel=1e-9)
        plain = YOLODetector(**options, batch_size=40).fit(X, Y)
        assert numpy.abs(theta(plain) - theta(weighted)).max() > 1e-5

    @pytest.mark.parametrize("normalization", [None, "batch"])
    def test_images_of_weight_0_do_not_count(self, normalization):
        options = {**SMALL, "augment": None, "shuffle": False, "batch_size": 40, "dtype": "float64"}
        weight = numpy.where(numpy.arange(40) < 20, 1.0, 0.0)
        other = [*Y[:20], *([{"boxes": [[1, 1, 4, 5]], "labels": ["dark"]}] * 20)]
        fits = [YOLODetector(**options, normalization=normalization).fit(X, own, weight) for own in (Y, other)]
        assert_array_equal(theta(fits[0]), theta(fits[1]))

    def test_early_stopping_by_the_average_precision(self):
        options = {**LEARNING, "max_iter": 60, "early_stopping": True, "n_iter_no_change": 8}
        detector = YOLODetector(**options).fit(X, Y)
        assert len(detector.validation_scores_) == detector.n_iter_ < 60
        assert detector.best_validation_score_ == max(detector.validation_scores_) > 0.3
        detector.fit(X, Y, X_val=TEST, y_val=Y_TEST)
        assert detector.best_validation_score_ == pytest.approx(detector.score(TEST, Y_TEST))

    def test_scoring(self):
        options = {**LEARNING, "max_iter": 10, "early_stopping": True}
        own = YOLODetector(**options).fit(X, Y)
        called = YOLODetector(**options, scoring=lambda estimator, X, y: estimator.score(X, y)).fit(X, Y)
        assert_allclose(called.validation_scores_, own.validation_scores_, atol=1e-6)
        assert max(own.validation_scores_) > 0
        by_loss = YOLODetector(**options, scoring="loss").fit(X, Y)
        assert by_loss.validation_scores_ == [-loss for loss in by_loss.history_["validation_loss"]]

    def test_a_validation_set(self):
        detector = YOLODetector(**{**LEARNING, "max_iter": 10})
        detector.fit(X, Y, X_val=TEST, y_val=[*Y_TEST[:19], NOTHING], sample_weight_val=numpy.ones(20))
        score = detector.score(TEST, [*Y_TEST[:19], NOTHING])
        assert detector.history_["validation_score"][-1] == pytest.approx(score)
        with pytest.raises(ValueError, match="The validation set has no objects"):
            detector.fit(X, Y, X_val=TEST, y_val=[NOTHING] * 20)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_precision(self, dtype):
        detector = YOLODetector(**SMALL, dtype=dtype, min_score=0).fit(X, Y)
        assert theta(detector).dtype == dtype
        assert detector.predict(TEST)[0]["boxes"].dtype == "float64"

    def test_warm_start(self, quick):
        detector = YOLODetector(**SMALL, warm_start=True, min_score=0).fit(X, Y)
        assert_array_equal(theta(detector), theta(quick))
        detector.fit(X[:8], [{"boxes": [[1, 1, 8, 9]], "labels": ["dark"]}] * 8)  # fewer classes than before
        assert detector.classes_.tolist() == ["bright", "dark"]
        assert {len(column) for column in detector.history_.values()} == {6}
        before = theta(detector).copy()
        with pytest.raises(
            ValueError, match=r"y\[2\]\['labels'\] has the label 'zebra', which is not among the classes"
        ):
            detector.fit(X, replaced(Y, 2, {"boxes": [[1, 1, 8, 9]], "labels": ["zebra"]}))
        with pytest.raises(ValueError, match="do not fit the network"):
            detector.set_params(n_scales=2).fit(X, Y)
        assert_array_equal(theta(detector), before)

    def test_augmentations_move_the_boxes(self):
        """A function after the others sees boxes around the rectangles that are drawn."""
        seen = []

        def look(X, y, rng):
            seen.append((X[..., 0].copy(), y.copy()))
            return X, y

        bright = numpy.zeros((40, 24, 24))
        for image, objects in zip(bright, Y, strict=True):
            x0, y0, x1, y1 = objects["boxes"][0]
            image[y0:y1, x0:x1] = 1
        augment = ["flip", Shift(0.2), Crop(2), Brightness(0.1), look]
        YOLODetector(**{**SMALL, "max_iter": 1}, augment=augment).fit(bright, Y)
        checked = 0
        for images, target in seen:
            for image, rows in zip(images, target, strict=True):
                rows = rows[rows[:, 4] >= 0]
                if len(rows):
                    drawn_rows, drawn_columns = numpy.nonzero(image > 0.5)
                    box = [drawn_columns.min(), drawn_rows.min(), drawn_columns.max() + 1, drawn_rows.max() + 1]
                    assert_array_equal(rows[0, :4], box)
                    checked += 1
        assert checked > 30

    def test_all_augmentations(self):
        options = {**SMALL, "augment": ["flip", Rotate(30), Shift(1.0), "crop", "brightness"]}
        assert numpy.isfinite(YOLODetector(**options).fit(X, Y).loss_)

    @pytest.mark.parametrize("augment", ["mixup", ["flip", "mixup"]])
    def test_mixup_is_refused(self, augment):
        with pytest.raises(ValueError, match=r"augment=Mixup\(.*not defined for labels of pixels and boxes"):
            YOLODetector(augment=augment).fit(X, Y)

    def test_a_batch_larger_than_the_data(self):
        with pytest.warns(UserWarning, match="batch_size"):
            YOLODetector(**SMALL, batch_size=100).fit(X, Y)

    def test_huge_values(self):
        for factor in (1e-30, 1e30):
            detector = YOLODetector(**SMALL, min_score=0).fit(factor * X, Y)
            assert numpy.isfinite(detector.predict(factor * X)[0]["boxes"]).all()
