"""
A DataFrame with text, missing values and numbers in a ColumnTransformer
========================================================================

Tables have columns of several kinds. A ColumnTransformer prepares each for the network: it standardises numbers,
encodes text as one-hot columns and imputes missing values, so that the Pipeline takes the DataFrame without further
preparation. scikit-learn's inspection tools work on the whole Pipeline, with the original columns.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # saves the figure without a display

import matplotlib.pyplot as plt
import numpy
import pandas
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skann import MLPRegressor
from skann.inspection import NetworkDisplay

PICTURE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png")

# %%
# Bicycle hire
# ------------
# Synthetic data with a known expectation: two peaks on workdays, a single one at weekends, and lower demand in cold or
# rainy weather. The number of the station has no effect. Some temperatures are missing.


def demand(table):
    """Return the expected number of bicycles hired per hour."""
    peaks = 90 * numpy.exp(-(((table["hour"] - 8) / 1.5) ** 2)) + 110 * numpy.exp(-(((table["hour"] - 17.5) / 2) ** 2))
    hump = 80 * numpy.exp(-(((table["hour"] - 14) / 4) ** 2))
    by_hour = 10 + numpy.where(table["day"] == "workday", peaks, hump)
    by_weather = table["weather"].map({"clear": 1.0, "clouds": 0.85, "rain": 0.4}).to_numpy()
    return by_hour * by_weather * (0.4 + table["temperature"] / 30)


rng = numpy.random.RandomState(0)
table = pandas.DataFrame(
    {
        "hour": rng.uniform(0, 24, size=4000),
        "temperature": rng.uniform(0, 30, size=4000),
        "day": rng.choice(["workday", "weekend"], size=4000, p=[5 / 7, 2 / 7]),
        "weather": rng.choice(["clear", "clouds", "rain"], size=4000),
        "station": rng.randint(100, size=4000),
    }
)
y = rng.poisson(demand(table))
table.loc[rng.uniform(size=4000) < 0.05, "temperature"] = numpy.nan
X_train, X_test, y_train, y_test = train_test_split(table, y, random_state=0)

# %%
# The Pipeline
# ------------
# ``loss="poisson"`` suits counts: the raw output of the network is the logarithm of the mean.

columns = make_column_transformer(
    (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
    (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
    verbose_feature_names_out=False,
)
mlp = MLPRegressor(
    "poisson", (32, 32), "silu", learning_rate_init=0.005, early_stopping=True, max_iter=200, random_state=0
)
pipeline = make_pipeline(columns, mlp).fit(X_train, y_train)
importance = permutation_importance(pipeline, X_test, y_test, n_repeats=5, random_state=0)
print(f"R2 on the test rows {pipeline.score(X_test, y_test):.3f}")

# %%
# The figure
# ----------
# The five columns become eight inputs of the network; importances refer to the five columns. The right panel shows the
# predictions over the hours of the day, at 20 degrees and in clear weather.

figure = plt.figure(figsize=(13, 8.5), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.25, 1])
NetworkDisplay.from_estimator(pipeline, max_units=8, ax=above.subplots())
left, right = below.subplots(1, 2)
order = importance.importances_mean.argsort()
left.barh(table.columns[order], importance.importances_mean[order], color="#0072B2")
left.set(xlabel="decrease of R2 when the column is shuffled", title="Permutation importance")
hours = numpy.linspace(0, 24, 200)
for day, color, style in (("workday", "#0072B2", "-"), ("weekend", "#D55E00", "--")):
    rows = pandas.DataFrame({"hour": hours, "temperature": 20.0, "day": day, "weather": "clear", "station": 50})
    right.plot(hours, pipeline.predict(rows), color=color, linestyle=style, label=day)
    right.plot(hours, demand(rows), color="0.6", linewidth=4, alpha=0.5, zorder=0)
right.plot([], [], color="0.6", linewidth=4, alpha=0.5, label="truth")
right.set(xlabel="hour of the day", ylabel="bicycles hired per hour", xticks=range(0, 25, 4))
right.set_title("Predictions and truth")
right.legend(frameon=False, loc="upper left")
figure.savefig(PICTURE, dpi=100)
print(f"The figure is in {PICTURE}")
