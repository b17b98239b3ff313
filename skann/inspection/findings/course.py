"""Findings about the course of training."""

from __future__ import annotations

import numpy

from ...estimators.objects import is_stochastic
from .base import symptom
from .case import Case

# Over fits with default rates of digits, iris, breast cancer, wine and diabetes, standardised and raw, with and without
# dropout and batch normalization, the loss rose by a tenth in at most 12 % of the epochs, and never by a tenth of the
# first loss. Rates 100 times as large have a third of such epochs, or rise by more than the first loss.
RISE, SHARE_OF_RISES, LARGEST_RISE = 0.1, 0.2, 0.25
FEWEST_EPOCHS = 8  # to speak of a course
FEW_EPOCHS = 50  # a max_iter below is a nearer cause of little progress than the rate
STEADY = 0.5  # the slope of the last quarter over that of the first: at most 0.1 where the rate is right
TURNED = 1.1  # the validation loss over its least
STILL_FALLING = 0.01  # share of the loss that the last tenth of the epochs took off


@symptom("learning rate too high", needs="loss")
def rate_too_high(case: Case) -> tuple[str, str] | None:
    """The loss jumps: by a tenth of itself in a fifth of the epochs, or once by a quarter of the first loss."""
    loss = case.course("loss")
    if len(loss) < FEWEST_EPOCHS:
        return None
    rises = numpy.diff(loss)
    share, largest = (rises > RISE * loss[:-1]).mean(), rises.max()
    if share >= SHARE_OF_RISES:
        seen = f"The loss rose by more than a tenth in {share:.0%} of the epochs."
    elif largest > 0 and largest >= LARGEST_RISE * loss[0]:
        epoch = int(rises.argmax()) + 1
        seen = f"The loss jumped from {loss[epoch - 1]:.3g} to {loss[epoch]:.3g} in epoch {epoch + 1}."
    else:
        return None
    rate = case.network.learning_rate_init
    clip = " clip_norm=1.0 tames single jumps." if case.has("clip_norm") else ""
    return seen, f"Lower learning_rate_init, which is {rate:g}: try {rate / 10:g}.{clip}"


@symptom("learning rate too low", needs="loss")
def rate_too_low(case: Case) -> tuple[str, str] | None:
    """The loss falls as steadily at the end as at the start, and has not halved."""
    loss, network = case.course("loss"), case.network
    if len(loss) < FEWEST_EPOCHS or (network.n_iter_ >= network.max_iter and len(loss) < FEW_EPOCHS):
        return None
    if loss[-1] < 0.5 * loss[0] or (numpy.diff(loss) > 0).mean() > 0.1:
        return None
    quarter = len(loss) // 4
    at_first, at_last = loss[0] - loss[quarter], loss[-1 - quarter] - loss[-1]
    if at_first <= 0 or at_last < STEADY * at_first:
        return None
    rate = network.learning_rate_init
    return (
        f"In {len(loss)} epochs the loss went from {loss[0]:.4g} to {loss[-1]:.4g}, in the last quarter of them "
        f"{at_last / at_first:.0%} as fast as in the first.",
        f"Raise learning_rate_init, which is {rate:g}: try {10 * rate:g}.",
    )


@symptom("stopped by max_iter")
def stopped_by_max_iter(case: Case) -> tuple[str, str] | None:
    """Training ended by max_iter, and the (validation) loss fell by more than 1 % in the last tenth of the epochs."""
    network = case.network
    n_iter = getattr(network, "n_iter_", 0)  # not there if the weights were assigned
    if n_iter < network.max_iter or hasattr(network, "_training_state"):  # left by partial_fit
        return None
    more = f"Raise max_iter, which is {network.max_iter}"
    if not is_stochastic(network.solver):
        return f"L-BFGS was stopped after {n_iter} iterations, short of a minimum.", f"{more}."
    validation_loss = case.course("validation_loss")
    name, loss = ("loss", case.course("loss")) if validation_loss is None else ("validation loss", validation_loss)
    tenth = max(1, len(loss) // 10)
    if len(loss) < 2 * tenth:
        return None
    before, last = loss[-2 * tenth : -tenth].mean(), loss[-tenth:].mean()
    if not before - last > STILL_FALLING * before:
        return None
    fall = 1 - last / before
    return (
        f"Training was stopped after {n_iter} epochs, while the {name} was still falling: by {fall:.1%} from "
        "one tenth of the epochs to the next.",
        f"{more}, or learning_rate_init, which is {network.learning_rate_init:g}.",
    )


@symptom("over-fitting", needs="validation_loss")
def over_fitting(case: Case) -> tuple[str, str] | None:
    """The validation loss of the weights that were kept is a tenth above its least in an earlier epoch."""
    loss, kept = case.course("validation_loss"), -1
    if case.network.early_stopping:
        kept = int(case.course("validation_score").argmax())
        loss = loss[: kept + 1]
    best = int(loss.argmin())
    if loss[-1] <= TURNED * loss[best]:
        return None
    # early stopping by the score is there already, but accuracy can go on improving when the loss no longer does
    stop = "scoring='loss'" if case.network.early_stopping else case.way_to_validate
    return (
        f"The validation loss was least in epoch {best + 1}, {loss[best]:.3g}, and is {loss[-1]:.3g} for the weights "
        f"of epoch {len(loss)}, while the training loss went from {case.course('loss')[best]:.3g} to "
        f"{case.course('loss')[kept]:.3g}.",
        f"Set {stop}, add dropout (0.2 to 0.5), raise {case.penalty}, which is {case.network.alpha:g}, or get more "
        "rows.",
    )
