"""Displays of what a network is: its drawing, its weights, its activations, its hidden space."""

from itertools import pairwise

import numpy
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, make_blobs
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skann import MLPClassifier
from skann.activations import ELU, LeakyReLU, Logistic, Maxout, PReLU, ReLU, Softmax
from skann.inspection import ActivationDisplay, HiddenSpaceDisplay, NetworkDisplay, WeightsDisplay
from skann.inspection._plotting import BLUE, ORANGE
from tests.inspection import fits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


class TestNetwork:
    def test_edges_follow_sign_and_size(self):
        mlp = fits.iris()
        (edges,) = NetworkDisplay.from_estimator(mlp).edges_
        weights = numpy.concatenate([layer.ravel() for layer in mlp.coefs_])
        ordered = weights[numpy.argsort(numpy.abs(weights))]
        assert [to_hex(color) for color in edges.get_colors()] == [
            (BLUE if weight > 0 else ORANGE).lower() for weight in ordered
        ]
        widths = edges.get_linewidths()
        assert_allclose(numpy.subtract(widths, 0.2), 3.3 * numpy.abs(ordered) / numpy.abs(ordered).max())

    def test_an_edge_joins_its_units(self):
        coefs = [numpy.array([[0.0, 0.0], [0.0, -2.0], [1.0, 0.0]]), numpy.zeros((2, 1))]
        (edges,) = NetworkDisplay.from_weights(coefs).edges_
        (x, y), (x_next, y_next) = edges.get_segments()[-1]
        assert (x, x_next) == (0, 5)
        assert (y, y_next) == (0, -0.5)

    def test_names_and_captions(self):
        (axes,) = NetworkDisplay.from_estimator(fits.iris()).axes_
        captions = ["input: 4\n", "hidden 1: 7\nrelu", "hidden 2: 5\nrelu", "output: 3\nsoftmax"]
        features = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
        assert texts_of(axes) == [*captions, *features, "setosa", "versicolor", "virginica"]

    @pytest.mark.parametrize(
        ("mlp", "outputs"),
        [(fits.cancer, ["1"]), (fits.regressor, ["output 1", "output 2"])],
    )
    def test_names_of_other_outputs(self, mlp, outputs):
        (axes,) = NetworkDisplay.from_estimator(mlp()).axes_
        assert texts_of(axes)[-len(outputs) :] == outputs

    def test_names_come_through_a_pipeline(self):
        (axes,) = NetworkDisplay.from_estimator(fits.search()).axes_
        assert "petal width (cm)" in texts_of(axes)
        nameless = make_pipeline(FunctionTransformer(), MLPClassifier(**fits.SMALL)).fit(*fits.MOONS)
        assert len(texts_of(NetworkDisplay.from_estimator(nameless).axes_[0])) == 5

    def test_large_layers_are_abridged(self):
        display = NetworkDisplay.from_estimator(fits.cancer(), max_units=6)
        (axes,) = display.axes_
        assert texts_of(axes).count("⋮") == 2
        assert len(display.edges_[0].get_segments()) == 6 * 6 + 6 * 5 + 5 * 1
        assert [len(circles.get_offsets()) for circles in axes.collections if len(circles.get_offsets()) > 1] == [
            6,
            6,
            5,
        ]
        weights = fits.cancer().coefs_
        shown = numpy.r_[0, 1, 2, 27, 28, 29]
        reds = [to_hex(color) == ORANGE.lower() for color in display.edges_[0].get_colors()]
        parts = [weights[0][shown][:, [0, 1, 2, 4, 5, 6]], weights[1][[0, 1, 2, 4, 5, 6]], weights[2]]
        assert sum(reds) == sum((part < 0).sum() for part in parts)

    def test_a_draw_of_dropout(self):
        mlp = fits.iris(dropout=(0.2, 0.5, 0.5))
        display = NetworkDisplay.from_estimator(mlp, dropout=True, random_state=3)
        whole, drawn = (len(edges.get_segments()) for edges in display.edges_)
        kept = [int((~dropped).sum()) for dropped in display.dropped] + [3]
        assert whole == 4 * 7 + 7 * 5 + 5 * 3
        assert drawn == sum(a * b for a, b in pairwise(kept)) < whole
        n_dropped = 4 + 7 + 5 + 3 - sum(kept)
        assert n_dropped > 0
        assert display.axes_[1].get_title() == f"one draw of dropout: {n_dropped} units dropped"
        again = NetworkDisplay.from_estimator(mlp, dropout=True, random_state=3)
        for one, other in zip(display.dropped, again.dropped, strict=True):
            assert_array_equal(one, other)

    def test_dropout_drops_at_its_rates(self):
        mlp = fits.iris(dropout=(0.0, 0.9, 0.1))
        draws = [NetworkDisplay.from_estimator(mlp, dropout=True, random_state=seed).dropped for seed in range(12)]
        shares = [numpy.mean([draw[i].mean() for draw in draws]) for i in range(3)]
        assert shares[0] == 0
        assert shares[1] > 0.7
        assert 0 < shares[2] < 0.3

    def test_maxout_shows_the_largest_piece(self):
        coefs = [numpy.array([[[1.0], [-3.0]], [[2.0], [0.5]]])]
        display = NetworkDisplay.from_weights(coefs)
        assert_array_equal(display.coefs[0], [[-3.0], [2.0]])
        assert NetworkDisplay.from_estimator(fits.iris(activation="maxout")).coefs[0].shape == (4, 7)

    def test_the_picture_is_a_copy(self):
        coefs = [numpy.ones((2, 3))]
        display = NetworkDisplay.from_weights(coefs)
        coefs[0][:] = -1
        assert (display.coefs[0] == 1).all()

    def test_weights_of_zero(self):
        (edges,) = NetworkDisplay.from_weights([numpy.zeros((2, 3))]).edges_
        assert_allclose(edges.get_linewidths(), 0.2)

    def test_what_cannot_be_drawn(self):
        with pytest.raises(ValueError, match=r"has dropout=0\.0\. Fit one with dropout, or use dropout=False"):
            NetworkDisplay.from_estimator(fits.iris(), dropout=True)
        for max_units in (1, 2.5, None):
            with pytest.raises(ValueError, match="max_units must be an int of at least 2"):
                NetworkDisplay.from_estimator(fits.iris(), max_units=max_units)
        with pytest.raises(ValueError, match="A layer of 3 units is followed by weights for 2 inputs"):
            NetworkDisplay.from_weights([numpy.ones((2, 3)), numpy.ones((2, 1))])
        with pytest.raises(ValueError, match="feature_names has 1 entries, but the network has 2"):
            NetworkDisplay.from_weights([numpy.ones((2, 3))], feature_names=["a"])


class TestActivation:
    def test_function_and_derivative(self):
        family = [Logistic(scale=0.5), Logistic(), Logistic(scale=10)]
        display = ActivationDisplay.from_activations(family)
        for activation, (left, right) in zip(family, display.lines_, strict=True):
            x = left.get_xdata()
            assert (x[0], x[-1]) == (-4, 4)
            assert_array_equal(left.get_ydata(), activation(x))
            assert_array_equal(right.get_ydata(), activation.derivative(x))
        assert len({(line.get_color(), line.get_linestyle()) for line, _ in display.lines_}) == 3
        labels = [text.get_text() for text in display.axes_[1].get_legend().get_texts()]
        assert labels == [repr(activation) for activation in family]

    @pytest.mark.parametrize("activations", ["elu", ELU(), ["elu"], (ELU(),)])
    def test_names_objects_and_lists(self, activations):
        assert ActivationDisplay.from_activations(activations).activations == [ELU()]

    def test_maxout_is_a_maximum_of_lines(self):
        x = numpy.linspace(-3, 3, 61)
        display = ActivationDisplay.from_activations(Maxout(3), x=x)
        lines = [line for line in display.axes_[0].get_lines() if line is not display.lines_[0][0]]
        assert len(lines) == 3
        for line in lines:
            assert_allclose(numpy.diff(line.get_ydata(), 2), 0, atol=1e-12)
        y, slope = (line.get_ydata() for line in display.lines_[0])
        assert_array_equal(y, numpy.max([line.get_ydata() for line in lines], axis=0))
        assert len(set(slope)) == 3
        smooth = numpy.isin(numpy.arange(61), numpy.flatnonzero(numpy.diff(slope)) + 1, invert=True)[1:]
        assert_allclose((numpy.diff(y) / numpy.diff(x))[smooth], slope[1:][smooth])

    def test_prelu_at_its_start(self):
        display = ActivationDisplay.from_activations([PReLU(0.25), LeakyReLU(0.25)])
        prelu, leaky = display.lines_
        for one, other in zip(prelu, leaky, strict=True):
            assert_allclose(one.get_ydata(), other.get_ydata())

    def test_the_activations_of_an_estimator(self):
        mlp = fits.iris(hidden_layer_sizes=(3, 4, 5), activation=("tanh", "relu", "relu"))
        assert [str(a) for a in ActivationDisplay.from_estimator(mlp).activations] == ["Tanh()", str(ReLU())]
        with pytest.raises(ValueError, match="no hidden layer"):
            ActivationDisplay.from_estimator(fits.iris(hidden_layer_sizes=()))

    def test_what_has_no_curve(self):
        with pytest.raises(ValueError, match=r"Softmax\(beta=1.0\) is not a function of one variable"):
            ActivationDisplay.from_activations(["relu", Softmax()])
        with pytest.raises(ValueError, match="Did you mean 'relu'"):
            ActivationDisplay.from_activations("relo")
        with pytest.raises(ValueError, match="list of activations is empty"):
            ActivationDisplay.from_activations([])


class TestHiddenSpace:
    def test_rows_before_and_after(self):
        X, y = fits.MOONS
        mlp = fits.moons()
        display = HiddenSpaceDisplay.from_estimator(mlp, X, y, grid=7)
        assert_array_equal(display.before.points, X)
        assert_array_equal(display.after.points, mlp.hidden_layer_output(X))
        assert len(display.before.grid) == len(display.after.grid) == 14
        assert_array_equal(display.after.grid[3], mlp.hidden_layer_output(display.before.grid[3]))
        for axes, plane in zip(display.axes_, (display.before, display.after), strict=True):
            zero, one = (cloud.get_offsets() for cloud in axes.collections[1:3])
            assert_array_equal(zero, plane.points[y == 0])
            assert_array_equal(one, plane.points[y == 1])

    def test_the_decision_line_is_where_the_decision_changes(self):
        mlp = fits.moons()
        display = HiddenSpaceDisplay.from_estimator(mlp, *fits.MOONS)
        points = numpy.vstack(display.before.boundary)
        assert_allclose(mlp.predict_proba(points)[:, 1], 0.5, atol=0.05)
        hidden = numpy.vstack(display.after.boundary)
        assert_allclose(hidden @ mlp.coefs_[-1] + mlp.intercepts_[-1], 0, atol=1e-9)

    def test_several_classes(self):
        X, y = make_blobs(90, centers=3, random_state=0)
        mlp = MLPClassifier(2, "tanh", solver="lbfgs", softmax_beta=-2.0, alpha=1.0, max_iter=300, random_state=0).fit(
            X, y
        )
        display = HiddenSpaceDisplay.from_estimator(mlp, X, y)
        two_best = numpy.sort(mlp.decision_function(numpy.vstack(display.before.boundary)))[:, -2:]
        assert_allclose(two_best[:, 0], two_best[:, 1], atol=0.1)
        raw = -2.0 * (numpy.vstack(display.after.boundary) @ mlp.coefs_[-1] + mlp.intercepts_[-1])
        two_best = numpy.sort(raw)[:, -2:]
        assert_allclose(two_best[:, 0], two_best[:, 1], atol=0.1)

    def test_principal_components_of_more_units(self):
        X, y = fits.MOONS
        mlp = fits.moons()
        display = HiddenSpaceDisplay.from_estimator(mlp, X, y, layer=0)
        pca = PCA(2).fit(mlp.hidden_layer_output(X, 0))
        assert_allclose(display.after.points, pca.transform(mlp.hidden_layer_output(X, 0)))
        share = 100 * pca.explained_variance_ratio_[0]
        assert display.axes_[1].get_xlabel() == f"hidden 1, principal component 1 ({share:.0f} %)"
        for before, after in zip(display.before.boundary, display.after.boundary, strict=True):
            assert_allclose(after, pca.transform(mlp.hidden_layer_output(before, 0)))

    def test_a_pipeline_transforms_the_rows(self):
        X, y = load_breast_cancer(return_X_y=True, as_frame=True)
        pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), MLPClassifier(**fits.SMALL))
        pipeline.fit(X[["mean radius", "mean texture"]], y)
        display = HiddenSpaceDisplay.from_estimator(pipeline, X[["mean radius", "mean texture"]], y)
        assert_allclose(display.before.points.std(axis=0), 1)
        assert display.axes_[0].get_xlabel() == "mean radius"
        reduced = make_pipeline(StandardScaler(), PCA(2), MLPClassifier(**fits.SMALL)).fit(X, y)
        assert HiddenSpaceDisplay.from_estimator(reduced, X, y).axes_[0].get_ylabel() == "pca1"

    def test_a_single_class_has_no_decision_line(self):
        X, _ = fits.MOONS
        one_class = MLPClassifier(**{**fits.SMALL, "hidden_layer_sizes": 2}).fit(X, ["a"] * len(X))
        assert HiddenSpaceDisplay.from_estimator(one_class, X, ["a"] * len(X)).before.boundary == []

    def test_what_cannot_be_drawn(self):
        X, y = fits.MOONS
        mlp = fits.moons()
        with pytest.raises(ValueError, match=r"a network with 2 inputs. Got one with 30: fit a Pipeline.*PCA"):
            HiddenSpaceDisplay.from_estimator(fits.cancer(), *load_breast_cancer(return_X_y=True))
        with pytest.raises(ValueError, match=r"layer must be an int in the range \[-2, 2\).*Got 5"):
            HiddenSpaceDisplay.from_estimator(mlp, X, y, layer=5)
        with pytest.raises(ValueError, match="0 hidden layers"):
            HiddenSpaceDisplay.from_estimator(MLPClassifier((), max_iter=3).fit(X, y), X, y)
        with pytest.raises(ValueError, match="Layer -1 has one unit: a plane needs two"):
            HiddenSpaceDisplay.from_estimator(fits.moons((4, 1)), X, y)
        with pytest.raises(TypeError, match=r"draws classes: pass an MLPClassifier\. Got MLPRegressor"):
            HiddenSpaceDisplay.from_estimator(fits.regressor(), X, y)
        with pytest.raises(ValueError, match=r"classes that the network does not know: \[7\]\. It knows"):
            HiddenSpaceDisplay.from_estimator(mlp, X, numpy.where(y == 1, 7, 0))
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            HiddenSpaceDisplay.from_estimator(mlp, X, y[:5])
        with pytest.raises(ValueError, match="grid must be an int of at least 2"):
            HiddenSpaceDisplay.from_estimator(mlp, X, y, grid=1)

    def test_a_layer_that_says_nothing(self):
        X, y = fits.MOONS
        mlp = MLPClassifier(**fits.SMALL).fit(X, y)
        mlp.coefs_[0][:], mlp.intercepts_[0][:] = 0, -1
        with pytest.raises(ValueError, match="gives the same outputs for all rows"):
            HiddenSpaceDisplay.from_estimator(mlp, X, y, layer=0)


class TestWeights:
    def test_a_histogram_a_layer(self):
        mlp = fits.iris()
        display = WeightsDisplay.from_estimator(mlp)
        for axes, weights in zip(display.axes_, mlp.coefs_, strict=True):
            assert sum(bar.get_height() for bar in axes.patches) == weights.size
        assert len({axes.patches[0].get_x() for axes in display.axes_}) == 1
        titles = [axes.get_title() for axes in display.axes_]
        assert titles == ["hidden 1: 4 x 7", "hidden 2: 7 x 5", "output: 5 x 3"]

    def test_images_of_the_first_layer(self):
        mlp = fits.digits(hidden_layer_sizes=(6,))
        display = WeightsDisplay.from_estimator(mlp, image_shape=(8, 8))
        assert len(display.axes_) == 6
        limits = set()
        for i, axes in enumerate(display.axes_):
            (image,) = axes.get_images()
            assert_allclose(image.get_array(), mlp.coefs_[0][:, i].reshape(8, 8))
            limits.add(image.get_clim())
        largest = numpy.abs(mlp.coefs_[0]).max()
        assert limits == {(-largest, largest)}

    def test_forty_images_at_most(self):
        display = WeightsDisplay.from_estimator(fits.digits(), image_shape=(8, 8))
        assert len(display.axes_) == 40
        assert display.figure_.get_suptitle() == "first layer: 40 of 50 images"

    def test_every_piece_of_maxout(self):
        mlp = fits.digits(hidden_layer_sizes=(3,), activation="maxout")
        display = WeightsDisplay.from_estimator(mlp, image_shape=(4, 16))
        assert len(display.axes_) == 6
        (image,) = display.axes_[4].get_images()
        assert_allclose(image.get_array(), mlp.coefs_[0][:, 1, 1].reshape(4, 16))
        assert WeightsDisplay.from_estimator(mlp).axes_[0].get_title() == "hidden 1: 64 x 2 x 3"

    def test_weights_of_zero(self):
        assert WeightsDisplay.from_weights([numpy.zeros((4, 2))]).axes_[0].patches[20].get_height() == 8
        WeightsDisplay.from_weights([numpy.zeros((4, 2))], image_shape=(2, 2)).figure_.canvas.draw()

    @pytest.mark.parametrize("shape", [8, (8,), (8, 8, 1), (8.0, 8), (-8, -8), "88"])
    def test_what_is_no_shape_of_an_image(self, shape):
        with pytest.raises(ValueError, match=r"image_shape must be \(height, width\)"):
            WeightsDisplay.from_estimator(fits.digits(), image_shape=shape)

    def test_a_shape_of_other_images(self):
        with pytest.raises(ValueError, match=r"shape \(8, 9\) have 72 pixels, but the first layer has 64 inputs"):
            WeightsDisplay.from_estimator(fits.digits(), image_shape=(8, 9))
