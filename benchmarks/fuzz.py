"""Random fits of MLPClassifier and MLPRegressor, judged: prints whatever is neither right nor a documented error.

Run ``python benchmarks/fuzz.py [--fits 10000] [--seed 0] [--jobs 1]``; ``--case N`` runs one case again and tells all
about it. The exit status is 1 if there are findings. Parameters are drawn from the estimators' constraints and the
registries, data of every container, dtype and scale beside them; one fit in four has an input that must be refused.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fuzzing.fits import draw_fit
from fuzzing.outcomes import check_fit
from fuzzing.relations import check_relations
from fuzzing.running import main


def draw_case(watch, rng):
    """Draw a fit, and check it and what follows from it."""
    fit = draw_fit(rng)
    if watch.verbose:
        print("\n".join(fit.lines()))
    estimator = fit.estimator()
    done, returned = watch.fit(
        "fit", lambda: estimator.fit(**fit.arguments), faults=fit.faults, risks=fit.risks, inputs=fit.arguments
    )
    if not done:
        watch.check(not estimator.__sklearn_is_fitted__(), "a failed fit leaves the estimator fitted")
        return
    if fit.faults:
        return
    outputs = check_fit(watch, fit, estimator, returned)
    if outputs is not None:
        check_relations(watch, rng, fit, estimator)


if __name__ == "__main__":
    raise SystemExit(main(__file__, draw_case, 10_000))
