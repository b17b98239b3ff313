"""The networks of two-stage detectors: a trunk for the image, and heads for its regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..activations import Activation, Logistic
from ..graph import Graph
from ..initializers import GlorotUniform, Initializer, Normal
from ..layers import Add, Conv2D, Dense, Flatten, JoinPositions, Layer, Upsample2D
from ..losses import AnchorLoss, MaskLoss, RegionLoss
from ..objective import Head, Objective
from .blocks import BlockBuilder

PROPOSALS = "proposals"  # the output for anchors, before that of the features
REGIONS, MASKS = "regions", "masks"  # inputs of the heads
REGION_OUTPUT, MASK_OUTPUT = "region_output", "mask_output"
REGION_SIZE, MASK_INPUT_SIZE, MASK_SIZE = 7, 14, 28  # rows and columns of a region's features, and of its mask
_MASK_BLOCKS = 2  # convolutions of the head of masks


def parts_of(graph: Graph) -> tuple[Graph, Graph, Graph | None]:
    """Return the trunk, whose last output is the features, and the heads of regions and of masks, if there is one."""
    trunk = graph.up_to(*graph.outputs[: graph.outputs.index(REGION_OUTPUT)])
    masks = graph.up_to(MASK_OUTPUT) if MASK_OUTPUT in graph.outputs else None
    return trunk, graph.up_to(REGION_OUTPUT), masks


def scale_of(trunk: Graph) -> float:
    """Return the size of the features, divided by that of the image."""
    first = "padding" if "padding" in trunk.shapes else "x"
    return trunk.shapes[trunk.outputs[-1]][0] / trunk.shapes[first][0]


@dataclass(frozen=True)
class RCNNSizes:
    """The sizes of a two-stage detector.

    Attributes
    ----------
    n_classes : int
    filters : sequence of int
        Number of filters of each stage of the trunk, at least two.
    hidden_units : sequence of int
        Number of units of the dense layers for a region.
    n_anchors : int
        Number of anchors of a point; 0 leaves out the proposals.
    has_masks : bool
    """

    n_classes: int
    filters: Sequence[int]
    hidden_units: Sequence[int]
    n_anchors: int
    has_masks: bool = False

    @property
    def width(self) -> int:
        """Number of channels of the features."""
        return self.filters[-2]


def rcnn(
    in_shape: tuple[int, int, int],
    sizes: RCNNSizes,
    activation: Activation,
    weight_init: Initializer | None,
    normalization: Layer | None,
) -> tuple[Graph, Objective]:
    """Return the graph of a two-stage detector, in unconnected parts, and the objective.

    The trunk has stages of two convolutions with max pooling between them. The maps of the last stage, upsampled, are
    added to those of the one before it; a convolution gives the features. From these, a further one gives the
    objectness and the deltas of the anchors of each point [Ren et al., 2015, arXiv:1506.01497]. The heads read the
    features of regions: dense layers give classes and deltas [Girshick, 2015, arXiv:1504.08083], convolutions a mask
    [He et al., 2017, arXiv:1703.06870], the same for all classes.

    Parameters
    ----------
    in_shape : (int, int, int)
        Height, width and channels of an image.
    sizes : RCNNSizes
    weight_init : Initializer or None
        Initializer of all but the output layers; None uses that of the activation.
    normalization : Layer or None
        Applied after each convolution and dense layer, before the activation.
    """
    regions = {REGIONS: (REGION_SIZE, REGION_SIZE, sizes.width)}
    if sizes.has_masks:
        regions[MASKS] = (MASK_INPUT_SIZE, MASK_INPUT_SIZE, sizes.width)
    builder = BlockBuilder(weight_init, normalization, x=in_shape, **regions)
    trunk = _add_trunk(builder, sizes, activation)
    outputs, heads = [*trunk, _add_region_head(builder, sizes, activation)], {}
    if PROPOSALS in trunk:
        loss = AnchorLoss()
        heads[PROPOSALS] = Head(loss, loss.link("detection"))
    loss = RegionLoss(sizes.n_classes)
    heads[REGION_OUTPUT] = Head(loss, loss.link("detection"))
    if sizes.has_masks:
        outputs.append(_add_mask_head(builder, sizes, activation))
        heads[MASK_OUTPUT] = Head(MaskLoss(), Logistic())
    return builder.build(*outputs), Objective(heads)


def _add_trunk(builder: BlockBuilder, sizes: RCNNSizes, activation: Activation) -> list[str]:
    """Add the trunk; return its outputs, the features last."""
    x = builder.scale_input(2 ** (len(sizes.filters) - 1))
    *_, fine, coarse = builder.encoder(list(sizes.filters), [2] * len(sizes.filters), activation, x)
    init = builder.weight_init or activation.weight_init
    coarse = builder.add(Upsample2D(2), builder.add(Conv2D(sizes.width, init, 1), coarse, name="narrowed"), name="up")
    merged = builder.add(Add(), fine, coarse, name="merged")
    features = builder.convolutions("features", sizes.width, 1, activation, merged)
    if not sizes.n_anchors:
        return [features]
    x = builder.convolutions("anchors", sizes.width, 1, activation, features)
    x = builder.add(Conv2D(5 * sizes.n_anchors, Normal(0.01), 1), x, name="anchor_output", role="output")
    return [builder.add(JoinPositions(sizes.n_anchors), x, name=PROPOSALS), features]


def _add_region_head(builder: BlockBuilder, sizes: RCNNSizes, activation: Activation) -> str:
    """Add the head of classes and deltas; return its output."""
    x = builder.add(Flatten(), REGIONS, name="flattened")
    for i, units in enumerate(sizes.hidden_units):
        x = builder.block(f"hidden_{i}", Dense(units, builder.weight_init or activation.weight_init), activation, x)
    return builder.add(Dense(sizes.n_classes + 5, Normal(0.01)), x, name=REGION_OUTPUT, role="output")


def _add_mask_head(builder: BlockBuilder, sizes: RCNNSizes, activation: Activation) -> str:
    """Add the head of masks; return its output."""
    x = builder.convolutions("mask", sizes.width, _MASK_BLOCKS, activation, MASKS)
    x = builder.add(Upsample2D(2, "bilinear"), x, name="mask_up")
    return builder.add(Conv2D(1, GlorotUniform(), 1), x, name=MASK_OUTPUT, role="output")
