"""A table of a fitted network's layers."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

from ..engine.layers import Dropout, GaussianNoise, Layer, Normalization
from ..engine.learner import Learner
from .extraction import (
    activation_names,
    blocks_of,
    describe_operation,
    find_owner,
    is_operation,
    short_name,
    title_of,
    unwrap,
)


@dataclass(frozen=True)
class LayerSummary:
    """A row of the summary table.

    Attributes
    ----------
    name : str
        "input", "hidden 0", ..., "output"; hidden layers are numbered as in ``hidden_layer_output``.
    shape : tuple of int
        Shape of the output for each row of X: (n_units,), or (height, width, channels) for maps.
    n_parameters : int
    operation : str
        Such as "dense", "conv 3 x 3" or "max pool 2 x 2"; "" for the input.
    activation, normalization : str
        "" for none.
    dropout, noise : float
        0 for none.
    """

    name: str
    shape: tuple[int, ...]
    n_parameters: int
    operation: str = ""
    activation: str = ""
    normalization: str = ""
    dropout: float = 0.0
    noise: float = 0.0

    @property
    def n_units(self) -> int:
        """Number of outputs for each row of X."""
        return math.prod(self.shape)


@dataclass(frozen=True, repr=False)
class NetworkSummary:
    """A table of the layers of a network, printed as text, or as HTML in notebooks.

    Parameters
    ----------
    title : str
        Name of the estimator.
    layers : list of LayerSummary
        One row per layer.
    n_parameters : int
        Total number of parameters.
    n_bytes : int
        Memory of the parameters and of the running statistics of normalization.
    dtype : str
        Data type of the parameters.
    """

    title: str
    layers: list[LayerSummary]
    n_parameters: int
    n_bytes: int
    dtype: str

    def __str__(self) -> str:
        header, *rows = self._cells()
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        numeric = [name == "parameters" for name in header]
        lines = [
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, numeric, strict=True)
            ).rstrip()
            for row in [header, *rows]
        ]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], rule, self._total()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        header, *rows = self._cells()
        align = ["right" if name == "parameters" else "left" for name in header]
        lines = [
            "<tr>"
            + "".join(
                f"<{tag} style='text-align: {side}; padding: 0.1em 0.8em'>{html.escape(cell)}</{tag}>"
                for cell, side in zip(row, align, strict=True)
            )
            + "</tr>"
            for tag, row in [("th", header), *(("td", row) for row in rows)]
        ]
        return (
            f"<table><caption style='text-align: left; padding: 0 0.8em'>{html.escape(self.title)}</caption>"
            f"<thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody></table><p>{html.escape(self._total())}</p>"
        )

    def _cells(self) -> list[list[str]]:
        """Return the header and the rows; operations of images only, normalization and noise only if there is any."""
        takes_images = len(self.layers[0].shape) > 1
        columns = {
            "layer": [layer.name for layer in self.layers],
            "operation": [layer.operation if takes_images and layer.operation else "-" for layer in self.layers],
            "output shape": [f"(n, {', '.join(map(str, layer.shape))})" for layer in self.layers],
            "parameters": [f"{layer.n_parameters:,}" for layer in self.layers],
            "normalization": [layer.normalization or "-" for layer in self.layers],
            "activation": [layer.activation or "-" for layer in self.layers],
            "dropout": [f"{layer.dropout:g}" if layer.dropout else "-" for layer in self.layers],
            "noise": [f"{layer.noise:g}" if layer.noise else "-" for layer in self.layers],
        }
        columns = {
            name: cells
            for name, cells in columns.items()
            if name not in ("operation", "normalization", "noise") or set(cells) != {"-"}
        }
        return [list(columns), *map(list, zip(*columns.values(), strict=True))]

    def _total(self) -> str:
        return f"Total: {self.n_parameters:,} parameters, {_format_bytes(self.n_bytes)} as {self.dtype}"


def summary(estimator: Any) -> NetworkSummary:
    """Return a table of a fitted network's layers: output shape, number of parameters, activation and dropout.

    Parameters
    ----------
    estimator : one of skann, or a Pipeline or search that ends in one
        Fitted estimator.

    Returns
    -------
    summary : NetworkSummary

    Raises
    ------
    TypeError
        If the estimator does not end in a network of skann.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skann import MLPClassifier
    >>> from skann.activations import Maxout
    >>> from skann.inspection import summary
    >>> clf = MLPClassifier((20, 10), activation=[Maxout(3), "relu"], dropout=0.2, max_iter=1000, random_state=0)
    >>> summary(clf.fit(*load_iris(return_X_y=True)))
    MLPClassifier
    -------------------------------------------------------------
    layer     output shape  parameters  activation        dropout
    -------------------------------------------------------------
    input     (n, 4)                 0  -                 -
    hidden 0  (n, 20)              300  Maxout(pieces=3)  0.2
    hidden 1  (n, 10)              210  relu              0.2
    output    (n, 3)                33  softmax           -
    -------------------------------------------------------------
    Total: 543 parameters, 4.3 kB as float64
    """
    network, _ = unwrap(estimator)
    learner = network._learner
    parameters = learner.parameters
    return NetworkSummary(
        title=title_of(find_owner(estimator)[0]),
        layers=_layers(learner),
        n_parameters=parameters.theta.size,
        n_bytes=parameters.theta.nbytes + parameters.state.nbytes,
        dtype=str(parameters.theta.dtype),
    )


def _layers(learner: Learner) -> list[LayerSummary]:
    """Return the rows of the input, each hidden block and the output."""
    graph = learner.graph
    shape = next(iter(graph.inputs.values()))
    rows = []
    # the link follows the only output layer; of several, those that merge them
    outputs, heads = graph.with_role("output"), learner.objective.heads
    links = {outputs[0]: learner.objective.link} if len(outputs) == 1 else {name: heads[name].link for name in heads}
    for block, names in blocks_of(graph).items():
        shape = graph.shapes[names[-1]] if names else shape
        specs = [spec for name in names for spec in graph.declarations[name].parameters.values()]
        layers = [graph.nodes[name].layer for name in names]
        rows.append(
            LayerSummary(
                name=block,
                shape=shape,
                n_parameters=sum(math.prod(spec.shape) for spec in specs),
                operation=_operation_of(layers),
                activation=next((short_name(links[name]) for name in names if name in links), activation_names(layers)),
                normalization=", ".join(short_name(layer) for layer in layers if isinstance(layer, Normalization)),
                dropout=sum(layer.rate for layer in layers if isinstance(layer, Dropout)),
                noise=sum(layer.scale for layer in layers if isinstance(layer, GaussianNoise)),
            )
        )
    return rows


def _operation_of(layers: list[Layer]) -> str:
    """Return the operation with which a block begins, or "" if it begins with another layer."""
    return describe_operation(layers[0]) if layers and is_operation(layers[0]) else ""


def _format_bytes(n_bytes: int) -> str:
    """Return a number of bytes in a readable unit."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
