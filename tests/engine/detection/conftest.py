"""Boxes to test with, and the array libraries whose forms must agree."""

import numpy
import pytest
from hypothesis import settings, strategies

from skann.engine.kernels import NumPyWithLoops, compiling, with_loops

SIDES = strategies.tuples(strategies.integers(0, 12), strategies.integers(-1, 8)).map(lambda pair: (pair[0], sum(pair)))
BOX = strategies.tuples(SIDES, SIDES).map(lambda axes: (axes[0][0], axes[1][0], axes[0][1], axes[1][1]))
# a third without area, and many that share sides or coincide
BOXES = strategies.lists(BOX, max_size=8).map(lambda rows: numpy.array(rows, float).reshape(-1, 4) / 4)
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.fixture(params=["as written", "compiled"])
def library(request):
    """NumPy beside the loops as Python and compiled; the latter needs Numba."""
    if request.param == "as written":
        return NumPyWithLoops(compiling.find_loop)
    pytest.importorskip("numba")
    if not compiling.available():
        pytest.skip("SKANN_FAST is 0")
    return with_loops(numpy)


def draw_boxes(n, dtype="float64", seed=0, extent=100.0):
    """Return boxes with sides of 5 to 40 pixels, with centres in a square."""
    rng = numpy.random.default_rng(seed)
    centres, sizes = rng.uniform(0, extent, (n, 2)), rng.uniform(5, 40, (n, 2))
    return numpy.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1).astype(dtype)
