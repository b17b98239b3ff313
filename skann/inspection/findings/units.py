"""Checks of the hidden units."""

from __future__ import annotations

import numpy

from ...engine.activations import ElementwiseActivation
from ...engine.layers import ActivationLayer
from ...estimators.fit_warnings import DEAD_REMEDY, MAX_DEAD_FRACTION, describe_dead_layers
from ..extraction import short_name
from .base import symptom
from .case import Case

DEEP = 3  # hidden layers
SLOPE_REMEDY = "Lower learning_rate_init, or use an activation with a slope on both sides of 0, such as 'leaky_relu'."
VANISHED = 0.01  # ratio of the gradients of the first and the last hidden layer


@symptom("dead units")
def dead_units(case: Case) -> tuple[str, str] | None:
    """More than half of the units in a hidden layer have zero output or zero slope on all rows."""
    is_map = _is_map(case)
    seen = describe_dead_layers([0.0 if of_map else dead for dead, of_map in zip(case.dead_units, is_map, strict=True)])
    if seen is None:
        return None
    return seen, DEAD_REMEDY if not (case.is_table or case.takes_images) else SLOPE_REMEDY


@symptom("dead filters")
def dead_filters(case: Case) -> tuple[str, str] | None:
    """More than half of the filters of a convolution have zero output or zero slope everywhere on all images."""
    hidden, shapes = case.probed.with_role("hidden"), case.probed.shapes
    listed = [
        f"{round(dead * n_filters)} of {n_filters} in hidden layer {i}"
        for i, (name, dead, is_map) in enumerate(zip(hidden, case.dead_units, _is_map(case), strict=True))
        if is_map and dead > MAX_DEAD_FRACTION and (n_filters := shapes[name][-1])
    ]
    if not listed:
        return None
    return f"Filters that no position of any image activates are dead and learn no more: {', '.join(listed)}.", (
        SLOPE_REMEDY
    )


def _is_map(case: Case) -> list[bool]:
    """Return for each hidden layer whether its outputs are maps."""
    return [len(case.probed.shapes[name]) > 1 for name in case.probed.with_role("hidden")]


@symptom("vanishing gradients", needs="gradient_norm")
def vanishing_gradients(case: Case) -> tuple[str, str] | None:
    """In three or more hidden layers with saturating activations, the first has a hundredth of the last's gradient."""
    norms, loss = case.history("gradient_norm"), case.history("loss")
    saturating = _saturating(case)
    if norms.ndim < 2 or norms.shape[1] < DEEP or not saturating:
        return None
    first, last = norms[:, 0], norms[:, -1]
    ratios = numpy.divide(first, last, out=numpy.ones_like(first), where=last > 0)
    # the ratio recovers once training makes progress: then its median counts, else its initial value
    stuck = loss[-1] > 0.5 * loss[0]
    normalization = ", normalization='batch'" if case.has("normalization") else ""
    ratio = ratios[0] if stuck else numpy.median(ratios)
    if not ratio < VANISHED:
        return None
    return (
        f"The gradient of the first of {norms.shape[1]} hidden layers was {ratio:.1g} times that of the last "
        f"{'in the first epoch' if stuck else 'in the median epoch'}: {', '.join(saturating)} lets little of it pass.",
        f"Use 'relu' or 'elu' in the hidden layers{normalization}, or fewer layers.",
    )


def _saturating(case: Case) -> list[str]:
    """Return the activations of hidden layers that are flat for large inputs of either sign."""
    activations = [
        layer.activation
        for layer in (node.layer for node in case.network._learner.graph.nodes.values())
        if isinstance(layer, ActivationLayer) and isinstance(layer.activation, ElementwiseActivation)
    ]
    flat = [activation for activation in activations if numpy.abs(activation.derivative([-100.0, 100.0])).max() < 1e-3]
    return list(dict.fromkeys(short_name(activation) for activation in flat))
