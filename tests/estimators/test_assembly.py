"""Networks put together by hand: the same script gives the same numbers with scikit-learn's MLP and with skann's."""

import copy
import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy
import pandas
import pytest
import scipy.sparse
import sklearn.neural_network as sk
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

import skann
from skann import MLPClassifier, MLPRegressor
from skann.activations import Maxout
from skann.inspection import HiddenLayerTransformer, diagnose, summary
from skann.losses import Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = numpy.random.RandomState(0).normal(size=(40, 4))
CLASSES = numpy.array(["a", "b", "c"])


def arrays(*widths, seed=1, dtype=float):
    """Return weights and biases of layers from the first width to the last."""
    rng = numpy.random.RandomState(seed)
    coefs = [rng.normal(size=shape).astype(dtype) for shape in itertools.pairwise(widths)]
    return coefs, [rng.normal(size=width).astype(dtype) for width in widths[1:]]


def attributes(out_activation, *widths, **others):
    """Return what scripts assign."""
    coefs, intercepts = arrays(*widths)
    sizes = {"n_layers_": len(widths), "n_outputs_": widths[-1], "out_activation_": out_activation}
    return {"coefs_": coefs, "intercepts_": intercepts, **sizes, **others}


def binarized(y):
    binarizer = LabelBinarizer().fit(y)
    return {"classes_": binarizer.classes_, "_label_binarizer": binarizer}


INDICATOR = numpy.eye(3, dtype=int)
CLASSIFIERS = {
    "binary": attributes("logistic", 4, 6, 1, **binarized(["no", "yes"])),
    "multiclass": attributes("softmax", 4, 6, 5, 3, **binarized(CLASSES)),
    "multilabel": attributes("logistic", 4, 6, 3, **binarized(INDICATOR)),
    "sparse multilabel": attributes("logistic", 4, 6, 3, **binarized(scipy.sparse.csr_matrix(INDICATOR))),
    "two softmax outputs": attributes("softmax", 4, 6, 2, **binarized([0, 1])),
    "no hidden layer": attributes("softmax", 4, 3, **binarized(CLASSES)),
}
REGRESSORS = {
    "single": attributes("identity", 4, 6, 1),
    "several": attributes("identity", 4, 6, 5, 3),
    "without n_outputs_": {k: v for k, v in attributes("identity", 4, 6, 4).items() if k != "n_outputs_"},
    "as nested lists": {
        **attributes("identity", 4, 6, 2),
        "coefs_": [W.tolist() for W in arrays(4, 6, 2)[0]],
        "intercepts_": [b.tolist() for b in arrays(4, 6, 2)[1]],
    },
    "biases as rows": {**attributes("identity", 4, 6, 2), "intercepts_": [b[None] for b in arrays(4, 6, 2)[1]]},
}
SCRIPTS = [("MLPClassifier", kind, given) for kind, given in CLASSIFIERS.items()]
SCRIPTS += [("MLPRegressor", kind, given) for kind, given in REGRESSORS.items()]
IDS = [f"{name} {kind}" for name, kind, _ in SCRIPTS]


def in_theirs(given):
    """Return attributes as scikit-learn computes with them: arrays."""
    return {k: [numpy.asarray(a) for a in v] if k in ("coefs_", "intercepts_") else v for k, v in given.items()}


def put_together(estimator, given, order=None):
    """Run the script: assign the attributes, in the order of their names if none is given."""
    for name in order or given:
        setattr(estimator, name, copy.deepcopy(given[name]))
    return estimator


def assert_same_outputs(ours, theirs, rtol=1e-12):
    for method in ("predict", "predict_proba"):
        if hasattr(theirs, method):
            a, b = getattr(ours, method)(X), getattr(theirs, method)(X)
            assert scipy.sparse.issparse(a) == scipy.sparse.issparse(b)
            a, b = (made.toarray() if scipy.sparse.issparse(made) else made for made in (a, b))
            assert a.shape == b.shape
            if a.dtype.kind == "f":
                assert_allclose(a, b, rtol=rtol, atol=1e-15)
            else:
                assert_array_equal(a, b)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize(("name", "kind", "given"), SCRIPTS, ids=IDS)
def test_the_same_script_gives_the_same_outputs(name, kind, given, activation):
    theirs = put_together(getattr(sk, name)(activation=activation), in_theirs(given))
    ours = put_together(getattr(skann, name)(activation=activation), given)
    check_is_fitted(ours)
    assert_same_outputs(ours, theirs)
    assert ours.hidden_layer_sizes == (100,)
    assert ours.n_features_in_ == 4
    assert ours.n_layers_ == len(given["coefs_"]) + 1
    assert ours.out_activation_ == given["out_activation_"]
    assert_same_outputs(ours.to_sklearn(), theirs)
    assert_same_outputs(getattr(skann, name).from_sklearn(theirs), theirs)


@pytest.mark.parametrize(
    ("name", "given"),
    [("MLPClassifier", CLASSIFIERS["multilabel"]), ("MLPRegressor", REGRESSORS["several"])],
    ids=["classifier", "regressor"],
)
def test_any_order_of_assignment(name, given):
    given = given if name == "MLPRegressor" else {k: v for k, v in given.items() if k != "n_layers_"}
    expected = put_together(getattr(skann, name)(), given).predict(X)
    for order in itertools.permutations(given):
        ours = put_together(getattr(skann, name)(), given, order)
        assert_array_equal(ours.predict(X), expected)
        assert not {"coefs_", "intercepts_", "out_activation_", "_label_binarizer"} & set(vars(ours))


@pytest.mark.parametrize("out_activation", ["identity", "logistic", "tanh", "relu", "softmax"])
@pytest.mark.parametrize("when", ["by hand", "after fit"])
@pytest.mark.parametrize("kind", [*CLASSIFIERS, *REGRESSORS])
def test_the_output_activation_takes_effect(kind, out_activation, when):
    name = "MLPClassifier" if kind in CLASSIFIERS else "MLPRegressor"
    given = in_theirs((CLASSIFIERS | REGRESSORS)[kind])
    theirs = put_together(getattr(sk, name)(), given)
    ours = put_together(getattr(skann, name)(), given)
    if when == "after fit":
        assert_same_outputs(ours, theirs)
        ours.out_activation_ = "exp"
    ours.out_activation_ = theirs.out_activation_ = out_activation
    assert_same_outputs(ours, theirs)
    assert ours.out_activation_ == out_activation
    assert_same_outputs(ours.to_sklearn(), theirs)
    assert_same_outputs(getattr(skann, name).from_sklearn(theirs), theirs)
    for again in (pickle.loads(pickle.dumps(ours)), copy.deepcopy(ours)):
        assert_same_outputs(again, theirs)
    ours.out_activation_ = theirs.out_activation_ = given["out_activation_"]
    assert_same_outputs(ours, theirs)


def test_the_output_activation_of_a_fit():
    y = CLASSES[numpy.arange(40) % 3]
    clf = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, y)
    p, labels = clf.predict_proba(X), clf.predict(X)
    clf.out_activation_ = "identity"  # raw outputs, as logits are often had from scikit-learn's
    assert_allclose(clf.predict_proba(X), clf.decision_function(X))
    assert_array_equal(clf.predict(X), labels)
    with pytest.raises(ValueError, match=r"out_activation_='identity' was assigned, but the loss trains 'softmax'"):
        clf.partial_fit(X, y)
    clf.out_activation_ = "softmax"
    assert_array_equal(clf.predict_proba(X), p)
    clf.partial_fit(X, y)
    clf.out_activation_ = "relu"
    assert clf.fit(X, y).out_activation_ == "softmax"
    assert_array_equal(clf.predict_proba(X), p)


def test_assignments_are_kept_as_they_are_until_the_first_use():
    clf = MLPClassifier((6,))
    for name, value in CLASSIFIERS["binary"].items():
        assert not hasattr(clf, name)
        setattr(clf, name, value)
        assert getattr(clf, name) is value
    params = clf.get_params()
    assert params == MLPClassifier((6,)).get_params()
    p = clf.predict_proba(X)
    assert clf.get_params() == params
    for W, view in zip(CLASSIFIERS["binary"]["coefs_"], clf.coefs_, strict=True):
        assert_array_equal(W, view)
        assert not numpy.shares_memory(W, view)
    clf.coefs_[1] = numpy.zeros((6, 1))
    assert not numpy.array_equal(clf.predict_proba(X), p)
    assert not hasattr(clone(clf), "coefs_")
    with pytest.raises(NotFittedError):
        clone(clf).predict(X)


def test_an_unfitted_estimator_has_no_attributes_of_a_fit():
    for cls in (MLPClassifier, MLPRegressor):
        for name in ("coefs_", "intercepts_", "parameters_", "out_activation_", "_label_binarizer", "n_layers_"):
            assert not hasattr(cls(), name)
        with pytest.raises(NotFittedError):
            check_is_fitted(cls())
    clf = MLPClassifier()
    clf.out_activation_ = "identity"  # scripts do so before fit, where it has no effect
    with pytest.raises(NotFittedError):
        clf.predict(X)


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(("name", "kind", "given"), SCRIPTS, ids=IDS)
def test_copies_and_files(name, kind, given, used):
    ours = put_together(getattr(skann, name)(), given)
    expected = ours.predict(X)
    if not used:
        ours = put_together(getattr(skann, name)(), given)
    data = skops.io.dumps(ours)
    copies = [copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))]
    copies.append(skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data)))
    for again in copies:
        made = again.predict(X)
        assert (made != expected).sum() == 0


@pytest.mark.parametrize("use", ["warm_start", "partial_fit"])
@pytest.mark.parametrize(("name", "kind", "given"), SCRIPTS, ids=IDS)
def test_training_goes_on_from_what_was_assigned(name, kind, given, use):
    widths = tuple(numpy.shape(W)[1] for W in given["coefs_"])
    options = {"max_iter": 1, "learning_rate_init": 1e-9, "dtype": "float64"}
    ours = getattr(skann, name)(hidden_layer_sizes=widths[:-1], warm_start=use == "warm_start", **options)
    target = put_together(getattr(skann, name)(), given).predict(X)
    if name == "MLPClassifier" and kind != "binary":
        target = given["_label_binarizer"].inverse_transform(numpy.eye(widths[-1])[numpy.arange(40) % widths[-1]])
    elif name == "MLPClassifier":
        target = given["classes_"][numpy.arange(40) % 2]
    put_together(ours, given)
    (ours.fit if use == "warm_start" else ours.partial_fit)(X, target)
    for W, assigned in zip(ours.coefs_, given["coefs_"], strict=True):
        assert_allclose(W, assigned, atol=1e-7)
    # hidden layers of other widths than the parameter says can be used, but not trained
    other = put_together(getattr(skann, name)(hidden_layer_sizes=(9,), warm_start=True, **options), given)
    other.predict(X)
    if use == "warm_start":
        with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(9,\), activation or normalization differs"):
            other.fit(X, target)
        assert other.set_params(warm_start=False).fit(X, target).coefs_[0].shape == (4, 9)


def test_fit_starts_anew_whatever_was_assigned():
    y = X[:, 0]
    fresh = MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0).fit(X, y)
    ours = put_together(MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0), REGRESSORS["several"])
    ours.out_activation_ = "sigma"
    size = len(pickle.dumps(fresh))
    for fitted in (ours.fit(X, y), ours.fit(X, y)):
        assert_array_equal(fitted.predict(X), fresh.predict(X))
        assert fitted.out_activation_ == "identity"
        assert len(pickle.dumps(fitted)) == size
    ours = put_together(MLPRegressor(), REGRESSORS["several"])
    with pytest.raises(ValueError, match="NaN"):
        ours.fit(X, numpy.full(40, numpy.nan))
    assert ours.predict(X).shape == (40, 3)


def test_other_shapes_after_fit_replace_the_network():
    frame = pandas.DataFrame(X, columns=list("abcd"))
    reg = MLPRegressor(hidden_layer_sizes=(5,), target_transform="standard", max_iter=3, random_state=0).partial_fit(
        frame, X[:, 0]
    )
    scale, center = reg._target_scale, reg._target_center
    reg.coefs_, reg.intercepts_ = arrays(4, 7, 6, 1)
    theirs = put_together(sk.MLPRegressor(), attributes("identity", 4, 7, 6, 1))
    assert_allclose(reg.predict(frame), theirs.predict(X) * scale + center)
    assert (reg.n_layers_, reg.feature_names_in_.tolist()) == (4, list("abcd"))
    with pytest.raises(ValueError, match="feature names"):
        reg.predict(frame[list("dcba")])
    # biases first, of other numbers of features and outputs
    coefs, reg.intercepts_ = arrays(3, 2, 2)
    reg.coefs_ = coefs
    theirs = put_together(sk.MLPRegressor(), attributes("identity", 3, 2, 2))
    assert_allclose(reg.predict(X[:, :3]), theirs.predict(X[:, :3]))
    assert (reg.n_features_in_, reg.n_outputs_, hasattr(reg, "feature_names_in_")) == (3, 2, False)
    assert reg.set_params(hidden_layer_sizes=2, target_transform=None).partial_fit(X[:, :3], X[:, :2]).n_layers_ == 3


def test_other_shapes_of_a_classifier():
    y = numpy.arange(40) % 3
    clf = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, y)
    clf.coefs_, clf.intercepts_ = arrays(4, 8, 3)
    assert_array_equal(
        clf.predict(X), put_together(sk.MLPClassifier(), attributes("softmax", 4, 8, 3, **binarized(y))).predict(X)
    )
    clf.coefs_, clf.intercepts_ = arrays(4, 8, 2)
    with pytest.raises(ValueError, match=r"coefs_ have 2 outputs.*classes \[0 1 2\]"):
        clf.predict(X)
    clf._label_binarizer = LabelBinarizer().fit(["no", "yes"])
    assert set(clf.predict(X)) == {"no", "yes"}
    clf.coefs_, clf.intercepts_ = arrays(4, 8, 4)
    clf.classes_ = list("pqrs")
    assert_array_equal(clf.predict(X), numpy.array(list("pqrs"))[clf.predict_proba(X).argmax(axis=1)])
    clf.out_activation_ = "tanh"
    clf.coefs_, clf.intercepts_ = arrays(4, 9, 4)
    assert (clf.out_activation_, clf.coefs_[0].shape) == ("tanh", (4, 9))
    theirs = put_together(sk.MLPClassifier(), attributes("tanh", 4, 9, 4, **binarized(list("pqrs"))))
    assert_same_outputs(clf, theirs)


def test_several_columns_of_classes():
    y = numpy.column_stack([numpy.arange(40) % 3, numpy.arange(40) % 2])
    clf = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, y)
    clf.coefs_, clf.intercepts_ = arrays(4, 8, 4)
    by_hand = put_together(MLPClassifier(), attributes("softmax and logistic", 4, 8, 4, classes_=[[0, 1, 2], [0, 1]]))
    assert_array_equal(clf.predict(X), by_hand.predict(X))
    assert not hasattr(clf, "_label_binarizer")
    with pytest.raises(ValueError, match=r"several columns of classes out_activation_ is 'softmax and logistic'"):
        clf.out_activation_ = "logistic"


def test_classes_without_a_binarizer():
    three, one = attributes("softmax", 4, 6, 3), attributes("logistic", 4, 6, 1)
    assert set(put_together(MLPClassifier(), three).predict(X)) <= {0, 1, 2}
    numbered = put_together(MLPClassifier(), one)
    assert_array_equal(numbered.predict(X), numbered.predict_proba(X)[:, 1] > 0.5)
    named = put_together(MLPClassifier(), {**three, "classes_": CLASSES})
    assert_array_equal(named.predict(X), CLASSES[named.predict_proba(X).argmax(axis=1)])
    assert named._label_binarizer.y_type_ == "multiclass"
    yes = put_together(MLPClassifier(), {**one, "classes_": ["no", "yes"]})
    assert_array_equal(yes.predict(X), numpy.where(yes.predict_proba(X)[:, 1] > 0.5, "yes", "no"))
    several = put_together(MLPClassifier(), {**three, "out_activation_": "logistic"})
    assert_array_equal(several.predict(X), several.predict_proba(X) > 0.5)
    del three["out_activation_"]
    assert put_together(MLPClassifier(), three).predict_proba(X).sum(axis=1) == pytest.approx(1)


def test_a_binarizer_assigned_after_fit_names_the_classes():
    clf = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, numpy.arange(40) % 3)
    predicted = clf.predict(X)
    assert_array_equal(clf._label_binarizer.classes_, [0, 1, 2])
    clf._label_binarizer = LabelBinarizer().fit(CLASSES)
    assert_array_equal(clf.predict(X), CLASSES[predicted])
    assert_array_equal(clf.classes_, CLASSES)
    with pytest.raises(ValueError, match=r"MLPClassifier.from_sklearn"):
        clf._label_binarizer = LabelBinarizer().fit(INDICATOR)
    with pytest.raises(ValueError, match=r"3 outputs.*classes \['a' 'b'\]"):
        clf._label_binarizer = LabelBinarizer().fit(["a", "b"])
    assert_array_equal(clf.predict(X), CLASSES[predicted])


def test_precision_is_that_of_the_arrays():
    coefs, intercepts = arrays(4, 6, 2, dtype="float32")
    for dtype, expected in (("auto", "float32"), ("float64", "float64")):
        reg = put_together(MLPRegressor(dtype=dtype), {"coefs_": coefs, "intercepts_": intercepts})
        reg.predict(X)
        assert {W.dtype for W in [*reg.coefs_, *reg.intercepts_]} == {numpy.dtype(expected)}
    reg.coefs_ = [numpy.ones((4, 3), int), numpy.array([[1.0, 2.0]] * 3, dtype=object)]
    reg.intercepts_ = [numpy.zeros(3, numpy.float16), [0, 0]]
    assert_allclose(reg.predict(numpy.ones((1, 4))), [[12, 24]])


def test_other_parameters_of_skann():
    coefs, intercepts = arrays(4, 6, 3)
    options = {"activation": ["elu"], "dropout": 0.5, "softmax_beta": 2.0}
    clf = put_together(MLPClassifier(**options), {"coefs_": coefs, "intercepts_": intercepts})
    z = X @ coefs[0] + intercepts[0]
    raw = numpy.where(z > 0, z, numpy.expm1(z)) @ coefs[1] + intercepts[1]
    assert_allclose(clf.decision_function(X), 2 * raw)
    rng = numpy.random.RandomState(0)
    given = {"coefs_": [rng.normal(size=(4, 2, 6)), coefs[1]], "intercepts_": [numpy.ones((2, 6)), intercepts[1]]}
    reg = put_together(MLPRegressor(activation=Maxout(2)), given)
    hidden = (numpy.einsum("nf,fpu->npu", X, given["coefs_"][0]) + 1).max(axis=1)
    assert_allclose(reg.hidden_layer_output(X), hidden)
    assert_allclose(reg.predict(X), hidden @ coefs[1] + intercepts[1])
    quantiles = put_together(MLPRegressor(loss=Quantile((0.1, 0.5, 0.9))), {"coefs_": coefs, "intercepts_": intercepts})
    assert (numpy.diff(quantiles.predict(X)) >= 0).all()


def test_threads_may_be_the_first_to_predict():
    expected = put_together(MLPClassifier(), CLASSIFIERS["multiclass"]).predict_proba(X)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            clf = put_together(MLPClassifier(), CLASSIFIERS["multiclass"])
            for p in pool.map(clf.predict_proba, [X] * 8):
                assert_array_equal(p, expected)


def test_what_looks_into_a_network_finds_it():
    given = CLASSIFIERS["multiclass"]
    uses = [
        lambda clf: clf.hidden_layer_output(X),
        lambda clf: clf.score(X, clf.predict(X)),
        lambda clf: clf.parameters_,
        lambda clf: clf.to_sklearn().predict(X),
        lambda clf: clf.decision_function(X),
        lambda clf: summary(clf),
        lambda clf: diagnose(clf, X, clf.predict(X)),
        lambda clf: HiddenLayerTransformer(clf, prefit=True).transform(X),
        lambda clf: repr(clf) + clf._repr_html_(),
    ]
    for use in uses:
        use(put_together(MLPClassifier(), given))
    assert put_together(MLPClassifier(), given).score(X, CLASSES[numpy.zeros(40, int)]) < 1


REFUSED = [
    ({"intercepts_": None}, "coefs_ are assigned, but intercepts_ are not"),
    ({"coefs_": None}, "intercepts_ are assigned, but coefs_ are not"),
    ({"coefs_": []}, r"arrays of shape \(fan_in, units\)"),
    ({"coefs_": [numpy.zeros(4)]}, r"Got the shapes \[\(4,\)\]"),
    ({"coefs_": ["weights"]}, "list of arrays of real numbers"),
    ({"coefs_": 3}, "list of arrays of real numbers"),
    ({"coefs_": [1j * numpy.ones((4, 3))]}, "list of arrays of real numbers"),
    ({"coefs_": arrays(4, 6, 3)[0][::-1]}, r"coefs_\[1\] has shape \(4, 6\), where \(3, 6\) fits"),
    ({"intercepts_": arrays(4, 5, 3)[1]}, r"intercepts_\[0\] has shape \(5,\), where \(6,\) fits"),
    ({"intercepts_": arrays(4, 6)[1]}, "coefs_ are 2 arrays, intercepts_ are 1"),
    ({"n_layers_": 4}, "n_layers_ is 4, but by coefs_ it is 3"),
    ({"n_outputs_": 1}, "n_outputs_ is 1, but by coefs_ it is 3"),
    ({"n_features_in_": 5}, "n_features_in_ is 5, but by coefs_ it is 4"),
    ({"out_activation_": "sigma"}, "out_activation_ must be one of .*Got 'sigma'"),
    ({"out_activation_": ["softmax"]}, "out_activation_ must be one of"),
    ({"classes_": ["b", "a", "c"]}, "classes_ must be sorted"),
    ({"classes_": ["a", "b"]}, "coefs_ have 3 outputs"),
    ({"classes_": ["a", "b", "d"], "_label_binarizer": LabelBinarizer().fit(CLASSES)}, "but those of _label_binarizer"),
    ({"_label_binarizer": LabelBinarizer()}, "no fitted LabelBinarizer"),
    ({"_label_binarizer": LabelBinarizer(neg_label=-1).fit(CLASSES)}, r"\(-1, 1\) in place of \(0, 1\)"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_makes_no_network_is_refused(changed, message):
    given = {**attributes("softmax", 4, 6, 3), **changed}
    clf = put_together(MLPClassifier((6,), warm_start=True), {k: v for k, v in given.items() if v is not None})
    for use in (clf.predict, lambda X: clf.fit(X, numpy.arange(40) % 3)):
        with pytest.raises(
            ValueError, match=rf"assigned to this MLPClassifier make no network: (?s:.*){message}.*from_sklearn"
        ):
            use(X)
    right = put_together(clf, attributes("softmax", 4, 6, 3, n_features_in_=4, **binarized(CLASSES)))
    assert right.predict_proba(X).shape == (40, 3)


@pytest.mark.parametrize("options", [{"activation": "prelu"}, {"normalization": "batch"}])
def test_parameters_that_are_not_assigned_are_refused(options):
    given = dict(zip(("coefs_", "intercepts_"), arrays(4, 5, 3), strict=True))
    with pytest.raises(ValueError, match=r"activation or normalization also has hidden_0_"):
        put_together(MLPRegressor(**options), given).predict(X)
    fitted = MLPRegressor(hidden_layer_sizes=(6,), max_iter=2, **options).fit(X, X[:, :3])
    predicted = fitted.predict(X)
    with pytest.raises(ValueError, match=r"with other shapes, hidden_0_"):
        fitted.coefs_ = given["coefs_"]
    assert_array_equal(fitted.predict(X), predicted)


def test_what_a_loss_cannot_have_is_refused():
    reg = put_together(MLPRegressor(loss=Quantile((0.1, 0.9))), attributes("identity", 4, 6, 3))
    with pytest.raises(ValueError, match="3 outputs, but the loss has 2"):
        reg.predict(X)


def test_bad_assignments_keep_the_network():
    clf = put_together(MLPClassifier(), CLASSIFIERS["multiclass"])
    p = clf.predict_proba(X)
    for name, value in (("coefs_", ["a"]), ("coefs_", None), ("intercepts_", 3), ("out_activation_", "sigma")):
        with pytest.raises(ValueError, match="from_sklearn"):
            setattr(clf, name, value)
    assert_array_equal(clf.predict_proba(X), p)
    clf.intercepts_ = [b[:-1] for b in clf.intercepts_]  # half of another network
    with pytest.raises(ValueError, match=r"intercepts_\[0\] has shape \(5,\)"):
        clf.predict(X)
    clf.intercepts_ = CLASSIFIERS["multiclass"]["intercepts_"]
    assert_array_equal(clf.predict_proba(X), p)
