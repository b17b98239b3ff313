"""Checks of images and of the stages of convolutional networks."""

from __future__ import annotations

from ...engine.layers import Pool2D
from .base import symptom
from .case import Case

CHANNELS = (1, 3, 4)  # of grey images, of RGB, and with an alpha channel
MIN_SIDE = 8  # of an image that is stored with its channels first


@symptom("channels first")
def channels_first(case: Case) -> tuple[str, str] | None:
    """Images have 1, 3 or 4 rows and as many channels as columns: the first axis seems to hold the channels."""
    if not case.takes_images:
        return None
    rows, columns, channels = case.network.image_shape_
    if not (rows in CHANNELS and columns == channels >= MIN_SIDE):
        return None
    return (
        f"Images have {rows} rows, {columns} columns and {channels} channels: they seem to be {columns} x {channels} "
        f"pixels in {rows} channel{'s' * (rows > 1)}, which come first.",
        "Move the channels to the last axis, numpy.moveaxis(X, 1, -1), and fit again.",
    )


@symptom("too many stages")
def too_many_stages(case: Case) -> tuple[str, str] | None:
    """The maps of the last stage of convolutions are of one pixel."""
    graph = case.network._learner.graph
    pooled = [graph.shapes[name][:2] for name, node in graph.nodes.items() if isinstance(node.layer, Pool2D)]
    # the stages of signals end by themselves, and a single stage is no stage too many
    is_signal = case.takes_images and case.network.image_shape_[0] == 1
    if is_signal or len(pooled) < 2 or pooled[-1] != (1, 1):
        return None
    height, width = pooled[-2]
    return (
        f"The maps of the last of {len(pooled)} stages are 1 x 1, and those before it {height} x {width}: most of "
        "what its kernels see is padding, and the place of a pattern is lost.",
        f"Use fewer filters, one number per stage{', or a smaller pool_size' if case.has('pool_size') else ''}.",
    )
