"""The training step of two-stage detectors, whose heads read regions of the features of a trunk."""

from __future__ import annotations

from typing import Any, cast

import numpy

from ..arrays.backend import Array, move, namespace
from ..arrays.deferred_sum import DeferredSum
from ..criterion import Criterion
from ..detection.region_targets import Objects, RegionTargets
from ..detection.roi_align import roi_align, roi_align_backward
from ..graph import Graph
from ..models.rcnn import MASK_SIZE, parts_of, scale_of
from ..network import Network
from ..objective import Objective
from ..parameters import Parameters
from .step import SupervisedStep

_MASKED_SHARE = 4  # one in so many of the regions has its mask trained


class TwoStageStep(SupervisedStep):
    """The step of a two-stage detector: one set of parameters, a network for the trunk and one for each head.

    The gradient of the features is the sum of those of the heads. The regions are no function of the parameters for
    the gradient: boxes that the trunk proposes count as given [Ren et al., 2015, arXiv:1506.01497]. The number of
    regions of an image is fixed, with padding of weight 0, so that all batches have the same shapes.

    The parameters are those of ``SupervisedStep``. ``rows.encode`` is the RegionTargets of the detector.
    """

    def _build_criterion(self) -> Criterion:
        return TwoStageCriterion(
            self.learner.objective,
            self.learner.graph,
            self.trained,
            self.n_rows_at_once,
            cast("RegionTargets", self.rows.encode),
            self.state,
        )

    def _probed_graph(self) -> Graph:
        trunk, _, _ = parts_of(self.learner.graph)
        return trunk.up_to(trunk.outputs[0])

    def _check_outputs(self, when: str) -> None:
        """Do nothing: classes and boxes are finite for any finite outputs."""


class _RegionHead:
    """A head with the features of its regions.

    Parameters
    ----------
    objective : Objective
    graph : Graph
    parameters : Parameters
    n_regions : int
        Maximum number of regions.
    scale : float
        The size of the features, divided by that of the image.
    """

    def __init__(self, objective: Objective, graph: Graph, parameters: Parameters, n_regions: int, scale: float):
        self.network = Network(graph, parameters, n_regions, training=True, input_gradients=True)
        self.criterion = Criterion(objective, self.network)
        (shape,) = graph.inputs.values()
        self.input = self.network.xp.empty((n_regions, *shape), parameters.theta.dtype)
        self.scale = scale

    def loss_and_grad(
        self, features: Array, dfeatures: Array, regions: Array, image_of: Array, target: Array, weight: Array
    ) -> DeferredSum | float:
        """Return the loss of regions; write the gradients of the parameters and that of the features."""
        xp, x = self.network.xp, self.input[: len(regions)]
        roi_align(xp, features, regions, image_of, self.scale, x)
        loss = self.criterion.evaluate(x, target, weight)
        (dx,) = self.network.backward(self.network.output_gradients(len(regions)), inputs=True)
        roi_align_backward(xp, dx, regions, image_of, self.scale, dfeatures)
        return loss


class TwoStageCriterion(Criterion):
    """The objective of a two-stage detector: that of the trunk's network, and those of the heads.

    Parameters
    ----------
    objective : Objective
    graph : Graph
        Of ``models.rcnn``.
    parameters : Parameters
    n_rows : int
        Maximum number of images in a batch.
    targets : RegionTargets
    state : TrainingState
        Its number of steps selects among given proposals.
    """

    def __init__(
        self,
        objective: Objective,
        graph: Graph,
        parameters: Parameters,
        n_rows: int,
        targets: RegionTargets,
        state: Any,
    ):
        trunk, regions, masks = parts_of(graph)
        super().__init__(objective, Network(trunk, parameters, n_rows, training=True, generator=state.generator))
        self.targets, self.state = targets, state
        self._library = namespace(parameters.theta)
        self._features = trunk.outputs[-1]
        scale = scale_of(trunk)
        self._regions = _RegionHead(objective, regions, parameters, n_rows * targets.n_regions, scale)
        self._n_masked = max(1, targets.n_regions // _MASKED_SHARE)
        self._masks = None
        if masks is not None:
            self._masks = _RegionHead(objective, masks, parameters, n_rows * self._n_masked, scale)
        for head in filter(None, (self._regions, self._masks)):
            head.criterion.parts = self.parts

    def loss_and_grad(self, x, target, weight):
        """Return the weighted loss of a batch, and write its gradient into ``network.parameters.grad``."""
        xp, n = self.network.xp, x.shape[0]
        dtype = self.network.parameters.theta.dtype
        objects = [self.targets.read(own) for own in move(target, numpy)]
        if self.targets.anchors is None:
            loss = self.evaluate(x, (), weight)
            proposed = [numpy.empty((0, 4), dtype)] * n
        else:
            anchor_target = move(self.targets.anchor_target(objects, dtype), self._library)
            loss = self.evaluate(x, (anchor_target,), weight)
            raw = move(self.network.outputs(n)[0], numpy)
            proposed = [self.targets.propose(own, self.targets.n_regions) for own in raw]
        gradients = self.network.output_gradients(n)
        features, dfeatures = self.network.outputs(n)[-1], gradients[self._features]
        weights = numpy.full(n, weight) if isinstance(weight, float) else move(weight, numpy)
        step = self.state.optimizer.step
        regions = [
            self.targets.regions_to_train(own, boxes, step) for own, boxes in zip(objects, proposed, strict=True)
        ]
        loss += self._regions.loss_and_grad(features, dfeatures, *self._region_arrays(objects, regions, weights))
        if self._masks is not None:
            dmasks = xp.empty_like(dfeatures)
            loss += self._masks.loss_and_grad(features, dmasks, *self._mask_arrays(objects, regions, weights))
            xp.add(dfeatures, dmasks, out=dfeatures)
        self.network.backward(gradients)
        return loss

    def _region_arrays(self, objects: list[Objects], regions: list, weights: numpy.ndarray) -> list[Array]:
        """Return boxes, their images, their targets and their weights, for the head of regions."""
        arrays = (
            numpy.concatenate([own.boxes for own in regions]),
            numpy.repeat(numpy.arange(len(regions)), self.targets.n_regions),
            numpy.concatenate(
                [self.targets.region_target(own, chosen) for own, chosen in zip(objects, regions, strict=True)]
            ),
            numpy.concatenate([own.weights * weight for own, weight in zip(regions, weights, strict=True)]),
        )
        return self._move(arrays)

    def _mask_arrays(self, objects: list[Objects], regions: list, weights: numpy.ndarray) -> list[Array]:
        """Return boxes, their images, their masks and their weights, for the head of masks."""
        count, n = self._n_masked, len(regions)
        boxes = numpy.zeros((n, count, 4), regions[0].boxes.dtype)
        masks = numpy.zeros((n, count, MASK_SIZE, MASK_SIZE, 1), boxes.dtype)
        shares = numpy.zeros((n, count), boxes.dtype)
        for i, (own, chosen) in enumerate(zip(objects, regions, strict=True)):
            index = numpy.flatnonzero(chosen.matches >= 0)
            if len(index):
                k = min(count, len(index))
                index = index[numpy.arange(k) * len(index) // k]  # spread over true boxes and proposals
                boxes[i, :k] = chosen.boxes[index]
                masks[i, :k, :, :, 0] = own.masks(boxes[i, :k], chosen.matches[index], MASK_SIZE)
                shares[i, :k] = weights[i] / (k * MASK_SIZE**2)
        arrays = boxes.reshape(-1, 4), numpy.repeat(numpy.arange(n), count), masks.reshape(-1, *masks.shape[2:])
        return self._move((*arrays, shares.reshape(-1)))

    def _move(self, arrays: tuple) -> list[Array]:
        """Return arrays in the memory of the networks, numbers in their dtype."""
        dtype = self.network.parameters.theta.dtype
        return [
            move(array.astype(dtype, copy=False) if array.dtype.kind == "f" else array, self._library)
            for array in arrays
        ]
