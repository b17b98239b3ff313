"""Pieces of object detection beside torchvision's, with Numba: suppression, RoI align, matching, losses.

Run ``python benchmarks/detection_pieces.py [--repeats 20]``. Figures are milliseconds of processor time on one thread;
ratios are to torchvision's figure of the same repetition; below 1, skann is faster.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy
import torch
from measure import compare
from threadpoolctl import threadpool_limits
from torchvision import ops
from torchvision.models.detection._utils import Matcher

from skann.engine.detection.box_losses import ciou_loss, giou_loss
from skann.engine.detection.matching import match_by_iou
from skann.engine.detection.nms import class_wise_nms, non_maximum_suppression
from skann.engine.detection.roi_align import roi_align, roi_align_backward
from skann.engine.kernels import with_loops

CALLS = 5


@dataclass(frozen=True)
class Case:
    """A task for both."""

    name: str
    skann: Callable
    torchvision: Callable


def boxes(n, extent, seed=0):
    """Return boxes with sides of 10 to 80 pixels, with centres in a square."""
    rng = numpy.random.default_rng(seed)
    centres, sizes = rng.uniform(0, extent, (n, 2)), rng.uniform(10, 80, (n, 2))
    return numpy.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1).astype("f4")


def suppression(xp, n, extent):
    """Return cases with few boxes kept or many, after the extent."""
    rng, drawn = numpy.random.default_rng(1), boxes(n, extent)
    scores, labels = rng.random(n, dtype="f4"), rng.integers(0, 20, n)
    tensors = list(map(torch.from_numpy, (drawn, scores, labels)))
    kept = len(non_maximum_suppression(xp, drawn, scores, 0.5))
    yield Case(
        f"NMS, {n:,} boxes, {kept:,} kept",
        lambda: non_maximum_suppression(xp, drawn, scores, 0.5),
        lambda: ops.nms(*tensors[:2], 0.5),
    )
    yield Case(
        f"NMS, {n:,} boxes of 20 classes",
        lambda: class_wise_nms(xp, drawn, scores, labels, 0.5),
        lambda: ops.batched_nms(*tensors, 0.5),
    )


def region_alignment(xp, n_regions, cells, size, channels):
    """Return cases of RoI align, forward and backward."""
    rng = numpy.random.default_rng(0)
    features = rng.standard_normal((2, size, size, channels), dtype="f4")
    regions, image_of = boxes(n_regions, 8 * size), rng.integers(0, 2, n_regions)
    dout = rng.standard_normal((n_regions, cells, cells, channels), dtype="f4")
    out, dfeatures = numpy.empty_like(dout), numpy.empty_like(features)
    tensor = torch.from_numpy(features).permute(0, 3, 1, 2).contiguous().requires_grad_()
    with_image = torch.from_numpy(numpy.concatenate([image_of[:, None].astype("f4"), regions], axis=1))
    slope = torch.from_numpy(dout).permute(0, 3, 1, 2).contiguous()
    y = ops.roi_align(tensor, with_image, cells, 1 / 8, 2, aligned=True)
    name = f"RoI align, {n_regions} x {cells} x {cells} x {channels}"
    yield Case(
        name,
        lambda: roi_align(xp, features, regions, image_of, 1 / 8, out),
        lambda: ops.roi_align(tensor.detach(), with_image, cells, 1 / 8, 2, aligned=True),
    )
    yield Case(
        f"{name}, backward",
        lambda: roi_align_backward(xp, dout, regions, image_of, 1 / 8, dfeatures),
        lambda: torch.autograd.grad(y, tensor, slope, retain_graph=True),
    )


def matching(xp, n_boxes, n_anchors):
    """Return the case of a matching by IoU."""
    drawn, anchors = boxes(n_boxes, 400), boxes(n_anchors, 400, seed=1)
    there, matcher = (torch.from_numpy(drawn), torch.from_numpy(anchors)), Matcher(0.7, 0.3, True)
    yield Case(
        f"match {n_boxes} boxes, {n_anchors:,} anchors",
        lambda: match_by_iou(xp, drawn, anchors, 0.7, 0.3),
        lambda: matcher(ops.box_iou(*there)),
    )


def losses(n):
    """Return cases of the losses, value and gradient."""
    drawn, targets = boxes(n, 100), boxes(n, 100, seed=1)
    tensor, there = torch.from_numpy(drawn).requires_grad_(), torch.from_numpy(targets)
    for own, other in ((giou_loss, ops.generalized_box_iou_loss), (ciou_loss, ops.complete_box_iou_loss)):
        yield Case(
            f"{own.__name__} and gradient, {n:,} pairs",
            lambda own=own: own(numpy, drawn, targets),
            lambda other=other: torch.autograd.grad(other(tensor, there).sum(), tensor),
        )


def cases():
    """Yield all cases."""
    xp = with_loops(numpy)
    for n, extent in ((1000, 100), (1000, 1000), (10_000, 100), (10_000, 1000), (10_000, 10_000)):
        yield from suppression(xp, n, extent)
    for sizes in ((64, 7, 32, 64), (64, 14, 32, 64), (512, 7, 50, 256)):
        yield from region_alignment(xp, *sizes)
    for sizes in ((300, 4000), (20, 8400)):
        yield from matching(xp, *sizes)
    for n in (256, 4096):
        yield from losses(n)


def figure(run):
    """Return a function that returns the milliseconds of a call."""

    def measure():
        start = time.process_time()
        for _ in range(CALLS):
            run()
        return 1e3 * (time.process_time() - start) / CALLS

    return measure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'':<36}{'skann':>10}{'torchvision':>13}{'ratio':>8}")
    with threadpool_limits(1, "blas"):
        for case in cases():
            peers = {"skann": figure(case.skann), "torchvision": figure(case.torchvision)}
            comparison = compare(case.name, "ms", peers, options.repeats)
            pairs = zip(*(comparison.figures[peer] for peer in peers), strict=True)
            ratio = statistics.median(own / theirs for own, theirs in pairs)
            medians = [comparison.median(peer) for peer in peers]
            print(f"{case.name:<36}{medians[0]:>10.3f}{medians[1]:>13.3f}{ratio:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
