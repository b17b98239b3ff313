"""Segmenters and detectors with device="cuda" do what they do on the CPU."""

import pickle

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann import FCNSegmenter, MaskRCNNSegmenter, RCNNDetector, YOLODetector
from skann.estimators import devices

from .pictures import pictures, theta

X, MAPS, Y = pictures(8)
OPTIONS = {"filters": (4, 8), "max_iter": 2, "batch_size": 4, "random_state": 0, "augment": None}
REGIONS = {"hidden_layer_sizes": (8,), "n_regions": 8, "max_detections": 8, "min_score": 0, **OPTIONS}


def corners(image):
    """Return regions of an image that may hold an object."""
    start = numpy.array([[0, 0], [5, 0], [0, 5], [6, 6]])
    return numpy.hstack([start, start + 8])


CASES = {
    "FCNSegmenter": (FCNSegmenter, OPTIONS, MAPS),
    "FCNSegmenter, Dice": (FCNSegmenter, {**OPTIONS, "loss": "dice"}, MAPS),
    "FCNSegmenter, U-Net": (FCNSegmenter, {**OPTIONS, "architecture": "unet"}, MAPS),
    "YOLODetector": (YOLODetector, {**OPTIONS, "min_score": 0}, Y),
    "YOLODetector, CIoU": (YOLODetector, {**OPTIONS, "min_score": 0, "n_scales": 2, "box_loss": "ciou"}, Y),
    "RCNNDetector": (RCNNDetector, REGIONS, Y),
    "RCNNDetector, given": (RCNNDetector, {**REGIONS, "proposals": corners}, Y),
    "RCNNDetector, stopped early": (RCNNDetector, {**REGIONS, "early_stopping": True}, Y),
    "MaskRCNNSegmenter": (MaskRCNNSegmenter, REGIONS, MAPS),
    "MaskRCNNSegmenter, averaged": (MaskRCNNSegmenter, {**REGIONS, "averaging": 0.5, "batch_size": 8}, MAPS),
}
cases = pytest.mark.parametrize("name", CASES)


def fitted(name, **options):
    cls, own, target = CASES[name]
    return cls(**own | options).fit(X, target)


def assert_same(found, expected, rtol):
    """Assert that predictions, of maps or of objects, are the same."""
    if isinstance(found[0], dict):
        for one, other in zip(found, expected, strict=True):
            assert list(one) == list(other)
            for key in one:
                assert one[key].shape == other[key].shape
                if key in ("boxes", "scores"):
                    assert_allclose(one[key], other[key], rtol=rtol, atol=rtol)
                else:
                    assert_array_equal(one[key], other[key])
    else:
        assert_array_equal(found, expected)


@cases
def test_training_and_predictions_are_the_cpus(device, monkeypatch, name):
    here, there = (fitted(name, dtype="float64", device=where) for where in ("cpu", "cuda"))
    assert type(theta(there)) is numpy.ndarray
    assert_allclose(theta(there), theta(here), rtol=1e-6, atol=1e-8)
    assert_allclose(there.loss_curve_, here.loss_curve_, rtol=1e-6)
    expected = here.predict(X)
    assert_same(there.predict(X), expected, rtol=1e-4)
    monkeypatch.setattr(devices, "_MIN_ROWS_GPU", 0)
    on_device = pickle.loads(pickle.dumps(here)).set_params(device="cuda")
    assert_same(on_device.predict(X), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["FCNSegmenter", "YOLODetector", "RCNNDetector", "MaskRCNNSegmenter"])
def test_single_precision(device, name):
    # not Adam, which makes whole steps of the roundings that are a bias's gradient before batch normalization
    options = {"dtype": "float32", "solver": "sgd", "learning_rate_init": 1e-3}
    here, there = (fitted(name, **options, device=where) for where in ("cpu", "cuda"))
    assert theta(there).dtype == "float32"
    assert_allclose(theta(there), theta(here), rtol=1e-3, atol=1e-4)
