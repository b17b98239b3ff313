"""What a layer is: hyper-parameters and two formulas, but no array. The network owns all memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar

from ..arrays.backend import Array
from ..parameters import ParameterSpec

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Declaration:
    """What a layer makes of an input shape, and the arrays it asks for. No shape has the batch axis.

    Scratch and work hold anything before a forward pass.

    Parameters
    ----------
    shape : tuple of int
        Of the output.
    parameters : dict of str to ParameterSpec
        Arrays that are learned, by name.
    scratch : dict of str to (shape, dtype)
        Arrays with a leading batch axis that are the layer's own from forward to backward; a dtype of None
        means the network's.
    work : dict of str to shape
        Arrays without a batch axis, of the network's dtype, that are lent and kept like scratch and among it.
    state : dict of str to (shape, initial value)
        Arrays that are not learned but last as parameters do, such as running statistics. A value is a number, or a
        tuple of the array's length.
    """

    shape: Shape
    parameters: dict[str, ParameterSpec] = field(default_factory=dict)
    scratch: dict[str, tuple[Shape, Any]] = field(default_factory=dict)
    work: dict[str, Shape] = field(default_factory=dict)
    state: dict[str, tuple[Shape, float | tuple]] = field(default_factory=dict)

    def name_of(self, role: str) -> str:
        """Return the name of the only parameter that plays a role.

        Parameters
        ----------
        role : str
            Such as "weight" or "bias".

        Returns
        -------
        name : str
            A key of ``parameters``.
        """
        (name,) = [name for name, spec in self.parameters.items() if spec.role == role]
        return name


@dataclass
class Bound:
    """The arrays that a network lends a layer for a batch, with what else a formula may need.

    Attributes
    ----------
    xp : module
        NumPy, by itself or beside loops, or CuPy: for array functions and as an operation's first argument.
    params, grads, scratch, state : dict of str to array
        By the names the layer declared.
    ones : array of shape (n_samples,)
    training : bool
        Whether statistics are the batch's; in prediction they are the running ones.
    generator : source of random bits, or None outside training
    weight : array of shape (n_samples,), or None where all rows count alike
        The factor of each row's loss.
    noise : float
        The factor of the rate of dropout and of the scale of noise in training, as a schedule says.
    lent : tuple of array
        All of scratch, in the order of its declaration.
    """

    xp: ModuleType
    params: dict[str, Array]
    grads: dict[str, Array]
    scratch: dict[str, Array]
    state: dict[str, Array]
    ones: Array
    training: bool = False
    generator: Any = None
    weight: Array | None = None
    noise: float = 1.0
    lent: tuple[Array, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.lent = tuple(self.scratch.values())


@dataclass(frozen=True)
class Layer(ABC):
    """Base class of layers.

    Attributes
    ----------
    keeps : frozenset of {"x", "y"}
        The arrays, of input and output, that ``backward`` reads. The network works in place where nobody keeps one.
    y_is_scratch : bool
        Whether ``backward`` uses y as scratch, or reads it; otherwise its memory serves others before.
    in_place : bool
        Whether ``y`` may be ``x``, and ``dx`` may be ``dy``.
    only_in_training : bool
        Whether prediction skips the layer.
    mixes_rows : bool
        Whether a row's output in training depends on the other rows.
    takes_sparse : bool
        Whether ``x`` may be a CSR matrix.
    positionwise : bool
        Whether the layer treats every position, an element of all axes but the last, by itself and alike. It then sees
        arrays of shape (n_positions, n_channels), rows of a table being positions too, and declares what one needs.
    merges : bool
        Whether the layer takes several inputs: ``x``, ``dx`` and the shapes of ``declare`` are then tuples.
    """

    name: ClassVar[str]  # what it is registered as, if it is
    keeps = frozenset()
    y_is_scratch = True
    in_place = False
    only_in_training = False
    mixes_rows = False
    takes_sparse = False
    positionwise = True
    merges = False

    @abstractmethod
    def declare(self, in_shape: Shape) -> Declaration:
        """Return what the layer makes and needs for an input of some shape.

        Parameters
        ----------
        in_shape : tuple of int
            Of the input, without the batch axis.

        Returns
        -------
        declaration : Declaration
            The shape of the output, and the arrays asked for.
        """

    @abstractmethod
    def forward(self, bound: Bound, x: Array, y: Array) -> None:
        """Write the output for a batch into ``y``.

        Parameters
        ----------
        bound : Bound
            The arrays that were asked for, and what else a formula may need.
        x : array of shape (n_samples, ...)
            The input.
        y : array of shape (n_samples, ...)
            For the output.
        """

    @abstractmethod
    def backward(self, bound: Bound, x: Array, y: Array, dy: Array, dx: Array) -> None:
        """Write the gradient into ``bound.grads`` and ``dx``: overwrite, never accumulate.

        Parameters
        ----------
        bound : Bound
            As in ``forward``; its ``grads`` is empty where nobody asks for the parameters' gradients.
        x, y : array of shape (n_samples, ...)
            The arrays of ``forward``, if the layer keeps them. With ``y_is_scratch``, y may be used as scratch.
        dy : array like y
            The loss's gradient with respect to ``y``; it may be used as scratch.
        dx : array like x, or None
            For that with respect to ``x``; None where nobody asks for it, which a layer without parameters never sees.
        """


@dataclass(frozen=True)
class Linear(Layer):
    """Base class of layers that an activation follows in a hidden block: a weighted sum of the inputs for each unit."""

    @abstractmethod
    def with_pieces(self, pieces: int) -> Linear:
        """Return the layer with so many weighted sums per unit: an output of shape (..., pieces * units)."""
