"""All benchmarks with all peers in one run: a table, benchmarks/results.json and benchmarks/results.png.

Run ``python benchmarks/run.py [parts] [--repeats 5]``; the parts are steps, fits, searches, predictions, memory,
footprint, growth and floor. The figures of other parts in results.json are preserved. A ratio above 1 means
that skann is faster; "compiled" is whether Numba's kernels were in use (SKANN_FAST=0 disables them).
"""

import argparse
import json
import os
import platform
from pathlib import Path

os.environ.setdefault("PYTHONWARNINGS", "ignore")  # also in worker processes: these fits are not meant to converge

import warnings

from floor import measure_floor
from footprint import measure_footprint
from growth import measure_growth
from memory import measure_memory
from predictions import compare_predictions
from searches import compare_searches
from steps import compare_fits, compare_steps
from threadpoolctl import threadpool_info

from skann.engine import kernels

HERE = Path(__file__).parent
COMPARISONS = {
    "steps": compare_steps,
    "fits": compare_fits,
    "searches": lambda repeats: compare_searches(min(repeats, 3)),
    "predictions": compare_predictions,
}
MEASURES = {
    "memory": lambda repeats: measure_memory(),
    "footprint": measure_footprint,
    "growth": lambda repeats: measure_growth(),
    "floor": measure_floor,
}


def run_part(part, repeats):
    """Run one part, print its figures and return them as plain data."""
    print(f"\n{part}, medians of {repeats}")
    if part in MEASURES:
        figures = MEASURES[part](repeats)
        for name, value in figures.items():
            print(f"{name:<62}{value}", flush=True)
        return figures
    results = []
    for comparison in COMPARISONS[part](repeats):
        print("\n".join(comparison.lines()), flush=True)
        results.append(comparison.as_json())
    return results


def machine():
    """Return the properties of the machine and environment that affect the figures."""
    blas = {info["architecture"] for info in threadpool_info() if info["user_api"] == "blas"}
    return {
        "cores": os.cpu_count(),
        "system": platform.machine(),
        "kernels of the BLAS": sorted(blas),
        "compiled": kernels.available(),
    }


def draw(results, path):
    """Save a bar chart of the ratios to each peer, with one row per task and peer."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [
        (entry["task"], peer, ratio)
        for part in COMPARISONS
        for entry in results.get(part, [])
        for peer, ratio in list(entry["ratio"].items())[1:]
        if peer != "validate_data alone"
    ]
    peers = list(dict.fromkeys(peer for _, peer, _ in rows))
    figure, ax = plt.subplots(figsize=(10, 0.24 * len(rows) + 1.5), layout="constrained")
    palette = plt.get_cmap("viridis")
    for i, (_, peer, ratio) in enumerate(reversed(rows)):
        ax.barh(i, ratio - 1, left=1, color=palette(peers.index(peer) / len(peers)))
        ax.text(ratio, i, f" {ratio:.2f} ", va="center", ha="left" if ratio > 1 else "right", fontsize=7)
    ax.set_yticks(range(len(rows)), [f"{task} | {peer}" for task, peer, _ in reversed(rows)], fontsize=7)
    ax.axvline(1, color="black", linewidth=1)
    ax.set(xscale="log", xlabel="the peer's time over skann's (right of the line, skann is faster)")
    ax.set(xlim=(0.25, 16), ylim=(-1, len(rows)))
    ax.set_xticks([0.25, 0.5, 1, 2, 4, 8, 16], ["1/4", "1/2", 1, 2, 4, 8, 16])
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    every = [*COMPARISONS, *MEASURES]
    parser.add_argument("parts", nargs="*", default=every, metavar="part", help=", ".join(every))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = json.loads(options.results.read_text()) if options.results.exists() else {}
    results["machine"] = machine()
    for part in options.parts:
        results[part] = run_part(part, options.repeats)
        options.results.write_text(json.dumps(results, indent=1))
    draw(results, options.results.with_suffix(".png"))


if __name__ == "__main__":
    main()
