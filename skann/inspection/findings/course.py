"""Checks of the training history."""

from __future__ import annotations

import numpy

from ...estimators.builders import is_stochastic
from .base import symptom
from .case import Case

# In fits with default learning rates on digits, iris, breast cancer, wine and diabetes, standardised or not, with and
# without dropout and batch normalization, the loss rose by a tenth in at most 12 % of the epochs, and never by a tenth
# of the initial loss. With rates 100 times as large, it did so in a third of the epochs, or rose by more than the
# initial loss.
RISE, MAX_RISE_FRACTION, MAX_JUMP = 0.1, 0.2, 0.25
# A smaller rise, relative to the initial loss, is noise: with their default rates, convolutional networks reach a
# hundredth of the initial loss on digits and fluctuate there by more than a tenth of it.
MIN_RISE = 0.02
MIN_EPOCHS = 8  # fewer show no trend
FEW_EPOCHS = 50  # a smaller max_iter explains slow progress better than the learning rate does
STEADY = 0.5  # ratio of the slopes in the last and the first quarter, at most 0.1 with a suitable learning rate
OVER_MINIMUM = 1.1  # ratio of the validation loss to its minimum
STILL_FALLING = 0.01  # relative fall of the loss over the last tenth of the epochs
ANNEALED = 0.1  # ratio of the last learning rate to the largest, below which the loss falls because the rate does


@symptom("learning rate too high", needs="loss")
def rate_too_high(case: Case) -> tuple[str, str] | None:
    """The loss rises by a tenth in a fifth of the epochs, or once by a quarter of the initial loss."""
    loss = case.history("loss")
    if len(loss) < MIN_EPOCHS:
        return None
    rises = numpy.diff(loss)
    share, largest = (rises > numpy.maximum(RISE * loss[:-1], MIN_RISE * loss[0])).mean(), rises.max()
    if share >= MAX_RISE_FRACTION:
        seen = f"The loss rose by more than a tenth in {share:.0%} of the epochs."
    elif largest > 0 and largest >= MAX_JUMP * loss[0]:
        epoch = int(rises.argmax()) + 1
        seen = f"The loss jumped from {loss[epoch - 1]:.3g} to {loss[epoch]:.3g} in epoch {epoch + 1}."
    else:
        return None
    rate = case.network.learning_rate_init
    clip = " clip_norm=1.0 prevents single jumps." if case.has("clip_norm") else ""
    return seen, f"Lower learning_rate_init, which is {rate:g}: try {rate / 10:g}.{clip}"


@symptom("learning rate too low", needs="loss")
def rate_too_low(case: Case) -> tuple[str, str] | None:
    """The loss falls about as fast at the end as at the start, and has not halved."""
    loss, network = case.history("loss"), case.network
    if len(loss) < MIN_EPOCHS or (network.n_iter_ >= network.max_iter and len(loss) < FEW_EPOCHS):
        return None
    if loss[-1] < 0.5 * loss[0] or (numpy.diff(loss) > 0).mean() > 0.1:
        return None
    quarter = len(loss) // 4
    first_fall, last_fall = loss[0] - loss[quarter], loss[-1 - quarter] - loss[-1]
    if first_fall <= 0 or last_fall < STEADY * first_fall:
        return None
    rate = network.learning_rate_init
    return (
        f"In {len(loss)} epochs the loss went from {loss[0]:.4g} to {loss[-1]:.4g}, in the last quarter of them "
        f"{last_fall / first_fall:.0%} as fast as in the first.",
        f"Raise learning_rate_init, which is {rate:g}: try {10 * rate:g}.",
    )


@symptom("stopped by max_iter")
def stopped_by_max_iter(case: Case) -> tuple[str, str] | None:
    """Training ended at max_iter while the (validation) loss fell by over 1 % in the last tenth of the epochs."""
    network = case.network
    n_iter = getattr(network, "n_iter_", 0)  # missing if the weights were assigned
    if n_iter < network.max_iter or hasattr(network, "_training_state"):  # left by partial_fit
        return None
    more = f"Raise max_iter, which is {network.max_iter}"
    if not is_stochastic(network.solver):
        return f"L-BFGS was stopped after {n_iter} iterations, short of a minimum.", f"{more}."
    validation_loss = case.history("validation_loss")
    name, loss = ("loss", case.history("loss")) if validation_loss is None else ("validation loss", validation_loss)
    tenth = max(1, len(loss) // 10)
    if len(loss) < 2 * tenth:
        return None
    before, last = loss[-2 * tenth : -tenth].mean(), loss[-tenth:].mean()
    if not before - last > STILL_FALLING * before or (_is_annealed(case) and last < 0.5 * loss[0]):
        return None
    fall = 1 - last / before
    return (
        f"Training was stopped after {n_iter} epochs, while the {name} was still falling: by {fall:.1%} from "
        "one tenth of the epochs to the next.",
        f"{more}, or learning_rate_init, which is {network.learning_rate_init:g}.",
    )


def _is_annealed(case: Case) -> bool:
    """Return whether the schedule has lowered the learning rate towards the end."""
    rate = case.history("learning_rate")
    return rate is not None and bool(rate[-1] < ANNEALED * rate.max())


@symptom("over-fitting", needs="validation_loss")
def over_fitting(case: Case) -> tuple[str, str] | None:
    """The validation loss of the final weights is a tenth above its minimum in an earlier epoch."""
    loss, kept = case.history("validation_loss"), -1
    if not len(loss):  # interrupted in the first epoch
        return None
    if case.network.early_stopping:
        kept = int(case.history("validation_score").argmax())
        loss = loss[: kept + 1]
    best = int(loss.argmin())
    if loss[-1] <= OVER_MINIMUM * loss[best]:
        return None
    # early stopping monitors the score: accuracy can keep improving when the loss no longer does
    stop = "scoring='loss'" if case.network.early_stopping else case.way_to_validate
    return (
        f"The validation loss was least in epoch {best + 1}, {loss[best]:.3g}, and is {loss[-1]:.3g} for the weights "
        f"of epoch {len(loss)}, while the training loss went from {case.history('loss')[best]:.3g} to "
        f"{case.history('loss')[kept]:.3g}.",
        f"Set {stop},{' add dropout (0.2 to 0.5),' if case.has('dropout') else ''} raise {case.penalty}, which is "
        f"{case.network.alpha:g}, or get more {'images' if case.is_spatial else 'rows'}.",
    )
