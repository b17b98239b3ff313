"""Random fits of MLPClassifier and MLPRegressor, judged: prints whatever is neither right nor a documented error.

Run ``python benchmarks/fuzz.py [--fits 10000] [--seed 0] [--jobs 1]``; ``--case N`` runs one case again and tells all
about it. The exit status is 1 if there are findings. Parameters are drawn from the estimators' constraints and the
registries, data of every container, dtype and scale beside them; one fit in four has an input that must be refused.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fuzzing.mlp import draw_case
from fuzzing.running import main

if __name__ == "__main__":
    raise SystemExit(main(__file__, draw_case, 10_000))
