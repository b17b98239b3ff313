"""Constraints for the parameters that both tabular estimators have."""

from numbers import Integral, Real

from ..._sklearn_compat import Interval, StrOptions
from ...engine.activations import ACTIVATIONS, FixedActivation
from ..constraints import SHARED_CONSTRAINTS as MLP_CONSTRAINTS
from ..constraints import RegisteredName

_AUTO = StrOptions({"auto"})
_SHARED_WITH_MLP = [
    "learning_rate",
    "max_iter",
    "validation_fraction",
    "beta_1",
    "beta_2",
    "epsilon",
    "scoring",
    "random_state",
    "verbose",
    "warn",
    "hidden_layer_sizes",
]

SHARED_CONSTRAINTS: dict[str, list] = {
    **{name: MLP_CONSTRAINTS[name] for name in _SHARED_WITH_MLP},
    "preset": [StrOptions({"fast", "best"})],
    "activation": [
        RegisteredName(ACTIVATIONS, also={"auto"}, accepts=lambda cls: issubclass(cls, FixedActivation)),
        FixedActivation,
    ],
    "parametric_activation": ["boolean", _AUTO],
    "numeric_embedding": [StrOptions({"auto", "pbld", "piecewise_linear"}), None],
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "max_one_hot": [Interval(Integral, 0, None, closed="left"), _AUTO, None],
    "embedding_size": [Interval(Integral, 1, None, closed="left")],
    "dropout": [Interval(Real, 0, 1, closed="left"), _AUTO],
    "weight_decay": [Interval(Real, 0, None, closed="left"), _AUTO],
    "regularization_schedule": MLP_CONSTRAINTS["learning_rate"],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither"), _AUTO],
    "weight_init": [StrOptions({"auto", "data_driven", "normal"})],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "n_members": [Interval(Integral, 1, None, closed="left")],
}
