"""A case of the multi-layer perceptrons: a fit, its checks, and subsequent calls."""

from skann.engine.activations import ACTIVATIONS
from skann.engine.losses import LOSSES
from skann.engine.schedules import SCHEDULES

from . import afterwards, sequences  # noqa: F401 - they add relations
from .calls import bad
from .fits import draw_fit
from .outcomes import check_fit
from .relations import check_relations
from .values import bad_hyperparameter, chance, pick


def draw_case(watch, rng):
    """Draw a fit and check it and subsequent calls."""
    if chance(rng, 0.03):
        _check_object(watch, rng)
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


def _check_object(watch, rng):
    """Check that an object with a hyper-parameter out of its range is refused."""
    wrong = bad_hyperparameter(rng, pick(rng, [ACTIVATIONS, LOSSES, SCHEDULES]))
    if wrong is not None:
        why = f"{wrong.cls.__name__}({wrong.name}={wrong.value!r})"
        watch.call("the constructor", lambda: wrong.cls(**{wrong.name: wrong.value}), faults=[bad(why, wrong.name)])
