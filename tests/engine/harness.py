"""What the engine's tests share: cases for every registered name, binding a single layer, numerical gradients."""

import numpy
from numpy.testing import assert_allclose

from skann.engine.activations import (
    ELU,
    GELU,
    SELU,
    HardSigmoid,
    Identity,
    LeakyReLU,
    Logistic,
    Maxout,
    Mish,
    PReLU,
    ReLU,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from skann.engine.arrays.random_bits import noise_generator
from skann.engine.criterion import Criterion
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import Bound
from skann.engine.losses import (
    AbsoluteError,
    BlockLoss,
    Dice,
    Focal,
    Gamma,
    Hinge,
    Huber,
    LogLoss,
    Lovasz,
    PixelLoss,
    Poisson,
    Quantile,
    SquaredError,
)
from skann.engine.models.mlp import multilayer_perceptron
from skann.engine.network import Network
from skann.engine.optimizers import SOLVERS
from skann.engine.parameters import Layout, Parameters

OPTIMIZERS = {name: SOLVERS[name] for name in SOLVERS.names() if SOLVERS[name].is_stochastic}

ACTIVATION_CASES = [
    Identity(),
    Logistic(),
    Logistic(scale=-2.5, shift=0.3),
    Tanh(),
    ReLU(),
    LeakyReLU(),
    LeakyReLU(slope=0),
    PReLU(),
    PReLU(init=-0.5),
    ELU(),
    ELU(alpha=0.4),
    ELU(alpha=0),
    SELU(),
    GELU(),
    SiLU(),
    Mish(),
    Softplus(),
    Softsign(),
    HardSigmoid(),
    Maxout(),
    Maxout(pieces=1),
    Maxout(pieces=4),
    Softmax(),
    Softmax(beta=-1.7),
]

PROBLEMS = (("multiclass", 3), ("binary", 1), ("multiclass", 2))  # of a target with several columns of classes

# loss, task, raw outputs, inverse temperature of the link
LOSS_CASES = [
    (LogLoss(), "multiclass", 4, 1.0),
    (LogLoss(), "multiclass", 3, -1.3),
    (LogLoss(), "multiclass", 1, 1.0),
    (LogLoss(), "binary", 1, 1.0),
    (LogLoss(), "binary", 1, 2.5),
    (LogLoss(), "multilabel", 3, -0.7),
    (SquaredError(), "multiclass", 4, 1.5),
    (SquaredError(), "binary", 1, -2.0),
    (SquaredError(), "multilabel", 3, 1.0),
    (SquaredError(), "regression", 1, 1.0),
    (SquaredError(), "regression", 3, 1.0),
    (Poisson(), "regression", 2, 1.0),
    (LogLoss(label_smoothing=0.3), "multiclass", 3, 1.5),
    (LogLoss(label_smoothing=0.1), "multilabel", 2, -2.0),
    (Focal(), "multiclass", 4, -1.3),
    (Focal(), "binary", 1, 2.0),
    (Focal(gamma=0.5), "multilabel", 3, 1.0),
    (Hinge(), "multiclass", 4, 1.0),
    (Hinge(), "binary", 1, -0.8),
    (Hinge(), "multilabel", 3, 1.5),
    (AbsoluteError(), "regression", 2, 1.0),
    (Huber(delta=0.8), "regression", 3, 1.0),
    (Quantile(levels=0.3), "regression", 2, 1.0),
    (Quantile(levels=(0.1, 0.5, 0.9)), "regression", 3, 1.0),
    (Gamma(), "regression", 2, 1.0),
    (BlockLoss(LogLoss(label_smoothing=0.1), PROBLEMS), "multioutput", 6, 1.3),
    (BlockLoss(SquaredError(), PROBLEMS), "multioutput", 6, 1.0),
    (BlockLoss(Focal(), PROBLEMS), "multioutput", 6, 1.0),
    (BlockLoss(Hinge(), PROBLEMS), "multioutput", 6, -0.8),
]
# those of all positions of a row together
PIXEL_LOSS_CASES = [
    (PixelLoss(LogLoss()), "segmentation", 3, 1.0),
    (PixelLoss(LogLoss(label_smoothing=0.2)), "segmentation", 2, -1.3),
    (PixelLoss(Focal()), "segmentation", 4, 1.5),
    (PixelLoss(SquaredError()), "segmentation", 3, 1.0),
    (Dice(), "segmentation", 3, 1.0),
    (Dice(smooth=0.1), "segmentation", 2, -1.7),
    (Dice(), "segmentation", 1, 1.0),
    (Lovasz(), "segmentation", 3, 1.0),
    (Lovasz(), "segmentation", 4, 2.0),
    (Lovasz(), "segmentation", 1, 1.0),
]


def case_id(case):
    return repr(case[:3] if isinstance(case, tuple) else case)


def random_target(rng, task, n_samples, n_outputs):
    """Return a target as a loss takes it, that of a regression above 0."""
    if task == "multioutput":
        return numpy.hstack([random_target(rng, part, n_samples, width) for part, width in PROBLEMS])
    if task == "multiclass":
        return numpy.eye(n_outputs)[rng.randint(n_outputs, size=n_samples)]
    if task == "regression":
        return rng.poisson(1.5, size=(n_samples, n_outputs)) + 0.5
    return rng.randint(2, size=(n_samples, n_outputs)).astype(float)


def small_network(
    activations, loss_case=LOSS_CASES[0], n_features=4, dropout=None, seed=0, dtype=numpy.float64, **options
):
    """Return a graph with a hidden layer of five units for each activation, its objective, and parameters."""
    loss, task, n_outputs, beta = loss_case
    graph, objective = multilayer_perceptron(
        n_features=n_features,
        hidden_units=[5] * len(activations),
        activations=activations,
        dropout=dropout or [0.0] * (len(activations) + 1),
        n_outputs=n_outputs,
        loss=loss,
        link=loss.link(task, beta),
        weight_init=None,
        output_init=GlorotUniform(),
        **options,
    )
    rng = numpy.random.RandomState(seed)
    parameters = Parameters.draw(graph.layout(), rng, numpy.dtype(dtype))
    parameters.theta += 0.1 * rng.normal(size=parameters.theta.size)
    return graph, objective, parameters


class Supervised(Criterion):
    """A criterion with what tests ask of its network, of one input and one output."""

    def forward(self, x, weight=None):
        return self.network.forward(x, weight=weight)[0]

    def bound_layers(self, n):
        return self.network.bound_layers(n)

    @property
    def parameters(self):
        return self.network.parameters

    @property
    def xp(self):
        return self.network.xp


def criterion(graph, objective, parameters, n_rows, **options):
    """Return what evaluates the loss and its gradient for batches."""
    return Supervised(objective, Network(graph, parameters, n_rows, training=True, **options))


def bind(layer, in_shape, n_samples, seed=0, dtype="float64"):
    """Return a layer's parameters, what it is bound to in training, with poisoned scratch, and its output shape."""
    declaration = layer.declare(in_shape)
    layout = Layout(
        [("layer", name, spec) for name, spec in declaration.parameters.items()],
        {("layer", name): entry for name, entry in declaration.state.items()},
    )
    rng = numpy.random.RandomState(seed)
    parameters = Parameters.draw(layout, rng, numpy.dtype(dtype))
    parameters.theta += 0.1 * rng.normal(size=parameters.theta.size)
    bound = Bound(
        xp=numpy,
        params={name: view for (_, name), view in parameters.values.items()},
        grads={name: view for (_, name), view in parameters.grads.items()},
        scratch={
            name: poisoned((n_samples, *shape), own or dtype) for name, (shape, own) in declaration.scratch.items()
        }
        | {name: poisoned(shape, dtype) for name, shape in declaration.work.items()},
        state={name: array for (_, name), array in parameters.states.items()},
        ones=numpy.ones(n_samples, dtype),
        training=True,
        generator=noise_generator(seed),
        temporary=poisoned(declaration.temporary, dtype) if declaration.temporary else None,
        shares=True,
    )
    return parameters, bound, (n_samples, *declaration.shape)


def poisoned(shape, dtype):
    """Return an array of NaN, or of the largest integers."""
    dtype = numpy.dtype(dtype)
    worst = numpy.nan if dtype.kind == "f" else True if dtype.kind == "b" else numpy.iinfo(dtype).max
    return numpy.full(shape, worst, dtype)


def numerical_gradient(function, x, step):
    """Return central differences of a scalar function with respect to the array x, which is put back."""
    gradient = numpy.empty_like(x)
    flat, out = x.reshape(-1), gradient.reshape(-1)
    for i in range(flat.size):
        value = flat[i]
        flat[i] = value + step
        above = function()
        flat[i] = value - step
        out[i] = (above - function()) / (2 * step)
        flat[i] = value
    return gradient


def assert_gradient(function, x, gradient, tolerance=1e-6):
    """Assert that ``gradient`` is that of the function at x; return False if x lies too near a kink to tell."""
    coarse = numerical_gradient(function, x, 2e-5)
    fine = numerical_gradient(function, x, 1e-5)
    size = max(numpy.abs(fine).max(initial=0), 1e-3)
    if numpy.abs(coarse - fine).max(initial=0) > tolerance * size:
        return False
    assert_allclose(gradient, fine, rtol=0, atol=tolerance * size)
    return True


def assert_gradient_along(function, x, gradient, rng, n_directions=8, tolerance=1e-6):
    """Assert that ``gradient`` is that of the function at x along random directions; False too near a kink to tell.

    A wrong element shows along almost every direction, at a fraction of the cost of looking at each.
    """
    start = x.copy()
    size = max(numpy.linalg.norm(gradient), 1e-3)
    for _ in range(n_directions):
        direction = rng.normal(size=x.shape)
        slopes = []
        for step in (2e-5, 1e-5):
            x[...] = start + step * direction
            above = function()
            x[...] = start - step * direction
            slopes.append((above - function()) / (2 * step))
        x[...] = start
        if abs(slopes[0] - slopes[1]) > tolerance * size:
            return False
        assert_allclose(gradient.reshape(-1) @ direction.reshape(-1), slopes[1], rtol=0, atol=tolerance * size)
    return True
