"""
Touching nuclei: masks of single objects
========================================

A threshold tells which pixels belong to nuclei, but nuclei that touch become one. ``MaskRCNNSegmenter`` finds each of
them and its mask. It is fitted on images and, for each, a map with the number of the nucleus that a pixel belongs to.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
import pandas
import scipy.ndimage
from sklearn.model_selection import train_test_split

from skann import MaskRCNNSegmenter
from skann.augmentations import Brightness, Rotate
from skann.datasets import ImageSource
from skann.metrics import instance_f1

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")
FOLDER = Path(sys.argv[0]).parent / "data" / "nuclei"

# %%
# The images
# ----------
# Parts of micrographs, 30 to learn from and 10 to test on. In a map of instance numbers, 0 is the background.


def read(folder):
    """Return the grey images in a folder."""
    source = ImageSource(sorted((FOLDER / folder).iterdir()), size=(128, 128), mode="L")
    return numpy.asarray(source)[..., 0]


images, instances = read("images"), read("instances")
X_train, X_test, y_train, y_test = train_test_split(images, instances, test_size=10, random_state=0)

# %%
# A threshold
# -----------
# The bright pixels, and in them the parts that are connected. The threshold is the one that does best on the training
# images: a higher one separates more nuclei, but loses dark ones. ``instance_f1`` is 1 if each nucleus overlaps by half
# with a part of its own, and there are no other parts.


def connected(X, threshold):
    """Return the numbers of the connected parts of bright pixels."""
    return numpy.stack([scipy.ndimage.label(image > threshold)[0] for image in X])


threshold = max(range(10, 60, 5), key=lambda value: instance_f1(y_train, connected(X_train, value)))
by_threshold = connected(X_test, threshold)

# %%
# The network
# -----------
# Nuclei look alike from all sides, and the background is as black as the corners of a rotated image, so that images may
# be rotated by any angle. With four stages, the features have a point every 4 pixels, which suits nuclei of 20 pixels.

segmenter = MaskRCNNSegmenter(
    (8, 16, 32, 64),
    hidden_layer_sizes=64,
    n_regions=48,
    augment=["flip", Rotate(180), Brightness(0.3)],
    iou_threshold=0.4,
    batch_size=4,
    max_iter=20,
    random_state=0,
)
by_network = segmenter.fit(X_train, y_train).predict_instances(X_test, min_score=0.5)


def count(y):
    """Return the number of instances in each map."""
    return numpy.array([len(numpy.unique(numbers[numbers > 0])) for numbers in y])


counts, scores = pandas.DataFrame({"true": count(y_test)}), {}
for name, found in (("threshold", by_threshold), ("network", by_network)):
    counts[name] = count(found)
    counts[f"error of {name}"] = counts[name] - counts["true"]
    scores[name] = instance_f1(y_test, found)
print("F1 scores:", {name: round(score, 2) for name, score in scores.items()})
print(counts)

# %%
# The figure
# ----------
# Images with the most nuclei, and the counts of all ten. Colours only tell neighbours apart. Both miss nuclei that are
# beneath others, but the network merges fewer.

COLORS = plt.colormaps["tab10"]


def paint(axes, numbers, title):
    """Draw instances in colours, with black outlines."""
    colours = COLORS((numbers - 1) % 10)
    outline = scipy.ndimage.maximum_filter(numbers, 3) != scipy.ndimage.minimum_filter(numbers, 3)
    colours[outline | (numbers == 0)] = (0, 0, 0, 1)
    axes.imshow(colours)
    axes.set_title(title, fontsize=11)


figure = plt.figure(figsize=(13.5, 7.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[2, 1])
grid = left.subplots(3, 4)
for row, i in zip(grid, counts["true"].nlargest(3).index, strict=True):
    row[0].imshow(X_test[i] ** 0.5, cmap="gray")
    paint(row[1], y_test[i], f"truth: {counts['true'][i]} nuclei")
    paint(row[2], by_threshold[i], f"threshold: {counts['threshold'][i]} parts")
    paint(row[3], by_network[i], f"network: {counts['network'][i]} nuclei")
    for axes in row:
        axes.set(xticks=[], yticks=[])
grid[0, 0].set_title("image", fontsize=11)

axes = right.subplots()
limit = 1 + counts[["true", "threshold", "network"]].to_numpy().max()
axes.plot([0, limit], [0, limit], color="0.6", linewidth=1)
for name, color, marker in (("threshold", "#D55E00", "s"), ("network", "#0072B2", "o")):
    error = counts[f"error of {name}"].abs().mean()
    label = f"{name}: F1 score {scores[name]:.2f},\noff by {error:.1f} on average"
    axes.plot(counts["true"], counts[name], marker, color=color, alpha=0.8, markersize=8, label=label)
axes.set(xlim=(0, limit), ylim=(0, limit), aspect="equal", xlabel="true number of nuclei", ylabel="number found")
axes.legend(frameon=False, loc="upper left")
axes.set_title("Ten test images")
axes.grid(alpha=0.3)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
