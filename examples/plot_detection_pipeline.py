"""
Detection in image files: a Pipeline and a search
=================================================

Boxes in a DataFrame, images in files: ``boxes_from_frame`` makes X, the paths, and y, the objects of each image, of the
frame. A Pipeline of ``ImageLoader`` and ``YOLODetector`` is fitted on them, and a grid search reaches its parameters.
``frame_from_boxes`` writes the detections to a frame again.
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
import PIL.ImageDraw
from sklearn.model_selection import GridSearchCV, ShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline

from skann import YOLODetector
from skann.datasets import boxes_from_frame, frame_from_boxes
from skann.inspection import DetectionDisplay, DetectionPrecisionRecallDisplay
from skann.preprocessing import ImageLoader

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")
SIZE = 40

# %%
# The files
# ---------
# Rings, crosses and triangles of any colour on a dark background, and a frame with a row for each of them.


def draw(rng):
    """Return an image with one to four shapes, and the box and class of each."""
    image = PIL.Image.new("RGB", (SIZE, SIZE), tuple(rng.randint(0, 60, 3).tolist()))
    pen, objects = PIL.ImageDraw.Draw(image), []
    for cell in rng.permutation(4)[: rng.randint(1, 5)]:
        side = rng.randint(10, 19)
        x0, y0 = (int(SIZE // 2 * place + rng.randint(0, 21 - side)) for place in (cell % 2, cell // 2))
        x1, y1 = x0 + side, y0 + side
        kind, ink = str(rng.choice(["ring", "cross", "triangle"])), tuple(rng.randint(90, 256, 3).tolist())
        if kind == "ring":
            pen.ellipse([x0, y0, x1 - 1, y1 - 1], outline=ink, width=3)
        elif kind == "cross":
            pen.line([x0 + 1, y0 + 1, x1 - 2, y1 - 2], fill=ink, width=3)
            pen.line([x0 + 1, y1 - 2, x1 - 2, y0 + 1], fill=ink, width=3)
        else:
            pen.polygon([(x0, y1 - 1), (x1 - 1, y1 - 1), ((x0 + x1) // 2, y0)], fill=ink)
        objects.append({"x0": x0, "y0": y0, "x1": x1, "y1": y1, "class": kind})
    return image, objects


rng = numpy.random.RandomState(0)
folder = tempfile.TemporaryDirectory()
rows = []
for i in range(130):
    path = Path(folder.name) / f"{i:03}.png"
    image, objects = draw(rng)
    image.save(path)
    rows += [{"file": str(path), **own} for own in objects]
frame = pandas.DataFrame(rows)
print(frame.assign(file=frame["file"].map(lambda path: Path(path).name)).head(4).to_string(index=False))

# %%
# The search
# ----------
# The mean average precision rises with every correct detection, however low its score, and cannot tell how many to
# keep. A search for ``min_score`` needs a score of the task itself, here the mean absolute error of the number of
# shapes in an image. A single split into training and validation files saves time.


def counting_error(pipeline, X, y):
    """Return the negative mean absolute error of the number of objects."""
    found = pipeline.predict(X)
    return -numpy.mean([abs(len(own["labels"]) - len(true["labels"])) for own, true in zip(found, y, strict=True)])


files, y = boxes_from_frame(frame)
files_train, files_test, y_train, y_test = train_test_split(files, y, test_size=30, random_state=0)
pipeline = make_pipeline(
    ImageLoader(size=(SIZE, SIZE)),
    YOLODetector((8, 16, 32), n_scales=1, iou_threshold=0.3, batch_size=4, max_iter=40, random_state=0),
)
min_scores = [0.05, 0.5]
cv = ShuffleSplit(1, test_size=0.25, random_state=0)
scoring = {"counting": counting_error, "mAP": lambda pipeline, X, y: pipeline.score(X, y)}
search = GridSearchCV(pipeline, {"yolodetector__min_score": min_scores}, scoring=scoring, refit="counting", cv=cv).fit(
    files_train, y_train
)
print(f"best: {search.best_params_}, error of the counts {-counting_error(search, files_test, y_test):.2f} shapes")

# %%
# The detections as a frame
# -------------------------

found = frame_from_boxes([Path(file).name for file in files_test], search.predict(files_test))
print(found.round(1).head(4).to_string(index=False))

# %%
# The figure
# ----------
# Test files with their true shapes and the detected ones; the error and the mean average precision over ``min_score``;
# precision and recall of each class, which need the detections with low scores, too.

figure = plt.figure(figsize=(13, 7.2), layout="constrained")
grid = figure.add_gridspec(6, 3, width_ratios=[1, 1, 2.4])
panels = [figure.add_subplot(grid[2 * i : 2 * i + 2, j]) for i in range(3) for j in range(2)]
min_score = search.best_params_["yolodetector__min_score"]
DetectionDisplay.from_estimator(search, files_test, y_test, min_score=min_score, max_images=3, ax=panels)

axes = figure.add_subplot(grid[:3, 2])
results = search.cv_results_
axes.plot(min_scores, -results["mean_test_counting"], "o-", color="#D55E00")
axes.set(xlabel="min_score", title="Validation files")
axes.set_ylabel("error of the counts", color="#D55E00")
axes.grid(alpha=0.3)
twin = axes.twinx()
twin.plot(min_scores, results["mean_test_mAP"], "s--", color="#0072B2")
twin.set_ylabel("mean average precision", color="#0072B2")

every = search.best_estimator_.set_params(yolodetector__min_score=0.05)
axes = figure.add_subplot(grid[3:, 2])
DetectionPrecisionRecallDisplay.from_estimator(every, files_test, y_test, ax=axes)
axes.set_title("Test files")
figure.savefig(PICTURE, dpi=100)
folder.cleanup()
print(f"The figure is in {PICTURE}")
