"""Tiles of a convolution in vector registers, as LLVM code that Numba inlines into its loops. Imports Numba.

A tile is a matrix of sums, with a row for each of a few output positions and a few vectors of filters as columns. Each
step of its innermost loop loads one row of weights and one number for each position, and adds their outer product, so
that loads are few beside multiplications. Compilers do not keep such a matrix in registers when it is written as loops.

Memory is given by addresses, with offsets in elements: no bounds are checked here. Numba's cache on disk asks whether
the file of a compiled function has changed, and not whether this one has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import Any

import llvmlite.binding  # pyright: ignore[reportMissingImports]
import numba.extending  # pyright: ignore[reportMissingImports]
from llvmlite import ir  # pyright: ignore[reportMissingImports]
from numba import types  # pyright: ignore[reportMissingImports]
from numba.core import cgutils  # pyright: ignore[reportMissingImports]

_I64 = ir.IntType(64)
_BITS = {ir.FloatType(): 32, ir.DoubleType(): 64}


@dataclass(frozen=True)
class Tile:
    """The size of a tile, which should fill the vector registers of a processor.

    Parameters
    ----------
    vector_bytes : int
        Length of a vector, a multiple of 16.
    rows : int
        Number of output positions, or of weights per filter in the gradient of the weights.
    vectors : int, default=2
        Number of vectors of filters.
    fused : bool, default=True
        Whether the processor multiplies and adds in one instruction.
    channelwise : bool, default=False
        Whether each filter reads the channel of the same index and no other.
    """

    vector_bytes: int
    rows: int
    vectors: int = 2
    fused: bool = True
    channelwise: bool = False

    @property
    def key(self) -> tuple[tuple[int, ...], ...]:
        """The tile as tuples of these lengths: Numba compiles a function once for each type of its arguments."""
        lengths = self.vector_bytes // 16, self.rows, self.vectors, self.fused, self.channelwise
        return tuple((0,) * length for length in lengths)

    @classmethod
    def of(cls, key: types.Type) -> Tile:
        """Return the tile of the type of a key."""
        sixteenths, rows, vectors, fused, channelwise = map(len, key.types)
        return cls(16 * sixteenths, rows, vectors, bool(fused), bool(channelwise))


AVX512 = Tile(
    64, 12
)  # of 32 registers: 24 sums, 2 of weights, and numbers of x; their 12 addresses fit in registers, too
AVX2 = Tile(32, 6)  # 16 registers
NEON = Tile(16, 12)  # 32 registers; its code has been inspected, but not run
PORTABLE = Tile(16, 4, vectors=1, fused=False)  # any processor, in scalars where it has no vectors


@cache
def host_tile() -> Tile:
    """Return the tile for this processor."""
    return tile_for(llvmlite.binding.get_process_triple(), llvmlite.binding.get_host_cpu_features())


def tile_for(triple: str, features: dict[str, bool]) -> Tile:
    """Return the tile for a target of LLVM.

    Parameters
    ----------
    triple : str
        Its first part is the architecture.
    features : dict of str to bool
        The features of the processor by LLVM's names.
    """
    if triple.startswith(("aarch64", "arm64")):
        return NEON  # which every processor of this architecture has
    if features.get("avx512f"):
        return AVX512
    return AVX2 if features.get("avx2") and features.get("fma") else PORTABLE


class Emitter:
    """Writes the code of a tile.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    tile : Tile
    number : llvmlite.ir.Type
        Type of an element.
    """

    def __init__(self, builder: ir.IRBuilder, tile: Tile, number: ir.Type):
        self.builder, self.tile, self.number = builder, tile, number
        self.size = _BITS[number] // 8
        self.lanes = tile.vector_bytes // self.size
        self.vector = ir.VectorType(number, self.lanes)
        self.columns = [_I64(i * self.lanes) for i in range(tile.vectors)]

    def products(self, x, inside, first, last, runs, n_runs, length, w, bias, y, outside, n_columns) -> None:
        """Write y[outside[p] + f] = bias[f] + sum_{t, i} x[inside[p] + runs[t] + i] w[t, i, f].

        p are the positions from ``first``, up to ``last``, which is repeated; f are the filters up to ``n_columns``.
        """
        builder = self.builder
        positions = self._clamped(first, last)
        rows = [self._moved(x, self._integer(inside, position)) for position in positions]

        def add_run(t, carried):
            start = self._integer(runs, t)
            return self._loop(length, carried, lambda i, carried: add_outer(builder.add(start, i), carried))

        def add_outer(i, carried):
            w, *sums = carried
            weights = [self._vector(w, column) for column in self.columns]
            step = _I64(self.tile.vectors * self.lanes)
            return [self._moved(w, step), *self._add_outer(rows, i, weights, sums)]

        sums = [self._vector(bias, column) for column in self.columns] * self.tile.rows
        _, *sums = self._loop(n_runs, [w, *sums], add_run)
        targets = [self._moved(y, self._integer(outside, position)) for position in positions]
        whole = builder.icmp_signed(">=", n_columns, _I64(self.tile.vectors * self.lanes))
        with builder.if_else(whole) as (then, otherwise):
            with then:
                self._store(targets, sums)
            with otherwise:
                self._store(targets, sums, n_columns)

    def weight_gradient(self, x, terms, first, last, inside, n_rows, n_columns, stride, dy, dw) -> None:
        """Add sum_{i, j} x[inside[i n_columns] + j stride + terms[k]] dy[i, j, f] to dw[k, f].

        k are the weights of a filter from ``first``, up to ``last``, which is repeated; i and j are rows and columns of
        positions. The sums of one call are added to dw when they are complete, which rounds less than adding to dw all
        along.
        """
        builder = self.builder
        rows = [self._moved(x, self._integer(terms, term)) for term in self._clamped(first, last)]
        step = _I64(self.tile.vectors * self.lanes)

        def add_row(i, carried):
            start = self._integer(inside, builder.mul(i, n_columns))
            _, *carried = self._loop(n_columns, [start, *carried], add_outer)
            return carried

        def add_outer(_, carried):
            at, dy, *sums = carried
            factors = [self._vector(dy, column) for column in self.columns]
            return [builder.add(at, stride), self._moved(dy, step), *self._add_outer(rows, at, factors, sums)]

        zeros = [ir.Constant(self.vector, [0.0] * self.lanes)] * (self.tile.rows * self.tile.vectors)
        _, *sums = self._loop(n_rows, [dy, *zeros], add_row)
        targets = [self._moved(dw, self.builder.mul(step, _I64(r))) for r in range(self.tile.rows)]
        self._add_to(targets, sums)

    def pack_gradient(self, dy, n_positions, stride, n_columns, packed, db) -> None:
        """Copy dy[p stride + f] to packed[p, f], with zeros for f from ``n_columns`` on, and add its sum to db[f]."""
        builder, step = self.builder, _I64(self.tile.vectors * self.lanes)

        def copy(load: Callable) -> Callable:
            def copy_row(_, carried):
                dy, packed, *sums = carried
                vectors = [load(dy, column) for column in self.columns]
                self._store([packed], vectors)
                return [self._moved(dy, stride), self._moved(packed, step), *map(builder.fadd, sums, vectors)]

            return copy_row

        zeros = [ir.Constant(self.vector, [0.0] * self.lanes)] * self.tile.vectors
        with builder.if_else(builder.icmp_signed(">=", n_columns, step)) as (then, otherwise):
            with then:
                self._add_to([db], self._loop(n_positions, [dy, packed, *zeros], copy(self._vector))[2:])
            with otherwise:
                load = partial(self._first, n_columns)
                self._add_to([db], self._loop(n_positions, [dy, packed, *zeros], copy(load))[2:])

    def transform_input(self, x, row, pixel, n_vectors, v, step) -> None:
        """Write B^T d B of the 4 x 4 pixels d from x on to the 16 arrays from v on, at distances of ``step``."""
        self._transform(x, row, pixel, 4, n_vectors, v, step, self._minimal_input)

    def transform_gradient(self, dy, row, pixel, n_vectors, v, step) -> None:
        """Write A d A^T of the 2 x 2 pixels d from dy on to the 16 arrays from v on."""
        self._transform(dy, row, pixel, 2, n_vectors, v, step, self._minimal_gradient)

    def transform_output(self, m, step, bias, n_vectors, y, row, pixel) -> None:
        """Write A^T m A plus the bias of the 16 arrays from m on to the 2 x 2 pixels from y on."""

        def transform(i, _):
            channel = self.builder.mul(i, _I64(self.lanes))
            grid = self._grid(m, channel, self.builder.mul(step, _I64(4)), step, 4)
            offset = self._vector(bias, channel)
            for r, values in enumerate(self._separable(self._minimal_output, grid)):
                for s, value in enumerate(values):
                    at = self._place(channel, row, r, pixel, s)
                    self.builder.store(self.builder.fadd(value, offset), self._vector_pointer(y, at), align=self.size)
            return []

        self._loop(n_vectors, [], transform)

    def _transform(self, x, row, pixel, n, n_vectors, v, step, minimal: Callable) -> None:
        def transform(i, _):
            channel = self.builder.mul(i, _I64(self.lanes))
            values = chain.from_iterable(self._separable(minimal, self._grid(x, channel, row, pixel, n)))
            for k, value in enumerate(values):
                at = self.builder.add(channel, self.builder.mul(step, _I64(k)))
                self.builder.store(value, self._vector_pointer(v, at), align=self.size)
            return []

        self._loop(n_vectors, [], transform)

    def _grid(self, x, channel, row, pixel, n: int) -> list[list]:
        """Return the vectors of a channel at n x n pixels."""
        return [[self._vector(x, self._place(channel, row, r, pixel, s)) for s in range(n)] for r in range(n)]

    def _place(self, channel, row, r: int, pixel, s: int):
        builder = self.builder
        return builder.add(channel, builder.add(builder.mul(row, _I64(r)), builder.mul(pixel, _I64(s))))

    @staticmethod
    def _separable(minimal: Callable, grid: Sequence[Sequence]) -> list[list]:
        """Return a grid transformed along its columns and then along its rows."""
        columns = [minimal(*column) for column in zip(*grid, strict=True)]
        return [minimal(*row) for row in zip(*columns, strict=True)]

    def _minimal_input(self, a, b, c, d) -> list:
        builder = self.builder
        return [builder.fsub(a, c), builder.fadd(b, c), builder.fsub(c, b), builder.fsub(d, b)]

    def _minimal_gradient(self, a, b) -> list:
        return [a, self.builder.fadd(a, b), self.builder.fsub(a, b), b]

    def _minimal_output(self, a, b, c, d) -> list:
        builder = self.builder
        return [builder.fadd(builder.fadd(a, b), c), builder.fadd(builder.fsub(b, c), d)]

    def _add_outer(self, rows: Sequence, i, weights: Sequence, sums: Sequence) -> list:
        """Return the sums after adding the products of element i of each row and the weights."""
        added = []
        for r, row in enumerate(rows):
            if self.tile.channelwise:
                numbers = [self._vector(row, self.builder.add(i, column)) for column in self.columns]
            else:
                numbers = [self._splat(self.builder.load(self._pointer(row, i)))] * self.tile.vectors
            added += map(self._multiply_add, numbers, weights, sums[r * self.tile.vectors :])
        return added

    def _store(self, targets: Sequence, sums: Sequence, n_columns=None) -> None:
        for i, total in enumerate(sums):
            target, column = targets[i // self.tile.vectors], self.columns[i % self.tile.vectors]
            if n_columns is None:
                self.builder.store(total, self._vector_pointer(target, column), align=self.size)
            else:
                self._store_first(total, target, column, self.builder.sub(n_columns, column))

    def _store_first(self, value, target, column, n_lanes) -> None:
        """Store the first lanes of a vector."""
        pointer, mask = self._vector_pointer(target, column), self._mask(n_lanes)
        of = ir.FunctionType(ir.VoidType(), [self.vector, pointer.type, ir.IntType(32), mask.type])
        self._call(f"llvm.masked.store.{self._name}.p0", of, value, pointer, ir.IntType(32)(self.size), mask)

    def _first(self, n_columns, address, column):
        """Return the vector at a column, with zeros from ``n_columns`` on, where nothing is read."""
        pointer, mask = self._vector_pointer(address, column), self._mask(self.builder.sub(n_columns, column))
        zeros = ir.Constant(self.vector, [0.0] * self.lanes)
        of = ir.FunctionType(self.vector, [pointer.type, ir.IntType(32), mask.type, self.vector])
        return self._call(f"llvm.masked.load.{self._name}.p0", of, pointer, ir.IntType(32)(self.size), mask, zeros)

    def _mask(self, n_lanes):
        """Return which lanes are among the first."""
        builder, lane = self.builder, ir.VectorType(_I64, self.lanes)
        limit = builder.insert_element(ir.Constant(lane, ir.Undefined), n_lanes, ir.IntType(32)(0))
        limits = builder.shuffle_vector(limit, limit, ir.VectorType(ir.IntType(32), self.lanes)([0] * self.lanes))
        return builder.icmp_signed("<", lane(list(range(self.lanes))), limits)

    def _add_to(self, targets: Sequence, sums: Sequence) -> None:
        columns = self.columns * len(targets)
        before = [self._vector(targets[i // self.tile.vectors], column) for i, column in enumerate(columns)]
        self._store(targets, [self.builder.fadd(*pair) for pair in zip(before, sums, strict=True)])

    def _multiply_add(self, a, b, c):
        if not self.tile.fused:
            return self.builder.fadd(self.builder.fmul(a, b), c)
        return self._call(f"llvm.fma.{self._name}", ir.FunctionType(self.vector, [self.vector] * 3), a, b, c)

    @property
    def _name(self) -> str:
        """The vector's name in those of LLVM's functions."""
        return f"v{self.lanes}f{_BITS[self.number]}"

    def _call(self, name: str, of: ir.FunctionType, *values):
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, of, name), values)

    def _loop(self, n, carried: Sequence, body: Callable) -> list:
        """Return the values after ``carried = body(i, carried)`` for i in range(n)."""
        builder, before = self.builder, self.builder.block
        head, inside, after = (builder.append_basic_block(name) for name in ("head", "body", "after"))
        builder.branch(head)
        builder.position_at_end(head)
        values = [builder.phi(value.type) for value in [_I64(0), *carried]]
        builder.cbranch(builder.icmp_signed("<", values[0], n), inside, after)
        builder.position_at_end(inside)
        following = [builder.add(values[0], _I64(1)), *body(values[0], values[1:])]
        for phi, start, value in zip(values, [_I64(0), *carried], following, strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(value, builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return values[1:]

    def _clamped(self, first, last) -> list:
        """Return the indices of the tile's rows from ``first`` on, with ``last`` repeated."""
        indices = [self.builder.add(first, _I64(row)) for row in range(self.tile.rows)]
        return [self.builder.select(self.builder.icmp_signed("<", i, last), i, last) for i in indices]

    def _splat(self, number):
        vector = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), number, ir.IntType(32)(0))
        return self.builder.shuffle_vector(vector, vector, ir.VectorType(ir.IntType(32), self.lanes)([0] * self.lanes))

    def _integer(self, address, i):
        return self.builder.load(self._pointer(address, i, _I64))

    def _vector(self, address, i):
        return self.builder.load(self._vector_pointer(address, i), align=self.size)

    def _moved(self, address, n):
        """Return the address n elements further."""
        return self.builder.add(address, self.builder.mul(n, _I64(self.size)))

    def _vector_pointer(self, address, i):
        return self.builder.bitcast(self._pointer(address, i), self.vector.as_pointer())

    def _pointer(self, address, i, of: Any = None):
        return self.builder.gep(self.builder.inttoptr(address, (of or self.number).as_pointer()), [i])


def _definition(method: Callable, tile: types.Type, zero: types.Type, n_integers: int) -> tuple:
    """Return an intrinsic's signature and code: a method of ``Emitter`` that takes integers."""

    def generate(context, builder, signature, values):
        method(Emitter(builder, Tile.of(tile), context.get_value_type(zero)), *values[2:])
        return context.get_dummy_value()

    return types.void(tile, zero, *[types.intp] * n_integers), generate


def intrinsic(define: Callable) -> Callable[..., Any]:
    """Return the function without the first parameter that compiled functions call for the code of ``define``."""
    return numba.extending.intrinsic(define)


# Their first argument is a tile's key, the second a number of the elements' type.


@intrinsic
def products(context, tile, zero, x, inside, first, last, runs, n_runs, length, w, bias, y, outside, n_columns):
    """Run ``Emitter.products``."""
    return _definition(Emitter.products, tile, zero, 12)


@intrinsic
def weight_gradient(context, tile, zero, x, terms, first, last, inside, n_rows, n_columns, stride, dy, dw):
    """Run ``Emitter.weight_gradient``."""
    return _definition(Emitter.weight_gradient, tile, zero, 10)


@intrinsic
def pack_gradient(context, tile, zero, dy, n_positions, stride, n_columns, packed, db):
    """Run ``Emitter.pack_gradient``."""
    return _definition(Emitter.pack_gradient, tile, zero, 6)


@intrinsic
def transform_input(context, tile, zero, x, row, pixel, n_vectors, v, step):
    """Run ``Emitter.transform_input``."""
    return _definition(Emitter.transform_input, tile, zero, 6)


@intrinsic
def transform_gradient(context, tile, zero, dy, row, pixel, n_vectors, v, step):
    """Run ``Emitter.transform_gradient``."""
    return _definition(Emitter.transform_gradient, tile, zero, 6)


@intrinsic
def transform_output(context, tile, zero, m, step, bias, n_vectors, y, row, pixel):
    """Run ``Emitter.transform_output``."""
    return _definition(Emitter.transform_output, tile, zero, 7)


@intrinsic
def load(context, zero, address, i):
    """Return element i."""

    def generate(context, builder, signature, values):
        _, address, i = values
        return builder.load(builder.gep(builder.inttoptr(address, context.get_value_type(zero).as_pointer()), [i]))

    return zero(zero, types.intp, types.intp), generate


@intrinsic
def store(context, value, address, i):
    """Write a number to element i."""

    def generate(context, builder, signature, values):
        number, address, i = values
        builder.store(number, builder.gep(builder.inttoptr(address, number.type.as_pointer()), [i]))
        return context.get_dummy_value()

    return types.void(value, types.intp, types.intp), generate


@intrinsic
def copy_bytes(context, target, source, n_bytes):
    """Copy memory that does not overlap."""

    def generate(context, builder, signature, values):
        target, source, n_bytes = values
        byte = ir.IntType(8).as_pointer()
        cgutils.raw_memcpy(builder, builder.inttoptr(target, byte), builder.inttoptr(source, byte), n_bytes, 1)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


@intrinsic
def clear_bytes(context, target, n_bytes):
    """Fill memory with zeros."""

    def generate(context, builder, signature, values):
        target, n_bytes = values
        cgutils.memset(builder, builder.inttoptr(target, ir.IntType(8).as_pointer()), n_bytes, 0)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), generate
