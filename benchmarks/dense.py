"""Segmentation and detection beside PyTorch's, on street scenes, blood cells and nuclei.

    SKANN_DATA=folder python benchmarks/dense.py [default] [same] [regions] [search] [masks] [--seeds 0 1 2]

SKANN_DATA is the folder of ``dense_data``; the peers are those of ``torch_dense``. Each side has one thread and is
trained in turn; seconds are those of the processor. A peer counts if its score is within 0.03 of REFERENCE.

- default: the default estimator of each data set beside the peer.
- same: the peer's network with the peer's schedule, in skann.
- regions: RCNNDetector beside YOLODetector on blood cells.
- search: RCNNDetector with selective search on blood cells, with the recall of 2,000 proposals; one seed.
- masks: MaskRCNNSegmenter on nuclei beside the connected components of a U-Net.
"""

import argparse
import statistics
import time

import dense_data
import numpy
import torch
import torch_dense
from scipy import ndimage
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from skann import FCNSegmenter, MaskRCNNSegmenter, RCNNDetector, YOLODetector
from skann.metrics import average_precision_by_class, instance_f1, mean_average_precision, mean_iou

REFERENCE = {"camvid": 0.480, "bccd": 0.841, "nuclei": 0.795}  # of small models of PyTorch, one seed


def flip_rows(X, y, rng):
    """Mirror images and their targets from top to bottom."""
    chosen = rng.random(len(X)) < 0.5
    for array in (X, y):
        array[chosen] = array[chosen, ::-1]
    return X, y


class Streets:
    """Labels of pixels: the mean IoU."""

    load, fit, predict = dense_data.camvid, torch_dense.fit_fcn, torch_dense.predict_fcn
    default = FCNSegmenter(ignore_label=dense_data.VOID)
    same = FCNSegmenter(ignore_label=dense_data.VOID, solver="adam", alpha=0.0)

    @staticmethod
    def score(y, found):
        """Return the score."""
        return mean_iou(y, found, ignore_label=dense_data.VOID)

    @staticmethod
    def target(y):
        """Return the target as skann takes it."""
        return y


class Cells(Streets):
    """Boxes: the mean average precision at an IoU of 0.5."""

    load, fit, predict = dense_data.bccd, torch_dense.fit_detector, torch_dense.predict_detector
    default = YOLODetector()
    same = YOLODetector(n_scales=1, beta_2=0.99)
    score = staticmethod(mean_average_precision)


class Nuclei(Streets):
    """The foreground: its IoU."""

    load, fit, predict = dense_data.nuclei, torch_dense.fit_unet, torch_dense.predict_unet
    default = FCNSegmenter("unet")
    same = FCNSegmenter(
        "unet",
        (16, 32, 64),
        solver="adam",
        alpha=0.0,
        learning_rate="constant",
        learning_rate_init=2e-3,
        max_iter=6,
        augment=["flip", flip_rows],
    )

    @staticmethod
    def score(y, found):
        """Return the score."""
        y, found = y > 0, found > 0
        return (y & found).sum() / (y | found).sum()

    @staticmethod
    def target(y):
        """Return the target as skann takes it."""
        return (y > 0).astype(int)


DATA = {"camvid": Streets, "bccd": Cells, "nuclei": Nuclei}


def timed(function, *arguments):
    """Return a function's value and the processor time of its call."""
    time.sleep(0.03)  # the threads of other libraries fall asleep
    start = time.process_time()
    value = function(*arguments)
    return value, time.process_time() - start


def report_beside_peers(kind, seeds):
    """Print scores and times of estimators of a kind, "default" or "same", and of their peers."""
    for name, data in DATA.items():
        X, y, X_test, y_test = data.load()
        figures = []
        # Numba compiles its loops, which it keeps on disk
        clone(getattr(data, kind)).set_params(max_iter=1, warn=False).fit(X[:16], data.target(y[:16]))
        for seed in seeds:
            estimator = getattr(data, kind).set_params(random_state=seed, warn=False)
            estimator, seconds = timed(estimator.fit, X, data.target(y))
            model, peer_seconds = timed(data.fit, X, y, seed)
            scores = (
                data.score(data.target(y_test), estimator.predict(X_test)),
                data.score(y_test, data.predict(model, X_test)),
            )
            figures.append((*scores, seconds, peer_seconds))
            text = "{} {}, seed {}: score {:.3f}, PyTorch {:.3f}; {:.1f} s, PyTorch {:.1f} s"
            print(text.format(kind, name, seed, *figures[-1]), flush=True)
        score, peer_score, *_ = map(statistics.median, zip(*figures, strict=True))
        ratio = statistics.median(own / other for _, _, own, other in figures)
        counts = "counts" if peer_score >= REFERENCE[name] - 0.03 else "does not count"
        print(
            f"{kind} {name}, medians: {score:.3f} - {peer_score:.3f} = {score - peer_score:+.3f}; {ratio:.2f} of "
            f"PyTorch's processor time; the peer {counts} (reference {REFERENCE[name]:.3f})",
            flush=True,
        )


def report_regions(seeds):
    """Print the mean average precisions of the two-stage and the one-stage detector."""
    X, y, X_test, y_test = dense_data.bccd()
    figures = []
    for seed in seeds:
        scores = []
        for cls in (RCNNDetector, YOLODetector):
            detector, seconds = timed(cls(random_state=seed, warn=False).fit, X, y)
            found = detector.predict(X_test)
            scores.append(mean_average_precision(y_test, found))
            strict = mean_average_precision(y_test, found, metric="coco")
            print(f"{cls.__name__}, seed {seed}: mAP@0.5 {scores[-1]:.3f}, 0.5:0.95 {strict:.3f}; {seconds:.1f} s")
        figures.append(scores)
    two, one = map(statistics.median, zip(*figures, strict=True))
    print(f"regions, medians: two stages {two:.3f} - one stage {one:.3f} = {two - one:+.3f}", flush=True)


def report_search():
    """Print the recall of the proposals of selective search, and the precision of a detector that has these."""
    from skann.engine.detection.boxes import box_iou
    from skann.estimators.vision.selective_search import selective_search

    X, y, X_test, y_test = dense_data.bccd()
    hits, labels = [], []
    for image, target in zip(X_test, y_test, strict=True):
        hits.append(box_iou(target["boxes"], selective_search(image)).max(axis=1) >= 0.5)
        labels.append(target["labels"])
    hits, labels = map(numpy.concatenate, (hits, labels))
    by_class = ", ".join(f"{label}: {hits[labels == label].mean():.3f}" for label in numpy.unique(labels))
    print(f"search: recall of 2,000 proposals {hits.mean():.3f} ({by_class})", flush=True)
    detector, seconds = timed(RCNNDetector(proposals="selective_search", random_state=0, warn=False).fit, X, y)
    found = detector.predict(X_test)
    by_class = average_precision_by_class(y_test, found)
    print(f"search: mAP@0.5 {mean_average_precision(y_test, found):.3f} ({by_class}); {seconds:.1f} s", flush=True)


def report_masks(seeds):
    """Print F1 of the instances of Mask R-CNN, and of the connected components of a U-Net, ours and the peer."""
    X, y, X_test, y_test = dense_data.nuclei()
    figures = []
    for seed in seeds:
        # nuclei of 5 pixels want features at every second pixel
        segmenter = MaskRCNNSegmenter(
            (16, 32, 64), n_regions=128, max_detections=200, max_iter=20, random_state=seed, warn=False
        )
        segmenter, seconds = timed(segmenter.fit, X, y)
        unet = FCNSegmenter("unet", random_state=seed, warn=False).fit(X, (y > 0).astype(int))
        components = numpy.stack([ndimage.label(image)[0] for image in unet.predict(X_test)])
        peer = torch_dense.predict_unet(torch_dense.fit_unet(X, y, seed), X_test)
        found = segmenter.predict_instances(X_test)
        figures.append([instance_f1(y_test, own) for own in (found, components, peer)])
        text = "masks, seed {}: F1@0.5 {:.3f}, components of U-Net {:.3f}, of PyTorch's {:.3f}; {:.1f} s"
        print(text.format(seed, *figures[-1], seconds), flush=True)
    print("masks, medians: {:.3f}, {:.3f}, {:.3f}".format(*map(statistics.median, zip(*figures, strict=True))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["default", "same", "regions", "search", "masks"]
    parser.add_argument("parts", nargs="*", choices=[*parts, []], default=parts)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1, "blas"):
        for part in arguments.parts:
            if part in ("default", "same"):
                report_beside_peers(part, arguments.seeds)
            elif part == "regions":
                report_regions(arguments.seeds)
            elif part == "search":
                report_search()
            else:
                report_masks(arguments.seeds)


if __name__ == "__main__":
    main()
