"""The table of layers is true for every kind of network."""

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
