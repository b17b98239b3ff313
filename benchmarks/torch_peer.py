"""An efficient PyTorch training loop for tabular data: float32 tensors, batches by index, eager mode."""

import numpy
import torch
from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


def network(n_features, hidden, n_classes=10, activation="relu", dropout=0.0):
    """Return a multi-layer perceptron with raw outputs."""
    layers, width = [], n_features
    for units in hidden:
        layers += [nn.Linear(width, units), ACTIVATIONS[activation]()]
        layers += [nn.Dropout(dropout)] * (dropout > 0)
        width = units
    return nn.Sequential(*layers, nn.Linear(width, n_classes))


def optimizer(solver, parameters, fused):
    """Return the optimizer with the settings of the other peers."""
    if solver == "adam":
        return torch.optim.Adam(parameters, lr=1e-3, fused=fused)
    return torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, nesterov=True, fused=fused)


def fit(case, X, y, solver="adam", activation="relu", dropout=0.0, fused=True, model=None, device="cpu"):
    """Train a network, by default a new one, for a case; return it."""
    x = torch.from_numpy(X.astype(numpy.float32, copy=False)).to(device)
    target = torch.from_numpy(y.astype(numpy.int64, copy=False)).to(device)
    model = model or network(case.n_features, case.hidden, activation=activation, dropout=dropout).to(device)
    steps = optimizer(solver, model.parameters(), fused)
    for _ in range(case.n_epochs):
        total = 0.0
        for rows in torch.randperm(len(x), device=device).split(case.batch_size):
            steps.zero_grad()
            loss = nn.functional.cross_entropy(model(x[rows]), target[rows])
            loss.backward()
            steps.step()
            total += (loss.item() if device == "cpu" else loss.detach()) * len(rows)  # does not wait for a GPU
        float(total)  # reads the loss of the epoch, which waits for a GPU
    return model


def probabilities(model, X, batch=1024):
    """Return the class probabilities as a NumPy array."""
    model.eval()
    with torch.inference_mode():
        x = torch.from_numpy(X.astype(numpy.float32, copy=False))
        return torch.cat([model(part).softmax(dim=1) for part in x.split(batch)]).numpy()
