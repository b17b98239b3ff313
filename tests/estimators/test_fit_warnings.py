"""fit warns once of what trains badly, where it matters, and not at all with warn=False."""

import warnings

import numpy
import pandas
import pytest
import scipy.sparse
import sklearn
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler, scale

from skann import MLPClassifier
from skann.estimators import fit_warnings
from skann.exceptions import TrainingWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS, WINE, CANCER, DIGITS, DIABETES = (
    load(return_X_y=True) for load in (load_iris, load_wine, load_breast_cancer, load_digits, load_diabetes)
)


def warned(X, y, method="fit", **options):
    """Return the texts of the training warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(MLPClassifier(max_iter=2, random_state=0, **options), method)(X, y)
    return [str(warning.message) for warning in caught if warning.category is TrainingWarning]


@pytest.mark.parametrize(
    ("X", "y", "figures"),
    [
        (*CANCER, r"range from 0.0045 (column 19) to 1,069 (column 23)"),
        (*WINE, r"to 810 (column 12)"),
        (pandas.DataFrame(WINE[0]).add_prefix("w"), WINE[1], "to 810 (column 'w12')"),
        (scipy.sparse.csr_matrix(WINE[0]), WINE[1], "to 810 (column 12)"),
        (1e-3 * IRIS[0], IRIS[1], "from 0.0014 (column 3) to 0.0059 (column 0)"),
        (1e6 * scale(IRIS[0]), IRIS[1], "are 1,000,000, where a network wants about 1"),
    ],
    ids=["cancer", "wine", "frame", "sparse", "small", "large"],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_bad_scales(X, y, figures, solver):
    (text,) = warned(X, y, solver=solver, activation="elu")  # which does not die
    assert figures in text
    assert text.endswith("put a StandardScaler before the network in a Pipeline. warn=False silences this.")
    assert warned(X, y, solver=solver, activation="elu", warn=False) == []


@pytest.mark.parametrize(
    ("X", "y"),
    [
        IRIS,
        DIGITS,
        (16 * DIGITS[0].astype(numpy.uint8), DIGITS[1]),
        (PCA().fit_transform(DIGITS[0]), DIGITS[1]),
        (scale(CANCER[0]), CANCER[1]),
        DIABETES,
        (numpy.eye(150), IRIS[1]),
        (numpy.zeros((150, 3)), IRIS[1]),
        (scipy.sparse.csr_matrix((150, 3)), IRIS[1]),
    ],
    ids=["iris", "digits", "bytes", "pca", "standardised", "diabetes", "one-hot", "zeros", "no element"],
)
def test_what_trains_well_is_not_nagged_at(X, y):
    assert warned(X, y, activation="elu") == []


def test_rows_are_sampled_over_the_whole_length(tmp_path):
    X = numpy.ones((3000, 2))
    X[-1500:, 1] = 1e5
    numpy.save(tmp_path / "X.npy", X)
    (text,) = warned(numpy.load(tmp_path / "X.npy", mmap_mode="r"), numpy.arange(3000) % 2)
    assert "from 1 (column 0) to 70,711 (column 1)" in text


def killed(**options):
    """Return the warnings of a fit whose first steps kill the rectifiers: positive features and a high rate."""
    return warned(*IRIS, solver="sgd", learning_rate_init=1.0, **options)


def test_dead_units():
    (text,) = killed()
    assert "92% of hidden layer 0." in text
    assert "'leaky_relu', 'prelu' or Maxout. warn=False silences this." in text
    assert killed(warn=False) == []
    assert killed(activation="leaky_relu") == []
    assert killed(hidden_layer_sizes=(9,)) == []


def test_partial_fit_does_not_warn():
    assert warned(*CANCER, method="partial_fit") == []


def test_warn_is_a_bool():
    with pytest.raises(ValueError, match="The 'warn' parameter of MLPClassifier must be an instance of 'bool'"):
        MLPClassifier(warn="no").fit(*IRIS)


SPLITS = {"iris": IRIS, "wine": WINE, "cancer": CANCER, "digits": DIGITS, "diabetes": DIABETES}


def warned_of_rows(X, y, X_val, y_val, **options):
    """Return the texts of the warnings of untransformed validation rows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier(max_iter=1, random_state=0, **options).fit(X, y, X_val=X_val, y_val=y_val)
    return [str(warning.message) for warning in caught if "X_val looks" in str(warning.message)]


class TestUntransformedValidationRows:
    def test_raw_against_standardised(self):
        X, X_val, y, y_val = train_test_split(*CANCER, random_state=0)
        scaler = StandardScaler().fit(X)
        (text,) = warned_of_rows(scaler.transform(X), y, X_val, y_val)
        assert text.startswith("X_val looks untransformed: use transform_input. In 26 of 30 columns its values lie")
        assert text.endswith("warn=False silences this.")
        assert warned_of_rows(scaler.transform(X), y, X_val, y_val, warn=False) == []
        assert warned_of_rows(scaler.transform(X), y, scaler.transform(X_val), y_val) == []
        assert warned_of_rows(scaler.transform(X), y, X_val, y_val, early_stopping=True)
        assert warned_of_rows(X, y, scaler.transform(X_val), y_val)
        assert warned_of_rows(X, y, X_val, y_val) == []

    def test_the_habit_from_other_packages(self):
        X, X_val, y, y_val = train_test_split(*CANCER, random_state=0)
        pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=1))
        with pytest.warns(TrainingWarning, match="use transform_input"):
            pipeline.fit(X, y, mlpclassifier__X_val=X_val, mlpclassifier__y_val=y_val)
        routed = MLPClassifier(max_iter=1).set_params(warn=True)
        with warnings.catch_warnings(), sklearn.config_context(enable_metadata_routing=True):
            warnings.simplefilter("error", TrainingWarning)
            routed.set_fit_request(X_val=True, y_val=True)
            make_pipeline(StandardScaler(), routed, transform_input=["X_val"]).fit(X, y, X_val=X_val, y_val=y_val)

    @pytest.mark.parametrize("name", SPLITS)
    @pytest.mark.parametrize("transformer", [StandardScaler(), MinMaxScaler(), RobustScaler(), PCA(whiten=True), None])
    @pytest.mark.parametrize("seed", range(2))
    def test_what_is_transformed_as_X_is_not_nagged_at(self, name, transformer, seed):
        data, target = SPLITS[name]
        X, X_val, y, y_val = train_test_split(data, numpy.digitize(target, [1]), random_state=seed)
        if transformer is not None:
            X, X_val = transformer.fit_transform(X), transformer.transform(X_val)
        assert warned_of_rows(X, y, X_val, y_val) == []
        assert warned_of_rows(scipy.sparse.csr_matrix(X), y, scipy.sparse.csr_matrix(X_val), y_val) == []

    @pytest.mark.parametrize("share", [0.5, 0.8])
    def test_splits_in_time(self, share):
        """Trends, walks, seasons and weekdays."""
        rng, time = numpy.random.RandomState(0), numpy.arange(1000)
        columns = [
            time + rng.normal(size=1000),
            rng.normal(size=1000).cumsum(),
            rng.normal(size=1000),
            numpy.sin(time / 58),
            time % 7,
            1.001**time * (1 + 0.1 * rng.normal(size=1000)),
        ]
        X, n = scale(numpy.column_stack(columns)), int(share * 1000)
        assert warned_of_rows(X[:n], time[:n] % 2, X[n:], time[n:] % 2) == []

    def test_the_limits(self):
        X = numpy.column_stack([numpy.linspace(-1, 1, 101), numpy.linspace(-1, 1, 101), numpy.ones(101)])
        y, y_val = numpy.arange(101) % 2, numpy.arange(101) % 2
        spread = 1.0

        def warns(shift, factor=1.0, columns=(0, 1), n_rows=101):
            X_val = X[:: 101 // n_rows][:n_rows].copy()
            for i in columns:
                X_val[:, i] = X_val[:, i] * factor + shift * spread
            return bool(warned_of_rows(X, y, X_val, y_val[:n_rows]))

        assert warns(5.01) and warns(-5.01) and not warns(4.99) and not warns(-4.99)
        assert warns(0, 5.01) and warns(0, 1 / 5.01) and not warns(0, 4.99) and not warns(0, 1 / 4.99)
        assert not warns(9, columns=(0,)), "one of two is not more than half; a constant column does not count"
        assert not warns(9, columns=(2,))
        assert warns(9, n_rows=20) and not warns(9, n_rows=19)

    def test_sparse_and_long_rows(self):
        rng = numpy.random.RandomState(0)
        X = scipy.sparse.random_array((5000, 40), density=0.9, format="csr", rng=0) * 100
        few = scipy.sparse.random_array((5000, 40), density=0.1, format="csr", rng=0) * 100
        y = rng.randint(2, size=5000)
        assert warned_of_rows(X / 100, y, X, y) and not warned_of_rows(X, y, X, y)
        assert not warned_of_rows(few / 100, y, few, y), "no column has an interquartile range"

    def test_where_no_epoch_is_scored(self):
        assert warned_of_rows(scale(CANCER[0]), CANCER[1], *CANCER, solver="lbfgs") == []


def warned_of_rare_classes(y, sample_weight=None, **options):
    """Return the texts of the warnings of rare classes."""
    X = numpy.random.RandomState(0).normal(size=(len(y), 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier(max_iter=1, random_state=0, **{"early_stopping": True} | options).fit(X, y, sample_weight)
    return [str(warning.message) for warning in caught if "rarest class" in str(warning.message)]


class TestRareClasses:
    RARE = numpy.repeat([0, 1], [970, 30])

    def test_one_warning_with_the_remedy(self):
        (text,) = warned_of_rare_classes(self.RARE)
        assert "The rarest class has 3.0% of the rows, and early_stopping=True judges epochs by accuracy" in text
        assert 'Set scoring="neg_log_loss" or "average_precision", or class_weight="balanced".' in text
        assert len(warned_of_rare_classes(numpy.array(["no", "yes"])[self.RARE])) == 1

    @pytest.mark.parametrize(
        "options",
        [
            {"warn": False},
            {"early_stopping": False},
            {"scoring": "neg_log_loss"},
            {"scoring": "loss"},
            {"class_weight": "balanced"},
            {"class_weight": {1: 2}},
            {"sample_weight": numpy.ones(1000)},
            {"solver": "lbfgs"},
        ],
        ids=str,
    )
    def test_none_where_it_does_not_apply(self, options):
        assert warned_of_rare_classes(self.RARE, **options) == []

    @pytest.mark.parametrize(
        ("counts", "warns"),
        [
            ([90, 10], False),
            ([91, 9], True),
            ([60, 30, 10], False),
            ([100, 100, 20], True),
            ([100] * 9 + [40], True),  # 4.3 %, and half of 1 / 10 is 5 %
            ([100] * 9 + [60], False),  # 6.3 %
            ([100], False),
        ],
    )
    def test_the_limits(self, counts, warns):
        y = numpy.repeat(numpy.arange(len(counts)), counts)
        assert len(warned_of_rare_classes(y)) == warns

    def test_columns_and_indicators_have_no_rarest_class(self):
        indicator = numpy.column_stack([self.RARE, 1 - self.RARE])
        assert warned_of_rare_classes(indicator) == warned_of_rare_classes(indicator + self.RARE[:, None]) == []


def test_sparse_rows_of_any_scale_are_looked_at_without_a_warning_of_numpy():
    X = scipy.sparse.csr_matrix(numpy.random.RandomState(0).normal(size=(20, 3)) * 1e200)
    assert fit_warnings.describe_scales(X, str).startswith("Typical values of the features")
