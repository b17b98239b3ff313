"""The residual network: the graph of the paper, and its gradient."""

import numpy
import pytest

from skann.engine.activations import Softmax
from skann.engine.losses import LogLoss
from skann.engine.models.resnet import resnet
from skann.engine.parameters import Parameters

from .harness import assert_gradient_along, criterion, random_target


@pytest.mark.parametrize(
    ("blocks", "n_parameters"), [((2, 2, 2, 2), 11_689_512), ((3, 4, 6, 3), 21_797_672)], ids=["18", "34"]
)
def test_parameters_and_shapes_are_those_of_torchvision(blocks, n_parameters):
    graph, _ = resnet((224, 224, 3), 1000, LogLoss(), Softmax(), blocks)
    assert graph.layout().size == n_parameters
    ends = [f"stage_{i}_block_{count - 1}" for i, count in enumerate(blocks)]
    shapes = [graph.shapes[name] for name in ("stem", "stem_pool", *ends, "features", "output")]
    assert shapes == [
        (112, 112, 64),
        (56, 56, 64),
        (56, 56, 64),
        (28, 28, 128),
        (14, 14, 256),
        (7, 7, 512),
        (512,),
        (1000,),
    ]


def test_the_gradient_is_that_of_the_loss():
    graph, objective = resnet((13, 12, 2), 3, LogLoss(), LogLoss().link("multiclass"), (1, 2), (3, 4))
    for seed in range(50):
        rng = numpy.random.RandomState(seed)
        parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(float))
        parameters.theta += 0.1 * rng.normal(size=parameters.theta.size)
        x, target = rng.normal(size=(4, 13, 12, 2)), random_target(rng, "multiclass", 4, 3)
        network = criterion(graph, objective, parameters, 4)

        def loss(network=network, x=x, target=target):
            return network.loss_and_grad(x, target, 0.25)

        loss()
        if assert_gradient_along(loss, parameters.theta, parameters.grad.copy(), rng):
            return
    pytest.fail("every point drawn lies near a kink")
