"""Convolutional networks beside PyTorch's: steps, Fashion-MNIST and blood cells, in one run.

    SKANN_DATA=folder python benchmarks/images.py [step] [resnet] [start] [fashion] [default] [cells] [--repeats 5]

SKANN_DATA is the folder with fashion_mnist/*.gz and bccd.npz. PyTorch's tensors are channels last. A ratio above 1
means that skann is faster. PyTorch's threads spin for a while after its last call, so 30 ms pass before each timing.

- step: a training step of conv32 - pool - conv64 - pool - dense128 on 28 x 28 x 1 images, batch 64.
- resnet: a training step of resnet18 on 64 x 64 x 3 images, batch 32.
- start: a fresh process that fits the small network, with Numba and a warm cache, and without Numba.
- fashion: 20,000 rows of Fashion-MNIST, 3 epochs of that network, three seeds: accuracy and processor time.
- default: ``ConvClassifier()`` on all 60,000 rows.
- cells: red and white blood cells and platelets, cut out of BCCD's images and resized: balanced accuracy.
"""

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy
import torch
from measure import compare, seconds
from sklearn.metrics import balanced_accuracy_score
from threadpoolctl import threadpool_limits
from torch import nn
from torch_images import ResNet18, SmallConvNet, train

from skann import ConvClassifier
from skann.engine.criterion import Criterion
from skann.engine.kernels.threads import claim
from skann.engine.losses import LogLoss
from skann.engine.models.resnet import resnet
from skann.engine.network import Network
from skann.engine.parameters import Parameters

SEEDS = (0, 1, 2)
NETWORK = {"filters": (32, 64), "hidden_layer_sizes": (128,), "batch_size": 64}
AS_PYTORCH = {**NETWORK, "normalization": None, "solver": "adam", "learning_rate": "constant", "alpha": 0.0}
AS_PYTORCH |= {"learning_rate_init": 1e-3, "weight_init": "he_uniform"}


def data_folder():
    """Return the folder of the images."""
    return Path(os.environ["SKANN_DATA"])


def fashion():
    """Return the training and the test images of Fashion-MNIST, bytes of shape (n, 28, 28), with their labels."""

    def read(name, header):
        with gzip.open(data_folder() / "fashion_mnist" / f"{name}-ubyte.gz") as file:
            return numpy.frombuffer(file.read(), numpy.uint8, offset=header)

    parts = []
    for part in ("train", "t10k"):
        y = read(f"{part}-labels-idx1", 8)
        parts += [read(f"{part}-images-idx3", 16).reshape(len(y), 28, 28), y]
    return parts


def cells(size=32):
    """Return RGB cut-outs of blood cells, of shape (n, size, size, 3), their classes and the image of each."""
    data = numpy.load(data_folder() / "bccd.npz")
    images = data["images"]
    height, width = images.shape[1:3]
    cut = numpy.empty((len(data["box_label"]), size, size, 3), numpy.uint8)
    for out, image, (x0, y0, x1, y1) in zip(cut, data["box_image"], data["boxes"], strict=True):
        rows = numpy.linspace(max(y0, 0), min(y1, height) - 1, size).round().astype(int).clip(0, height - 1)
        columns = numpy.linspace(max(x0, 0), min(x1, width) - 1, size).round().astype(int).clip(0, width - 1)
        out[...] = images[image][rows[:, None], columns]
    return cut, data["box_label"], data["box_image"]


def processor_seconds(function):
    """Return the processor time of a call, after a pause in which the threads of other libraries fall asleep."""
    time.sleep(0.03)
    start = time.process_time()
    function()
    return time.process_time() - start


def per_step(function, n_steps):
    """Return a function that returns the milliseconds of one of ``n_steps`` calls of a function."""

    def figure():
        time.sleep(0.03)
        start = time.perf_counter()
        for _ in range(n_steps):
            function()
        return 1000 * (time.perf_counter() - start) / n_steps

    return figure


def compare_step(repeats):
    """Return the comparison of a fit of the small network, per step."""
    X, y = fashion()[:2]
    X, y = X[:10_240], y[:10_240]  # 160 steps, of which a fit's own work is a hundredth
    clf = ConvClassifier(**AS_PYTORCH, max_iter=1, random_state=0, warn=False)
    tensors = torch.from_numpy(X[:, None] / numpy.float32(255)), torch.from_numpy(y.astype("int64"))
    model = SmallConvNet(1, 28, 10).to(memory_format=torch.channels_last)

    def ours():
        return per_step(lambda: clf.fit(X, y), 1)() / 160

    def theirs():
        return per_step(lambda: train(model, *tensors, n_epochs=1), 1)() / 160

    return compare(
        "step conv32-conv64-dense128, 28 x 28 x 1, batch 64", "ms", {"skann": ours, "PyTorch": theirs}, repeats
    )


def compare_resnet(repeats):
    """Return the comparison of forward and backward passes of resnet18."""
    rng = numpy.random.default_rng(0)
    x, y = rng.standard_normal((32, 64, 64, 3), dtype="float32"), rng.integers(10, size=32)
    graph, objective = resnet((64, 64, 3), 10, LogLoss(), LogLoss().link("multiclass", 1.0))
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(0), numpy.dtype("float32"))
    criterion = Criterion(objective, Network(graph, parameters, 32, training=True))
    one_hot = numpy.eye(10, dtype="float32")[y]
    model = ResNet18(10).to(memory_format=torch.channels_last)
    tensor = torch.from_numpy(x).permute(0, 3, 1, 2)
    target = torch.from_numpy(y)

    def step():
        model.zero_grad()
        nn.functional.cross_entropy(model(tensor), target).backward()

    peers = {
        "skann": per_step(lambda: criterion.loss_and_grad(x, one_hot, 1 / 32), 3),
        "PyTorch": per_step(step, 3),
    }
    with claim(torch.get_num_threads()), threadpool_limits(1, "blas"):  # as in training
        return compare("resnet18 forward and backward, 64 x 64 x 3, batch 32", "ms", peers, repeats)


def report_start(repeats):
    """Print the seconds of a fresh process that fits the small network once, with a warm cache, and without Numba."""
    fit = "import numpy, skann; X = numpy.zeros((128, 28, 28), 'u1'); y = numpy.arange(128) % 10; "
    fit += f"skann.ConvClassifier(**{NETWORK}, max_iter=1, warn=False).fit(X, y).predict(X)"

    def start(numba):
        environment = {**os.environ, "SKANN_FAST": numba}
        return lambda: seconds(partial(subprocess.run, [sys.executable, "-c", fit], env=environment, check=True))

    comparison = compare("start", "s", {"Numba": start("1"), "NumPy": start("0")}, repeats)
    later = comparison.median("Numba") - comparison.median("NumPy")
    print(f"a fresh process takes {comparison.median('Numba'):.2f} s, {later:+.2f} s of that without Numba")


def report_by_threads(compare_steps, repeats):
    """Print a comparison in two threads, and in one."""
    for n_threads in (2, 1):
        torch.set_num_threads(n_threads)
        with threadpool_limits(n_threads, "blas"):
            print(f"{n_threads} threads: ", *compare_steps(repeats).lines(), sep="\n", flush=True)
    torch.set_num_threads(2)


def report_fashion():
    """Print the accuracies and the processor times of three epochs on 20,000 rows."""
    X, y, X_test, y_test = fashion()
    X, y = X[:20_000], y[:20_000]
    figures = []
    for seed in SEEDS:
        clf = ConvClassifier(**AS_PYTORCH, max_iter=3, random_state=seed)
        seconds = processor_seconds(lambda clf=clf: clf.fit(X, y))
        torch.manual_seed(seed)
        model = SmallConvNet(1, 28, 10).to(memory_format=torch.channels_last)
        tensors = torch.from_numpy(X[:, None] / numpy.float32(255)), torch.from_numpy(y.astype("int64"))
        peer_seconds = processor_seconds(lambda model=model, tensors=tensors: train(model, *tensors, n_epochs=3))
        with torch.inference_mode():
            right = model(torch.from_numpy(X_test[:, None] / numpy.float32(255))).argmax(1).numpy() == y_test
        figures.append((clf.score(X_test, y_test), right.mean(), seconds, peer_seconds))
        text = "seed {}: accuracy {:.4f}, PyTorch {:.4f}; {:.1f} s, PyTorch {:.1f} s"
        print(text.format(seed, *figures[-1]), flush=True)
    ours, theirs, seconds, peer_seconds = map(statistics.median, zip(*figures, strict=True))
    print(f"medians: accuracy {ours:.4f} - {theirs:.4f} = {ours - theirs:+.4f}")
    print(f"processor time: {seconds / peer_seconds:.2f} of PyTorch's")


def report_default():
    """Print the accuracy and the time of the defaults on all of Fashion-MNIST."""
    X, y, X_test, y_test = fashion()
    start = time.perf_counter()
    clf = ConvClassifier(random_state=0).fit(X, y)
    seconds = time.perf_counter() - start
    accuracy = clf.score(X_test, y_test)
    print(f"ConvClassifier() on 60,000 rows: accuracy {accuracy:.4f}, {seconds:.0f} s, {clf.n_iter_} epochs")


def report_cells():
    """Print the balanced accuracies of three seeds on the cells of a third of the images."""
    X, y, image = cells()
    test = image % 3 == 0
    figures = []
    for seed in SEEDS:
        clf = ConvClassifier(class_weight="balanced", max_iter=10, random_state=seed).fit(X[~test], y[~test])
        torch.manual_seed(seed)
        model = SmallConvNet(3, 32, 3, normalize=True).to(memory_format=torch.channels_last)
        scaled = torch.from_numpy(X / numpy.float32(255)).permute(0, 3, 1, 2)
        codes = torch.from_numpy(numpy.searchsorted(numpy.unique(y), y))
        weight = 1 / torch.bincount(codes[~test]).float()
        train(model, scaled[~test], codes[~test], n_epochs=10, weight=weight / weight.mean())
        model.eval()
        with torch.inference_mode():
            predicted = numpy.unique(y)[model(scaled[test]).argmax(1).numpy()]
        figures.append([balanced_accuracy_score(y[test], p) for p in (clf.predict(X[test]), predicted)])
        print("seed {}: balanced accuracy {:.4f}, PyTorch {:.4f}".format(seed, *figures[-1]), flush=True)
    ours, theirs = map(statistics.median, zip(*figures, strict=True))
    print(f"medians: {ours:.4f} - {theirs:.4f} = {ours - theirs:+.4f}")


def main():
    parts = {
        "step": lambda repeats: report_by_threads(compare_step, repeats),
        "resnet": lambda repeats: report_by_threads(compare_resnet, repeats),
        "start": report_start,
        "fashion": lambda repeats: report_fashion(),
        "default": lambda repeats: report_default(),
        "cells": lambda repeats: report_cells(),
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], default=[*parts])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    for part in arguments.parts:
        parts[part](arguments.repeats)


if __name__ == "__main__":
    main()
