"""Forward, backward and optimizer steps equal PyTorch's, where that is installed."""

import numpy
import pytest
from numpy.testing import assert_allclose

torch = pytest.importorskip("torch")

from skann.engine.activations import ELU, LeakyReLU, Softmax  # noqa: E402 - after the skip
from skann.engine.losses import LOSSES, LogLoss, Poisson  # noqa: E402
from skann.engine.optimizers import SGD, Adagrad, Adam, Nadam, RMSprop  # noqa: E402

from .harness import ACTIVATION_CASES, criterion, small_network  # noqa: E402

functional = torch.nn.functional
FUNCTIONS = {
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
    "relu": functional.relu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "hard_sigmoid": functional.hardsigmoid,
    LeakyReLU(0.2): lambda x: functional.leaky_relu(x, 0.2),
    ELU(0.7): lambda x: functional.elu(x, 0.7),
    Softmax(): lambda x: functional.softmax(x, dim=1),
}
CASES = {case.name: case for case in reversed(ACTIVATION_CASES)}


@pytest.mark.parametrize("key", FUNCTIONS, ids=repr)
def test_networks(key):
    activation = CASES[key] if isinstance(key, str) else key
    graph, objective, parameters = small_network([activation, activation])
    x = numpy.random.RandomState(0).normal(size=(6, 4))
    codes = numpy.array([0, 1, 2, 3, 0, 1])
    loss = criterion(graph, objective, parameters, 6).loss_and_grad(x, numpy.eye(4)[codes], 1 / 6)
    tensors = {key: torch.tensor(view, requires_grad=True) for key, view in parameters.values.items()}
    h = torch.tensor(x)
    for layer in ("hidden_0", "hidden_1"):
        h = FUNCTIONS[key](h @ tensors[layer, "W"] + tensors[layer, "b"])
    other = functional.cross_entropy(h @ tensors["output", "W"] + tensors["output", "b"], torch.tensor(codes))
    other.backward()
    assert_allclose(loss, other.item())
    for key, tensor in tensors.items():
        assert_allclose(parameters.grads[key], tensor.grad.numpy(), atol=1e-12)


def test_losses():
    raw, y = numpy.random.RandomState(0).normal(size=(5, 1)), numpy.array([[0.0], [1], [1], [0], [1]])
    for loss, task, function in (
        (LogLoss(), "binary", functional.binary_cross_entropy_with_logits),
        (Poisson(), "regression", lambda raw, y: functional.poisson_nll_loss(raw, y)),
    ):
        tensor = torch.tensor(raw, requires_grad=True)
        other = function(tensor, torch.tensor(y))
        other.backward()
        losses, gradient = numpy.empty(5), numpy.empty((5, 1))
        loss.evaluate(numpy, loss.link(task), raw, y, losses, gradient, numpy.empty((2, 5, 1)))
        assert_allclose(gradient / 5, tensor.grad.numpy(), atol=1e-12)
        constant = (
            numpy.where(y > 0, y * numpy.log(numpy.maximum(y, 1e-300)) - y, 0).mean() if task == "regression" else 0
        )
        assert_allclose(losses.mean() - constant, other.item())
    assert LOSSES.get("poisson") == Poisson()


@pytest.mark.parametrize(
    ("optimizer", "make"),
    [
        (SGD(0.9, False), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
        (SGD(0.9, True), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True)),
        (SGD(0.0, False), lambda p: torch.optim.SGD(p, lr=0.01)),
        # epsilon stands elsewhere in PyTorch's
        (Adam(0.9, 0.99, 1e-16), lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.99), eps=1e-16)),
        (Nadam(0.9, 0.99, 1e-16), lambda p: torch.optim.NAdam(p, lr=0.01, betas=(0.9, 0.99), eps=1e-16)),
        (RMSprop(1e-8), lambda p: torch.optim.RMSprop(p, lr=0.01, eps=1e-8)),
        (Adagrad(1e-10), lambda p: torch.optim.Adagrad(p, lr=0.01, eps=1e-10)),
    ],
)
def test_fifty_steps(optimizer, make):
    rng = numpy.random.RandomState(0)
    theta, gradients = rng.normal(size=20), rng.normal(size=(50, 20))
    tensor = torch.tensor(theta.copy(), requires_grad=True)
    other, state = make([tensor]), optimizer.init(numpy, theta)
    for grad in gradients:
        tensor.grad = torch.tensor(grad)
        other.step()
        optimizer.update(numpy, theta, grad.copy(), state, 0.01, numpy.empty(20))
        assert_allclose(theta, tensor.detach().numpy(), atol=1e-6)
