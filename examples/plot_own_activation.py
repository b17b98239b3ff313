"""
Custom losses and activations: subclass, register, use by name or object
========================================================================

A squared ReLU and a loss that is robust to wrong labels, each in a few lines that read like their formulas. Once
registered, their names work like built-in ones: in the constructor, in a grid search, with dropout and every solver.
"""

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split

import skann
from skann import activations, losses
from skann.activations import ElementwiseActivation

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# The activation
# --------------
# ``keeps`` names the arrays that backward reads, here the output y; ``xp`` is the NumPy module.


@activations.register("squared_relu")
@dataclass(frozen=True)
class SquaredReLU(ElementwiseActivation):
    """Squared ReLU, scale max(0, x)^2 [So et al., 2021, arXiv:2109.08668]."""

    scale: float = 1.0
    keeps = frozenset({"y"})

    def forward(self, xp, z, y):
        """Write f(z) into y."""
        xp.maximum(z, 0, out=y)
        y *= self.scale * y

    def backward(self, xp, z, y, dy, dz):
        """Write dy f'(z) into dz."""
        xp.multiply(dy, 2 * numpy.sqrt(self.scale * y), out=dz)


# %%
# The loss
# --------
# With p_t the probability of the given label, (1 - p_t^q) / q is bounded by 1/q, which limits the influence of wrong
# labels. The limit q -> 0 is the log loss.


@losses.register("generalized_log_loss")
@dataclass(frozen=True)
class GeneralizedLogLoss(losses.Loss):
    """Generalized cross-entropy, (1 - p_t^q) / q [Zhang & Sabuncu, 2018, arXiv:1805.07836]."""

    q: float = 0.7
    tasks = frozenset({"multiclass"})

    def evaluate(self, xp, link, raw, target, losses, gradient, work):
        """Write the loss of each row and its gradient with respect to the raw outputs."""
        p, scratch = work
        link.forward(xp, raw, p, scratch)
        p_t_to_q = (p * target).sum(axis=1) ** self.q
        losses[...] = (1 - p_t_to_q) / self.q
        gradient[...] = link.inverse_temperature * p_t_to_q[:, None] * (p - target)


# %%
# Check the gradients
# -------------------
# Compare them with central differences.

rng = numpy.random.RandomState(0)
h = 1e-6
f, x = SquaredReLU(0.5), rng.normal(size=100)
error_of_activation = abs(f.derivative(x) - (f(x + h) - f(x - h)) / (2 * h)).max()

loss, raw, target = GeneralizedLogLoss(), rng.normal(size=(100, 10)), numpy.eye(10)[rng.randint(10, size=100)]
link = loss.link("multiclass")


def losses_and_gradient(raw):
    row_losses, gradient = numpy.empty(len(raw)), numpy.empty_like(raw)
    loss.evaluate(numpy, link, raw, target, row_losses, gradient, numpy.empty((2, *raw.shape)))
    return row_losses, gradient


direction = rng.normal(size=raw.shape)
slope = (losses_and_gradient(raw + h * direction)[0] - losses_and_gradient(raw - h * direction)[0]) / (2 * h)
error_of_loss = abs((losses_and_gradient(raw)[1] * direction).sum(axis=1) - slope).max()
print(f"largest error of a gradient: activation {error_of_activation:.0e}, loss {error_of_loss:.0e}")

# %%
# Search
# ------
# Digits with 40 % wrong training labels. A name stands for default parameters, an object has parameters of its own.
# With ``n_jobs`` above 1, the worker processes do not know the names registered here: pass objects instead.

WRONG = 0.4
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
is_wrong = rng.uniform(size=len(y_train)) < WRONG
y_noisy = numpy.where(is_wrong, (y_train + rng.randint(1, 10, size=len(y_train))) % 10, y_train)

grid = {
    "activation": ["relu", "squared_relu", SquaredReLU(0.5)],
    "loss": ["log_loss", GeneralizedLogLoss(0.3), "generalized_log_loss"],
}
mlp = skann.MLPClassifier((100,), alpha=0.0, learning_rate_init=0.005, max_iter=30, random_state=0)
search = GridSearchCV(mlp, grid, cv=3).fit(X_train, y_noisy)
print(f"best: {search.best_params_}, accuracy on rows with correct labels {search.score(X_test, y_test):.3f}")

# %%
# The figure
# ----------
# The custom activation and loss, and the results of the search.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")

z = numpy.linspace(-2, 2, 401)
left.plot(z, f(z), color="#0072B2", label="f(x)")
left.plot(z, f.derivative(z), color="#D55E00", linestyle="--", label="f'(x)")
left.set(xlabel="weighted input x", ylabel="value", title=repr(f))
left.legend(frameon=False)

p_t = numpy.linspace(0.005, 1, 400)
middle.plot(p_t, -numpy.log(p_t), color="#0072B2", label="log loss")
for q, color, style in ((0.3, "#D55E00", "--"), (0.7, "#009E73", "-.")):
    middle.plot(p_t, (1 - p_t**q) / q, color=color, linestyle=style, label=f"generalized, q = {q}")
middle.set(xlabel="probability of the given label", ylabel="loss (nats)", title="GeneralizedLogLoss(q)")
middle.legend(frameon=False)

names = [str(activation) for activation in grid["activation"]]
results = search.cv_results_
for loss, color, marker in zip(grid["loss"], ("#0072B2", "#D55E00", "#009E73"), "osD", strict=True):
    scores = results["mean_test_score"][[params["loss"] == loss for params in results["params"]]]
    right.plot(scores, names, marker, color=color, markersize=9, alpha=0.8, label=str(loss))
right.axvline(1 - WRONG, color="0.4", linestyle=":")
right.text(1 - WRONG, 2.5, "fraction of correct labels ", ha="right", color="0.3")
right.set(ylim=(-0.5, 4), xlabel="cross-validated accuracy on noisy labels", title="The grid search")
right.margins(x=0.08)
right.legend(frameon=False, loc="upper left", fontsize="small")

figure.savefig(PICTURE, dpi=120)
print(f"The figure is in {PICTURE}")
