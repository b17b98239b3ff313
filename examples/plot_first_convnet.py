"""
A first convolutional network: digits at random places
======================================================

The digits of scikit-learn fill their images of 8 by 8 pixels. Here each of them lies somewhere in a field of 16 by 16
pixels. A perceptron has a weight for each pixel, and has to learn each digit anew at each place; a convolution applies
the same small kernels everywhere, so that what it learns at one place helps at all others.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skann import ConvClassifier, MLPClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# The images
# ----------
# ``ConvClassifier`` takes images as an array of shape (n_samples, height, width). ``MLPClassifier`` takes the same
# pixels as rows of a matrix.

SIZE = 16
digits = load_digits()
rng = numpy.random.RandomState(0)
images = numpy.zeros((len(digits.images), SIZE, SIZE))
for field, digit in zip(images, digits.images, strict=True):
    i, j = rng.randint(SIZE - 7, size=2)
    field[i : i + 8, j : j + 8] = digit / 16
X_train, X_test = images[:1200], images[1200:]
y_train, y_test = digits.target[:1200], digits.target[1200:]

# %%
# Two networks
# ------------
# ``filters=(16, 32)`` makes two stages, with 16 and 32 kernels of 3 by 3 pixels. After each, pooling halves height and
# width. Both networks are fitted on more and more images; the test images are passed as ``X_val``, which does not
# influence training.

SIZES = (150, 300, 600, 1200)
networks = {
    "ConvClassifier": ConvClassifier((16, 32), (64,), max_iter=15, random_state=0),
    "MLPClassifier": MLPClassifier((128,), alpha=1, learning_rate_init=0.003, max_iter=80, random_state=0),
}
accuracy = {name: [] for name in networks}
for n in SIZES:
    for name, network in networks.items():
        shape = (-1, SIZE, SIZE) if name == "ConvClassifier" else (-1, SIZE * SIZE)
        network.fit(X_train[:n].reshape(shape), y_train[:n], X_val=X_test.reshape(shape), y_val=y_test)
        accuracy[name].append(network.history_["validation_score"][-1])
for name, network in networks.items():
    n_weights = sum(weights.size for weights in network.coefs_)
    print(f"{name}: {n_weights:,} weights, accuracy on test images {accuracy[name][-1]:.3f}")

# %%
# The figure
# ----------
# On the left, test images with the answers of the convolutional network, fitted on all training images: green if right,
# orange if wrong. On the right, the accuracy of both networks.

STYLES = {"ConvClassifier": ("#0072B2", "o-"), "MLPClassifier": ("#D55E00", "s--")}
figure = plt.figure(figsize=(13, 4.6), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.7])
left.suptitle("Test images, and the network's answers")
predicted = networks["ConvClassifier"].predict(X_test)
for i, axes in enumerate(left.subplots(4, 5).flat):
    axes.imshow(X_test[i], cmap="gray_r")
    color = "#009E73" if predicted[i] == y_test[i] else "#D55E00"
    axes.set(xticks=[], yticks=[])
    axes.set_title(predicted[i], color=color, fontsize="medium", pad=3)
    axes.spines[:].set(color=color, linewidth=2)
by_size, by_epoch = right.subplots(1, 2, sharey=True)
for name, network in networks.items():
    color, style = STYLES[name]
    by_size.plot(SIZES, accuracy[name], style, color=color, label=name)
    scores = network.history_["validation_score"]
    by_epoch.plot(range(1, len(scores) + 1), scores, style, markersize=3, color=color, label=name)
by_size.set(xscale="log", xlabel="training images", ylabel="accuracy on test images", title="After training")
by_size.set_xticks(SIZES, labels=SIZES, minor=False)
by_size.set_xticks([], minor=True)
by_size.set_ylim(0, 1)
by_epoch.set(xlabel="epoch", title=f"With {SIZES[-1]} training images")
for axes in (by_size, by_epoch):
    axes.axhline(0.1, color="0.5", linestyle=":")
    axes.grid(alpha=0.3)
by_size.text(SIZES[-1], 0.11, "chance", ha="right", color="0.4")
by_size.legend(frameon=False, loc="upper left")
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
