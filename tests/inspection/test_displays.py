"""What holds of every display: scikit-learn's Display API, what it accepts, what it refuses."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy
import pytest
import sklearn.neural_network
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ConvClassifier, MLPClassifier, TabularMLPClassifier, inspection
from skann.inspection import (
    ActivationDisplay,
    DeadUnitsDisplay,
    FeatureMapsDisplay,
    GradientFlowDisplay,
    HiddenSpaceDisplay,
    MisclassifiedDisplay,
    NetworkDisplay,
    SaliencyDisplay,
    TrainingHistoryDisplay,
    WeightsDisplay,
)
from tests.inspection import fits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# each display with what it needs beside the estimator, and its number of panels for a network with two hidden layers
CASES = {
    ActivationDisplay: ((), 2),
    DeadUnitsDisplay: ((), 1),
    FeatureMapsDisplay: ((fits.SPOTS[0][:1],), 4),
    GradientFlowDisplay: ((), 1),
    HiddenSpaceDisplay: (fits.MOONS, 2),
    MisclassifiedDisplay: ((fits.SPOTS[0][:30], 1 - fits.SPOTS[1][:30], 2), 2),
    NetworkDisplay: ((), 1),
    SaliencyDisplay: ((fits.SPOTS[0][:5],), 5),
    TrainingHistoryDisplay: ((), 1),
    WeightsDisplay: ((), 3),
}
IN_TEST_OBJECTS = {"DetectionDisplay", "DetectionPrecisionRecallDisplay", "SegmentationDisplay"}
OF_IMAGES = {FeatureMapsDisplay, MisclassifiedDisplay, SaliencyDisplay}
EACH = pytest.mark.parametrize("cls", CASES, ids=lambda cls: cls.__name__)


def draw(cls, estimator, **options):
    """Draw the display of an estimator with the data of its case."""
    data, _ = CASES[cls]
    if cls is MisclassifiedDisplay:
        *data, options["max_images"] = data
    return cls.from_estimator(estimator, *data, **options)


def prototype_for(cls):
    """Return an unfitted network that the display can draw, and its training data."""
    if cls in OF_IMAGES:
        return ConvClassifier(image_shape=(6, 6), **fits.SMALL_CONV), fits.SPOTS
    return MLPClassifier(**fits.SMALL), fits.MOONS


def fitted_for(cls):
    """Return a fitted network that the display can draw."""
    prototype, data = prototype_for(cls)
    return prototype.fit(*data)


def picture_of(display):
    """Return the pixels of a display."""
    display.figure_.canvas.draw()
    return bytes(display.figure_.canvas.buffer_rgba())


def test_every_display_is_tested_here():
    tested = {cls.__name__ for cls in CASES} | IN_TEST_OBJECTS
    assert {name for name in inspection.__all__ if name.endswith("Display")} == tested


@EACH
class TestEach:
    def test_attributes_and_plot(self, cls):
        _, n_panels = CASES[cls]
        display = draw(cls, fitted_for(cls))
        axes = display.axes_ if hasattr(display, "axes_") else [display.ax_]
        assert len(axes) == n_panels
        assert all(panel.figure is display.figure_ for panel in axes)
        assert all(panel.has_data() for panel in axes)
        display.figure_.canvas.draw()
        first = display.figure_
        assert display.plot() is display
        assert display.figure_ is not first

    def test_draws_into_axes_given(self, cls):
        _, n_panels = CASES[cls]
        figure, axes = plt.subplots(1, n_panels + 1)
        display = draw(cls, fitted_for(cls), ax=axes[:n_panels] if n_panels > 1 else axes[0])
        assert display.figure_ is figure
        assert len(plt.get_fignums()) == 1
        assert not axes[n_panels].has_data()
        with pytest.raises(ValueError, match=f"has {n_panels} panels.* Got {n_panels + 1}"):
            display.plot(axes)

    def test_pipelines_and_searches(self, cls):
        prototype, data = prototype_for(cls)
        pipeline = make_pipeline(StandardScaler(), prototype)
        grid = {f"{pipeline.steps[-1][0]}__alpha": [0.1, 1.0]}
        search = GridSearchCV(pipeline, grid, cv=2).fit(*data)
        estimators = search, search.best_estimator_, make_pipeline(search).fit(*data)
        pictures = [picture_of(draw(cls, estimator)) for estimator in estimators]
        assert pictures[0] == pictures[1] == pictures[2]

    def test_of_a_table(self, cls):
        clf = TabularMLPClassifier("fast", hidden_layer_sizes=(7, 5), max_iter=6, random_state=0).fit(*fits.MOONS)
        if cls in OF_IMAGES:
            with pytest.raises(TypeError, match=r"pass a ConvClassifier or ConvRegressor\. Got TabularMLPClassifier"):
                draw(cls, clf)
        else:
            assert picture_of(draw(cls, clf)) == picture_of(draw(cls, make_pipeline(clf)))

    def test_unfitted(self, cls):
        prototype, _ = prototype_for(cls)
        pipeline = make_pipeline(StandardScaler(), prototype)
        for unfitted in (prototype, pipeline, GridSearchCV(prototype, {"alpha": [0.1]})):
            with pytest.raises(NotFittedError):
                draw(cls, unfitted)

    def test_what_holds_no_network(self, cls):
        _, data = prototype_for(cls)
        with pytest.raises(TypeError, match=r"Got LogisticRegression\(\) instead\. Pass the fitted network inside"):
            draw(cls, make_pipeline(LogisticRegression()).fit(*data))
        theirs = sklearn.neural_network.MLPClassifier(max_iter=2).fit(*data)
        with pytest.raises(TypeError, match="must be one of skann's"):
            draw(cls, theirs)
        with pytest.raises(TypeError, match="Got 'mlp' instead"):
            draw(cls, "mlp")

    def test_a_search_that_kept_no_estimator(self, cls):
        prototype, data = prototype_for(cls)
        search = GridSearchCV(prototype, {"alpha": [0.1]}, cv=2, refit=False).fit(*data)
        with pytest.raises(ValueError, match=r"has refit=False and so no best_estimator_\. Set refit=True"):
            draw(cls, search)

    def test_without_matplotlib(self, cls, monkeypatch):
        mlp = fitted_for(cls)
        for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r'pip install "\.\[plot\]"'):
            draw(cls, mlp)


@pytest.mark.parametrize("cls", [TrainingHistoryDisplay, DeadUnitsDisplay, GradientFlowDisplay])
class TestHistories:
    def test_an_estimator_without_history(self, cls):
        with pytest.raises(ValueError, match=r"no history_: solver='lbfgs' trains without epochs\. Use solver='adam'"):
            cls.from_estimator(fits.moons())

    def test_bad_histories(self, cls):
        with pytest.raises(TypeError, match=r"dict such as an estimator's history_\. Got list"):
            cls.from_history([1.0, 0.5])
        with pytest.raises(ValueError, match=r"lacks .*; it has epoch"):
            cls.from_history({"epoch": [1]})
        empty = {name: [] for name in fits.iris().history_}
        with pytest.raises(ValueError, match="no epochs"):
            cls.from_history(empty)

    def test_from_history_draws_what_from_estimator_does(self, cls):
        mlp = fits.iris()
        displays = cls.from_estimator(mlp), cls.from_history(mlp.history_)
        lines = [display.figure_.axes[0].get_lines() for display in displays]
        assert len(lines[0]) == len(lines[1]) > 0
        for one, other in zip(*lines, strict=True):
            numpy.testing.assert_array_equal(one.get_xydata(), other.get_xydata())


def test_matplotlib_is_imported_only_to_draw():
    script = "import sys, skann.inspection; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_embedded_inputs_have_no_names():
    clf = TabularMLPClassifier(hidden_layer_sizes=(7, 5), max_iter=6, random_state=0).fit(*fits.MOONS)
    assert NetworkDisplay.from_estimator(clf).feature_names is None
