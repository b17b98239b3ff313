"""Ablation of the recipe for tables: TabularMLP with preset="best" and one component disabled at a time.

Run ``SKANN_DATA=folder python benchmarks/ablation.py [tables] [--seeds 2] [--results file.json]``: it prints the table
of ablation.md. Results that are in the file already are not computed again. Splits, rows and scores are those of
tables.py.
"""

import argparse
import json
import os
import warnings
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy
from tables import Table, ours

import skann.preprocessing
from skann.engine.models.realmlp import realmlp
from skann.preprocessing.scaling import RobustScale

TABLES = ["adult", "higgs_sample", "california", "diamonds"]
BASELINE = "the whole recipe"


def fit_standard_scale(x, clip):
    """Return a scaler that subtracts the mean and divides by the standard deviation, without clipping."""
    deviation = float(numpy.std(x)) if len(x) else 0.0
    return RobustScale(float(numpy.mean(x)), 1 / deviation, None) if deviation > 0 else None


def chain(**params):
    """Return the patch that changes the chain of layers."""
    return "skann.estimators.tabular.member_networks.realmlp", partial(realmlp, **params)


def encoder(**params):
    """Return the patch that changes the encoder."""
    return "skann.preprocessing.TabularEncoder", partial(skann.preprocessing.TabularEncoder, **params)


# disabled component: (parameters of the estimator that disable it, patches where no parameter does)
TRICKS = {
    BASELINE: ({}, []),
    "PBLD embedding: plain numbers": ({"numeric_embedding": None}, []),
    "PBLD embedding: piecewise-linear": ({"numeric_embedding": "piecewise_linear"}, []),
    "slow embedding: learning rate x 1": ({}, [("skann.estimators.tabular.members._EMBEDDING_RATE", 1.0)]),
    "scaling layer": ({}, [chain(scaling_rate=None)]),
    "slow biases: learning rate x 1": ({}, [chain(bias_rate=1.0)]),
    "parametric activation": ({"parametric_activation": False}, []),
    "SELU or Mish: ReLU": ({"activation": "relu"}, []),
    "dropout": ({"dropout": 0.0}, []),
    "weight decay": ({"weight_decay": 0.0}, []),
    "constant dropout and decay: falling": ({"regularization_schedule": "flat_cos"}, []),
    "label smoothing (classes)": ({"label_smoothing": 0.0}, []),
    "clipped predictions (numbers)": ({"clip_predictions": False}, []),
    "early stopping: all epochs": ({"early_stopping": False}, []),
    "coslog4: constant learning rate": ({"learning_rate": "constant"}, []),
    "coslog4: cosine": ({"learning_rate": "cosine"}, []),
    "beta_2 = 0.95: 0.999": ({"beta_2": 0.999}, []),
    "data-driven start: N(0, 1)": ({"weight_init": "normal"}, []),
    "embedded categories: one-hot": ({"max_one_hot": None}, []),
    "smooth clip": ({}, [encoder(clip=None)]),
    "robust scale and clip: standardised": ({}, [("skann.preprocessing.scaling.RobustScale.fit", fit_standard_scale)]),
    "a column for each rare value: under 10 rows joined": ({}, [encoder(min_frequency=10)]),
}
OF_CLASSES = {"label_smoothing"}
OF_NUMBERS = {"clip_predictions"}


def concerns(trick, table):
    """Return whether a component applies to a table."""
    params = set(TRICKS[trick][0])
    return not params & (OF_CLASSES if table.is_regression else OF_NUMBERS)


def run_without(trick, table, seed):
    """Return the scores of the recipe without a component."""
    params, patches = TRICKS[trick]
    with ExitStack() as stack:
        for target, replacement in patches:
            stack.enter_context(patch(target, replacement))
        return ours(preset="best", **params)(table, seed)


def run(folder, names, seeds, path):
    """Compute the results that the file lacks, and write it after each fit."""
    results = json.loads(path.read_text()) if path.exists() else {}
    for seed in range(seeds):
        for trick in TRICKS:
            for name in names:
                key = f"{name}/{seed}/{trick}"
                table = Table(folder, name, seed)
                if key in results or not concerns(trick, table):
                    continue
                results[key] = run_without(trick, table, seed)
                print(key, {score: round(value, 4) for score, value in results[key].items()}, flush=True)
                path.write_text(json.dumps(results, indent=0))
    return results


def report(results, names):
    """Return a Markdown table of the increase of the error without each component, in percent, and of the time."""
    pairs = sorted({tuple(key.split("/")[:2]) for key in results if key.split("/")[0] in names})
    lines = [
        "| without | " + " | ".join(names) + " | mean | paired standard error | CPU seconds |",
        "|---|" + "---|" * (len(names) + 3),
    ]
    for trick in list(TRICKS)[1:]:
        changes, times = {}, []
        for name, seed in pairs:
            whole, without = (results.get(f"{name}/{seed}/{which}") for which in (BASELINE, trick))
            if whole and without:
                changes.setdefault(name, []).append(100 * (without["error"] / whole["error"] - 1))
                times.append(without["seconds"] / whole["seconds"])
        if not changes:
            continue
        every = numpy.concatenate(list(changes.values()))
        cells = [f"{numpy.mean(changes[name]):+.1f} %" if name in changes else "" for name in names]
        spread = f"{every.std(ddof=1) / numpy.sqrt(len(every)):.1f} %" if len(every) > 1 else ""
        cells += [f"{every.mean():+.1f} %", spread, f"x {numpy.mean(times):.2f}"]
        lines.append(f"| {trick} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=TABLES)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--results", type=Path, default=Path("benchmarks/ablation.json"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = run(Path(os.environ["SKANN_DATA"]), options.tables, options.seeds, options.results)
    print(report(results, options.tables))


if __name__ == "__main__":
    main()
