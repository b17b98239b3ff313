"""
Comparison with scikit-learn's MLP
==================================

After changing the import, the code runs without further changes. As the same ``random_state`` gives the same initial
weights and batches, both libraries take the same steps with ``alpha=0`` and float64.
"""

import sys
import time
import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

import skann

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# The same fit twice
# ------------------

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
SAME = {"alpha": 0, "max_iter": 40, "tol": 0, "random_state": 0}
theirs = sklearn.neural_network.MLPClassifier(**SAME).fit(X_train, y_train)
ours = skann.MLPClassifier(dtype="float64", **SAME).fit(X_train, y_train)
difference = numpy.abs(numpy.subtract(ours.loss_curve_, theirs.loss_curve_)).max()
print(
    f"largest difference of the loss {difference:.0e}, of a weight {abs(ours.coefs_[0] - theirs.coefs_[0]).max():.0e}"
)

# %%
# Time
# ----
# The minimum of three fits, which alternate so that both libraries run under the same conditions. skann runs with its
# defaults: float32 from 1,000 rows on.

SIZES = {"(100,)": (100,), "(100, 100)": (100, 100), "(256, 256)": (256, 256)}
seconds = {"scikit-learn": [], "skann": []}
for sizes in SIZES.values():
    times = {"scikit-learn": [], "skann": []}
    for _ in range(3):
        for name, module in (("scikit-learn", sklearn.neural_network), ("skann", skann)):
            mlp = module.MLPClassifier(sizes, max_iter=8, random_state=0)
            start = time.perf_counter()
            mlp.fit(X_train, y_train)
            times[name].append((time.perf_counter() - start) / mlp.n_iter_)
    for name, values in times.items():
        seconds[name].append(1000 * min(values))

# %%
# The figure
# ----------
# The loss curves agree up to rounding. The times depend on the machine.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
epochs = range(1, len(ours.loss_curve_) + 1)
left.plot(epochs, theirs.loss_curve_, color="#E69F00", linewidth=6, label="scikit-learn")
left.plot(epochs, ours.loss_curve_, color="#0072B2", linestyle="--", label="skann")
left.set(xlabel="epoch", ylabel="training loss (nats per row)", title=f"Equal up to {difference:.0e}")
left.legend(frameon=False)
at = numpy.arange(len(SIZES))
for shift, (name, values) in zip((-0.2, 0.2), seconds.items(), strict=True):
    color = "#E69F00" if shift < 0 else "#0072B2"
    right.bar(at + shift, values, width=0.4, color=color, edgecolor="black", label=name)
right.set_xticks(at, SIZES)
right.set(xlabel="hidden layers", ylabel="milliseconds per epoch", title="Time")
right.legend(frameon=False)
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
