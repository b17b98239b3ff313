"""
Quantile regression: prediction intervals
=========================================

A mean says nothing about the spread. ``Quantile(levels=(0.05, 0.5, 0.95))`` trains one network with an output for each
level, and the quantiles never cross. Their coverage is checked on unseen rows.
"""

import sys
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.exceptions import ConvergenceWarning

from skann import MLPRegressor
from skann.losses import Quantile

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Synthetic electricity demand
# ----------------------------
# Demand over a day: the spread is small at night, but large and skewed in the evening.


def draw(rng, n_samples):
    """Return hours and the demand in megawatts."""
    hour = rng.uniform(0, 24, size=n_samples)
    mean = 50 - 12 * numpy.cos(hour * numpy.pi / 12) + 8 * numpy.exp(-(((hour - 19) / 2) ** 2))
    spread = 1 + 7 * numpy.exp(-(((hour - 18) / 3.5) ** 2))
    return hour[:, None], mean + spread * (rng.gamma(2, size=n_samples) - 1.7)


rng = numpy.random.RandomState(0)
X, y = draw(rng, 2000)
X_test, y_test = draw(rng, 20000)

# %%
# One network, five quantiles
# ---------------------------
# The hours are scaled to the range -1 to 1; ``target_transform="standard"`` standardises the demand.

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
mlp = MLPRegressor(
    Quantile(LEVELS),
    (32, 32),
    "tanh",
    target_transform="standard",
    learning_rate_init=0.01,
    learning_rate="cosine",
    max_iter=80,
    n_iter_no_change=80,
    random_state=0,
).fit(X / 12 - 1, y)
fractions = (y_test[:, None] <= mlp.predict(X_test / 12 - 1)).mean(axis=0)
for level, fraction in zip(LEVELS, fractions, strict=True):
    print(f"level {level:.2f}: {fraction:.3f} of the test rows lie below")

# %%
# The figure
# ----------
# On the left the prediction intervals; on the right the fraction of unseen rows below each quantile, which should equal
# its level.

hours = numpy.linspace(0, 24, 400)
low, lower, median, upper, high = mlp.predict(hours[:, None] / 12 - 1).T
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), width_ratios=[2.2, 1], layout="constrained")
left.plot(X, y, ".", color="0.55", markersize=3, label="observed")
left.fill_between(hours, low, high, color="#56B4E9", alpha=0.35, linewidth=0, label="90 % interval")
left.fill_between(hours, lower, upper, color="#0072B2", alpha=0.45, linewidth=0, label="50 % interval")
left.plot(hours, median, color="black", label="median")
left.set(xlabel="hour of the day", ylabel="demand (MW)", xticks=range(0, 25, 4), xlim=(0, 24))
left.legend(frameon=False, loc="upper left")
right.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="ideal")
right.plot(LEVELS, fractions, "o", color="#D55E00", label="20,000 unseen rows")
right.set(xlabel="level of the quantile", ylabel="fraction of unseen rows below it", aspect="equal")
right.legend(frameon=False)
right.grid(alpha=0.3)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
