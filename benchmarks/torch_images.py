"""Convolutional networks of PyTorch and an efficient training loop: channels last, batches by index, fused Adam."""

import torch
from torch import nn


class SmallConvNet(nn.Sequential):
    """conv32 - pool - conv64 - pool - dense128 - dense, for square images."""

    def __init__(self, channels, size, n_classes, normalize=False):
        def block(n_in, n_out):
            between = [nn.BatchNorm2d(n_out)] if normalize else []
            return [nn.Conv2d(n_in, n_out, 3, padding=1), *between, nn.ReLU(), nn.MaxPool2d(2)]

        super().__init__(
            *block(channels, 32),
            *block(32, 64),
            nn.Flatten(),
            nn.Linear(64 * (size // 4) ** 2, 128),
            nn.ReLU(),
            nn.Linear(128, n_classes),
        )


class _Block(nn.Module):
    """A basic residual block."""

    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet18(nn.Sequential):
    """resnet18 [He et al., 2016]."""

    def __init__(self, n_classes):
        stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        widths = [64, 64, 128, 256, 512]
        blocks = []
        for i in range(4):
            blocks += [_Block(widths[i], widths[i + 1], 1 if i == 0 else 2), _Block(widths[i + 1], widths[i + 1], 1)]
        super().__init__(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, n_classes))


def train(model, x, target, n_epochs, batch_size=64, weight=None):
    """Train a network with Adam."""
    x = x.contiguous(memory_format=torch.channels_last)
    steps = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            steps.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), target[rows], weight=weight).backward()
            steps.step()
    return model
