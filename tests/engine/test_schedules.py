"""Schedules: their curves, their ends, what they do when progress stalls."""

import numpy
import pytest
from numpy.testing import assert_allclose

from skann.engine.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosLog4,
    Exponential,
    FlatCosine,
    FunctionSchedule,
    InverseScaling,
    OneCycle,
    Plateau,
    Schedule,
    Step,
)

# schedule, its factor at 0, 1/4, 1/2, 3/4 and 1 of training
CURVES = [
    (Constant(), [1, 1, 1, 1, 1]),
    (InverseScaling(), [1, 1, 1, 1, 1]),
    (Adaptive(), [1, 1, 1, 1, 1]),
    (Plateau(), [1, 1, 1, 1, 1]),
    (Cosine(), [1, (1 + numpy.sqrt(0.5)) / 2, 0.5, (1 - numpy.sqrt(0.5)) / 2, 0]),
    (Cosine(final=0.2), [1, 0.2 + 0.8 * (1 + numpy.sqrt(0.5)) / 2, 0.6, 0.2 + 0.8 * (1 - numpy.sqrt(0.5)) / 2, 0.2]),
    (Cosine(restarts=1), [1, 0.5, 1, 0.5, 0]),
    (OneCycle(peak=0.5, start=0.2, final=0.1), [0.2, 0.6, 1, 0.55, 0.1]),
    (CosLog4(), [0, *[(1 - numpy.cos(2 * numpy.pi * numpy.log2(1 + 15 * t))) / 2 for t in (0.25, 0.5, 0.75)], 0]),
    (FlatCosine(), [1, 1, 1, 0.5, 0]),
    (Step(drop=0.5, every=0.25), [1, 0.5, 0.25, 0.125, 0.0625]),
    (Exponential(final=0.0001), [1, 0.1, 0.01, 0.001, 0.0001]),
    (FunctionSchedule(lambda t: 1 - t), [1, 0.75, 0.5, 0.25, 0]),
]


def test_every_schedule_has_a_curve():
    assert set(SCHEDULES.classes()) | {FunctionSchedule} == {type(schedule) for schedule, _ in CURVES}


@pytest.mark.parametrize(("schedule", "factors"), CURVES, ids=lambda value: repr(value)[:40])
def test_curves(schedule, factors):
    assert [schedule.factor(t) for t in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx(factors)
    assert all(schedule.factor(t) >= 0 for t in numpy.linspace(0, 1, 1001))


def test_coslog4_has_four_waves_each_twice_as_long():
    for start, stop in ((0, 1), (1, 3), (3, 7), (7, 15)):
        assert CosLog4().factor(start / 15) == pytest.approx(0)
        peak = max(CosLog4().factor(t) for t in numpy.linspace(start / 15, stop / 15, 101))
        assert peak == pytest.approx(1, abs=1e-3)
    assert CosLog4().factor(1) == pytest.approx(0)


@pytest.mark.parametrize("cls", [cls for cls in SCHEDULES.classes() if not cls.sgd_only])
def test_warmup_rises_linearly_in_epochs(cls):
    schedule = cls(warmup=4)
    for n_epochs, part in ((0, 0), (1, 0.25), (3, 0.75), (4, 1), (9, 1)):
        assert schedule.at(0.1, n_epochs) == pytest.approx(part * schedule.factor(0.1))
    with pytest.raises(ValueError, match="'warmup' parameter"):
        cls(warmup=-1)


def test_scikit_learns_three_are_for_sgd():
    assert {cls.name for cls in SCHEDULES.classes() if cls.sgd_only} == {"invscaling", "adaptive"}
    assert Schedule().after_epoch(0.1, 0.2, 99) == Constant().after_epoch(0.1, 0.2, 99) == 0.1
    assert InverseScaling(0.5).after_epoch(0.1, 0.2, 99) == pytest.approx(0.02)
    assert Constant().after_stagnation(0.1, 0.1) is None
    assert Adaptive().after_stagnation(0.1, 0.1) == pytest.approx(0.02)
    assert Adaptive().after_stagnation(1e-6, 0.1) is None


def test_plateau_drops_until_its_final_factor():
    schedule, rate, rates = Plateau(drop=0.5, final=0.125), 8.0, []
    while rate is not None:
        rates.append(rate)
        rate = schedule.after_stagnation(rate, 8.0)
    assert rates == pytest.approx([8, 4, 2, 1])


@pytest.mark.parametrize("factor", [numpy.nan, -0.1, numpy.inf])
def test_a_function_must_return_a_finite_factor(factor):
    with pytest.raises(ValueError, match=r"must return a finite factor >= 0. Got .* for 0.5"):
        FunctionSchedule(lambda t: factor).factor(0.5)


@pytest.mark.parametrize("schedule", [Cosine(final=0.1, restarts=3), CosLog4(), Cosine(), Constant()], ids=repr)
def test_a_restart_is_where_the_rate_has_come_down_and_rises(schedule):
    t = numpy.linspace(0, 1, 3001)
    factors = numpy.array([schedule.factor(fraction) for fraction in t])
    rises = (factors[1:-1] <= factors[:-2]) & (factors[2:] > factors[1:-1])
    assert_allclose(t[1:-1][rises], schedule.restart_fractions, atol=1 / 1000)
