"""Base classes of layers, which define hyper-parameters and two passes. The network owns all arrays."""

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
    """The output shape of a layer for an input shape, and the arrays that it needs. Shapes exclude the batch axis.

    The contents of scratch and work arrays are undefined before a forward pass.

    Parameters
    ----------
    shape : tuple of int
        Shape of the output.
    parameters : dict of str to ParameterSpec
        Learned arrays, by name.
    scratch : dict of str to (shape, dtype)
        Arrays with a leading batch axis that are preserved from forward to backward. A dtype of None is that of the
        network.
    work : dict of str to shape
        Further scratch arrays without a batch axis, of the dtype of the network.
    temporary : int
        Number of elements of scratch, of the dtype of the network, that a pass of the layer needs for itself. All
        layers of a network share this memory: each pass finds it undefined.
    state : dict of str to (shape, initial value)
        Persistent arrays that are not learned, such as running statistics. An initial value is a number, or a tuple of
        the length of the array.
    """

    shape: Shape
    parameters: dict[str, ParameterSpec] = field(default_factory=dict)
    scratch: dict[str, tuple[Shape, Any]] = field(default_factory=dict)
    work: dict[str, Shape] = field(default_factory=dict)
    temporary: int = 0
    state: dict[str, tuple[Shape, float | tuple]] = field(default_factory=dict)

    def name_of(self, role: str) -> str:
        """Return the name of the only parameter with a role.

        Parameters
        ----------
        role : str
            "weight" or "bias".

        Returns
        -------
        name : str
            A key of ``parameters``.
        """
        (name,) = [name for name, spec in self.parameters.items() if spec.role == role]
        return name


@dataclass
class Bound:
    """The arrays of a layer for a batch, and further arguments of its passes.

    Attributes
    ----------
    xp : module
        NumPy, with or without compiled loops, or CuPy: has array functions, and is the first argument of operations.
    params, grads, scratch, state : dict of str to array
        Arrays by their declared names.
    ones : array of shape (n_samples,)
    training : bool
        Whether to use statistics of the batch rather than running statistics.
    generator : source of random bits, or None outside training
    weight : array of shape (n_samples,), or None for equal weights
        Weight of each row in the loss.
    noise : float
        Factor of the dropout rate and of the scale of noise in training, as set by a schedule.
    temporary : array of shape (size,), or None
        Scratch of at least the declared size, None if the layer declares none.
    shares : bool
        Whether threads that are claimed share large products (``kernels.threads.claim``).
    work : tuple of array
        All scratch arrays, in the order of their declaration.
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
    temporary: Array | None = None
    shares: bool = False
    work: tuple[Array, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.work = tuple(self.scratch.values())


@dataclass(frozen=True)
class Layer(ABC):
    """Base class of layers.

    Attributes
    ----------
    keeps : frozenset of {"x", "y"}
        The arrays, input or output, that ``backward`` reads. The network may overwrite arrays that no layer keeps.
    y_is_scratch : bool
        Whether ``backward`` reads y or uses it as scratch; otherwise its memory may be reused before.
    in_place : bool
        Whether ``y`` may be the same array as ``x``, and ``dx`` the same as ``dy``.
    only_in_training : bool
        Whether the layer is skipped in prediction.
    mixes_rows : bool
        Whether the output of a row in training depends on the other rows.
    takes_sparse : bool
        Whether ``x`` may be a CSR matrix.
    positionwise : bool
        Whether the layer applies the same function to each position, an index into all axes but the last. It then
        receives arrays of shape (n_positions, n_channels), and its declaration describes a single position.
    convolves : bool
        Whether the work is divided among threads, and compiled loops save more time in prediction than the import of
        Numba takes.
    merges : bool
        Whether the layer takes several inputs: ``x``, ``dx`` and the shapes of ``declare`` are then tuples.
    """

    name: ClassVar[str]  # the name under which the class is registered, if any
    keeps = frozenset()
    y_is_scratch = True
    in_place = False
    only_in_training = False
    mixes_rows = False
    takes_sparse = False
    positionwise = True
    convolves = False
    merges = False

    @abstractmethod
    def declare(self, in_shape: Shape) -> Declaration:
        """Return the output shape and the required arrays for an input shape.

        Parameters
        ----------
        in_shape : tuple of int
            Shape of the input, without the batch axis.

        Returns
        -------
        declaration : Declaration
            The shape of the output, and the required arrays.
        """

    @abstractmethod
    def forward(self, bound: Bound, x: Array, y: Array) -> None:
        """Write the output for a batch into ``y``.

        Parameters
        ----------
        bound : Bound
            The declared arrays, and further arguments.
        x : array of shape (n_samples, ...)
            The input.
        y : array of shape (n_samples, ...)
            Array for the output.
        """

    @abstractmethod
    def backward(self, bound: Bound, x: Array, y: Array, dy: Array, dx: Array) -> None:
        """Write the gradients into ``bound.grads`` and ``dx``; overwrite, never accumulate.

        Parameters
        ----------
        bound : Bound
            As in ``forward``. Its ``grads`` is empty if gradients of the parameters are not needed.
        x, y : array of shape (n_samples, ...)
            The arrays of ``forward``, if the layer keeps them. With ``y_is_scratch``, y may be overwritten.
        dy : array like y
            Gradient of the loss with respect to ``y``, which may be overwritten.
        dx : array like x, or None
            Array for the gradient with respect to ``x``; None if it is not needed, never for layers without parameters.
        """


@dataclass(frozen=True)
class Linear(Layer):
    """Base class of the linear layers of hidden blocks, which compute a weighted sum of the inputs per unit."""

    @abstractmethod
    def with_pieces(self, pieces: int) -> Linear:
        """Return the layer with ``pieces`` weighted sums per unit, and an output of shape (..., pieces * units)."""
