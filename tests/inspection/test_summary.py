"""The table of layers is true for every kind of network."""

import re
from dataclasses import dataclass

import numpy
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import MLPClassifier, MLPRegressor
from skann.activations import ElementwiseActivation, LeakyReLU, Maxout
from skann.inspection import summary
from tests.inspection import fits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
EVERYTHING = {
    "hidden_layer_sizes": (7, 5),
    "activation": [Maxout(3), "prelu"],
    "normalization": "batch",
    "dropout": [0.1, 0.0, 0.5],
    "noise": 0.25,
}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hidden_layer_sizes": ()},
        {"solver": "lbfgs", "activation": "tanh"},
        {"activation": "prelu", "normalization": "layer", "dtype": "float32"},
        EVERYTHING,
    ],
    ids=repr,
)
def test_parameters_and_memory_are_those_of_the_arrays(options):
    clf = MLPClassifier(max_iter=2, random_state=0, **options).fit(X, Y)
    table = summary(clf)
    arrays = [*clf.coefs_, *clf.intercepts_, *clf.parameters_.values()]
    assert table.n_parameters == sum(layer.n_parameters for layer in table.layers) == sum(a.size for a in arrays)
    statistics = sum(state.nbytes for state in clf._learner.parameters.states.values())
    assert table.n_bytes == sum(a.nbytes for a in arrays) + statistics
    assert (statistics > 0) == (options is EVERYTHING)
    assert table.dtype == str(clf.coefs_[0].dtype)
    assert [layer.n_units for layer in table.layers] == [4, *numpy.ravel(clf.hidden_layer_sizes).astype(int), 3]


def test_every_column():
    lines = str(summary(MLPClassifier(max_iter=2, **EVERYTHING).fit(X, Y))).splitlines()
    cells = [line.split() for line in lines if line.startswith(("layer", "input", "hidden", "output"))]
    assert cells == [
        ["layer", "output", "shape", "parameters", "normalization", "activation", "dropout", "noise"],
        ["input", "(n,", "4)", "0", "-", "-", "0.1", "0.25"],
        ["hidden", "0", "(n,", "7)", "119", "batch", "Maxout(pieces=3)", "-", "-"],
        ["hidden", "1", "(n,", "5)", "55", "batch", "PReLU(init=0.25)", "0.5", "-"],
        ["output", "(n,", "3)", "18", "-", "softmax", "-", "-"],
    ]
    assert lines[-1] == "Total: 192 parameters, 1.7 kB as float64"


def test_parameters_of_activations_and_links():
    rows = summary(MLPClassifier(activation=LeakyReLU(0.2), softmax_beta=2.0, max_iter=2).fit(X, Y)).layers
    assert [row.activation for row in rows] == ["", "LeakyReLU(slope=0.2)", "Softmax(beta=2.0)"]
    rows = summary(MLPRegressor("poisson", max_iter=2).fit(X, Y)).layers
    assert [row.activation for row in rows] == ["", "relu", "exp"]


def test_an_activation_without_default_parameters():
    @dataclass(frozen=True)
    class Steep(ElementwiseActivation):
        factor: float

        def forward(self, xp, z, y):
            xp.multiply(z, self.factor, out=y)

        def backward(self, xp, z, y, dy, dz):
            xp.multiply(dy, self.factor, out=dz)

    rows = summary(MLPClassifier((5,), Steep(2.0), max_iter=2).fit(X, Y)).layers
    assert rows[1].activation == "Steep(factor=2.0)"


def rows_of(table):
    """Return the cells of the layers of a summary as printed, by the first column."""
    return [re.split(r"  +", line) for line in str(table).splitlines()[4:-2]]


def test_convolutions_have_operations_and_shapes():
    clf, _, _ = fits.conv("colour", dropout=(0.1, 0.0))
    assert rows_of(summary(clf)) == [
        ["input", "-", "(n, 8, 8, 3)", "0", "-", "-", "-"],
        ["input scaling", "scaling", "(n, 8, 8, 3)", "6", "-", "-", "-"],
        ["hidden 0", "conv 3 x 3", "(n, 8, 8, 4)", "120", "batch", "relu", "-"],
        ["stage 0 pool", "max pool 2 x 2", "(n, 4, 4, 4)", "0", "-", "-", "-"],
        ["hidden 1", "conv 3 x 3", "(n, 4, 4, 6)", "234", "batch", "relu", "-"],
        ["stage 1 pool", "max pool 2 x 2", "(n, 2, 2, 6)", "0", "-", "-", "-"],
        ["features", "flatten", "(n, 24)", "0", "-", "-", "0.1"],
        ["hidden 2", "dense", "(n, 5)", "135", "batch", "relu", "-"],
        ["output", "dense", "(n, 1)", "6", "-", "logistic", "-"],
    ]
    assert summary(clf).n_parameters == clf._learner.parameters.theta.size
    assert [layer.n_units for layer in summary(clf).layers][:3] == [192, 192, 256]


def test_signals_have_kernels_of_one_row():
    clf, _, _ = fits.conv("signals", kernel_size=5, normalization=None)
    operations = [layer.operation for layer in summary(clf).layers]
    assert operations[2:6] == ["conv 1 x 5", "max pool 1 x 2", "conv 1 x 5", "max pool 1 x 2"]


@pytest.mark.parametrize("options", [{"activation": "maxout"}, {"activation": "prelu", "residual": True}], ids=repr)
def test_hidden_layers_of_convolutions_are_numbered_as_their_outputs(options):
    clf, X, _ = fits.conv(**options)
    hidden = [layer for layer in summary(clf).layers if layer.name.startswith("hidden")]
    assert [layer.name for layer in hidden] == [f"hidden {i}" for i in range(len(hidden))]
    for i, layer in enumerate(hidden):
        assert layer.shape == clf.hidden_layer_output(X[:1], i).shape[1:]
    assert sum(layer.n_parameters for layer in summary(clf).layers) == clf._learner.parameters.theta.size


def test_residual_blocks():
    clf, _, _ = fits.conv(residual=True, filters=(4,))
    names = [(layer.name, layer.operation) for layer in summary(clf).layers[2:7]]
    assert names == [
        ("hidden 0", "conv 3 x 3"),
        ("stage 0 block 0 second", "conv 3 x 3"),
        ("stage 0 block 0 shortcut", "conv 1 x 1"),
        ("hidden 1", "add"),
        ("stage 0 pool", "max pool 2 x 2"),
    ]
    assert summary(clf).layers[7].operation == "global average"


def test_html_has_a_row_for_each_layer():
    page = summary(MLPClassifier(max_iter=2, **EVERYTHING).fit(X, Y))._repr_html_()
    assert page.count("<tr>") == 5
    assert "<td style='text-align: right; padding: 0.1em 0.8em'>119</td>" in page
    assert "Total: 192 parameters" in page


def test_inside_pipelines_and_searches():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=2, random_state=0))
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1.0]}, cv=2).fit(X, Y)
    assert summary(search) == summary(search.best_estimator_[-1])


def test_bad_input():
    with pytest.raises(NotFittedError):
        summary(MLPClassifier())
    with pytest.raises(TypeError, match="must be one of skann's"):
        summary(LogisticRegression())
