"""Saliency maps: derivatives are right, and maps lie where the decisive pixels are."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from skann import ConvClassifier, ConvRegressor
from skann.inspection import SaliencyDisplay, saliency
from skann.inspection.saliency import METHODS, _interpolation, score_direction, score_gradient
from tests.inspection import fits

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skann.exceptions.TrainingWarning"),
]

STEP = 1e-5
SIZE, N = 12, 200
SMALL = {"filters": (6, 8), "hidden_layer_sizes": (8,), "activation": "tanh", "max_iter": 5, "random_state": 0}


def central_differences(function, x):
    """Return the derivatives of a function of images with respect to each number of one image."""
    steps = STEP * numpy.eye(x.size).reshape(x.size, *x.shape)
    return ((function(x + steps) - function(x - steps)) / (2 * STEP)).reshape(x.shape)


@pytest.fixture(scope="module")
def blobs():
    """Images with a bright or a dark spot, the classes, on noise; and the place of the spot."""
    rng = numpy.random.RandomState(0)
    images, rows, columns = fits.spots(N, SIZE)
    y = rng.randint(0, 2, N)
    X = numpy.where(y, 1, -1)[:, None, None] * images + 0.05 * rng.normal(size=images.shape)
    return X, y, numpy.column_stack([rows, columns])


@pytest.fixture(scope="module")
def detector(blobs):
    X, y, _ = blobs
    return ConvClassifier((8, 16), (16,), max_iter=15, batch_size=20, random_state=0).fit(X, y)


class TestGradient:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"residual": True},
            {"normalization": "layer"},
            {"normalization": None, "hidden_layer_sizes": ()},
            {"dropout": (0.4, 0.4), "activation": "elu"},
            {"filters": ()},
            {"activation": "softplus", "batch_size": 7},
        ],
        ids=repr,
    )
    def test_is_that_of_the_decision_function(self, options):
        images, rows, columns = fits.spots(60, 8)
        y = (rows > columns).astype(int) + 2 * (rows + columns > 7)
        clf = ConvClassifier(**{**SMALL, **options}).fit(images, y)
        for i in (0, 1):
            for label in clf.classes_[:3]:
                expected = central_differences(lambda x, label=label: clf.decision_function(x)[:, label], images[i])
                (heat,) = saliency(clf, images[[i]], target=label)
                assert_allclose(heat, numpy.abs(expected), rtol=1e-5, atol=1e-8 * numpy.abs(expected).max())
        predicted = clf.predict(images[:5])
        assert_array_equal(saliency(clf, images[:5]), saliency(clf, images[:5], target=predicted))

    def test_signs_of_two_classes(self, detector, blobs):
        X, _, _ = blobs
        images = X[:2, ..., None]
        expected = numpy.stack([central_differences(lambda x: detector.decision_function(x), x) for x in X[:2]])
        for target, sign in ((0, -1), (1, 1), (numpy.array([1, 1]), 1)):
            direction = score_direction(detector, images, target)
            gradient = score_gradient(detector, images, direction)[..., 0]
            # pixels of equal activation at a kink of relu or of a maximum differ
            assert_allclose(gradient, sign * expected, rtol=1e-4, atol=1e-3 * numpy.abs(expected).max())

    def test_of_colours_is_the_largest_over_channels(self):
        clf, X, _ = fits.conv("colour", activation="tanh")
        expected = numpy.abs(central_differences(clf.decision_function, X[0])).max(axis=-1)
        assert_allclose(saliency(clf, X[:1])[0], expected, rtol=1e-5, atol=1e-8)

    def test_of_regressors_is_in_units_of_y(self):
        images, rows, columns = fits.spots(60, 8)
        y = numpy.column_stack([100 * rows, columns])
        reg = ConvRegressor(**SMALL).fit(images, y)
        for i in (0, 1):
            expected = numpy.abs(central_differences(lambda x, i=i: reg.predict(x)[:, i], images[0]))
            assert_allclose(saliency(reg, images[:1], target=i)[0], expected, rtol=1e-5, atol=1e-6)

    def test_leaves_the_network_as_it_is_and_rows_alone(self, detector, blobs):
        X, _, _ = blobs
        theta, state = (
            array.copy() for array in (detector._learner.parameters.theta, detector._learner.parameters.state)
        )
        together = saliency(detector, X)
        alone = numpy.concatenate([saliency(detector, X[[i]]) for i in range(5)])
        assert_allclose(together[:5], alone, rtol=1e-9, atol=1e-12)
        assert_array_equal(detector._learner.parameters.theta, theta)
        assert_array_equal(detector._learner.parameters.state, state)

    def test_of_bytes_is_that_of_fractions(self):
        images, rows, columns = fits.spots(60, 8)
        X = (200 * images).astype("uint8")
        clf = ConvClassifier(**SMALL, dtype="float64").fit(X, rows > columns)
        for method in METHODS:
            assert_allclose(saliency(clf, X[:3], method=method), saliency(clf, X[:3] / 255, method=method), atol=1e-5)


class TestGradCAM:
    def test_lies_on_the_spot(self, detector, blobs):
        X, y, places = blobs
        bright = numpy.flatnonzero((y == 1) & (detector.predict(X) == 1))
        heat = saliency(detector, X[bright], method="grad_cam")
        assert heat.shape == (len(bright), SIZE, SIZE)
        assert (heat >= 0).all()
        i, j = numpy.unravel_index(heat.reshape(len(bright), -1).argmax(axis=1), (SIZE, SIZE))
        distance = numpy.hypot(i - places[bright, 0], j - places[bright, 1])
        assert numpy.median(distance) < 2
        assert (distance < 4).mean() > 0.9

    def test_is_the_weighted_sum_of_the_maps(self):
        """With maps of the size of the image and a linear head, the weights are mean weights of the head."""
        images, rows, columns = fits.spots(60, 8)
        options = {"pool_size": 1, "hidden_layer_sizes": (), "filters": (5,), "normalization": None}
        clf = ConvClassifier(**{**SMALL, **options}).fit(images, rows > columns)
        maps = clf.hidden_layer_output(images[:3], 0)
        weights = clf.coefs_[1].reshape(8, 8, 5).mean(axis=(0, 1))
        for target, sign in ((True, 1), (False, -1)):
            heat = saliency(clf, images[:3], target=target, method="grad_cam")
            assert_allclose(heat, numpy.maximum(sign * maps @ weights, 0), rtol=1e-9, atol=1e-12)

    def test_without_convolutions(self):
        clf, X, _ = fits.conv(filters=())
        with pytest.raises(ValueError, match="needs a convolution, and the network has none"):
            saliency(clf, X, method="grad_cam")

    def test_interpolation(self):
        ramp = numpy.arange(4.0)
        assert_allclose(_interpolation(4, 8) @ ramp, [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3])
        assert_array_equal(_interpolation(4, 4), numpy.eye(4))
        assert_array_equal(_interpolation(1, 3), numpy.ones((3, 1)))
        assert_allclose(_interpolation(3, 7).sum(axis=1), 1)


class TestOcclusion:
    def test_is_largest_on_the_decisive_patch(self, detector, blobs):
        X, y, places = blobs
        bright = numpy.flatnonzero((y == 1) & (detector.predict(X) == 1))
        heat = saliency(detector, X[bright], method="occlusion")
        i, j = numpy.unravel_index(heat.reshape(len(bright), -1).argmax(axis=1), (SIZE, SIZE))
        distance = numpy.hypot(i - places[bright, 0], j - places[bright, 1])
        assert numpy.median(distance) < 1.5
        assert (distance < 3).mean() > 0.9

    def test_a_patch_as_large_as_the_image_is_the_difference_to_the_mean_image(self, detector, blobs):
        X, _, _ = blobs
        heat = saliency(detector, X[:4], target=1, method="occlusion", patch_size=SIZE)
        mean = numpy.full((1, SIZE, SIZE), X.mean())
        expected = detector.decision_function(X[:4]) - detector.decision_function(mean)
        assert_allclose(heat, numpy.broadcast_to(expected[:, None, None], heat.shape), rtol=1e-6)

    def test_patches_of_one_pixel(self, detector, blobs):
        X, _, _ = blobs
        heat = saliency(detector, X[:1], target=1, method="occlusion", patch_size=(1, 1))
        for i, j in ((0, 0), (5, 7), (11, 11)):
            changed = X[:1].copy()
            changed[0, i, j] = X.mean()
            fall = detector.decision_function(X[:1]) - detector.decision_function(changed)
            assert_allclose(heat[0, i, j], fall[0], rtol=1e-6, atol=1e-9)


class TestBadInput:
    def test_parameters(self, detector, blobs):
        X, _, _ = blobs
        with pytest.raises(ValueError, match=r"method must be one of 'gradient', 'grad_cam', 'occlusion'\. Got 'lime'"):
            saliency(detector, X, method="lime")
        with pytest.raises(ValueError, match="patch_size must be an int of at least 1, or two of them"):
            saliency(detector, X, method="occlusion", patch_size=0)
        with pytest.raises(ValueError, match="Patches of 13 x 2 pixels are larger than the images, of 12 x 12"):
            saliency(detector, X, method="occlusion", patch_size=(13, 2))

    def test_targets(self, detector, blobs):
        X, _, _ = blobs
        with pytest.raises(ValueError, match=r"target must be one of the classes \[0 1\]\. Got 7"):
            saliency(detector, X, target=7)
        with pytest.raises(ValueError, match=r"one for all images or one for each of 3\. Got shape \(2,\)"):
            saliency(detector, X[:3], target=[0, 1])
        reg, images, _ = fits.conv_regressor()
        for target in (2, -1, 0.5):
            with pytest.raises(
                ValueError, match=r"target must be the index of an output, an int in the range \[0, 2\)"
            ):
                saliency(reg, images, target=target)

    def test_estimators_and_images(self, detector):
        with pytest.raises(TypeError, match=r"pass a ConvClassifier or ConvRegressor\. Got MLPClassifier"):
            saliency(fits.iris(), numpy.ones((1, 4)))
        with pytest.raises(NotFittedError):
            saliency(ConvClassifier(), numpy.ones((1, 4, 4)))
        with pytest.raises(ValueError, match="was fitted with images of shape"):
            saliency(detector, numpy.ones((1, 4, 4)))


def test_display_shows_the_maps_and_the_classes(detector, blobs):
    X, _, _ = blobs
    display = SaliencyDisplay.from_estimator(detector, X[:3], method="occlusion", patch_size=2)
    assert_array_equal(display.maps, saliency(detector, X[:3], method="occlusion", patch_size=2))
    assert [axes.get_title() for axes in display.axes_] == [str(label) for label in detector.predict(X[:3])]
    for axes, heat in zip(display.axes_, display.maps, strict=True):
        _, overlay = axes.get_images()
        assert_allclose(overlay.get_array()[..., 3], numpy.abs(heat) / numpy.abs(heat).max())
