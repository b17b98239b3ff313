"""Each finding is provoked by a sick network and absent from a healthy one; healthy fits have none at all."""

import re

import numpy
import pandas
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler, scale

from skann import (
    ConvClassifier,
    ConvRegressor,
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from skann.activations import Maxout
from skann.inspection import diagnose
from skann.inspection.findings import SYMPTOMS
from tests.inspection import fits

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

IRIS, WINE, CANCER, DIGITS, DIABETES = (
    load(return_X_y=True) for load in (load_iris, load_wine, load_breast_cancer, load_digits, load_diabetes)
)

MOONS = make_moons(300, noise=0.1, random_state=0)
WORDS = scipy.sparse.vstack([scipy.sparse.eye_array(100), scipy.sparse.csr_array((50, 100))]).tocsr()[:, :80]
# those of the targets of segmenters and detectors have their cases in test_objects.py
OF_OBJECTS = {symptom.name for symptom in SYMPTOMS if symptom.check.__module__.endswith(".objects")}


def scaled(data):
    return scale(data[0]), data[1]


def classifier(data, **options):
    return MLPClassifier(**{"max_iter": 1000, "random_state": 0, "warn": False, **options}).fit(*data), *data


def regressor(data, **options):
    return MLPRegressor(**{"max_iter": 3000, "random_state": 0, "warn": False, **options}).fit(*data), *data


def names(diagnosis):
    return [finding.name for finding in diagnosis]


def validated(**options):
    """A regression with a validation set of its own."""
    X, y = scaled(DIABETES)
    X, X_val, y, y_val = train_test_split(X, scale(y), test_size=0.3, random_state=0)
    return MLPRegressor(random_state=0, **options).fit(X, y, X_val=X_val, y_val=y_val), X, y


def with_columns(*columns):
    X, y = scaled(IRIS)
    return classifier((numpy.column_stack([X, *columns]), y), max_iter=600)


def rare_events(**options):
    """One row in 50 is positive, and more likely so where the first feature is large."""
    rng = numpy.random.RandomState(0)
    X = rng.normal(size=(2000, 4))
    y = (X[:, 0] + rng.normal(size=2000) > 2.9).astype(int)
    return classifier((X, y), hidden_layer_sizes=(8,), max_iter=60, **options)


def deep(activation):
    return classifier(scaled(DIGITS), hidden_layer_sizes=(30,) * 5, activation=activation, max_iter=15)


def dead_network(share):
    """Biases so low that a share of the units never fires."""
    clf, X, y = classifier(scaled(IRIS))
    clf.intercepts_[0][: int(share * 100)] = -1e3
    return clf, X, y


def convolutional(X, y, cls=ConvClassifier, **options):
    options = {"filters": (8, 16), "random_state": 0, "max_iter": 10, **options}
    return cls(**options).fit(X, y), X, y


IMAGES = load_digits().images
SPOTS, SPOT_ROWS, SPOT_COLUMNS = fits.spots(200, 12)


def channels_first(shape, **options):
    """Images of this shape without content."""
    X = numpy.random.RandomState(0).uniform(size=(30, *shape))
    return convolutional(X, numpy.arange(30) % 2, filters=(4,), pool_size=1, max_iter=2, **options)


def dead_convolution(n_dead):
    """Of 8 filters of the first convolution, these have a batch normalization that makes them negative."""
    clf, X, y = convolutional(IMAGES[:300], DIGITS[1][:300])
    clf.parameters_["stage_0_block_0_1.beta"][:n_dead] = -1e3
    return clf, X, y


# for each symptom: networks that have it, and networks that do not
CASES = {
    "features unscaled": (
        [
            lambda: classifier(CANCER, max_iter=20),
            lambda: classifier((IRIS[0] * 1e-3, IRIS[1]), max_iter=20),
            lambda: classifier((scipy.sparse.csr_matrix(WINE[0]), WINE[1]), max_iter=20),
        ],
        [
            lambda: classifier(IRIS, max_iter=20),
            lambda: classifier(DIGITS, max_iter=5),
            lambda: classifier((numpy.eye(150)[:, ::5], IRIS[1]), max_iter=20),
        ],
    ),
    "constant columns": (
        [lambda: with_columns(numpy.full(150, 7.0)), lambda: with_columns(numpy.zeros(150))],
        [
            lambda: classifier(DIGITS, max_iter=5),
            lambda: classifier((scipy.sparse.eye_array(150).tocsr()[:, :99], IRIS[1])),
        ],
    ),
    "duplicated columns": (
        [
            lambda: with_columns(scale(IRIS[0])[:, 2]),
            lambda: with_columns(*2 * [scale(IRIS[0])[:, 0] * (1 + 1e-12)]),
            lambda: classifier((scipy.sparse.csr_matrix(scaled(IRIS)[0][:, [0, 1, 2, 3, 1]]), IRIS[1]), max_iter=9),
        ],
        [lambda: with_columns(-scale(IRIS[0])[:, 2]), lambda: with_columns(numpy.eye(150)[0], numpy.eye(150)[0])],
    ),
    "learning rate too high": (
        [
            lambda: classifier(scaled(DIGITS), learning_rate_init=0.1, max_iter=30),
            lambda: classifier(scaled(IRIS), learning_rate_init=1.0, max_iter=30),
            lambda: classifier(scaled(DIGITS), solver="sgd", learning_rate_init=1.0, max_iter=30),
        ],
        [
            lambda: classifier(scaled(DIGITS), learning_rate_init=0.01),
            lambda: classifier(scaled(DIGITS), dropout=0.5, max_iter=150),
            lambda: classifier(scaled(DIGITS), learning_rate_init=1.0, max_iter=2),
        ],
    ),
    "learning rate too low": (
        [
            lambda: classifier(scaled(DIGITS), learning_rate_init=1e-6, max_iter=50),
            lambda: classifier(scaled(IRIS), learning_rate_init=1e-6, max_iter=100),
            lambda: classifier(scaled(IRIS), learning_rate_init=3e-5, max_iter=200),
        ],
        [
            lambda: classifier(scaled(IRIS)),
            lambda: classifier((scaled(IRIS)[0], numpy.random.RandomState(0).permutation(IRIS[1])), max_iter=200),
            lambda: deep("logistic"),
            lambda: classifier(scaled(IRIS), hidden_layer_sizes=(), max_iter=20),
        ],
    ),
    "stopped by max_iter": (
        [
            lambda: classifier(scaled(IRIS), max_iter=50),
            lambda: classifier(scaled(CANCER), max_iter=3, solver="lbfgs"),
            lambda: validated(max_iter=15),
        ],
        [
            lambda: classifier(scaled(IRIS)),
            lambda: classifier(scaled(CANCER), solver="lbfgs"),
            lambda: validated(max_iter=60),
        ],
    ),
    "over-fitting": (
        [lambda: validated(max_iter=500), lambda: validated(max_iter=500, alpha=0.1)],
        [
            lambda: validated(max_iter=500, early_stopping=True),
            lambda: validated(max_iter=500, dropout=0.5),
            lambda: classifier(scaled(WINE), early_stopping=True),
        ],
    ),
    "dead units": (
        [lambda: dead_network(0.6), lambda: classifier(IRIS, solver="sgd", learning_rate_init=1.0, max_iter=5)],
        [
            lambda: dead_network(0.4),
            lambda: classifier(scaled(IRIS), activation=Maxout(2), max_iter=50),
            lambda: dead_convolution(8),  # the dense layer lives on
        ],
    ),
    "dead filters": (
        [lambda: dead_convolution(5)],
        [
            lambda: dead_convolution(3),
            lambda: dead_network(0.6),
            lambda: convolutional(IMAGES[:300], DIGITS[1][:300], activation=Maxout(2), max_iter=3),
        ],
    ),
    "channels first": (
        [
            lambda: channels_first((3, 16, 16)),
            lambda: channels_first((1, 28, 28)),
            lambda: channels_first((4, 9, 9), residual=True),
        ],
        [
            lambda: channels_first((16, 16, 3)),
            lambda: channels_first((1, 28, 3)),  # signals of three channels
            lambda: channels_first((3, 16, 12)),
            lambda: channels_first((16, 16, 16)),
            lambda: channels_first((3, 3, 3)),
            lambda: classifier(DIGITS, max_iter=5),
        ],
    ),
    "too many stages": (
        [
            lambda: convolutional(IMAGES[:300], DIGITS[1][:300], filters=(8, 8, 8)),
            lambda: convolutional(SPOTS, SPOT_ROWS, ConvRegressor, filters=(8, 8), pool_size=3),
        ],
        [
            lambda: convolutional(IMAGES[:300], DIGITS[1][:300], filters=(8, 8)),
            lambda: convolutional(IMAGES[:300], DIGITS[1][:300], filters=(8,), pool_size=8),
            lambda: convolutional(*IRIS, filters=(8, 8, 8)),  # signals, whose stages end by themselves
            lambda: convolutional(IMAGES[:300], DIGITS[1][:300], filters=()),
        ],
    ),
    "vanishing gradients": (
        [lambda: deep("logistic"), lambda: deep("hard_sigmoid")],
        [
            lambda: deep("relu"),
            lambda: deep("tanh"),
            lambda: classifier(scaled(DIGITS), activation="logistic", max_iter=15),
            lambda: classifier(scaled(DIGITS), hidden_layer_sizes=(), max_iter=15),
        ],
    ),
    "under-fitting": (
        [
            lambda: classifier(
                make_moons(300, noise=0.1, random_state=0), hidden_layer_sizes=(1,), activation="identity"
            ),
            lambda: regressor(scaled(DIABETES), alpha=1e5, target_transform="standard"),
            lambda: classifier(scaled(IRIS), early_stopping=True),
        ],
        [
            lambda: classifier(MOONS),
            lambda: regressor(scaled(DIABETES), target_transform="standard"),
            lambda: classifier((scaled(IRIS)[0], numpy.random.RandomState(0).permutation(IRIS[1])), max_iter=5),
        ],
    ),
    "class imbalance ignored": (
        [lambda: rare_events()],
        [lambda: rare_events(class_weight="balanced"), lambda: classifier(scaled(DIGITS), max_iter=5)],
    ),
    "more parameters than the data can carry": (
        [
            lambda: classifier(scaled(IRIS), hidden_layer_sizes=(150, 150), max_iter=20),
            lambda: regressor(scaled(DIABETES), hidden_layer_sizes=(300, 300), max_iter=5),
        ],
        [
            lambda: classifier(scaled(IRIS), hidden_layer_sizes=(150, 150), dropout=0.5, max_iter=20),
            lambda: classifier(scaled(IRIS), hidden_layer_sizes=(150, 150), alpha=0.1, max_iter=20),
            lambda: classifier(scaled(IRIS)),
        ],
    ),
}


def table(**options):
    """A table with a column of text that tells nothing."""
    X = pandas.DataFrame(scale(IRIS[0]), columns=list("abcd")).assign(word=[f"w{i % 12}" for i in range(150)])
    options = {"preset": "fast", "hidden_layer_sizes": (8, 8), "max_iter": 10, "random_state": 0, **options}
    return TabularMLPClassifier(**options).fit(X, IRIS[1]), X, IRIS[1]


def with_history(fit, **entries):
    """A fit whose history tells otherwise."""
    estimator, X, y = fit
    estimator.members_[0].network.history_.update(entries)
    return estimator, X, y


def table_of(X, y, estimator=TabularMLPClassifier, **options):
    return estimator("fast", **{"max_iter": 10, "random_state": 0, **options}).fit(X, y), X, y


def dead_table():
    clf, X, y = table()
    clf.members_[0].network.intercepts_[0][:] = -1e3
    return clf, X, y


RISING, FALLING = numpy.linspace(1, 2, 10).tolist(), numpy.linspace(2, 1.2, 10).tolist()
JUMPING = [1.0, 2.0] * 5
# for each symptom that estimators of tables can have
TABLES = {
    "constant columns": lambda: (lambda clf, X, y: (clf, X.assign(a=0.5), y))(*table()),
    "duplicated columns": lambda: (lambda _, X, y: table_of(X.assign(e=X["b"]), y))(*table()),
    "learning rate too high": lambda: with_history(table(), loss=JUMPING),
    "learning rate too low": lambda: with_history(
        table(), loss=numpy.linspace(2, 1.5, 60).tolist(), validation_loss=[1.0] * 60, validation_score=[0.1] * 60
    ),
    "stopped by max_iter": lambda: with_history(table(), validation_loss=FALLING),
    "over-fitting": lambda: with_history(table(), validation_loss=RISING, validation_score=RISING),
    "dead units": dead_table,
    "vanishing gradients": lambda: with_history(
        table(hidden_layer_sizes=(8,) * 3, activation="logistic", parametric_activation=False),
        gradient_norm=[[1e-4, 0.1, 1.0]] * 10,
    ),
    "under-fitting": lambda: table(max_iter=1),
    "class imbalance ignored": lambda: table_of(*rare_events()[1:], max_iter=20, hidden_layer_sizes=(8,)),
    "more parameters than the data can carry": lambda: table(
        hidden_layer_sizes=(150, 150), validation_fraction=0.0, dropout=0.0, weight_decay=0.0
    ),
}


def parameters_named(finding):
    """Return the parameters of any estimator that a finding speaks of, where the word is no plain English."""
    estimators = MLPClassifier(), MLPRegressor(), TabularMLPClassifier(), TabularMLPRegressor(), ConvClassifier()
    known = set().union(*(estimator.get_params() for estimator in estimators))
    text = f"{finding.seen} {finding.remedy}"
    words = set(re.findall(r"\b[a-z]\w*", text)) & known
    return {word for word in words if "_" in word or word in ("alpha", "dropout", "tol") or f"{word}=" in text}


def check_parameters(estimator, diagnosis):
    for finding in diagnosis:
        assert parameters_named(finding) <= set(estimator.get_params()), finding


@pytest.mark.parametrize("name", TABLES)
def test_findings_about_tables_name_their_parameters(name):
    estimator, X, y = TABLES[name]()
    diagnosis = diagnose(estimator, X, y)
    assert name in names(diagnosis), diagnosis
    check_parameters(estimator, diagnosis)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_findings_about_regressors_of_tables_name_their_parameters(early_stopping):
    estimator, X, y = table_of(*scaled(DIABETES), TabularMLPRegressor, max_iter=1, early_stopping=early_stopping)
    diagnosis = diagnose(estimator, X, y)
    assert "under-fitting" in names(diagnosis)
    check_parameters(estimator, diagnosis)


def test_tables_have_every_symptom_but_those_of_scales_and_images():
    of_images = {"channels first", "dead filters", "too many stages"}
    assert set(TABLES) == {symptom.name for symptom in SYMPTOMS} - {"features unscaled"} - of_images - OF_OBJECTS


def test_tables_that_weigh_classes_do_not_ignore_them():
    _, X, y = rare_events()
    clf = table_of(X, y, max_iter=20, hidden_layer_sizes=(8,), class_weight="balanced")
    assert "class imbalance ignored" not in names(diagnose(*clf))


def test_codes_of_categories_are_not_unscaled_features():
    words = pandas.DataFrame({"a": [f"w{i % 3000}" for i in range(6000)], "b": numpy.arange(6000) % 7})
    clf = TabularMLPClassifier("fast", max_iter=1, hidden_layer_sizes=(4,)).fit(words, words["b"] > 3)
    assert "features unscaled" not in names(diagnose(clf, words, words["b"] > 3))


def test_every_symptom_has_its_cases():
    assert set(CASES) == {symptom.name for symptom in SYMPTOMS} - OF_OBJECTS


@pytest.mark.parametrize(("name", "sick"), [(name, sick) for name, (cases, _) in CASES.items() for sick in cases])
def test_a_sick_network_has_the_finding(name, sick):
    estimator, X, y = sick()
    diagnosis = diagnose(estimator, X, y)
    check_parameters(estimator, diagnosis)
    assert name in names(diagnosis), diagnosis
    finding = next(finding for finding in diagnosis if finding.name == name)
    assert any(character.isdigit() for character in finding.seen)
    assert finding.seen.endswith(".")
    assert finding.remedy.endswith(".")


@pytest.mark.parametrize(("name", "well"), [(name, well) for name, (_, cases) in CASES.items() for well in cases])
def test_another_network_has_not(name, well):
    diagnosis = diagnose(*well())
    assert name not in names(diagnosis), diagnosis


HEALTHY = {
    "digits": lambda: classifier(DIGITS),
    "digits scaled": lambda: classifier(scaled(DIGITS)),
    "digits with dropout": lambda: classifier((DIGITS[0] / 16, DIGITS[1]), dropout=0.3),
    "digits with early stopping": lambda: classifier(scaled(DIGITS), early_stopping=True),
    "iris": lambda: classifier(IRIS),
    "iris scaled": lambda: classifier(scaled(IRIS)),
    "breast cancer": lambda: classifier(scaled(CANCER)),
    "breast cancer, tanh": lambda: classifier(scaled(CANCER), activation="tanh"),
    "breast cancer, lbfgs": lambda: classifier(scaled(CANCER), solver="lbfgs"),
    "wine": lambda: classifier(scaled(WINE), hidden_layer_sizes=(50, 50), activation="elu"),
    "diabetes": lambda: regressor(scaled(DIABETES)),
    "diabetes, target scaled": lambda: regressor(scaled(DIABETES), target_transform="standard"),
    "images of digits": lambda: convolutional(IMAGES, DIGITS[1], filters=(32, 64), max_iter=20),
    "residual": lambda: convolutional(IMAGES[:600], DIGITS[1][:600], residual=True, max_iter=20),
    "digits as signals": lambda: convolutional(*DIGITS, max_iter=20),
    "spots": lambda: convolutional(SPOTS, SPOT_ROWS > SPOT_COLUMNS, filters=(32, 64), max_iter=20),
    "place of a spot": lambda: convolutional(SPOTS, SPOT_ROWS, ConvRegressor, filters=(32, 64), max_iter=20),
}


@pytest.mark.parametrize("fit", HEALTHY.values(), ids=HEALTHY)
def test_healthy_fits_have_no_finding(fit):
    diagnosis = diagnose(*fit())
    assert diagnosis == []
    assert str(diagnosis).startswith(("Nothing found: MLP", "Nothing found: Conv"))


class TestReport:
    def test_prints_as_sentences(self):
        diagnosis = diagnose(*classifier(CANCER, max_iter=200))
        lines = str(diagnosis).splitlines()
        assert lines[0] == f"{len(diagnosis)} finding: MLPClassifier with 3,201 parameters, 569 rows."
        assert lines[1].startswith(
            "1. Features unscaled. Typical values of the features range from 0.0046 (column 19) to"
        )
        assert "StandardScaler" in lines[1]
        assert repr(diagnosis) == str(diagnosis)

    def test_html_escapes_names(self):
        X = pandas.DataFrame(CANCER[0]).rename(columns={i: f"<b>{i}" for i in range(30)})
        page = diagnose(*classifier((X, CANCER[1]), max_iter=200))._repr_html_()
        assert "column &#x27;&lt;b&gt;19&#x27;" in page
        assert page.count("<li") == 1

    def test_says_what_was_not_looked_for(self):
        X, y = scaled(CANCER)
        diagnosis = diagnose(*classifier((X, y), solver="lbfgs"))
        assert set(diagnosis.unseen) == {
            "learning rate too high",
            "learning rate too low",
            "vanishing gradients",
            "over-fitting",
        }
        assert "That needs a record of training" in str(diagnosis)
        assert "That needs a record of training" in diagnosis._repr_html_()
        assert diagnose(*classifier((X, y), early_stopping=True)).unseen == {}

    def test_many_rows_are_sampled(self):
        X, y = (numpy.tile(part, (100, 1)[: part.ndim]) for part in scaled(IRIS))
        clf = MLPClassifier(max_iter=5, random_state=0).fit(X, y)
        assert "10,000 of 15,000 rows" in str(diagnose(clf, X, y))


class TestEstimators:
    def test_in_a_pipeline_the_network_sees_scaled_features(self):
        pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=500, random_state=0)).fit(*CANCER)
        assert diagnose(pipeline, *CANCER) == []

    def test_columns_have_the_names_that_the_steps_give(self):
        X = pandas.DataFrame(scaled(IRIS)[0], columns=["a", "b", "c", "d"]).assign(e=lambda frame: frame.b)
        pipeline = make_pipeline(MinMaxScaler(), StandardScaler(), MLPClassifier(max_iter=300, random_state=0))
        found = diagnose(pipeline.fit(X, IRIS[1]), X, IRIS[1])
        assert any("column 'e' repeats column 'b'" in finding.seen for finding in found)

    def test_search_pipeline_and_frozen_estimator(self):
        pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=5, random_state=0))
        search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2).fit(*IRIS)
        expected = diagnose(search.best_estimator_[-1], search.best_estimator_[0].transform(IRIS[0]), IRIS[1])
        assert diagnose(search, *IRIS) == expected != []
        assert diagnose(make_pipeline(FrozenEstimator(search)), *IRIS) == expected

    def test_a_converted_estimator(self):
        X, y = scaled(IRIS)
        theirs = SklearnMLPClassifier(max_iter=40, random_state=0).fit(X, y)
        diagnosis = diagnose(MLPClassifier.from_sklearn(theirs), X, y)
        assert "stopped by max_iter" in names(diagnosis)
        assert "vanishing gradients" in diagnosis.unseen

    def test_after_partial_fit_max_iter_has_no_say(self):
        X, y = scaled(IRIS)
        clf = MLPClassifier(max_iter=20, random_state=0)
        for _ in range(20):
            clf.partial_fit(X, y)
        assert "stopped by max_iter" not in names(diagnose(clf, X, y))

    @pytest.mark.parametrize("y", [numpy.eye(3)[IRIS[1]], scipy.sparse.csr_matrix(numpy.eye(3)[IRIS[1]])])
    def test_multilabel_targets(self, y):
        X = scaled(IRIS)[0]
        clf = MLPClassifier(max_iter=1000, random_state=0).fit(X, y)
        assert diagnose(clf, X, y) == []

    def test_rare_labels_of_a_multilabel_target(self):
        _, X, rare = rare_events()
        y = numpy.column_stack([X[:, 1] > 0, rare]).astype(int)
        clf = MLPClassifier((8,), max_iter=60, random_state=0).fit(X, y)
        assert "class imbalance ignored" in names(diagnose(clf, X, y))

    def test_a_rare_class_of_several_columns(self):
        _, X, rare = rare_events()
        y = numpy.column_stack([numpy.array(["no", "yes"])[(X[:, 1] > 0).astype(int)], numpy.array(["a", "b"])[rare]])
        clf = MLPClassifier((8,), max_iter=60, random_state=0).fit(X, y)
        found = {finding.name: finding for finding in diagnose(clf, X, y)}["class imbalance ignored"]
        assert found.seen.startswith("Class 'b' of column 1 of y is rare")
        assert "or a list of dicts" in found.remedy

    def test_several_columns_are_compared_with_simple_models(self):
        X, y = make_moons(300, noise=0.1, random_state=0)
        y = numpy.column_stack([y, 1 - y])
        clf = MLPClassifier((1,), "identity", max_iter=1000, random_state=0).fit(X, y + 2)
        assert "under-fitting" in names(diagnose(clf, X, y + 2))
        assert "under-fitting" not in names(diagnose(MLPClassifier(max_iter=1000, random_state=0).fit(X, y), X, y))

    def test_a_loss_of_zero_is_no_finding(self):
        X, y = scaled(IRIS)
        for clf in (MLPClassifier(early_stopping=True), TabularMLPClassifier("fast", hidden_layer_sizes=(8,) * 3)):
            clf.set_params(max_iter=20, random_state=0, warn=False).fit(X, 0 * y)
            assert not {"over-fitting", "vanishing gradients"} & set(names(diagnose(clf, X, 0 * y)))

    def test_several_outputs_and_quantiles(self):
        X, y = scaled(DIABETES)
        reg = MLPRegressor("quantile", max_iter=5, random_state=0).fit(X, scale(y))
        assert "under-fitting" not in names(diagnose(reg, X, scale(y)))
        several = numpy.column_stack([scale(y), -scale(y)])
        assert diagnose(MLPRegressor(max_iter=2000, random_state=0).fit(X, several), X, several) == []

    def test_a_fit_interrupted_in_its_first_epoch(self):
        def interrupt(estimator, X, y):
            raise KeyboardInterrupt

        X, y = scaled(IRIS)
        clf = MLPClassifier(early_stopping=True, scoring=interrupt, random_state=0)
        with pytest.warns(UserWarning, match="interrupted by user after 0 epochs"):
            clf.fit(X, y)
        assert "over-fitting" not in names(diagnose(clf, X, y))


class TestBadInput:
    def test_other_estimators(self):
        with pytest.raises(TypeError, match="must be one of skann's, or a Pipeline, search"):
            diagnose(LogisticRegression().fit(*scaled(IRIS)), *IRIS)
        with pytest.raises(TypeError, match="Got StandardScaler"):
            diagnose(make_pipeline(StandardScaler()).fit(*IRIS), *IRIS)

    @pytest.mark.parametrize(
        "estimator",
        [
            MLPClassifier(),
            make_pipeline(StandardScaler(), MLPClassifier()),
            GridSearchCV(MLPClassifier(), {"alpha": [1.0]}),
        ],
        ids=lambda estimator: type(estimator).__name__,
    )
    def test_unfitted(self, estimator):
        with pytest.raises(NotFittedError):
            diagnose(estimator, *IRIS)

    def test_a_search_without_refit(self):
        search = GridSearchCV(MLPClassifier(max_iter=2), {"alpha": [1.0]}, cv=2, refit=False).fit(*IRIS)
        with pytest.raises(ValueError, match="refit=False and so no best_estimator_"):
            diagnose(search, *IRIS)

    def test_rows_that_do_not_fit(self):
        clf, X, y = classifier(scaled(IRIS), max_iter=2)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            diagnose(clf, X, y[:-1])
        with pytest.raises(ValueError, match="diagnose requires y"):
            diagnose(clf, X, None)
        with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
            diagnose(clf, X[:, :3], y)
