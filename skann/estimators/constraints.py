"""Parameter constraints that follow the engine's registries, and checks of what constraints cannot say."""

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from ..engine.activations import ACTIVATIONS, Activation
from ..engine.losses import LOSSES, Loss
from ..engine.registry import Registry
from .compat import Interval, StrOptions


class RegisteredName(StrOptions):
    """One of the names in a registry, those included that are registered later, or of a few names beside it."""

    def __init__(
        self, registry: Registry, *, also: Iterable[str] = (), accepts: Callable[[type], bool] = lambda cls: True
    ):
        self.registry = registry
        self.also = set(also)
        self.accepts = accepts
        super().__init__(set())

    @property
    def options(self) -> set[str]:
        """The names, read anew each time."""
        return {name for name in self.registry.names() if self.accepts(self.registry[name])} | self.also

    @options.setter
    def options(self, value: set[str]) -> None:
        """Ignore what the base class stores."""

    def __str__(self) -> str:
        return f"a str among {{{', '.join(sorted(map(repr, self.options)))}}}"


class NonZero(Interval):
    """Any finite number but zero."""

    def __init__(self):
        super().__init__(Real, None, None, closed="neither")

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether val is such a number."""
        return super().is_satisfied_by(val) and val != 0

    def __str__(self) -> str:
        return "a non-zero float"


def hints(constraints: dict[str, list], params: dict[str, Any]) -> str:
    """Return the way out of every unknown name among the parameters."""
    found = [
        constraint.registry.hint(params[name])
        for name, allowed in constraints.items()
        for constraint in allowed
        if isinstance(constraint, RegisteredName)
        and isinstance(params.get(name), str)
        and params[name] not in constraint.options
    ]
    return "".join(f" {hint}" for hint in found)


def check_hidden_layer_sizes(sizes: int | Sequence[int]) -> list[int]:
    """Return the sizes as a list, one positive int for each hidden layer."""
    listed = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if not all(isinstance(size, Integral) and size > 0 for size in listed):
        raise ValueError(
            f"hidden_layer_sizes must be > 0, got {listed}. Give a positive int for each hidden layer, "
            "for example (100, 50), or () for none."
        )
    return [int(size) for size in listed]


def check_activations(activation: str | Activation | Sequence, n_hidden: int) -> list[Activation]:
    """Return one activation for each hidden layer."""
    if isinstance(activation, (str, Activation)):
        return [ACTIVATIONS.get(activation)] * n_hidden
    if len(activation) != n_hidden:
        raise ValueError(
            f"activation has {len(activation)} entries, but hidden_layer_sizes has {n_hidden} hidden layers: give one "
            "activation for each, or a single one for all."
        )
    for entry in activation:
        if not isinstance(entry, (str, Activation)):
            raise ValueError(
                f"Each entry of activation must be a name or an object of skann.activations. Got {entry!r} instead."
            )
    return [ACTIVATIONS.get(entry) for entry in activation]


def check_dropout(dropout: float | Sequence[float], n_hidden: int) -> list[float]:
    """Return the probability of dropping for the input and for each hidden layer."""
    if isinstance(dropout, Real):
        return [0.0] + [float(dropout)] * n_hidden
    rates = list(dropout)
    if len(rates) != n_hidden + 1:
        raise ValueError(
            f"dropout has {len(rates)} entries, but there are {n_hidden} hidden layers: give {n_hidden + 1} "
            "(input, hidden 1, ..., hidden L), or a single number for all hidden layers."
        )
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"Each entry of dropout must be a float in the range [0.0, 1.0). Got {rates} instead.")
    return [float(rate) for rate in rates]


def check_loss(loss: str | Loss, task: str) -> Loss:
    """Return the loss as an object that applies to the task."""
    loss = LOSSES.get(loss)
    if task not in loss.tasks:
        suited = [name for name in LOSSES.names() if task in LOSSES[name].tasks]
        raise ValueError(f"The loss {loss!r} does not apply to a {task} target. Use one of {suited}.")
    return loss
