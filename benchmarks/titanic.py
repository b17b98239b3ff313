"""The titanic's passengers, names and tickets left in: five-fold accuracy beside HistGradientBoosting's.

Run ``SKANN_DATA=folder python benchmarks/titanic.py``. The boosting gets the numeric and the categorical columns and
skann's classifier the table as it is. Two shufflings; warnings are counted.
"""

import os
import warnings
from pathlib import Path

import pandas
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

import skann

SHUFFLINGS = 2


def models():
    """Return the estimators by name."""
    return {
        "HistGradientBoosting": HistGradientBoostingClassifier(random_state=0),
        "skann, fast": skann.TabularMLPClassifier(preset="fast", random_state=0),
        "skann, best": skann.TabularMLPClassifier(random_state=0),
        "skann, best, 5 members": skann.TabularMLPClassifier(n_members=5, random_state=0),
    }


def main():
    raw = pandas.read_csv(Path(os.environ["SKANN_DATA"]) / "titanic.csv.gz")
    y = raw.pop("Survived")
    plain = raw.drop(columns=["Name", "Ticket"])
    text = plain.select_dtypes(exclude="number").columns
    plain = plain.astype(dict.fromkeys(text, "category"))
    for name, model in models().items():
        X = plain if name == "HistGradientBoosting" else raw
        means = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for seed in range(SHUFFLINGS):
                folds = StratifiedKFold(5, shuffle=True, random_state=seed)
                means.append(cross_val_score(model, X, y, cv=folds).mean())
        told = ", ".join(f"{mean:.3f}" for mean in means)
        fits = 5 * SHUFFLINGS
        print(f"{name:<24} accuracy {told}   warnings in {fits} fits: {len(caught)}")


if __name__ == "__main__":
    main()
