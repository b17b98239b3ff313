"""The titanic's passengers, names and tickets left in: five-fold accuracy beside HistGradientBoosting's.

Run ``SKANN_DATA=folder python benchmarks/titanic.py [--shufflings 10]``. The boosting gets the numeric and the
categorical columns and skann's classifier the table as it is. Printed are the mean over the shufflings of the accuracy,
and of how far it is above the boosting's, with its standard error; warnings are counted.
"""

import argparse
import os
import warnings
from pathlib import Path

import numpy
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

import skann


def models():
    """Return the estimators by name."""
    return {
        "HistGradientBoosting": HistGradientBoostingClassifier(random_state=0),
        "skann, fast": skann.TabularMLPClassifier(preset="fast", random_state=0),
        "skann, best": skann.TabularMLPClassifier(random_state=0),
        "skann, best, 5 members": skann.TabularMLPClassifier(n_members=5, random_state=0),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shufflings", type=int, default=10)
    n_shufflings = parser.parse_args().shufflings
    raw = pandas.read_csv(Path(os.environ["SKANN_DATA"]) / "titanic.csv.gz")
    y = raw.pop("Survived")
    plain = raw.drop(columns=["Name", "Ticket"])
    text = plain.select_dtypes(exclude="number").columns
    plain = plain.astype(dict.fromkeys(text, "category"))
    for name, model in models().items():
        X = plain if name == "HistGradientBoosting" else raw
        accuracies = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for seed in range(n_shufflings):
                folds = StratifiedKFold(5, shuffle=True, random_state=seed)
                accuracies.append(cross_val_score(model, X, y, cv=folds).mean())
        if name == "HistGradientBoosting":
            boosting = numpy.array(accuracies)
        above = accuracies - boosting
        error = above.std(ddof=1) / numpy.sqrt(n_shufflings)
        print(
            f"{name:<24} accuracy {numpy.mean(accuracies):.4f}   above boosting {above.mean():+.4f} +- {error:.4f}"
            f"   warnings in {5 * n_shufflings} fits: {len(caught)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
