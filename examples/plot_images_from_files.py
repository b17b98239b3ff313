"""
Images from files: a column of paths in a Pipeline
==================================================

Image files need not be loaded before training. ``ImageLoader`` turns a column of paths into a lazy sequence, of which
``fit`` decodes one batch at a time. As it is a step of the Pipeline, its size and colour mode can be searched with the
parameters of the network, and the whole is fitted on a DataFrame.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
import pandas
import PIL.Image
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skann import ConvClassifier
from skann.preprocessing import ImageLoader

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# The files
# ---------
# PNG files of different sizes, each with a digit in one colour on another, some of them light on dark.


def draw(digit, rng):
    """Return a digit as an image in two random colours, of random size."""
    ink, paper = rng.uniform([[0], [130]], [[100], [255]], size=(2, 3))[:: rng.choice([1, -1])]
    pixels = paper + digit[..., None] / 16 * (ink - paper)
    width, height = rng.randint(12, 40, size=2)
    return PIL.Image.fromarray(pixels.round().astype("uint8")).resize((int(width), int(height)))


digits = load_digits()
rng = numpy.random.RandomState(0)
folder = tempfile.TemporaryDirectory()
rows = []
for i, (digit, label) in enumerate(zip(digits.images[:500], digits.target, strict=False)):
    path = Path(folder.name) / f"{i:03}.png"
    draw(digit, rng).save(path)
    rows.append({"path": str(path), "label": label})
frame = pandas.DataFrame(rows)
frame_train, frame_test = train_test_split(frame, stratify=frame["label"], random_state=0)

# %%
# The search
# ----------
# The first step of the Pipeline is given the column of paths. "L" loads images in grey, "RGB" in colour.

pipeline = make_pipeline(
    ImageLoader(size=(8, 8), mode="L"),
    ConvClassifier((8, 16), (64,), max_iter=12, batch_size=32, random_state=0),
)
grid = {"imageloader__size": [(6, 6), (8, 8), (12, 12)], "imageloader__mode": ["L", "RGB"]}
search = GridSearchCV(pipeline, grid, cv=2).fit(frame_train[["path"]], frame_train["label"])
accuracy = search.score(frame_test[["path"]], frame_test["label"])
print(f"best: {search.best_params_}, accuracy on the test files {accuracy:.3f}")

# %%
# The figure
# ----------
# Some training files with their labels, the results of the search, and test files that the best network misclassifies.
# The colours say nothing about the digit, so that grey images do better than colour at each size.

figure = plt.figure(figsize=(13, 4.8), layout="constrained")
left, middle, right = figure.subfigures(1, 3, width_ratios=[1.1, 1, 1.1])


def show(part, rows, titles):
    """Draw files with a title each."""
    for axes in part.subplots(3, 4).flat:
        axes.axis("off")
    for axes, path, title in zip(part.axes, rows["path"], titles, strict=False):
        axes.imshow(PIL.Image.open(path).convert("RGB"))
        axes.set_aspect("equal", anchor="N")
        axes.set_title(title, fontsize="medium")


left.suptitle("Training files")
show(left, frame_train, frame_train["label"])

middle.suptitle("Cross-validated accuracy")
results = pandas.DataFrame(search.cv_results_["params"]).assign(score=search.cv_results_["mean_test_score"])
axes = middle.subplots()
for mode, color, style in (("L", "0.3", "o-"), ("RGB", "#D55E00", "s--")):
    chosen = results[results["imageloader__mode"] == mode]
    axes.plot([str(size) for size in chosen["imageloader__size"]], chosen["score"], style, color=color, label=mode)
axes.set(xlabel="size", ylabel="accuracy")
axes.legend(title="mode", frameon=False, loc="upper left")
axes.grid(alpha=0.3)

predicted = search.predict(frame_test[["path"]])
is_wrong = predicted != frame_test["label"]
right.suptitle(f"{is_wrong.sum()} of {len(frame_test)} test files misclassified")
wrong = frame_test[is_wrong]
answers = zip(wrong["label"], predicted[is_wrong], strict=True)
show(right, wrong, [f"true {label}\npredicted {answer}" for label, answer in answers])
figure.savefig(PICTURE, dpi=100)
folder.cleanup()
print(f"The figure is in {PICTURE}")
