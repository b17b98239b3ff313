"""RCNNDetector and MaskRCNNSegmenter: callbacks, checkpoints, validation, weights, precision and warm starts."""

import copy
import re

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skann import MaskRCNNSegmenter, RCNNDetector
from skann.augmentations import Rotate, Shift
from skann.callbacks import Checkpoint

from .pictures import Stop, replaced, theta
from .test_region_detectors import (
    LEARNING,
    MORE,
    NOTHING,
    NUMBERS,
    SMALL,
    TEST,
    Y_MORE,
    Y_TEST,
    X,
    Y,
    assert_same,
    both,
    grid_of_boxes,
    named,
)

PARTS = {
    RCNNDetector: ["objectness_loss", "proposal_loss", "classification_loss", "box_loss"],
    MaskRCNNSegmenter: ["objectness_loss", "proposal_loss", "classification_loss", "box_loss", "mask_loss"],
}
PLAIN = {**SMALL, "max_iter": 3, "augment": None, "shuffle": False, "dtype": "float64", "batch_size": 8}
BIG = {
    "boxes": [[1, 1, 9, 12]],
    "labels": ["dark"],
    "masks": numpy.pad(numpy.ones((1, 11, 8), bool), [(0, 0), (1, 4), (1, 7)]),
}


class TestCallbacks:
    @both
    def test_a_callback_ends_the_fit(self, cls):
        detector = cls(**{**SMALL, "max_iter": 4}).set_callbacks(Stop(2)).fit(X, Y)
        assert detector.n_iter_ == 2

    @both
    def test_ctrl_c(self, cls):
        detector = cls(**{**SMALL, "max_iter": 4})
        with pytest.warns(UserWarning, match="Training interrupted by user after 2 epochs"):
            detector.set_callbacks(Stop(2, interrupts=True)).fit(X, Y)
        assert {len(column) for column in detector.history_.values()} == {2}
        assert detector.predict(TEST).shape == (8,)

    @both
    def test_verbose(self, cls, capsys):
        cls(**{**SMALL, "max_iter": 2}, verbose=True).fit(X, Y)
        assert len(re.findall(r"epoch +\d  loss \d", capsys.readouterr().out)) == 2

    @pytest.mark.parametrize("kind", ["network", "given", "masks", "averaged"])
    def test_a_resumed_fit_ends_as_an_uninterrupted_one(self, tmp_path, kind):
        """Bit by bit: proposals depend on the weights, and those of given ones that are taken on the step."""
        options = {**SMALL, "max_iter": 5, "augment": ["flip", "rotate"], "early_stopping": True, "batch_size": 3}
        options |= {"given": {"proposals": grid_of_boxes}, "averaged": {"averaging": 0.5}}.get(kind, {})
        cls = MaskRCNNSegmenter if kind == "masks" else RCNNDetector
        whole = cls(**options).fit(X, Y)
        path = tmp_path / "run.npz"
        cls(**options).set_callbacks(Checkpoint(path), Stop(3)).fit(X, Y)
        resumed = cls(**options).set_callbacks(Checkpoint(path, resume=True)).fit(X, Y)
        assert_array_equal(theta(resumed), theta(whole))
        assert resumed.validation_scores_ == whole.validation_scores_
        assert list(resumed.history_) == list(whole.history_)
        for name in ("loss", *PARTS[cls]):
            assert resumed.history_.get(name) == whole.history_.get(name)
        with pytest.raises(ValueError, match=r"is of another fit: its .*y"):
            cls(**options).set_callbacks(Checkpoint(path, resume=True)).fit(X, named(["b", "a"])[::-1])


class TestTraining:
    @both
    def test_the_loss_has_columns_for_its_parts(self, cls):
        history = cls(**PLAIN, alpha=0.0, solver="adam").fit(X, Y).history_
        assert [name for name in history if name.endswith("_loss") and name != "validation_loss"] == PARTS[cls]
        assert_allclose(sum(numpy.array(history[name]) for name in PARTS[cls]), history["loss"], rtol=1e-9)
        assert all(min(history[name]) > 0 for name in PARTS[cls])

    @both
    def test_a_weight_of_2_is_an_image_twice(self, cls):
        options = {**PLAIN, "normalization": None}
        weight = numpy.where(numpy.arange(8) < 2, 2.0, 1.0)
        weighted = cls(**options).fit(X, Y, weight)
        twice = cls(**{**options, "batch_size": 10}).fit(numpy.concatenate([X[:2], X]), Y[:2] + Y)
        assert_allclose(theta(weighted), theta(twice), rtol=1e-6, atol=1e-9)
        assert weighted.loss_ == pytest.approx(twice.loss_, rel=1e-9)
        assert numpy.abs(theta(cls(**options).fit(X, Y)) - theta(weighted)).max() > 1e-5

    @both
    @pytest.mark.parametrize("normalization", [None, "batch"])
    def test_images_of_weight_0_do_not_count(self, cls, normalization):
        weight = numpy.where(numpy.arange(8) < 6, 1.0, 0.0)
        images, objects = numpy.concatenate([X[:6], 1 - X[6:]]), [*Y[:6], BIG, BIG]
        one = cls(**PLAIN, normalization=normalization).fit(X, Y, weight)
        other = cls(**PLAIN, normalization=normalization).fit(images, objects, weight)
        assert_array_equal(theta(one), theta(other))

    @both
    def test_early_stopping_by_the_average_precision(self, cls):
        options = {**LEARNING, "max_iter": 24, "early_stopping": True, "n_iter_no_change": 8}
        detector = cls(**options).fit(MORE, Y_MORE, X_val=TEST, y_val=Y_TEST)
        assert len(detector.validation_scores_) == detector.n_iter_
        assert detector.best_validation_score_ == max(detector.validation_scores_) > 0.3
        assert detector.best_validation_score_ == pytest.approx(detector.score(TEST, Y_TEST))
        assert numpy.isnan(detector.history_["validation_loss"]).all()

    @both
    def test_scoring(self, cls):
        options = {**LEARNING, "max_iter": 12, "early_stopping": True, "validation_fraction": 0.25}
        own = cls(**options).fit(MORE, Y_MORE)
        called = cls(**options, scoring=lambda detector, X, y: detector.score(X, y)).fit(MORE, Y_MORE)
        assert_allclose(called.validation_scores_, own.validation_scores_, atol=1e-6)
        assert max(own.validation_scores_) > 0

    @both
    def test_the_loss_is_no_score(self, cls):
        with pytest.raises(ValueError, match=rf"scoring='loss' is not available for {cls.__name__}.*scoring=None"):
            cls(**SMALL, scoring="loss", early_stopping=True).fit(X, Y)

    @both
    def test_a_validation_set(self, cls):
        detector = cls(**{**SMALL, "max_iter": 2})
        objects = [*Y_TEST[:7], NOTHING]
        detector.fit(X, Y, X_val=TEST, y_val=objects, sample_weight_val=numpy.ones(8))
        assert detector.history_["validation_score"][-1] == pytest.approx(detector.score(TEST, objects))
        with pytest.raises(ValueError, match="The validation set has no objects"):
            detector.fit(X, Y, X_val=TEST, y_val=[NOTHING] * 8)

    def test_a_validation_set_of_maps(self):
        seg = MaskRCNNSegmenter(**SMALL).fit(X, NUMBERS, X_val=X, y_val=NUMBERS)
        assert seg.history_["validation_score"][-1] == pytest.approx(seg.score(X, NUMBERS))
        options = {**SMALL, "early_stopping": True, "scoring": lambda seg, X, y: seg.score(X, y)}
        assert len(MaskRCNNSegmenter(**options).fit(X, NUMBERS).validation_scores_) == 1

    @both
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_precision(self, cls, dtype):
        detector = cls(**SMALL, dtype=dtype, min_score=0).fit(X, Y)
        assert theta(detector).dtype == dtype
        assert detector.predict(TEST)[0]["boxes"].dtype == "float64"

    @both
    def test_warm_start(self, cls):
        detector = cls(**SMALL, warm_start=True, min_score=0).fit(X, Y)
        assert_array_equal(theta(detector), theta(cls(**SMALL).fit(X, Y)))
        detector.fit(X[:4], [BIG] * 4)  # fewer classes than before, and objects of another size
        assert detector.classes_.tolist() == ["bright", "dark"]
        assert {len(column) for column in detector.history_.values()} == {2}
        before, expected = theta(detector).copy(), detector.predict(TEST)
        with pytest.raises(ValueError, match=r"y\[2\]\['labels'\] has the label 'zebra', which is not among"):
            detector.fit(X, replaced(Y, 2, {**BIG, "labels": ["zebra"]}))
        for other in ({"filters": (4, 8, 8)}, {"hidden_layer_sizes": (9,)}):
            with pytest.raises(ValueError, match="do not fit the network"):
                copy.copy(detector).set_params(**other).fit(X, Y)
        assert_array_equal(theta(detector), before)
        assert_same(detector.predict(TEST), expected, rtol=0)

    def test_warm_start_with_other_proposals(self):
        detector = RCNNDetector(**SMALL, warm_start=True).fit(X, Y)
        with pytest.raises(ValueError, match="do not fit the network"):
            detector.set_params(proposals=grid_of_boxes).fit(X, Y)
        detector = RCNNDetector(**SMALL, warm_start=True, proposals=grid_of_boxes).fit(X, Y)
        with pytest.raises(ValueError, match=r"do not fit the network|warm_start=False"):
            detector.set_params(proposals="network").fit(X, Y)
        detector.set_params(proposals=grid_of_boxes).fit(X, Y)
        assert len(detector.loss_curve_) == 2

    @both
    def test_all_augmentations(self, cls):
        options = {**SMALL, "augment": ["flip", Rotate(30), Shift(1.0), "crop", "brightness"]}
        assert numpy.isfinite(cls(**options).fit(X, Y).loss_)
        with pytest.raises(ValueError, match=r"augment=Mixup\(.*not defined for labels of pixels and boxes"):
            cls(augment="mixup").fit(X, Y)

    def test_augmentations_move_the_masks(self):
        """A function after the others sees masks of the rectangles that are drawn."""
        seen = []

        def look(images, y, rng):
            seen.extend(zip(images[..., 0].copy(), y.copy(), strict=True))
            return images, y

        options = {**SMALL, "max_iter": 4, "augment": ["flip", Shift(0.2), look]}
        MaskRCNNSegmenter(**options).fit(NUMBERS.astype(float), NUMBERS)
        assert len(seen) == 32
        for image, numbers in seen:
            assert_array_equal(numbers[..., 0] > 0, image > 0.5)

    @both
    def test_options_of_training(self, cls):
        options = {**SMALL, "activation": "prelu", "averaging": 0.9, "l1": 1e-4, "clip_norm": 1.0, "max_norm": 2.0}
        detector = cls(**options, normalization="layer", min_score=0).fit(X, Y)
        assert numpy.isfinite(detector.loss_)
        assert len(clone(detector).set_params(filters=(2, 3, 4), batch_size=1).fit(X, Y).predict(X[:1])) == 1
        with pytest.warns(UserWarning, match="batch_size"):
            detector.set_params(batch_size=100).fit(X, Y)
