"""Write the README's table of speed from the results of ``run.py``.

Run ``python benchmarks/summary.py``: the part of README.md between the lines <!-- speed --> and <!-- /speed --> is
generated from results.json (with Numba) and results_numpy.json (without).
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- speed -->\n", "<!-- /speed -->"
STEPS = ["S: 1797 x 64", "M: 50000 x 100", "L: 20000 x 784"]
ROWS = [
    *((f"step {case}", ", X float64", results) for case in STEPS for results in ("NumPy", "Numba")),
    ("step M", ", dropout 0.5", "Numba"),
    ("step M", ", gelu", "Numba"),
    ("step M", ", maxout", "Numba"),
    ("fit MNIST", "", "Numba"),
    ("grid search", "", "Numba"),
    ("predict_proba, 1,000,000", "(100,)", "Numba"),
    ("predict_proba, 1,000,000", ", X float32", "Numba"),
    ("predict_proba, digits, 1 rows", "", "Numba"),
]


def entry(results, begin, end):
    """Return the comparison whose task starts with ``begin`` and ends with ``end``."""
    (found,) = (
        comparison
        for part in ("steps", "fits", "searches", "predictions")
        for comparison in results.get(part, [])
        if comparison["task"].startswith(begin) and comparison["task"].endswith(end)
    )
    return found


def ratio(comparison, peers):
    """Return the smallest ratio to the peers, which is that to the fastest of them, or a dash."""
    ratios = [comparison["ratio"][peer] for peer in comparison["ratio"] if peer.startswith(peers)]
    return f"{min(ratios):.2f}" if ratios else "-"


def ours(comparison):
    """Return skann's median with its unit."""
    value = sorted(comparison["figures"]["skann"])[len(comparison["figures"]["skann"]) // 2]
    return f"{value:.0f} us" if comparison["unit"] == "us" else f"{value:.2f} s"


def table():
    """Return the table."""
    results = {
        "Numba": json.loads((HERE / "results.json").read_text()),
        "NumPy": json.loads((HERE / "results_numpy.json").read_text()),
    }
    lines = ["| task | | skann | scikit-learn | PyTorch |", "|---|---|---|---|---|"]
    for begin, end, which in ROWS:
        found = entry(results[which], begin, end)
        cells = [found["task"].replace(", X float64", ""), which, ours(found)]
        lines.append("| " + " | ".join([*cells, ratio(found, "scikit-learn"), ratio(found, "PyTorch")]) + " |")
    return "\n".join(lines) + "\n"


def main():
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(before + BEGIN + table() + END + after)


if __name__ == "__main__":
    main()
