"""Findings about hidden units."""

from __future__ import annotations

import numpy

from ...engine.activations import ElementwiseActivation
from ...engine.layers import ActivationLayer
from ...estimators.advice import DEAD_REMEDY, dead_layers
from ..extraction import short_name
from .base import symptom
from .case import Case

DEEP = 3  # hidden layers
VANISHED = 0.01  # the first hidden layer's gradient over the last's


@symptom("dead units")
def dead_units(case: Case) -> tuple[str, str] | None:
    """More than half of the units of a hidden layer have zero output or zero slope on every row."""
    seen = dead_layers(case.dead_units)
    if seen is None:
        return None
    remedy = "Lower learning_rate_init, or take an activation that has a slope on both sides, such as 'leaky_relu'."
    return seen, remedy if case.is_table else DEAD_REMEDY


@symptom("vanishing gradients", needs="gradient_norm")
def vanishing_gradients(case: Case) -> tuple[str, str] | None:
    """With three or more hidden layers that saturate, the first has a hundredth of the last one's gradient."""
    norms, loss = case.course("gradient_norm"), case.course("loss")
    saturating = _saturating(case)
    if norms.ndim < 2 or norms.shape[1] < DEEP or not saturating:
        return None
    first, last = norms[:, 0], norms[:, -1]
    ratios = numpy.divide(first, last, out=numpy.ones_like(first), where=last > 0)
    # the ratio recovers where training gets under way; what counts then is whether it did
    stuck = loss[-1] > 0.5 * loss[0]
    normalization = ", normalization='batch'" if case.has("normalization") else ""
    ratio = ratios[0] if stuck else numpy.median(ratios)
    if not ratio < VANISHED:
        return None
    return (
        f"The gradient of the first of {norms.shape[1]} hidden layers was {ratio:.1g} times that of the last "
        f"{'in the first epoch' if stuck else 'in the median epoch'}: {', '.join(saturating)} lets little of it pass.",
        f"Take 'relu' or 'elu' for the hidden layers{normalization}, or fewer layers.",
    )


def _saturating(case: Case) -> list[str]:
    """Return the hidden layers' activations that are flat for large inputs of either sign."""
    activations = [
        layer.activation
        for layer in (node.layer for node in case.network._learner.graph.nodes.values())
        if isinstance(layer, ActivationLayer) and isinstance(layer.activation, ElementwiseActivation)
    ]
    flat = [activation for activation in activations if numpy.abs(activation.derivative([-100.0, 100.0])).max() < 1e-3]
    return list(dict.fromkeys(short_name(activation) for activation in flat))
