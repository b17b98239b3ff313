"""Objects wherever names are accepted: solvers, initial weights, normalizations, schedules, losses, activations."""

import io
import pickle
from dataclasses import dataclass

import joblib
import numpy
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import skann
from skann import (
    FCNSegmenter,
    MLPClassifier,
    MLPRegressor,
    activations,
    initializers,
    layers,
    losses,
    schedules,
    solvers,
)
from skann.engine.activations import ACTIVATIONS
from skann.engine.initializers import INITIALIZERS
from skann.engine.losses import LOSSES, REGRESSION, SEGMENTATION
from skann.engine.normalizations import NORMALIZATIONS
from skann.engine.optimizers import SOLVERS
from skann.engine.schedules import SCHEDULES
from skann.initializers import Fill, He, HeNormal, Initializer, Normal, Uniform
from skann.inspection import diagnose, summary
from skann.layers import BatchNorm, Declaration, LayerNorm, Normalization, ParameterSpec
from skann.solvers import LBFGS, SGD, Adam, AdamW, Optimizer

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::skann.exceptions.TrainingWarning"
)

X, Y = scale(load_iris().data), load_iris().target
OPTIONS = {"hidden_layer_sizes": (6,), "max_iter": 3, "random_state": 0}
TAKEN = {  # parameter: registry, and the public module with its classes
    "solver": (SOLVERS, solvers),
    "weight_init": (INITIALIZERS, initializers),
    "normalization": (NORMALIZATIONS, layers),
    "learning_rate": (SCHEDULES, schedules),
    "activation": (ACTIVATIONS, activations),
    "loss": (LOSSES, losses),
}
NAMED = [(parameter, name) for parameter, (registry, _) in TAKEN.items() for name in registry.names()]
OBJECTS = [
    *[(parameter, registry[name]()) for parameter, (registry, _) in TAKEN.items() for name in registry.names()],
    *[("weight_init", init) for init in (Normal(0.2), Uniform(0.3), Fill(0.1))],
]


def tasks_of(parameter, value):
    """Return the tasks of a loss; none for values of other parameters."""
    return set(getattr(LOSSES[value] if parameter == "loss" and isinstance(value, str) else value, "tasks", ()))


def network(parameter, value):
    """Return an estimator with the value as one of its parameters."""
    tasks = tasks_of(parameter, value)
    if tasks & SEGMENTATION:
        return FCNSegmenter(filters=(4,), max_iter=2, random_state=0, loss=value)
    cls = MLPRegressor if tasks & REGRESSION else MLPClassifier
    return cls(**{**OPTIONS, parameter: value})


def training_set(parameter, value):
    """Return X and y for the estimator with the value: the rows of irises, or these as images of one row."""
    if tasks_of(parameter, value) & SEGMENTATION:
        return X[:, None], numpy.repeat(Y[:, None, None], X.shape[1], axis=2)
    return X, Y + 1


def theta(estimator):
    return estimator._learner.parameters.theta


@pytest.mark.parametrize(("parameter", "name"), NAMED)
def test_an_object_with_default_parameters_equals_its_name(parameter, name):
    by_name = network(parameter, name).fit(*training_set(parameter, name))
    by_object = network(parameter, TAKEN[parameter][0][name]()).fit(*training_set(parameter, name))
    assert_array_equal(theta(by_object), theta(by_name))


@pytest.mark.parametrize(("parameter", "value"), OBJECTS, ids=str)
def test_objects_are_copied_printed_and_written(parameter, value):
    assert eval(repr(value), vars(TAKEN[parameter][1])) == value
    estimator = network(parameter, value)
    cloned = clone(estimator)
    assert getattr(cloned, parameter) == value
    assert getattr(cloned, parameter) is not value
    assert type(value).__name__ in repr(estimator)
    fitted = estimator.fit(*training_set(parameter, value))
    buffer = io.BytesIO()
    joblib.dump(fitted, buffer)
    buffer.seek(0)
    data = skops.io.dumps(fitted)
    by_skops = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
    for again in (pickle.loads(pickle.dumps(fitted)), joblib.load(buffer), by_skops):
        assert getattr(again, parameter) == value
        assert_array_equal(theta(again.fit(*training_set(parameter, value))), theta(fitted))


@pytest.mark.parametrize(
    ("options", "other"),
    [
        ({"solver": SGD(momentum=0.5)}, {"solver": "sgd", "momentum": 0.5}),
        ({"solver": SGD(nesterovs_momentum=False)}, {"solver": "sgd", "nesterovs_momentum": False}),
        ({"solver": Adam(0.5, 0.9, 1e-3)}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
        ({"solver": LBFGS(max_fun=3)}, {"solver": "lbfgs", "max_fun": 3}),
        # which are of the other solvers, as for names
        ({"solver": Adam(), "momentum": 0.5, "max_fun": 3}, {}),
        ({"normalization": BatchNorm(0.4), "solver": SGD(0.7)}, {"normalization": BatchNorm(0.4), "solver": SGD(0.7)}),
    ],
    ids=str,
)
def test_parameters_of_a_solver_count(options, other):
    fitted = MLPClassifier(**OPTIONS, **options).fit(X, Y)
    assert_array_equal(theta(fitted), theta(MLPClassifier(**OPTIONS, **other).fit(X, Y)))
    if other:
        assert not numpy.array_equal(theta(fitted), theta(MLPClassifier(**OPTIONS).fit(X, Y)))


def test_a_schedule_for_sgd_acts_with_an_object():
    rates = [
        MLPClassifier(**OPTIONS, solver=solver, learning_rate="invscaling").fit(X, Y).history_["learning_rate"]
        for solver in (SGD(), Adam())
    ]
    assert rates[0][-1] < rates[0][0]
    assert rates[1][-1] == rates[1][0]


@pytest.mark.parametrize(
    ("solver", "params"),
    [
        (Adam(beta_1=0.95), {"beta_1": 0.8}),
        (Adam(), {"beta_2": 0.9}),
        (AdamW(), {"epsilon": 1e-4}),
        (SGD(), {"momentum": 0.5}),
        (SGD(), {"nesterovs_momentum": False}),
        (LBFGS(max_fun=10), {"max_fun": 20}),
    ],
    ids=str,
)
def test_the_same_parameter_of_the_object_and_of_the_estimator(solver, params):
    ((name, value),) = params.items()
    clf = MLPClassifier(**OPTIONS).fit(X, Y)
    before = clf.predict_proba(X)
    message = rf"The estimator has {name}={value} and solver=.*\) has {name}=.* Leave the estimator's {name} at its def"
    with pytest.raises(ValueError, match=message):
        clf.set_params(solver=solver, **params).fit(X, Y)
    assert_array_equal(clf.predict_proba(X), before)
    clf.set_params(solver=solver.name).fit(X, Y)


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (MLPClassifier(**OPTIONS, solver=Adam()), {"solver__beta_1": [0.5, 0.9]}),
        (MLPClassifier(**OPTIONS), {"solver": [Adam(), SGD(momentum=0.5), "lbfgs", LBFGS()]}),
        (MLPClassifier(**OPTIONS), {"solver": [SGD()], "solver__momentum": [0.1, 0.9]}),
        (MLPRegressor(**OPTIONS, normalization=LayerNorm()), {"normalization__epsilon": [1e-5, 1.0]}),
        (MLPClassifier(**OPTIONS), {"normalization": [None, BatchNorm()], "solver": ["adam", Adam()]}),
        (MLPClassifier(**OPTIONS, normalization=BatchNorm()), {"normalization__momentum": [0.1, 1.0]}),
        (MLPRegressor(**OPTIONS), {"weight_init": ["auto", He(), Normal(0.1)]}),
        (MLPClassifier(**OPTIONS, weight_init=Normal()), {"weight_init__scale": [0.01, 1.0]}),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_grids(estimator, grid):
    before = repr(estimator)
    search = GridSearchCV(estimator, grid, cv=2, n_jobs=2, error_score="raise").fit(X, Y)
    candidates = [len(values) for values in grid.values()]
    assert len(search.cv_results_["params"]) == numpy.prod(candidates)
    assert repr(estimator) == before
    alone = clone(estimator).set_params(**clone(search.best_params_, safe=False)).fit(X, Y)
    assert_array_equal(theta(search.best_estimator_), theta(alone))


@pytest.mark.parametrize(
    ("parameter", "value", "change"),
    [
        ("normalization", BatchNorm(), {"epsilon": 10.0}),
        ("normalization", LayerNorm(), {"epsilon": 10.0}),
        ("weight_init", Normal(), {"scale": 5.0}),
        ("solver", Adam(), {"beta_1": 0.1}),
        ("learning_rate", schedules.Cosine(), {"final": 0.5}),
    ],
    ids=str,
)
def test_a_fitted_network_does_not_follow_the_object(parameter, value, change):
    clf = MLPClassifier(**OPTIONS, **{parameter: value}).partial_fit(X, Y, classes=[0, 1, 2])
    before, state = clf.predict_proba(X), pickle.dumps([clf._training_state.rule, clf._learner.graph])
    value.set_params(**change)
    assert_array_equal(clf.predict_proba(X), before)
    assert pickle.dumps([clf._training_state.rule, clf._learner.graph]) == state


def test_a_changed_solver_object_starts_with_fresh_moments():
    clf = MLPClassifier(**OPTIONS, solver=Adam()).partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y)
    assert clf._training_state.optimizer.step == 2
    clf.set_params(solver__beta_1=0.5).partial_fit(X, Y)
    assert clf._training_state.optimizer.step == 1


class TestLBFGS:
    clf = MLPClassifier(**OPTIONS, solver=LBFGS())

    def test_it_has_no_epochs(self):
        fitted = clone(self.clf).fit(X, Y)
        assert not hasattr(fitted, "history_")
        assert not hasattr(fitted, "partial_fit")
        with pytest.warns(UserWarning, match="solver='lbfgs' has no epochs to score X_val after"):
            clone(self.clf).fit(X, Y, X_val=X, y_val=Y)
        assert "L-BFGS was stopped after 3 iterations" in str(diagnose(fitted, X, Y))

    def test_what_it_does_not_take(self):
        for options in ({"dropout": 0.5}, {"noise": 0.1}, {"normalization": BatchNorm()}):
            with pytest.raises(ValueError, match="solver='lbfgs' needs a loss that is the same"):
                clone(self.clf).set_params(**options).fit(X, Y)
        with pytest.raises(ValueError, match="solver='lbfgs' only runs on the CPU"):
            clone(self.clf).set_params(device="cuda").fit(X, Y)


def test_the_names_of_the_rules_for_initial_weights():
    assert (initializers.He, initializers.Glorot, initializers.Lecun) == (
        initializers.HeNormal,
        initializers.GlorotUniform,
        initializers.LecunNormal,
    )
    clf = MLPClassifier((300, 200), weight_init=He(), max_iter=1, learning_rate_init=1e-300, random_state=0).fit(X, Y)
    assert_allclose(clf.coefs_[1].var(), 2 / 300, rtol=0.05)
    assert max(numpy.abs(bias).max() for bias in clf.intercepts_) < 1e-200
    drawn = clf.set_params(weight_init=Normal(0.1)).fit(X, Y)
    for array in (*drawn.coefs_, *drawn.intercepts_[:2]):
        assert_allclose(array.std(), 0.1, rtol=0.15)


def test_the_summary_names_a_normalization():
    for value, shown in (
        (LayerNorm(), "layer"),
        (LayerNorm(0.5), "LayerNorm(epsilon=0.5)"),
        (Centring(), "Centring(start=0.0)"),
    ):
        assert f"  {shown}  " in str(summary(MLPClassifier(**OPTIONS, normalization=value).fit(X, Y)))


@dataclass(frozen=True)
class SignDescent(Optimizer):
    """Steps of one length, theta -= rate strength sign(g)."""

    strength: float = 1.0

    def update_block(self, xp, theta, grad, work, factors):
        xp.sign(grad, out=work)
        xp.multiply(work, self.strength * factors[0], out=work)
        xp.subtract(theta, work, out=theta)


@dataclass(frozen=True)
class WeightedSign(SignDescent):
    """A field with the name of a parameter of the estimator that belongs to no solver."""

    alpha: float = 0.5


@dataclass(frozen=True)
class Triangular(Initializer):
    """A triangular distribution from -bound to bound."""

    bound: float = 0.5

    def weights(self, rng, shape, fan_in, fan_out):
        return rng.triangular(-self.bound, 0, self.bound, shape)


@dataclass(frozen=True)
class Centring(Normalization):
    """Subtract the row's mean, and add a learned shift."""

    start: float = 0.0

    def declare(self, in_shape):
        return Declaration(in_shape, {"shift": ParameterSpec(in_shape, Fill(self.start), decays=False)})

    def forward(self, bound, x, y):
        bound.xp.subtract(x, x.mean(axis=-1, keepdims=True), out=y)
        bound.xp.add(y, bound.params["shift"], out=y)

    def backward(self, bound, x, y, dy, dx):
        if bound.grads:
            bound.xp.matmul(bound.ones, dy, out=bound.grads["shift"])
        if dx is not None:
            bound.xp.subtract(dy, dy.mean(axis=-1, keepdims=True), out=dx)


@dataclass(frozen=True)
class Halving(schedules.Schedule):
    """From the initial rate down to half of it."""

    share: float = 0.5

    def factor(self, fraction):
        return 1 - self.share * fraction


@dataclass(frozen=True)
class Cube(activations.ElementwiseActivation):
    """The cube of the input, times a scale."""

    scale: float = 0.1
    keeps = frozenset({"x"})

    def forward(self, xp, z, y):
        xp.multiply(z, self.scale * z * z, out=y)

    def backward(self, xp, z, y, dy, dz):
        xp.multiply(dy, 3 * self.scale * z * z, out=dz)


@dataclass(frozen=True)
class Scaled(losses.LogLoss):
    """Cross-entropy under another name."""


OWN = [
    ("solver", SignDescent, "strength", 0.3),
    ("weight_init", Triangular, "bound", 0.1),
    ("normalization", Centring, "start", 2.0),
    ("learning_rate", Halving, "share", 0.9),
    ("activation", Cube, "scale", 0.5),
    ("loss", Scaled, "label_smoothing", 0.2),
]


@pytest.fixture
def registered(request):
    """Register the class as "own" by its public module, and take the name out again."""
    parameter, cls = request.param[:2]
    registry, module = TAKEN[parameter]
    classes, name = dict(registry._classes), vars(cls).get("name")
    module.register("own")(cls)
    yield request.param
    registry._classes = classes
    if name is None:
        del cls.name


@pytest.mark.parametrize("registered", OWN, indirect=True, ids=lambda case: case[0])
def test_a_class_of_ones_own(registered):
    parameter, cls, field, value = registered
    by_object, by_name = (MLPClassifier(**OPTIONS, **{parameter: choice}) for choice in (cls(), "own"))
    assert_array_equal(theta(by_object.fit(X, Y)), theta(by_name.fit(X, Y)))
    default = MLPClassifier(**OPTIONS).fit(X, Y)
    if parameter != "loss":
        assert not numpy.array_equal(theta(by_object), theta(default))
    for copied in (clone(by_object), pickle.loads(pickle.dumps(by_object))):
        assert getattr(copied, parameter) == cls()
    key = f"{parameter}__{field}"
    search = GridSearchCV(clone(by_object), {key: [getattr(cls(), field), value]}, cv=2, n_jobs=2, error_score="raise")
    assert search.fit(X, Y).best_params_.keys() == {key}
    changed = by_object.set_params(**{key: value}).fit(X, Y)
    assert not numpy.array_equal(theta(changed), theta(by_name))
    with pytest.raises(ValueError, match=rf"{key} cannot be set.*: pass an object: {cls.__name__}\(\)"):
        by_name.set_params(**{key: value})
    with pytest.raises(ValueError, match=rf"{parameter}.*Pass an object, {cls.__name__}\(\), in place of the class"):
        MLPClassifier(**OPTIONS, **{parameter: cls}).fit(X, Y)


@pytest.mark.parametrize("parameter", ["learning_rate", "regularization_schedule"])
def test_the_class_of_a_schedule_is_no_function(parameter):
    with pytest.raises(ValueError, match=rf"{parameter} must be a name, .* Pass an object, Cosine\(\), in place"):
        skann.TabularMLPClassifier(max_iter=2, **{parameter: schedules.Cosine}).fit(X, Y)


def test_old_class_paths_stay():
    """Pickles of earlier versions name them."""
    assert HeNormal.__module__ == "skann.engine.initializers"
    assert BatchNorm.__module__ == "skann.engine.layers.batch_norm"
    assert LayerNorm.__module__ == "skann.engine.layers.layer_norm"
    assert Adam.__module__ == "skann.engine.optimizers"
    assert set(dir(skann)) > {"solvers", "initializers", "layers", "schedules"}


def test_parameters_of_ones_own_solver_are_its_own():
    fitted = MLPClassifier(**OPTIONS, solver=WeightedSign(), alpha=0.3).fit(X, Y)
    other = MLPClassifier(**OPTIONS, solver=SignDescent(), alpha=0.3).fit(X, Y)
    assert_array_equal(theta(fitted), theta(other))


@dataclass(frozen=True)
class Returning(Initializer):
    """Return what it is given instead of weights."""

    value: object = None

    def weights(self, rng, shape, fan_in, fan_out):
        return self.value


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "None"), (0.5, "0.5"), (numpy.zeros(3), r"of shape \(3,\)"), (numpy.zeros((6, 4)), r"of shape \(6, 4\)")],
    ids=repr,
)
def test_an_initializer_that_returns_something_else(value, shown):
    clf = MLPClassifier(**OPTIONS).fit(X, Y)
    before = clf.predict_proba(X)
    with pytest.raises(TypeError, match=rf"Returning.weights returned {shown}. It has to return an array of the shape"):
        clf.set_params(weight_init=Returning(value)).fit(X, Y)
    assert_array_equal(clf.predict_proba(X), before)
