"""Mean and standard deviation of numbers of any size."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.statistics import magnitude, mean_and_deviation, power_of_two, standardize

VALUES = numpy.random.default_rng(0).normal([3, -1e3], [2, 1e-3], size=(100, 2))


@pytest.mark.parametrize("weights", [None, numpy.random.default_rng(1).uniform(0.1, 2, 100)], ids=["plain", "weighted"])
def test_mean_and_deviation_are_numpys(weights):
    mean, deviation = mean_and_deviation(VALUES, weights)
    expected = numpy.average(VALUES, axis=0, weights=weights)
    assert_allclose(mean, expected, rtol=1e-14)
    assert_allclose(deviation**2, numpy.average((VALUES - expected) ** 2, axis=0, weights=weights), rtol=1e-10)


@pytest.mark.parametrize("exponent", [-1000, -600, 0, 600, 1010])
def test_they_scale_with_the_values_to_the_last_bit(exponent):
    scaled = numpy.ldexp(VALUES, exponent)
    found, expected = mean_and_deviation(scaled), mean_and_deviation(VALUES)
    assert_array_equal(found, numpy.ldexp(expected, exponent))
    assert_array_equal(standardize(scaled, *found), standardize(VALUES, *expected))
    assert_allclose(mean_and_deviation(standardize(scaled, *found)), [[0, 0], [1, 1]], atol=1e-10)


@pytest.mark.parametrize("constant", [0.1, -1e-320, 1.7e308, 0.0])
def test_a_constant_is_its_own_mean_without_any_deviation(constant):
    values = numpy.full((1000, 1), constant)
    for weights in (None, numpy.linspace(0, 1, 1000)):
        assert_array_equal(mean_and_deviation(values, weights), [[constant], [0]])


def test_rows_of_weight_zero_do_not_count():
    values = numpy.array([[1e300], [1.0], [3.0]])
    assert_array_equal(mean_and_deviation(values, numpy.array([0, 2, 2])), [[2], [1]])


EXTREMES = {
    "int8": ([-128, 127], -0.5, 127.5),
    "int64": ([-(2**63), 2**63 - 1], 0, 2.0**63),
    "uint64": ([0, 2**64 - 1], 2.0**63, 2.0**63),
    "bool": ([False, True], 0.5, 0.5),
    "float16": ([-6e4, 6e4], 0, 6e4),
    "float32": ([-3e38, 3e38], 0, 3e38),
    "float64": ([-1.7e308, 1.7e308], 0, 1.7e308),
}


@pytest.mark.parametrize("dtype", EXTREMES)
def test_no_dtype_overflows(dtype):
    values, mean, deviation = EXTREMES[dtype]
    values = numpy.array(values, dtype)[:, None]
    assert_allclose(mean_and_deviation(values), [[mean], [deviation]], rtol=1e-3)
    assert_allclose(standardize(values, *mean_and_deviation(values)), [[-1], [1]], rtol=1e-3)


def test_magnitude_and_power_of_two():
    values = numpy.array([[0.0, -3.0, 5e-324, 1.7e308], [0.0, 2.0, 0.0, 0.0]])
    assert_array_equal(magnitude(values), [1, 3, 5e-324, 1.7e308])
    assert_array_equal(power_of_two(values), [1, 2, 5e-324, 2.0**1023])
    assert magnitude(values[:, 1]).shape == ()
