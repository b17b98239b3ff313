"""Starting weights that fit the training rows."""

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import Mish
from skann.engine.initializers import Fill
from skann.engine.losses import SquaredError
from skann.engine.models.data_driven_init import DataDriven, fit_to_rows
from skann.engine.models.realmlp import realmlp
from skann.engine.network import Network
from skann.engine.parameters import Parameters

RNG = numpy.random.RandomState(0)
X = RNG.normal(size=(500, 4)) * [1, 10, 100, 1] + [0, 50, 0, 1]
UNITS = 300


def fitted(dtype="float64", X=X, output=None):
    loss, init = SquaredError(), DataDriven()
    graph, _ = realmlp(4, [UNITS, 20], Mish(), 2, loss, loss.link("regression"), init, output or init)
    rng = numpy.random.RandomState(3)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(dtype))
    fit_to_rows(graph, parameters, X, rng)
    network = Network(graph, parameters, len(X), keep_outputs=True)
    network.forward(numpy.asarray(X, dtype))
    return parameters.values, dict(network.bound_layers(len(X)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_unit_has_unit_variance_and_its_kink_amid_the_data(dtype):
    _, steps = fitted(dtype)
    for name in ("hidden_0", "hidden_1", "output"):
        # the buffer of a layer that keeps its input holds the layer's own output still
        z = steps[name].y
        assert_allclose(z.std(axis=0), 1, rtol=1e-3)
        # a weighted mean of five rows lies within the rows' range, and its variance is about a third of theirs
        assert (z.min(axis=0) < 0).all()
        assert (z.max(axis=0) > 0).all()
    assert 0.5 < steps["hidden_0"].y.mean(axis=0).std() < 0.65


def test_a_constant_input_gives_finite_weights():
    values, _ = fitted(X=numpy.ones((50, 4)))
    assert all(numpy.isfinite(array).all() for array in values.values())


def test_layers_with_other_initializers_stay_as_they_were_drawn():
    values, _ = fitted(output=Fill(0.0))
    assert_array_equal(values["output", "W"], 0)
    assert_array_equal(values["scaling", "scale"], 1)
