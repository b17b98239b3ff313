"""Displays of convolutional networks: their diagram, filters, maps and mistakes."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann import ConvClassifier
from skann.datasets import ArraySource
from skann.inspection import (
    FeatureMapsDisplay,
    GradientFlowDisplay,
    HiddenSpaceDisplay,
    MisclassifiedDisplay,
    NetworkDisplay,
    WeightsDisplay,
)
from skann.inspection.misclassified import most_certain_mistakes
from tests.inspection import fits

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skann.exceptions.TrainingWarning"),
]


def captions_of(display):
    return [text.get_text() for text in display.axes_[0].texts if text.get_text()]


class TestNetwork:
    def test_stages_and_dense_layers(self):
        clf, _, _ = fits.conv("colour")
        display = NetworkDisplay.from_estimator(clf)
        assert [stack.caption for stack in display.maps] == [
            "input\n8 x 8 x 3",
            "conv 3 x 3\nmax pool 2 x 2\n4 x 4 x 4",
            "conv 3 x 3\nmax pool 2 x 2\n2 x 2 x 6",
        ]
        for caption in (*(stack.caption for stack in display.maps), "features: 24\n", "hidden 1: 5\nrelu"):
            assert caption in captions_of(display)
        for drawn, weights in zip(display.coefs, clf.coefs_[2:], strict=True):
            assert_array_equal(drawn, weights)

    @pytest.mark.parametrize(
        ("options", "captions"),
        [
            ({"pool_size": 1}, ["conv 3 x 3\n8 x 8 x 4", "conv 3 x 3\n8 x 8 x 6"]),
            ({"filters": (4,), "residual": True}, ["2 x conv 3 x 3\nmax pool 2 x 2\n4 x 4 x 4"]),
            ({"filters": (4,), "blocks_per_stage": 3}, ["3 x conv 3 x 3\nmax pool 2 x 2\n4 x 4 x 4"]),
            ({"filters": ()}, []),
        ],
        ids=repr,
    )
    def test_captions_of_stages(self, options, captions):
        clf, _, _ = fits.conv(**options)
        assert [stack.caption for stack in NetworkDisplay.from_estimator(clf).maps] == ["input\n8 x 8 x 1", *captions]

    def test_dropout_of_the_features(self):
        clf, _, _ = fits.conv(dropout=(0.5, 0.0))
        display = NetworkDisplay.from_estimator(clf, dropout=True, random_state=0)
        assert [len(dropped) for dropped in display.dropped] == [24, 5]
        assert display.dropped[0].any()
        assert not display.dropped[1].any()

    def test_nothing_overlaps(self):
        clf, _, _ = fits.conv("colour")
        display = NetworkDisplay.from_estimator(clf)
        display.figure_.canvas.draw()
        boxes = [text.get_window_extent() for text in display.axes_[0].texts if text.get_text()]
        overlaps = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]
        assert not overlaps
        width, height = display.figure_.canvas.get_width_height()
        assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)


class TestFilters:
    def test_grey_filters(self):
        clf, _, _ = fits.conv()
        display = WeightsDisplay.from_estimator(clf)
        assert len(display.axes_) == 4
        largest = numpy.abs(clf.coefs_[0]).max()
        for i, axes in enumerate(display.axes_):
            (image,) = axes.get_images()
            assert_array_equal(image.get_array(), clf.coefs_[0][:, :, 0, i])
            assert image.get_clim() == (-largest, largest)
        assert display.figure_.get_suptitle() == "first layer: 4 of 4 filters"

    def test_filters_of_colours(self):
        clf, _, _ = fits.conv("colour")
        display = WeightsDisplay.from_estimator(clf)
        assert len(display.axes_) == 4
        weights = clf.coefs_[0]
        for i, axes in enumerate(display.axes_):
            (image,) = axes.get_images()
            assert_allclose(image.get_array(), 0.5 + 0.5 * weights[..., i] / numpy.abs(weights).max())

    def test_filters_of_two_channels(self):
        weights = numpy.random.RandomState(0).normal(size=(3, 5, 2, 4))
        display = WeightsDisplay.from_weights([weights])
        assert len(display.axes_) == 8
        (image,) = display.axes_[5].get_images()
        assert_array_equal(image.get_array(), weights[:, :, 1, 2])

    def test_filters_have_their_own_shape(self):
        clf, _, _ = fits.conv()
        with pytest.raises(ValueError, match=r"image_shape is for networks of features.* 3 x 3: leave image_shape out"):
            WeightsDisplay.from_estimator(clf, image_shape=(8, 8))


class TestFeatureMaps:
    @pytest.mark.parametrize("layer", [0, 1, -2])
    def test_maps_are_those_of_the_hidden_layer(self, layer):
        clf, X, _ = fits.conv("colour")
        display = FeatureMapsDisplay.from_estimator(clf, X[3:4], layer=layer)
        expected = clf.hidden_layer_output(X[3:4], layer)[0]
        (image,) = display.axes_[0].get_images()
        assert_allclose(image.get_array(), X[3], atol=0.05)  # values above 1 are scaled
        for i, axes in enumerate(display.axes_[1:]):
            (drawn,) = axes.get_images()
            assert_array_equal(drawn.get_array(), expected[..., i])
            assert drawn.get_clim() == (0, expected.max())
        assert display.layer == layer % 3

    def test_maps_of_signals_are_curves(self):
        clf, X, _ = fits.conv("signals")
        display = FeatureMapsDisplay.from_estimator(clf, X[:1])
        expected = clf.hidden_layer_output(X[:1], 0)[0, 0]
        for values, axes in zip([X[0], *expected.T], display.axes_, strict=True):
            assert_array_equal(axes.get_lines()[0].get_ydata(), values)

    def test_thirty_nine_maps_at_most(self):
        clf, X, _ = fits.conv(filters=(50,), max_iter=1)
        display = FeatureMapsDisplay.from_estimator(clf, X[:1])
        assert len(display.axes_) == 40
        assert display.figure_.get_suptitle() == "hidden layer 0:\n39 of 50 maps of 8 x 8"

    def test_what_cannot_be_drawn(self):
        clf, X, _ = fits.conv()
        with pytest.raises(ValueError, match=r"one image, such as X\[:1\]\. Got 2"):
            FeatureMapsDisplay.from_estimator(clf, X[:2])
        with pytest.raises(ValueError, match=r"Hidden layer 2 is dense and has no maps\..* range \[0, 2\)"):
            FeatureMapsDisplay.from_estimator(clf, X[:1], layer=2)
        with pytest.raises(ValueError, match="layer must be an int in the range"):
            FeatureMapsDisplay.from_estimator(clf, X[:1], layer=3)


class TestMisclassified:
    def test_the_most_certain_come_first(self):
        clf, X, y = fits.conv()
        names = numpy.array(["low", "high"])
        display = MisclassifiedDisplay.from_estimator(clf, X, 1 - clf.predict(X), max_images=7)
        p = clf.predict_proba(X).max(axis=1)
        assert_array_equal(display.indices, numpy.argsort(-p, kind="stable")[:7])
        assert_array_equal(display.confidence, p[display.indices])
        assert_array_equal(display.images[..., 0], X[display.indices])
        clf = ConvClassifier(**fits.SMALL_CONV).fit(X, names[y])
        display = MisclassifiedDisplay.from_estimator(clf, X[:5], names[1 - (clf.predict(X[:5]) == "high")])
        assert all(axes.get_title().startswith("true ") for axes in display.axes_)
        first = display.indices[0]
        expected = f"predicted {clf.predict(X)[first]} ({clf.predict_proba(X).max(axis=1)[first]:.0%})"
        assert display.axes_[0].get_title().endswith(expected)

    def test_images_from_a_source(self):
        clf, X, _ = fits.conv()
        y = 1 - clf.predict(X)
        by_array = MisclassifiedDisplay.from_estimator(clf, X, y)
        display = MisclassifiedDisplay.from_estimator(clf, ArraySource(X), y)
        assert_array_equal(display.images, by_array.images)
        assert_array_equal(display.indices, by_array.indices)

    def test_order(self):
        indices = most_certain_mistakes(
            numpy.array([0, 1, 1, 0]), numpy.array([1, 1, 0, 1]), numpy.array([0.6, 0.9, 0.8, 0.6])
        )
        assert_array_equal(indices, [2, 0, 3])

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_without_probabilities_margins_order(self, n_classes):
        images, rows, columns = fits.spots(60, 8)
        y = (rows > columns).astype(int) if n_classes == 2 else (rows > 2).astype(int) + (rows > 4)
        clf = ConvClassifier(**fits.SMALL_CONV, loss="hinge").fit(images, y)
        display = MisclassifiedDisplay.from_estimator(clf, images, (clf.predict(images) + 1) % n_classes)
        scores = clf.decision_function(images)
        margin = numpy.abs(scores) if n_classes == 2 else -numpy.diff(-numpy.sort(-scores, axis=1)[:, :2])[:, 0]
        assert_array_equal(display.indices, numpy.argsort(-margin, kind="stable")[:12])
        assert display.confidence is None
        assert "(" not in display.axes_[0].get_title()

    def test_what_cannot_be_drawn(self):
        clf, X, _ = fits.conv()
        with pytest.raises(ValueError, match="all of the 9 images are classified correctly"):
            MisclassifiedDisplay.from_estimator(clf, X[:9], clf.predict(X[:9]))
        with pytest.raises(ValueError, match="max_images must be an int of at least 1"):
            MisclassifiedDisplay.from_estimator(clf, X, clf.predict(X), max_images=0)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            MisclassifiedDisplay.from_estimator(clf, X, clf.predict(X)[:5])


def test_convolutions_of_residual_blocks_have_lines_of_their_own():
    clf, _, _ = fits.conv(residual=True, filters=(4,))
    display = GradientFlowDisplay.from_estimator(clf)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["hidden 0", "stage 0 block 0 second", "stage 0 block 0 shortcut", "hidden 2"]
    for line, norms in zip(display.lines_, numpy.transpose(clf.history_["gradient_norm"]), strict=True):
        assert_array_equal(line.get_ydata(), norms)


def test_signals_of_two_points_are_no_plane():
    images, rows, _ = fits.spots(60, 4)
    X = images.reshape(60, -1)[:, 5:7]
    clf = ConvClassifier(**fits.SMALL_CONV).fit(X, rows > 1.5)
    with pytest.raises(TypeError, match="ConvClassifier takes images"):
        HiddenSpaceDisplay.from_estimator(clf, X, rows > 1.5)
