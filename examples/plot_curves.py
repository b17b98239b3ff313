"""
All activations, losses and schedules
=====================================

All registered components: activations with their derivatives, losses as functions of the residual, the raw output or
the margin, and schedules as functions of the progress of training.
"""

import sys
from itertools import cycle
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy

from skann.engine.activations import ACTIVATIONS, ElementwiseActivation
from skann.engine.losses import LOSSES
from skann.engine.schedules import SCHEDULES

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
STYLES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), ("#000000", ":"), ("#CC79A7", (0, (6, 1, 1, 1, 1, 1)))]


def losses_of(loss, task, raw, target):
    """Return the loss of each row of raw outputs."""
    losses, gradient, work = numpy.empty(len(raw)), numpy.empty_like(raw), numpy.empty((2, *raw.shape))
    loss.evaluate(numpy, loss.link(task), raw, numpy.full_like(raw, target), losses, gradient, work)
    return losses


# %%
# Activations
# -----------

# sphinx_gallery_defer_figures
figure = plt.figure(figsize=(15, 15), layout="constrained")
top, middle, bottom = figure.subfigures(3, 1, height_ratios=[2, 1.15, 1.9])

activations = [cls for cls in ACTIVATIONS.classes() if issubclass(cls, ElementwiseActivation)]
n_columns = 7
x = numpy.linspace(-4, 4, 801)
panels = top.subplots(-(-len(activations) // n_columns), n_columns, sharex=True, sharey=True, squeeze=False)
for panel, cls in zip(panels.flat, activations, strict=False):
    panel.plot(x, cls()(x), color=BLUE, label="activation y(x)")
    panel.plot(x, cls().derivative(x), color=ORANGE, linestyle="--", label="derivative dy/dx")
    panel.set(title=cls.name, ylim=(-1.5, 3), xticks=[-4, -2, 0, 2, 4])
    panel.grid(alpha=0.3)
for panel in panels.flat[len(activations) :]:
    panel.set_axis_off()
top.suptitle("Activations, with default parameters")
top.supxlabel("weighted input x (no unit)", fontsize="medium")
top.supylabel("y and dy/dx (no unit)", fontsize="medium")
top.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower right", ncols=2, frameon=False)

# %%
# Losses
# ------
# Regression losses with the identity link depend on the residual only; those with a log link also depend on the target,
# which is 1 here. The margin is the raw output for two classes, positive if the prediction is right.

# sphinx_gallery_defer_figures
names = {name: LOSSES[name]() for name in LOSSES.names()}
regression = {name: loss for name, loss in names.items() if "regression" in loss.tasks}
of_residual = {name: loss for name, loss in regression.items() if loss.link("regression").name == "identity"}
of_log_mean = {name: loss for name, loss in regression.items() if name not in of_residual}
of_margin = {name: loss for name, loss in names.items() if "binary" in loss.tasks}
for panel, losses, task, target, title, xlabel, ylabel in zip(
    middle.subplots(1, 3),
    (of_residual, of_log_mean, of_margin),
    ("regression", "regression", "binary"),
    (0, 1, 1),
    ("Regression losses", "Regression losses with a log link, y = 1", "Classification losses, two classes"),
    ("residual p - y (units of y)", "raw output log p (no unit)", "margin: raw output for the true class (log odds)"),
    (
        "loss (units of y, or of y squared)",
        "loss: half the deviance",
        "loss (nats, or no unit)",
    ),
    strict=True,
):
    raw = numpy.linspace(-3, 3, 601)[:, None]
    for (name, loss), (color, style) in zip(losses.items(), cycle(STYLES), strict=False):
        panel.plot(raw, losses_of(loss, task, raw, target), color=color, linestyle=style, label=name)
    panel.set(title=title, xlabel=xlabel, ylabel=ylabel, ylim=(-0.1, 4.6))
    panel.grid(alpha=0.3)
    panel.legend(frameon=False, loc="upper center")

# %%
# Schedules
# ---------
# 100 epochs of 1,000 rows, optionally with a warm-up over the first ten. "adaptive" and "plateau" react when progress
# stalls, here at 40, 60 and 80 % of training.

N_EPOCHS, ROWS, STALLS = 100, 1_000, (40, 60, 80)


def factors_of(schedule):
    """Return the factor of the learning rate at the start of each tenth of an epoch."""
    rate, factors = 1.0, []
    for epoch in range(N_EPOCHS):
        if epoch in STALLS:
            rate = schedule.after_stagnation(rate, 1.0) or rate
        factors += [rate * schedule.at((epoch + i / 10) / N_EPOCHS, epoch + i / 10) for i in range(10)]
        rate = schedule.after_epoch(rate, 1.0, ROWS * (epoch + 1))
    return factors


done = numpy.arange(0, N_EPOCHS, 0.1) / N_EPOCHS
schedules = SCHEDULES.classes()
panels = bottom.subplots(-(-len(schedules) // 5), 5, sharex=True, sharey=True, squeeze=False)
for panel, cls in zip(panels.flat, schedules, strict=False):
    if "warmup" in cls().get_params():
        panel.plot(done, factors_of(cls(warmup=10)), color=ORANGE, linestyle="--", linewidth=3, label="warmup=10")
    panel.plot(done, factors_of(cls()), color=BLUE, label="default")
    panel.set(title=cls.name, ylim=(-0.05, 1.1), xlim=(0, 1))
    panel.grid(alpha=0.3)
for panel in panels.flat[len(schedules) :]:
    panel.set_axis_off()
bottom.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower right", ncols=2, frameon=False)
bottom.suptitle(
    "Schedules, over 100 epochs of 1,000 rows; adaptive and plateau where progress stalls at 0.4, 0.6 and 0.8"
)
bottom.supxlabel("fraction of training done", fontsize="medium")
bottom.supylabel("learning rate / initial learning rate", fontsize="medium")

figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
