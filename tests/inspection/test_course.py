"""Displays of the course of training: history, dead units, gradients."""

import numpy
import pytest
import sklearn.neural_network
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris

from skann import MLPClassifier
from skann.inspection import DeadUnitsDisplay, GradientFlowDisplay, TrainingHistoryDisplay
from tests.inspection import fits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def curves_of(axes):
    """Return the curves on the axes, without rings and lines down."""
    return [line for line in axes.get_lines() if line.get_linestyle() != "None" and line.get_color() != "0.6"]


def ring_of(axes):
    """Return where the first ring is."""
    return next(line for line in axes.get_lines() if line.get_linestyle() == "None").get_xydata().ravel()


def history(**entries):
    """Return a history of as many epochs as the entries have."""
    n_epochs = len(next(iter(entries.values())))
    return {"epoch": list(range(1, n_epochs + 1)), "loss": [1.0] * n_epochs, **entries}


class TestTrainingHistory:
    def test_loss_score_and_rate(self):
        mlp = fits.iris(early_stopping=True, learning_rate="cosine")
        display = TrainingHistoryDisplay.from_estimator(mlp)
        loss, score, rate = display.axes_
        labels = [axes.get_ylabel() for axes in display.axes_]
        assert labels == ["loss", "validation accuracy", "learning rate"]
        assert_array_equal(curves_of(loss)[0].get_ydata(), mlp.history_["loss"])
        assert_array_equal(curves_of(loss)[1].get_ydata(), mlp.history_["validation_loss"])
        assert_array_equal(curves_of(score)[0].get_ydata(), mlp.validation_scores_)
        assert_array_equal(curves_of(rate)[0].get_ydata(), mlp.history_["learning_rate"])
        assert {line.get_linestyle() for line in curves_of(loss)} == {"-", "--"}

    def test_panels_only_of_what_there_is(self):
        (loss,) = TrainingHistoryDisplay.from_estimator(fits.iris()).axes_
        assert len(curves_of(loss)) == 1

    def test_the_best_epoch_is_the_one_that_the_estimator_kept(self):
        mlp = fits.iris(early_stopping=True, max_iter=40, n_iter_no_change=15)
        display = TrainingHistoryDisplay.from_estimator(mlp)
        best = display.best_epochs_[""]
        assert best < mlp.n_iter_
        assert mlp.validation_scores_[best - 1] == mlp.best_validation_score_ > max(mlp.validation_scores_[: best - 1])
        assert_array_equal(ring_of(display.axes_[0]), [best, mlp.history_["validation_loss"][best - 1]])
        assert_array_equal(ring_of(display.axes_[1]), [best, mlp.best_validation_score_])
        legend = display.axes_[-1].get_legend().get_texts()
        assert legend[-1].get_text() == f"best epoch: {best}"

    @pytest.mark.parametrize(
        ("entries", "best"),
        [
            ({"loss": [3.0, 1.0, 2.0, 1.0]}, 2),
            ({"loss": [3.0, 2.0, 1.0], "validation_score": [0.1, 0.3, 0.3]}, 2),
            ({"loss": [3.0, 2.0, 1.0], "validation_score": [None, 0.2, None]}, 2),
            ({"loss": [3.0, 2.0, 1.0], "validation_score": [numpy.nan, numpy.nan, -1.0]}, 3),
            ({"loss": [3.0, 2.0, 1.0], "validation_score": [None, None, None]}, 3),
        ],
    )
    def test_which_epoch_is_best(self, entries, best):
        display = TrainingHistoryDisplay.from_history(history(**entries))
        assert display.best_epochs_ == {"": best}
        assert ring_of(display.axes_[0])[0] == best

    def test_several_to_compare(self):
        networks = {"small steps": fits.iris(learning_rate_init=1e-4), "adam": fits.iris(early_stopping=True)}
        display = TrainingHistoryDisplay.from_estimator(networks)
        loss, score, rate = display.axes_
        assert display.best_epochs_.keys() == networks.keys()
        assert len(curves_of(loss)) == 3
        assert len(curves_of(score)) == 1
        assert rate.get_yscale() == "log"
        colors = [to_hex(line.get_color()) for line in curves_of(rate)]
        assert len(set(colors)) == 2
        assert [to_hex(line.get_color()) for line in curves_of(loss)] == [colors[0], colors[1], colors[1]]
        texts = [text.get_text() for text in rate.get_legend().get_texts()]
        assert texts == ["small steps", "adam", "training", "validation", "best epoch"]

    @pytest.mark.parametrize(
        ("mlp", "label"),
        [
            (lambda: fits.regressor(early_stopping=True), "validation R²"),
            (lambda: fits.iris(early_stopping=True, scoring="loss"), "minus the validation loss"),
            (lambda: fits.iris(early_stopping=True, scoring="f1_macro"), "validation f1_macro"),
            (
                lambda: {"a": fits.iris(early_stopping=True), "b": fits.regressor(early_stopping=True)},
                "validation score",
            ),
        ],
    )
    def test_the_score_has_its_name(self, mlp, label):
        assert TrainingHistoryDisplay.from_estimator(mlp()).axes_[1].get_ylabel() == label

    def test_a_network_from_scikit_learn(self):
        theirs = sklearn.neural_network.MLPClassifier(early_stopping=True, max_iter=5, random_state=0)
        ours = MLPClassifier.from_sklearn(theirs.fit(*load_iris(return_X_y=True)))
        loss, score = TrainingHistoryDisplay.from_estimator(ours).axes_
        assert_array_equal(curves_of(loss)[0].get_ydata(), theirs.loss_curve_)
        assert_array_equal(curves_of(score)[0].get_ydata(), theirs.validation_scores_)

    def test_nothing_to_draw(self):
        with pytest.raises(ValueError, match="dict is empty"):
            TrainingHistoryDisplay.from_estimator({})
        with pytest.raises(ValueError, match="lacks epoch; it has loss"):
            TrainingHistoryDisplay.from_history({"adam": {"loss": [1.0]}})


class TestLayers:
    def test_dead_units_in_percent(self):
        mlp = fits.iris(learning_rate_init=1.0)
        display = DeadUnitsDisplay.from_estimator(mlp)
        assert_allclose(
            [line.get_ydata() for line in display.lines_], 100 * numpy.transpose(mlp.history_["dead_units"])
        )
        assert max(line.get_ydata().max() for line in display.lines_) > 0
        assert [line.get_label() for line in display.lines_] == ["hidden 1", "hidden 2"]

    def test_gradient_norms_on_a_logarithmic_scale(self):
        mlp = fits.iris()
        display = GradientFlowDisplay.from_estimator(mlp)
        assert display.ax_.get_yscale() == "log"
        assert_array_equal(
            [line.get_ydata() for line in display.lines_], numpy.transpose(mlp.history_["gradient_norm"])
        )

    def test_a_gradient_of_zero_leaves_a_gap(self):
        display = GradientFlowDisplay.from_history(history(gradient_norm=[[1.0, 0.0], [0.5, 0.1]]))
        assert_array_equal(display.lines_[1].get_ydata(), [numpy.nan, 0.1])
        display = GradientFlowDisplay.from_history(history(gradient_norm=[[0.0], [0.0]]))
        display.figure_.canvas.draw()
        assert display.ax_.get_yscale() == "linear"

    def test_layers_grow_lighter_and_few_are_named(self):
        display = DeadUnitsDisplay.from_history(history(dead_units=[[0.1] * 30] * 2))
        lightness = [numpy.dot(line.get_color()[:3], [0.299, 0.587, 0.114]) for line in display.lines_]
        assert lightness == sorted(lightness)
        names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert len(names) == 8
        assert (names[0], names[-1]) == ("hidden 1", "hidden 30")

    @pytest.mark.parametrize("cls", [DeadUnitsDisplay, GradientFlowDisplay])
    def test_what_noted_nothing_of_hidden_layers(self, cls):
        with pytest.raises(ValueError, match="of any hidden layer"):
            cls.from_estimator(fits.iris(hidden_layer_sizes=()))
        entry = cls._entry
        with pytest.raises(ValueError, match=f"has no {entry}"):
            cls.from_history(history(**{entry: [None, None]}))

    def test_values_alone_suffice(self):
        display = DeadUnitsDisplay([[0.0, 0.5], [0.1, 0.6]]).plot()
        assert_array_equal(display.lines_[1].get_xydata(), [[1, 50], [2, 60]])
