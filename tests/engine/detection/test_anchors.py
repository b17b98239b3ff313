"""Points and anchors of grids."""

import numpy
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.detection.anchors import anchors, points
from skann.engine.detection.boxes import areas


def test_points_are_centres_in_row_major_order():
    found = points((2, 3), 4)
    assert_array_equal(found, [[2, 2], [6, 2], [10, 2], [2, 6], [6, 6], [10, 6]])
    assert_array_equal(points((1, 1), 0.5), [[0.25, 0.25]])
    assert points((0, 3), 4).shape == (0, 2)


def test_sizes_and_ratios():
    sizes, ratios = [8, 32], [0.5, 1, 2]
    found = anchors((2, 3), 16, sizes, ratios)
    assert found.shape == (2 * 3 * 6, 4)
    by_cell = found.reshape(6, 2, 3, 4)
    assert_allclose(areas(by_cell), numpy.broadcast_to(numpy.square(sizes)[:, None], (6, 2, 3)))
    width, height = by_cell[..., 2] - by_cell[..., 0], by_cell[..., 3] - by_cell[..., 1]
    assert_allclose(height / width, numpy.broadcast_to(ratios, (6, 2, 3)))
    centres = (by_cell[..., :2] + by_cell[..., 2:]) / 2
    assert_allclose(centres, numpy.broadcast_to(points((2, 3), 16)[:, None, None], (6, 2, 3, 2)))
