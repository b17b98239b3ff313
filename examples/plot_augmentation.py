"""
Augmentation: more images out of few
====================================

An augmentation changes the images of each training batch at random, in ways that keep their labels true. Shown new
variants in each epoch, the network cannot memorise single images. ``augment`` takes names, objects with parameters,
functions, and lists of these.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import load_digits, load_sample_images
from sklearn.model_selection import train_test_split

from skann import ConvClassifier
from skann.augmentations import Brightness, Crop, Flip, Mixup, Rotate, Shift

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# What each of them does
# ----------------------
# An augmentation is called with a batch, its targets, and a generator of random numbers. It changes images of floating
# point numbers in place. ``Mixup`` also mixes the targets, here of two photos.


def small(photo):
    """Return the middle of a photo as 64 by 64 pixels between 0 and 1."""
    square = photo[20:404, 140:524] / 255
    return square.reshape(64, 6, 64, 6, 3).mean(axis=(1, 3))


N_DRAWS = 7
temple, flower = map(small, load_sample_images().images)
drawn = {}
rng = numpy.random.default_rng(3)
for augment in (Flip(), Shift(0.2), Crop(12), Rotate(30), Brightness(0.6), Mixup(1.0)):
    batch = numpy.stack([flower] * N_DRAWS + [temple] * N_DRAWS)
    X, _ = augment(batch, numpy.zeros((len(batch), 1)), rng)
    drawn[augment] = X[:N_DRAWS]

# %%
# What they are worth
# -------------------
# Two hundred digits, each a little off the centre of its image, and five choices of ``augment`` with three seeds each.
# The function erases a part of each image. A digit moved to another place remains the same digit, so that ``Shift``
# pays; its mirror image is mostly no digit at all, so that ``"flip"`` harms. More is not always better: in as many
# epochs, ``Shift`` alone does better than with the function.


def erase(X, y, rng):
    """Erase a square of 3 by 3 pixels in each image."""
    for image in X:
        i, j = rng.integers(10, size=2)
        image[i : i + 3, j : j + 3] = 0
    return X, y


digits = load_digits()
rng = numpy.random.RandomState(0)
images = numpy.zeros((len(digits.images), 12, 12))
for field, digit in zip(images, digits.images, strict=True):
    i, j = rng.randint(5, size=2)
    field[i : i + 8, j : j + 8] = digit / 16

CHOICES = {
    "None": None,
    '"flip"': "flip",
    "erase": erase,
    "Shift(0.2)": Shift(0.2),
    "[Shift(0.2), erase]": [Shift(0.2), erase],
}
scores = {name: [] for name in CHOICES}
for seed in range(3):
    X_train, X_test, y_train, y_test = train_test_split(
        images, digits.target, train_size=200, stratify=digits.target, random_state=seed
    )
    for name, augment in CHOICES.items():
        clf = ConvClassifier((16, 32), (64,), augment=augment, batch_size=32, max_iter=30, random_state=seed)
        scores[name].append(clf.fit(X_train, y_train).score(X_test, y_test))
for name, values in scores.items():
    print(f"augment={name}: mean accuracy {numpy.mean(values):.3f}")

# %%
# The figure
# ----------
# At the top, a photo and what each augmentation makes of it in seven draws, with stronger changes than by default so
# that they can be seen. At the bottom, one point per seed and a line at the mean.

figure = plt.figure(figsize=(10, 9.6), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[3, 1])
grid = above.subplots(len(drawn), 1 + N_DRAWS)
for row, (augment, variants) in zip(grid, drawn.items(), strict=True):
    for axes, image in zip(row, [flower, *variants], strict=True):
        axes.imshow(image.clip(0, 1))
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(repr(augment), rotation=0, ha="right", va="center")
grid[0, 0].set_title("original")

axes = below.subplots()
for at, values in enumerate(scores.values()):
    axes.plot(values, [at] * len(values), "o", color="#0072B2", alpha=0.7)
    axes.vlines(numpy.mean(values), at - 0.3, at + 0.3, color="#D55E00", linewidth=2)
axes.set_yticks(range(len(scores)), [f"augment={name}" for name in scores])
axes.set(ylim=(len(scores) - 0.5, -0.5), xlabel="accuracy on test images", title="Trained on 200 digits")
axes.grid(axis="x", alpha=0.3)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
