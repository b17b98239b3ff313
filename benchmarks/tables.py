"""Real tables: skann's tabular estimators against scikit-learn's and RealMLP as its authors ship it (pytabkit).

Run ``SKANN_DATA=folder python benchmarks/tables.py [tables] [--peers ...] [--seeds 3] [--results file.json]``. The
folder holds datasets.json and the tables it describes. Results that are in the file already are not computed again, so
peers that need their own environment can be added to it; ``--peers`` without names only shows it. Each fit uses 75 % of
the rows, 10,000 at most, and one thread; seconds are those of the CPU.
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import numpy
import pandas
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

MAX_ROWS = 10_000
MAX_CATEGORIES = 255  # of a column that HistGradientBoosting takes as a category; others get the same columns


class Table:
    """A table of the collection, split by a seed.

    Attributes
    ----------
    X_train, X_test : DataFrame
        As they are in the file.
    y_train, y_test : ndarray
        Codes of classes, or numbers.
    """

    def __init__(self, folder, name, seed):
        description = json.loads((folder / "datasets.json").read_text())[name]
        frame = pandas.read_csv(folder / description["file"])
        y = frame.pop(description["target"]).to_numpy()
        self.is_regression = description["task"] == "regression"
        if not self.is_regression:
            y = numpy.unique(y, return_inverse=True)[1]
        train, test = train_test_split(numpy.arange(len(frame)), test_size=0.25, random_state=seed)
        train = train[:MAX_ROWS]
        self.X_train, self.X_test = frame.iloc[train], frame.iloc[test]
        self.y_train, self.y_test = y[train], y[test]

    @property
    def categorical(self):
        """The columns of categories that every peer can take."""
        return [name for name in self.text if self.X_train[name].nunique() <= MAX_CATEGORIES]

    @property
    def text(self):
        """The columns that are not numbers."""
        return [name for name in self.X_train if self.X_train[name].dtype.kind not in "ifb"]

    def imputed(self):
        """Return both parts with medians in gaps, and categories of few values as such."""
        kept = self.X_train.columns.difference(set(self.text) - set(self.categorical), sort=False)
        medians = self.X_train[kept].select_dtypes("number").median()
        parts = [part[kept].fillna(medians) for part in (self.X_train, self.X_test)]
        for name in self.categorical:
            values = pandas.CategoricalDtype(sorted(self.X_train[name].dropna().unique()))
            parts = [part.assign(**{name: part[name].astype(values)}) for part in parts]
        return parts

    def scores(self, predicted, probabilities):
        """Return the error (of classes, or RMSE over the target's deviation), and for classes AUC and log loss."""
        if self.is_regression:
            return {"error": float(numpy.sqrt(numpy.mean((predicted - self.y_test) ** 2)) / self.y_test.std())}
        p = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
        return {
            "error": float(numpy.mean(predicted != self.y_test)),
            "auc": float(roc_auc_score(self.y_test, p, multi_class="ovo")),
            "log_loss": float(log_loss(self.y_test, probabilities)),
        }


def fitted(model, table, X_train, X_test):
    """Return the scores of a model and the seconds of its fit."""
    start, wall = time.process_time(), time.perf_counter()
    model.fit(X_train, table.y_train)
    seconds = {"seconds": time.process_time() - start, "wall": time.perf_counter() - wall}
    probabilities = None if table.is_regression else model.predict_proba(X_test)
    return {**table.scores(model.predict(X_test), probabilities), **seconds}


def sklearn_mlp(table, seed):
    """Run scikit-learn's MLP behind a careful pipeline."""
    from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_include="category")),
    )
    if table.is_regression:
        mlp = MLPRegressor(random_state=seed, early_stopping=True)
        mlp = TransformedTargetRegressor(mlp, transformer=StandardScaler())
    else:
        mlp = MLPClassifier(random_state=seed, early_stopping=True)
    return fitted(make_pipeline(encoder, mlp), table, *table.imputed())


def boosting(table, seed):
    """Run HistGradientBoosting with its defaults."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    cls = HistGradientBoostingRegressor if table.is_regression else HistGradientBoostingClassifier
    kept = table.imputed()[0].columns
    parts = [part[kept].astype(dict.fromkeys(table.categorical, "category")) for part in (table.X_train, table.X_test)]
    return fitted(cls(random_state=seed), table, *parts)


def realmlp(recipe):
    """Return a function that runs pytabkit's RealMLP."""

    def run(table, seed):
        import pytabkit
        import torch

        torch.set_num_threads(1)
        kind = "Regressor" if table.is_regression else "Classifier"
        cls = getattr(pytabkit, f"RealMLP_{recipe}_{kind}")
        model = cls(n_cv=1, n_refit=0, random_state=seed, device="cpu", verbosity=0, n_threads=1)
        return fitted(model, table, *table.imputed())

    return run


def ours(**params):
    """Return a function that runs skann's estimator on the raw table."""

    def run(table, seed):
        import skann

        cls = skann.TabularMLPRegressor if table.is_regression else skann.TabularMLPClassifier
        return fitted(cls(**params, random_state=seed), table, table.X_train, table.X_test)

    return run


PEERS = {
    "skann, fast": ours(preset="fast"),
    "skann, best": ours(preset="best"),
    "skann, best, 5 members": ours(preset="best", n_members=5),
    "scikit-learn's MLP": sklearn_mlp,
    "HistGradientBoosting": boosting,
    "RealMLP-TD-S": realmlp("TD_S"),
    "RealMLP-TD": realmlp("TD"),
}

PAIRS = [
    ("skann, fast", "RealMLP-TD-S"),
    ("skann, best", "RealMLP-TD"),
    ("skann, best", "HistGradientBoosting"),
    ("skann, best, 5 members", "HistGradientBoosting"),
]


def run(folder, tables, peers, seeds, path):
    """Compute the results that the file lacks, and write it after each fit."""
    results = json.loads(path.read_text()) if path.exists() else {}
    for seed in range(seeds):
        for name in tables:
            table = Table(folder, name, seed)
            for peer in peers:
                key = f"{name}/{seed}/{peer}"
                if key in results:
                    continue
                results[key] = PEERS[peer](table, seed)
                print(key, {score: round(value, 4) for score, value in results[key].items()}, flush=True)
                path.write_text(json.dumps(results, indent=0))
    return results


def by_peer(results):
    """Return {peer: {table: [scores of each seed]}} for the tables and seeds that every peer has run."""
    peers = list(dict.fromkeys(key.split("/")[2] for key in results))
    runs = list(dict.fromkeys(tuple(key.split("/")[:2]) for key in results))
    shared = [run for run in runs if all("/".join((*run, peer)) in results for peer in peers)]
    return {
        peer: {
            table: [results[f"{table}/{seed}/{peer}"] for name, seed in shared if name == table]
            for table in dict(shared)
        }
        for peer in peers
    }


def show(results):
    """Print each peer's mean error and CPU seconds by table, and geometric means relative to HistGradientBoosting."""
    scores = by_peer(results)
    for score in ("error", "seconds"):
        print(f"\n{score + ', mean over seeds':<30}" + "".join(f"{peer:>24}" for peer in scores))
        for table in next(iter(scores.values())):
            means = [numpy.mean([run[score] for run in tables[table]]) for tables in scores.values()]
            print(f"{table:<30}" + "".join(f"{mean:>24.4g}" for mean in means))
        means = [relative(scores, peer, score) for peer in scores]
        print(f"{'relative to boosting':<30}" + "".join(f"{mean:>24.3f}" for mean in means))


def show_pairs(results, ours, theirs):
    """Print, for the runs that two peers share, the ratio of errors by table and of CPU seconds."""
    pairs = {}
    for key, own in results.items():
        table, seed, peer = key.split("/")
        other = results.get(f"{table}/{seed}/{theirs}")
        if peer == ours and other:
            pairs.setdefault(table, []).append((own["error"] / other["error"], other["seconds"] / own["seconds"]))
    if not pairs:
        return
    print(f"\n{ours} against {theirs}: error over theirs, its paired standard error, runs; their seconds over ours")
    for table, runs in pairs.items():
        errors, seconds = zip(*runs, strict=True)
        spread = numpy.std(errors, ddof=1) / numpy.sqrt(len(errors)) if len(errors) > 1 else numpy.nan
        print(f"{table:<30}{numpy.mean(errors):>8.3f}{spread:>8.3f}{len(runs):>4}{numpy.mean(seconds):>8.2f}")
    errors, seconds = (numpy.array([numpy.mean([run[i] for run in runs]) for runs in pairs.values()]) for i in (0, 1))
    print(f"{'mean':<30}{errors.mean():>8.3f}{'':>12}{numpy.exp(numpy.log(seconds).mean()):>8.2f} (geometric)")


def relative(scores, peer, score, base="HistGradientBoosting"):
    """Return the geometric mean over the tables of a peer's mean score over that of the base."""
    logs = [
        numpy.log(numpy.mean([run[score] for run in runs]) / numpy.mean([run[score] for run in scores[base][table]]))
        for table, runs in scores[peer].items()
    ]
    return float(numpy.exp(numpy.mean(logs)))


def draw(results, path):
    """Save a picture: errors relative to boosting's, against the seconds of a fit."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    scores = by_peer(results)
    figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for i, (peer, tables) in enumerate(scores.items()):
        seconds = numpy.exp(numpy.mean([numpy.log(run["seconds"]) for runs in tables.values() for run in runs]))
        error = relative(scores, peer, "error")
        ax.plot(seconds, error, "os^Dv<>"[i], markersize=10, label=peer)
    ax.set(xscale="log", xlabel="CPU seconds of a fit (geometric mean)", ylabel="error relative to boosting's")
    ax.axhline(1, color="grey", linewidth=0.8)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    folder = Path(os.environ["SKANN_DATA"])
    parser.add_argument("tables", nargs="*", default=list(json.loads((folder / "datasets.json").read_text())))
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=Path("benchmarks/tables.json"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = run(folder, options.tables, options.peers, options.seeds, options.results)
    if any(key.endswith("/HistGradientBoosting") for key in results):
        show(results)
        for ours, theirs in PAIRS:
            show_pairs(results, ours, theirs)
        draw(results, options.results.with_suffix(".png"))


if __name__ == "__main__":
    main()
