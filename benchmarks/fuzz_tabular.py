"""Random fits of TabularMLPClassifier and TabularMLPRegressor on random frames, judged as benchmarks/fuzz.py judges.

Run ``python benchmarks/fuzz_tabular.py [--fits 1000] [--seed 0] [--jobs 1]``; ``--case N`` runs one case again and
tells all about it. The exit status is 1 if there are findings. Frames hold mixed columns, gaps, dates, time zones,
categories and text among numbers, in pandas, polars, arrays of objects and lists.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fuzzing.running import main
from fuzzing.tabular import draw_case

if __name__ == "__main__":
    raise SystemExit(main(__file__, draw_case, 1_000))
