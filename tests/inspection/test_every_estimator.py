"""diagnose, summary and every display take every kind of estimator, fitted on every kind of target."""

import matplotlib.pyplot as plt
import numpy
import pandas
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import (
    ConvClassifier,
    ConvRegressor,
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
    inspection,
)
from skann.inspection import (
    FeatureMapsDisplay,
    HiddenLayerTransformer,
    HiddenSpaceDisplay,
    MisclassifiedDisplay,
    SaliencyDisplay,
    diagnose,
    saliency,
    summary,
)
from skann.losses import Quantile
from tests.inspection import fits

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skann.exceptions.TrainingWarning"),
]

N = 60
X = numpy.random.RandomState(0).normal(size=(N, 2))
FEW, OTHER = (X[:, 0] > 0).astype(int), (X[:, 1] > 0).astype(int)
SMALL = {"hidden_layer_sizes": (5, 4), "max_iter": 9, "random_state": 0}
CLASSIFIERS = {
    "mlp": lambda: MLPClassifier(**SMALL),
    "mlp, early stopping": lambda: MLPClassifier(early_stopping=True, **SMALL),
    "mlp, lbfgs": lambda: MLPClassifier(solver="lbfgs", **SMALL),
    "table": lambda: TabularMLPClassifier("fast", **SMALL),
    "table, members": lambda: TabularMLPClassifier(n_members=2, **SMALL),
}
REGRESSORS = {
    "mlp": lambda: MLPRegressor(**SMALL),
    "mlp, early stopping": lambda: MLPRegressor(early_stopping=True, **SMALL),
    "mlp, lbfgs": lambda: MLPRegressor(solver="lbfgs", **SMALL),
    "mlp, quantiles": lambda: MLPRegressor(Quantile([0.1, 0.9]), **SMALL),
    "table": lambda: TabularMLPRegressor("fast", **SMALL),
    "table, members": lambda: TabularMLPRegressor(n_members=2, **SMALL),
}
ONE_COLUMN = {
    "two classes": FEW,
    "strings": numpy.array(["no", "yes"])[FEW],
    "three classes": FEW + OTHER,
    "datetimes": numpy.array(["2024-01-01", "2024-01-02"], dtype="datetime64[ns]")[FEW],
    "one class": numpy.zeros(N, int),
}
SEVERAL = {
    "columns": numpy.column_stack([FEW + OTHER, OTHER]),
    "columns of strings": numpy.array([["a", "b"], ["c", "d"]], dtype=object)[FEW],
    "multilabel": numpy.column_stack([FEW, OTHER]),
    "sparse multilabel": scipy.sparse.csr_array(numpy.column_stack([FEW, OTHER])),
    "constant labels": scipy.sparse.csr_matrix(numpy.column_stack([FEW, 0 * FEW, 0 * FEW + 1])),
}
NUMBERS = {
    "numbers": X[:, 0] + X[:, 1],
    "two outputs": X * 2,
    "constant": numpy.ones(N),
}


def kinds():
    for name, build in CLASSIFIERS.items():
        for target, y in (ONE_COLUMN if name.startswith("table") else ONE_COLUMN | SEVERAL).items():
            yield pytest.param(build, y, id=f"{name}, {target}")
    for name, build in REGRESSORS.items():
        for target, y in NUMBERS.items():
            if (name, target) != ("mlp, quantiles", "two outputs"):
                yield pytest.param(build, y, id=f"regressor, {name}, {target}")


IMAGES, ROWS, COLUMNS = fits.spots(N, 8)
FORMS = {
    "grey": IMAGES,
    "colour": numpy.stack([IMAGES, 1 - IMAGES, IMAGES**2], axis=-1),
    "two channels": numpy.stack([IMAGES, 1 - IMAGES], axis=-1),
    "bytes": (200 * IMAGES / IMAGES.max()).astype("uint8"),
    "signals": IMAGES.reshape(N, -1)[:, :24],
    "short signals": IMAGES.reshape(N, -1)[:, 30:33],
}
SMALL_CONV = {"filters": (3, 4), "hidden_layer_sizes": (5,), "max_iter": 9, "batch_size": 20, "random_state": 0}
CONVOLUTIONAL = {
    "residual": {"residual": True, "blocks_per_stage": 2},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "maxout": {"activation": "maxout"},
    "float32": {"dtype": "float32"},
    "early stopping": {"early_stopping": True},
    "lbfgs": {"solver": "lbfgs", "normalization": None},
}


def convolutional_kinds():
    low = (ROWS > COLUMNS).astype(int)
    for name, options in CONVOLUTIONAL.items():
        yield pytest.param(ConvClassifier(**{**SMALL_CONV, **options}), IMAGES, low, id=name)
    for name, X in FORMS.items():
        yield pytest.param(ConvClassifier(**SMALL_CONV), X, low, id=name)
    for name in ("strings", "one class", "columns", "multilabel", "sparse multilabel"):
        yield pytest.param(ConvClassifier(**SMALL_CONV), IMAGES, (ONE_COLUMN | SEVERAL)[name], id=name)
    for name in ("residual", "lbfgs"):
        yield pytest.param(
            ConvRegressor(**{**SMALL_CONV, **CONVOLUTIONAL[name]}), IMAGES, ROWS, id=f"regressor, {name}"
        )
    for name, y in NUMBERS.items():
        yield pytest.param(ConvRegressor(**SMALL_CONV), FORMS["colour"], y, id=f"regressor, {name}")


OF_OBJECTS = ("DetectionDisplay", "DetectionPrecisionRecallDisplay", "SegmentationDisplay")


def expected_error(display, estimator, y):
    """Return the error that is documented for what has no such picture."""
    if display in OF_OBJECTS:
        return "pass an FCNSegmenter" if display == "SegmentationDisplay" else "pass a detector, such as a YOLODetector"
    takes_images = hasattr(estimator, "image_shape_")
    if display in ("FeatureMapsDisplay", "MisclassifiedDisplay", "SaliencyDisplay"):
        return expected_error_of_images(display, estimator, y) if takes_images else "networks that take images"
    if display == "HiddenSpaceDisplay" and takes_images and hasattr(estimator, "classes_"):
        return "the plane of two features, but ConvClassifier takes images"
    if "History" in display or display in ("DeadUnitsDisplay", "GradientFlowDisplay"):
        return "solver='lbfgs' trains without epochs" if getattr(estimator, "solver", "") == "lbfgs" else None
    if display != "HiddenSpaceDisplay":
        return None
    if not hasattr(estimator, "classes_"):
        return "draws classes"
    return "one label for each row" if y.ndim == 2 else None


def expected_error_of_images(display, estimator, y):
    if display == "SaliencyDisplay":
        several = getattr(estimator, "_task", "") == "multioutput"
        outputs = "the network predicts several columns" if several else "The network has 2 outputs: pass the index"
        return outputs if several or (not hasattr(estimator, "classes_") and y.ndim == 2) else None
    if display == "MisclassifiedDisplay":
        if not hasattr(estimator, "classes_"):
            return r"draws classes: pass a ConvClassifier\. Got ConvRegressor"
        if y.ndim == 2:
            return "one label for each image"
        if len(estimator.classes_) == 1:
            return "all of the 60 images are classified correctly"
    return None


def data_for(cls, X, y):
    """Return what a display needs beside the estimator."""
    if cls is MisclassifiedDisplay and numpy.ndim(y) == 1:
        return X, y[::-1] if len(set(y.tolist())) > 1 else y
    if cls in (HiddenSpaceDisplay, MisclassifiedDisplay) or cls.__name__ in OF_OBJECTS:
        return X, y
    return {FeatureMapsDisplay: (X[:1],), SaliencyDisplay: (X[:2],)}.get(cls, ())


def check_every_look(estimator, X, y):
    """Take every look there is."""
    name = type(estimator).__name__
    diagnosis = diagnose(estimator, X, y)
    assert f": {name}" in str(diagnosis)
    assert diagnosis._repr_html_()
    table = summary(estimator)
    assert str(table).startswith(name)
    assert table._repr_html_()
    for display in (shown for shown in inspection.__all__ if shown.endswith("Display")):
        cls = getattr(inspection, display)
        data = data_for(cls, X, y)
        message = expected_error(display, estimator, y)
        if message is None:
            assert cls.from_estimator(estimator, *data).figure_.axes
        else:
            with pytest.raises((TypeError, ValueError), match=message):
                cls.from_estimator(estimator, *data)


@pytest.mark.parametrize(("build", "y"), list(kinds()))
def test_every_look_at_every_kind_of_estimator(build, y):
    check_every_look(build().fit(X, y), X, y)


@pytest.mark.parametrize(("estimator", "X", "y"), list(convolutional_kinds()))
def test_every_look_at_every_kind_of_convolutional_network(estimator, X, y):
    check_every_look(estimator.fit(X, y), X, y)
    for layer in (0, -1):
        transformer = HiddenLayerTransformer(estimator, layer, prefit=True)
        output = transformer.fit(X).transform(X)
        assert output.shape == (N, len(transformer.get_feature_names_out()))
        assert_array_equal(output, estimator.hidden_layer_output(X, layer).reshape(N, -1))
    if expected_error("SaliencyDisplay", estimator, y) is None:
        for method in ("gradient", "grad_cam", "occlusion"):
            assert numpy.isfinite(maps := saliency(estimator, X[:2], method=method)).all()
            assert maps.shape == (2, *estimator.image_shape_[:2])


def test_convolutional_network_in_a_pipeline_and_a_search():
    data = numpy.round(IMAGES.reshape(N, -1), 6), (ROWS > COLUMNS).astype(int)
    network = ConvClassifier(image_shape=(8, 8), **SMALL_CONV)
    pipeline = make_pipeline(StandardScaler(), network)
    search = GridSearchCV(pipeline, {"convclassifier__filters": [(3,), (4,)]}, cv=2).fit(*data)
    inside, scaled = search.best_estimator_[-1], search.best_estimator_[0].transform(data[0])
    assert summary(search) == summary(inside)
    assert diagnose(search, *data) == diagnose(inside, scaled, data[1])
    for method in ("gradient", "grad_cam", "occlusion"):
        assert_array_equal(saliency(search, data[0], method=method), saliency(inside, scaled, method=method))
    transformer = HiddenLayerTransformer(search, 0, prefit=True)
    assert_array_equal(transformer.transform(data[0]), inside.hidden_layer_output(scaled, 0).reshape(N, -1))


@pytest.mark.parametrize("n_rows", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["mlp", "table"])
def test_fits_on_a_few_rows(name, n_rows):
    fits = [
        (CLASSIFIERS[name](), y[:n_rows]) for y in (ONE_COLUMN if name == "table" else ONE_COLUMN | SEVERAL).values()
    ]
    fits += [(REGRESSORS[name](), y[:n_rows]) for y in NUMBERS.values()]
    for estimator, y in fits:
        estimator.fit(X[:n_rows], y)
        assert f"{n_rows} rows" in str(diagnose(estimator, X[:n_rows], y))
        assert summary(estimator).n_parameters
        for cls in (inspection.NetworkDisplay, inspection.WeightsDisplay, inspection.TrainingHistoryDisplay):
            assert cls.from_estimator(estimator).figure_.axes
        plt.close("all")


@pytest.mark.parametrize("build", [CLASSIFIERS["table"], CLASSIFIERS["table, members"], REGRESSORS["table"]])
def test_tables_of_text_and_of_nothing(build):
    text = pandas.DataFrame({"few": list("abc") * 20, "many": [f"v{i % 25}" for i in range(N)], "x": X[:, 0]})
    nothing = pandas.DataFrame({"constant": [1] * N, "missing": [None] * N})
    for frame in (text, nothing):
        estimator = build().fit(frame, FEW)
        assert type(estimator).__name__ in str(diagnose(estimator, frame, FEW))
        assert summary(estimator).layers[-1].name == "output"
        for cls in (inspection.NetworkDisplay, inspection.WeightsDisplay):
            assert cls.from_estimator(estimator).figure_.axes
        assert inspection.HiddenLayerTransformer(estimator, prefit=True).transform(frame).shape == (N, 4)


def test_a_constant_column_beside_sparse_labels():
    with_constant = numpy.column_stack([X, numpy.ones(N)])
    for features in (with_constant, scipy.sparse.csr_array(with_constant)):
        for y in (SEVERAL["sparse multilabel"], SEVERAL["constant labels"]):
            diagnosis = diagnose(CLASSIFIERS["mlp"]().fit(features, y), features, y)
            assert "constant columns" in [finding.name for finding in diagnosis]


def test_members_are_told_of():
    clf = CLASSIFIERS["table, members"]().fit(X, FEW)
    assert "TabularMLPClassifier, member 1 of 2 with " in str(diagnose(clf, X, FEW))
    assert summary(clf).title == "TabularMLPClassifier, member 1 of 2"


def test_outputs_of_several_columns_are_named():
    clf = CLASSIFIERS["mlp"]().fit(X, SEVERAL["columns"])
    assert summary(clf).layers[-1].activation == "softmax and logistic"
    assert inspection.NetworkDisplay.from_estimator(clf).output_names == ["0: 0", "0: 1", "0: 2", "1: 1"]
