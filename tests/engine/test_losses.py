"""Losses: their values, their limits, their links."""

import tracemalloc

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from sklearn.base import clone
from sklearn.metrics import (
    hinge_loss,
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
)

from skann.engine.activations import ACTIVATIONS, Identity, Logistic, Softmax
from skann.engine.losses import (
    CLASSIFICATION,
    LOSSES,
    AbsoluteError,
    Clip,
    Exp,
    Focal,
    Gamma,
    Hinge,
    Huber,
    Increasing,
    LogLoss,
    Poisson,
    Quantile,
    SquaredError,
)

from .harness import LOSS_CASES, case_id, random_target


def evaluate(loss, link, raw, target, dtype=float):
    raw, target = numpy.array(raw, dtype), numpy.array(target, dtype)
    losses, gradient = numpy.full(len(raw), numpy.nan, dtype), numpy.full_like(raw, numpy.nan)
    with numpy.errstate(over="ignore"):
        loss.evaluate(numpy, link, raw, target, losses, gradient, numpy.full((2, *raw.shape), numpy.nan, dtype))
    return losses, gradient


RNG = numpy.random.RandomState(0)
RAW = RNG.normal(size=(8, 3))
CODES = numpy.array([0, 1, 2, 0, 1, 2, 1, 1])
ONE_HOT = numpy.eye(3)[CODES]


def test_log_loss_is_scikit_learns():
    losses, gradient = evaluate(LogLoss(), Softmax(), RAW, numpy.eye(3)[CODES])
    p = special.softmax(RAW, axis=1)
    assert_allclose(losses.mean(), log_loss(CODES, p))
    assert_allclose(gradient, p - numpy.eye(3)[CODES])
    y = (CODES[:, None] == 1).astype(float)
    losses, gradient = evaluate(LogLoss(), Logistic(), RAW[:, :1], y)
    assert_allclose(losses.mean(), log_loss(y.ravel(), special.expit(RAW[:, 0])))
    assert_allclose(gradient, special.expit(RAW[:, :1]) - y)


def test_beta_is_in_loss_and_gradient():
    for beta in (2.0, -0.5):
        losses, gradient = evaluate(LogLoss(), Softmax(beta), RAW, numpy.eye(3)[CODES])
        p = special.softmax(beta * RAW, axis=1)
        assert_allclose(losses, -numpy.log(p[numpy.arange(8), CODES]))
        assert_allclose(gradient, beta * (p - numpy.eye(3)[CODES]))


@pytest.mark.parametrize("beta", [1.0, -1.0, 3.0])
def test_log_loss_is_stable_at_ten_thousand(beta):
    raw = [[1e4, -1e4], [-1e4, 1e4]]
    losses, gradient = evaluate(LogLoss(), Softmax(beta), raw, [[1, 0], [1, 0]])
    assert_allclose(sorted(losses), [0, abs(beta) * 2e4])
    assert numpy.isfinite(gradient).all()
    losses, gradient = evaluate(LogLoss(), Logistic(scale=beta), [[1e4], [-1e4]], [[1], [1]])
    assert_allclose(sorted(losses), [0, abs(beta) * 1e4])
    assert_allclose(sorted(numpy.abs(gradient.ravel())), [0, abs(beta)])


def test_squared_error():
    y = RNG.normal(size=(8, 3))
    losses, gradient = evaluate(SquaredError(), Identity(), RAW, y)
    assert_allclose(losses, 0.5 * ((RAW - y) ** 2).sum(axis=1))
    assert_allclose(gradient, RAW - y)


def test_squared_error_of_a_classifier_sums_over_one_hot_columns():
    p = special.softmax(RAW, axis=1)
    losses, _ = evaluate(SquaredError(), Softmax(), RAW, numpy.eye(3)[CODES])
    assert_allclose(losses, 0.5 * ((p - numpy.eye(3)[CODES]) ** 2).sum(axis=1))
    y = (CODES[:, None] == 1).astype(float)
    losses, _ = evaluate(SquaredError(), Logistic(), RAW[:, :1], y)
    assert_allclose(losses, (special.expit(RAW[:, 0]) - y[:, 0]) ** 2)


def test_poisson_is_half_the_deviance():
    y = numpy.array([[0.0], [1.0], [2.0], [7.0]])
    raw = RNG.normal(size=(4, 1))
    losses, gradient = evaluate(Poisson(), Exp(), raw, y)
    assert_allclose(losses.mean(), mean_poisson_deviance(y.ravel(), numpy.exp(raw.ravel())) / 2)
    assert_allclose(gradient, numpy.exp(raw) - y)
    assert_allclose(evaluate(Poisson(), Exp(), numpy.log(y[1:]), y[1:])[0], 0, atol=1e-12)


def test_poisson_rejects_negative_targets():
    Poisson().check_target(numpy.array([0.0, 3.0]))
    with pytest.raises(ValueError, match=r"y must be >= 0.*minimum of -1.0.*squared_error"):
        Poisson().check_target(numpy.array([-1.0, 3.0]))


@pytest.mark.parametrize("beta", [1.0, -2.0])
def test_label_smoothing_replaces_the_target(beta):
    e = 0.3
    losses, gradient = evaluate(LogLoss(label_smoothing=e), Softmax(beta), RAW, ONE_HOT)
    smooth = (1 - e) * ONE_HOT + e / 3
    assert_allclose(losses, -(smooth * special.log_softmax(beta * RAW, axis=1)).sum(axis=1))
    assert_allclose(gradient, beta * (special.softmax(beta * RAW, axis=1) - smooth))
    losses, gradient = evaluate(LogLoss(label_smoothing=e), Logistic(scale=beta), RAW, ONE_HOT)
    smooth = (1 - e) * ONE_HOT + e / 2
    p = special.expit(beta * RAW)
    assert_allclose(losses, -(smooth * numpy.log(p) + (1 - smooth) * numpy.log(1 - p)).sum(axis=1))
    assert_allclose(gradient, beta * (p - smooth))


def test_label_smoothing_is_stable_at_ten_thousand():
    loss = LogLoss(label_smoothing=0.2)
    losses, gradient = evaluate(loss, Softmax(), [[1e4, -1e4], [-1e4, 1e4]], [[1, 0], [1, 0]])
    assert_allclose(losses, [0.1 * 2e4, 0.9 * 2e4])
    assert_allclose(gradient, [[0.1, -0.1], [-0.9, 0.9]])
    losses, gradient = evaluate(loss, Logistic(), [[1e4], [-1e4]], [[1], [1]])
    assert_allclose(losses, [0.1 * 1e4, 0.9 * 1e4])
    assert_allclose(gradient, [[0.1], [-0.9]])


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss_is_its_formula(gamma):
    p = special.softmax(1.5 * RAW, axis=1)[numpy.arange(8), CODES]
    losses, _ = evaluate(Focal(gamma), Softmax(1.5), RAW, ONE_HOT)
    assert_allclose(losses, -((1 - p) ** gamma) * numpy.log(p))
    p = special.expit(1.5 * RAW)
    p = numpy.where(ONE_HOT == 1, p, 1 - p)
    losses, _ = evaluate(Focal(gamma), Logistic(scale=1.5), RAW, ONE_HOT)
    assert_allclose(losses, (-((1 - p) ** gamma) * numpy.log(p)).sum(axis=1))


@pytest.mark.parametrize("link", [Softmax(1.5), Logistic(scale=-0.5)], ids=repr)
def test_focal_loss_without_focus_is_the_log_loss(link):
    for raw in (RAW, 1e4 * RAW):
        ours, others = evaluate(Focal(gamma=0), link, raw, ONE_HOT), evaluate(LogLoss(), link, raw, ONE_HOT)
        for mine, other in zip(ours, others, strict=True):
            assert_allclose(mine, other, atol=1e-300)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss_is_stable_at_ten_thousand(gamma, dtype):
    losses, gradient = evaluate(Focal(gamma), Softmax(), [[1e4, -1e4], [-1e4, 1e4]], [[1, 0], [1, 0]], dtype)
    assert_allclose(losses, [0, 2e4])
    assert_allclose(gradient, [[0, 0], [-1, 1]])
    losses, gradient = evaluate(Focal(gamma), Logistic(), [[1e4], [-1e4]], [[1], [1]], dtype)
    assert_allclose(losses, [0, 1e4])
    assert_allclose(gradient, [[0], [-1]])


@pytest.mark.parametrize("beta", [5.0, -2.0])
def test_hinge_is_scikit_learns(beta):
    losses, gradient = evaluate(Hinge(), Softmax(beta), RAW, ONE_HOT)
    assert_allclose(losses.mean(), hinge_loss(CODES, beta * RAW))
    rival = numpy.argmax(beta * RAW - 1e9 * ONE_HOT, axis=1)
    assert 0 < (losses > 0).sum() < 8
    assert_allclose(gradient, beta * (losses > 0)[:, None] * (numpy.eye(3)[rival] - ONE_HOT))
    y = ONE_HOT[:, 1:2]
    losses, gradient = evaluate(Hinge(), Logistic(scale=beta), RAW[:, :1], y)
    assert_allclose(losses.mean(), hinge_loss(y.ravel(), beta * RAW[:, 0]))
    assert_allclose(gradient, beta * numpy.where((losses > 0)[:, None], 1 - 2 * y, 0))
    several, _ = evaluate(Hinge(), Logistic(scale=beta), RAW, ONE_HOT)
    columns = [evaluate(Hinge(), Logistic(scale=beta), RAW[:, [k]], ONE_HOT[:, [k]])[0] for k in range(3)]
    assert_allclose(several, sum(columns))


def test_hinge_shares_the_slope_among_classes_that_tie():
    losses, gradient = evaluate(Hinge(), Softmax(), numpy.zeros((1, 3)), [[0, 1, 0]])
    assert_allclose(losses, 1)
    assert_allclose(gradient, [[0.5, -1, 0.5]])


def test_hinge_has_its_limits():
    losses, gradient = evaluate(Hinge(), Softmax(), [[1e4, -1e4], [-1e4, 1e4]], [[1, 0], [1, 0]])
    assert_allclose(losses, [0, 2e4 + 1])
    assert_allclose(gradient, [[0, 0], [-1, 1]])
    losses, gradient = evaluate(Hinge(), Logistic(), [[1e4], [-1e4]], [[1], [1]])
    assert_allclose(losses, [0, 1e4 + 1])
    assert_allclose(gradient, [[0], [-1]])
    losses, gradient = evaluate(Hinge(), Softmax(), [[3.0]], [[1]])  # a single class has no rival
    assert_array_equal([losses[0], gradient[0, 0]], 0)


def test_only_hinge_gives_no_probabilities():
    assert [cls for cls in LOSSES.classes() if not cls.gives_probabilities] == [Hinge]


def test_absolute_error_is_scikit_learns():
    y = RNG.normal(size=(8, 3))
    losses, gradient = evaluate(AbsoluteError(), Identity(), RAW, y)
    assert_allclose(losses.mean(), 3 * mean_absolute_error(y, RAW))
    assert_allclose(gradient, numpy.where(y < RAW, 1, -1))
    losses, gradient = evaluate(AbsoluteError(), Identity(), [[2.0, 1e4]], [[2, -1e4]])
    assert_allclose(losses, 2e4)
    assert_array_equal(gradient, [[0, 1]])


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_huber_loss_is_its_formula(delta):
    y = RNG.normal(size=(8, 3))
    r = RAW - y
    losses, gradient = evaluate(Huber(delta), Identity(), RAW, y)
    terms = numpy.where(numpy.abs(r) <= delta, r**2 / 2, delta * (numpy.abs(r) - delta / 2))
    assert_allclose(losses, terms.sum(axis=1))
    assert_allclose(gradient, r.clip(-delta, delta))
    losses, gradient = evaluate(Huber(delta), Identity(), [[1e4], [-1e4]], [[0], [0]])
    assert_allclose(losses, delta * (1e4 - delta / 2))
    assert_array_equal(gradient, [[delta], [-delta]])


def test_gamma_is_half_the_deviance():
    y = numpy.array([[0.01], [1.0], [2.0], [700.0]])
    raw = RNG.normal(size=(4, 1))
    losses, gradient = evaluate(Gamma(), Exp(), raw, y)
    assert_allclose(losses.mean(), mean_gamma_deviance(y.ravel(), numpy.exp(raw.ravel())) / 2)
    assert_allclose(gradient, 1 - y / numpy.exp(raw))
    for perfect in evaluate(Gamma(), Exp(), numpy.log(y), y):
        assert_allclose(perfect, 0, atol=1e-12)


def test_gamma_has_its_limits():
    losses, gradient = evaluate(Gamma(), Exp(), [[1e4], [-1e4]], [[1], [1]])
    assert_array_equal(losses, [1e4 - 1, numpy.inf])  # exp(1e4) is beyond any float
    assert_array_equal(gradient, [[1], [-numpy.inf]])


@pytest.mark.parametrize("minimum", [0.0, -1.0])
def test_gamma_rejects_targets_that_are_not_positive(minimum):
    Gamma().check_target(numpy.array([0.1, 3.0]))
    with pytest.raises(ValueError, match=rf"loss 'gamma': y must be > 0.*minimum of {minimum}.*squared_error"):
        Gamma().check_target(numpy.array([minimum, 3.0]))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_quantile_is_the_pinball_loss_of_each_column(level):
    y = RNG.normal(size=(8, 3))
    losses, gradient = evaluate(Quantile(level), Identity(), RAW, y)
    assert_allclose(losses.mean(), 3 * mean_pinball_loss(y, RAW, alpha=level))
    assert_allclose(gradient, numpy.where(y < RAW, 1 - level, -level))


def test_the_median_is_half_the_absolute_error():
    raw, y = RAW, RAW + RNG.randint(-1, 2, size=RAW.shape)  # some residuals are 0
    for mine, other in zip(
        evaluate(Quantile(), Identity(), raw, y), evaluate(AbsoluteError(), Identity(), raw, y), strict=True
    ):
        assert_allclose(mine, other / 2)


def test_several_quantiles_sum_their_pinball_losses():
    levels = [0.1, 0.5, 0.9]
    loss = Quantile(levels)
    link = loss.link("regression")
    y = RNG.normal(size=(8, 1))
    losses, gradient = evaluate(loss, link, RAW, y)
    q = link(RAW)
    expected = sum(mean_pinball_loss(y, q[:, k], alpha=level) for k, level in enumerate(levels))
    assert_allclose(losses.mean(), expected)
    for mine, other in zip((losses, gradient), evaluate(loss, link, RAW, numpy.repeat(y, 3, axis=1)), strict=True):
        assert_array_equal(mine, other)


def test_a_clipped_link_has_the_gradient_of_its_values():
    link, z, step = Clip(Increasing(), (-0.5,), (1.5,)), RNG.normal(size=(50, 3)), 1e-6
    y = link(z)
    assert y.min() == -0.5 and y.max() == 1.5
    assert_allclose(y, Increasing()(z).clip(-0.5, 1.5))
    dy = RNG.normal(size=z.shape)
    dz = numpy.empty_like(z)
    work, found = numpy.empty_like(z), numpy.empty_like(z)
    link.forward(numpy, z, found, work)
    link.backward(numpy, z, found, dy, dz, work)
    for j in range(3):
        shift = numpy.zeros(3)
        shift[j] = step
        expected = (dy * (link(z + shift) - link(z - shift))).sum(axis=1) / (2 * step)
        assert_allclose(dz[:, j], expected, atol=1e-6)


def test_quantiles_never_cross():
    z = numpy.vstack([RNG.normal(scale=scale, size=(200, 5)) for scale in (1, 30, 1e4)])
    q = Increasing()(z)
    assert_allclose(q, numpy.cumsum(numpy.hstack([z[:, :1], numpy.logaddexp(0, z[:, 1:])]), axis=1), atol=1e-12)
    assert (numpy.diff(q, axis=1) >= 0).all()
    losses, gradient = evaluate(Quantile([0.1, 0.2, 0.5, 0.8, 0.9]), Increasing(), z, RNG.normal(size=(600, 1)))
    assert numpy.isfinite(losses).all()
    assert (numpy.abs(gradient) <= 5).all()


def test_quantile_says_how_many_outputs_it_takes():
    assert Quantile(0.3).n_outputs(4) == Quantile([0.3]).n_outputs(4) == 4
    assert Quantile([0.1, 0.9]).n_outputs(1) == 2
    assert all(cls().n_outputs(3) == 3 for cls in LOSSES.classes())
    several = numpy.ones((5, 2))
    Quantile(0.3).check_target(several)
    Quantile([0.3]).check_target(several)
    Quantile([0.1, 0.9]).check_target(several[:, :1])
    Quantile([0.1, 0.9]).check_target(several[:, 0])
    with pytest.raises(ValueError, match=r"2 levels needs a y of one column. Got 2 columns"):
        Quantile([0.1, 0.9]).check_target(several)


def test_quantile_keeps_its_levels_as_they_came():
    levels = [0.1, 0.5]
    loss = Quantile(levels)
    assert loss.get_params() == {"levels": levels}
    assert loss.levels is levels
    for given in (0.5, levels, tuple(levels), numpy.array(levels)):
        loss = Quantile(given)
        assert clone(loss) == loss
        assert type(clone(loss).levels) is type(given)
        assert loss.set_params(levels=0.7).levels == 0.7
    assert Quantile(levels) == Quantile(numpy.array(levels)) != Quantile([0.1, 0.6])
    assert hash(Quantile(levels)) == hash(Quantile(tuple(levels)))
    assert Quantile(0.5) != AbsoluteError()


@pytest.mark.parametrize(
    "levels",
    [0.0, 1.0, -0.1, numpy.nan, True, "0.5", None, [], [0.5, 0.1], [0.1, 0.1], [0.1, 1.0], [0.0, 0.1], [[0.1], [0.5]]],
    ids=repr,
)
def test_bad_levels(levels):
    with pytest.raises(
        ValueError, match=r"'levels' .* Quantile must be a float in the range \(0, 1\).*increasing"
    ) as info:
        Quantile(levels)
    assert f"Got {levels!r} instead" in str(info.value)


@pytest.mark.parametrize(
    ("cls", "name", "value", "allowed"),
    [
        (LogLoss, "label_smoothing", 1.0, r"\[0, 1\)"),
        (LogLoss, "label_smoothing", -0.1, r"\[0, 1\)"),
        (Focal, "gamma", -1.0, r"\[0, inf\)"),
        (Huber, "delta", 0.0, r"\(0, inf\)"),
    ],
)
def test_bad_parameters(cls, name, value, allowed):
    with pytest.raises(ValueError, match=rf"{name!r} .* {cls.__name__} must be .*{allowed}.* Got {value} instead"):
        cls(**{name: value})


@pytest.mark.parametrize("case", LOSS_CASES, ids=case_id)
def test_inputs_are_left_alone(case):
    loss, task, n_outputs, beta = case
    raw = RNG.normal(size=(5, n_outputs))
    target = random_target(RNG, task, 5, n_outputs)
    for array in (raw, target):
        array.flags.writeable = False
    losses, gradient = numpy.empty(5), numpy.empty_like(raw)
    loss.evaluate(numpy, loss.link(task, beta), raw, target, losses, gradient, numpy.empty((2, *raw.shape)))
    assert numpy.isfinite(losses).all()


@pytest.mark.parametrize("case", LOSS_CASES, ids=case_id)
def test_single_precision(case):
    loss, task, n_outputs, beta = case
    raw = RNG.normal(size=(5, n_outputs))
    target = random_target(RNG, task, 5, n_outputs)
    arguments = loss, loss.link(task, beta), raw, target
    for single, double in zip(evaluate(*arguments, "float32"), evaluate(*arguments), strict=True):
        assert single.dtype == "float32"
        assert_allclose(single, double, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", LOSS_CASES, ids=case_id)
def test_nothing_of_a_batchs_size_is_allocated(case):
    loss, task, n_outputs, beta = case
    n = 30_000
    raw = RNG.normal(size=(n, n_outputs))
    arrays = raw, random_target(RNG, task, n, n_outputs), numpy.empty(n), numpy.empty_like(raw)
    link, work = loss.link(task, beta), numpy.empty((2, *raw.shape))
    tracemalloc.start()
    loss.evaluate(numpy, link, *arrays, work)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < raw.nbytes


def test_links():
    assert LogLoss().link("multiclass", 2.0) == Softmax(2.0)
    for cls in (LogLoss, Focal, Hinge):
        assert cls.tasks == CLASSIFICATION
        assert cls().link("binary", 2.0) == cls().link("multilabel", 2.0) == Logistic(scale=2.0)
    for loss in (SquaredError(), AbsoluteError(), Huber(), Quantile(), Quantile([0.2])):
        assert loss.link("regression") == Identity()
    assert Poisson().link("regression") == Gamma().link("regression") == Exp()
    assert Quantile([0.2, 0.5]).link("regression") == Increasing()
    assert not {Exp, Increasing} & set(ACTIVATIONS.classes())
    assert {name for name in LOSSES.names() if "regression" in LOSSES[name].tasks} == {
        "squared_error",
        "absolute_error",
        "huber",
        "quantile",
        "poisson",
        "gamma",
    }
