"""Convolution with register tiles against patches, and what is promised of its memory and threads."""

import ctypes
import gc
import mmap
import os
import subprocess
import sys
import textwrap
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal

from skann.engine.functions import tiled, winograd
from skann.engine.functions.convolution import (
    convolve,
    convolve_input_gradient,
    convolve_weight_gradient,
    work_size,
)
from skann.engine.functions.geometry import Geometry
from skann.engine.functions.machine import machine_for
from skann.engine.functions.pairs import padding_for, pair
from skann.engine.kernels import compiling, threads, with_loops

from .harness import poisoned

numba = pytest.importorskip("numba")
if not compiling.available():
    pytest.skip("SKANN_FAST is 0", allow_module_level=True)

import llvmlite.binding  # noqa: E402
from llvmlite import ir  # noqa: E402

from skann.engine.kernels import tiles  # noqa: E402

OPERATIONS = [convolve, convolve_input_gradient, convolve_weight_gradient]


def geometry(size, channels, filters, kernel=3, stride=1, padding="same", dilation=1, groups=1):
    kernel, stride, dilation = pair(kernel), pair(stride), pair(dilation)
    shapes = Geometry((*size, channels), filters, kernel, stride, dilation=dilation, groups=groups)
    return replace(shapes, padding=padding_for(padding, size, shapes.span, stride))


GEOMETRIES = [
    geometry((5, 5), 3, 4),
    geometry((28, 28), 1, 32),
    geometry((7, 9), 17, 33),
    geometry((8, 8), 64, 5, 5),
    geometry((9, 8), 33, 48, stride=2),
    geometry((9, 9), 3, 5, 1, 2),  # positions of the input that nothing reads
    geometry((12, 11), 4, 6, stride=(2, 3), padding=(3, 1), dilation=(2, 1)),
    geometry((13, 12), 5, 3, (2, 4), (3, 2), (2, 3), dilation=(2, 4)),
    geometry((12, 11), 4, 6, padding="valid", dilation=2, groups=2),
    geometry((16, 16), 64, 64, groups=2),
    geometry((9, 7), 33, 33, groups=33),
    geometry((9, 7), 64, 64, stride=2, groups=64),
    geometry((6, 5), 64, 64, padding="valid", groups=64),
    geometry((9, 7), 4, 8, groups=4),
    geometry((6, 6), 8, 40, 1),
    geometry((6, 5), 4, 3, (2, 1), padding="valid"),  # no border, but a row that is the first of no window
    geometry((1, 50), 3, 7, (1, 11)),
    geometry((3, 3), 2, 3, 11),  # more padding than image
    geometry((4, 4), 2, 3, 1, padding=2),
    geometry((1, 1), 1, 1, 1),
    geometry((70, 70), 64, 8, stride=2, padding=(1, 2)),  # bands of rows
    geometry((300, 20), 5, 17),  # bands, by the number of positions
]
MINIMAL = [  # by minimal filtering
    geometry((19, 22), 32, 48),
    geometry((8, 7), 16, 80),
    geometry((9, 10), 48, 16, padding="valid"),
    geometry((8, 10), 16, 48, padding=(2, 0)),
    geometry((7, 40), 64, 16, padding=(0, 2)),
]
GEOMETRIES += MINIMAL
SMALL = [
    geometry((7, 9), 17, 33),
    geometry((9, 8), 33, 33, stride=2, groups=33),
    geometry((90, 90), 8, 40),
    geometry((19, 22), 32, 48),
]


def drawn(shapes, n, dtype="float32"):
    """Return images, weights, biases and the gradient of the output."""
    rng = numpy.random.default_rng(0)
    sizes = (n, *shapes.in_shape), shapes.weight_shape, (shapes.n_filters,), (n, *shapes.out_shape)
    return [rng.standard_normal(size).astype(dtype) for size in sizes]


def run(shapes, x, W, b, dy, xp=None, results=None, work=None):
    """Return the output and the gradients with respect to x, W and b, unless b is None, with poisoned scratch."""
    xp = xp or with_loops(numpy)
    results = results or [poisoned(like.shape, x.dtype) for like in (dy, x, W, W[0, 0, 0])]
    y, dx, dW, db = results
    work = poisoned(work_size(shapes), x.dtype) if work is None else work
    convolve(xp, shapes, x, W, b, y, work)
    work.fill(numpy.nan)
    convolve_input_gradient(xp, shapes, dy, W, dx, work)
    work.fill(numpy.nan)
    convolve_weight_gradient(xp, shapes, x, dy, dW, db if b is not None else None, work)
    return results if b is not None else results[:3]


def check(shapes, dtype, n=3, bias=True):
    x, W, b, dy = drawn(shapes, n, dtype)
    b = b if bias else None
    assert tiled.can_convolve(shapes, x, W, b, dy, poisoned(work_size(shapes), dtype))
    for got, expected in zip(run(shapes, x, W, b, dy), run(shapes, x, W, b, dy, numpy), strict=True):
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        assert abs(got - expected).max() <= tolerance * abs(expected).max()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", GEOMETRIES, ids=repr)
def test_as_the_reference(shapes, dtype):
    check(shapes, dtype)


def test_few_channels_positions_or_vectors_in_parts_are_no_case_for_minimal_filtering():
    for shapes in MINIMAL:
        assert winograd.can_convolve(shapes, 8)
    lanes = machine_for(4).lanes
    assert not winograd.can_convolve(geometry((19, 22), 32, 2 * lanes + 1), 4)
    assert not winograd.can_convolve(geometry((19, 22), 2 * lanes + 1, 32), 4)
    for others in ({"stride": 2}, {"dilation": 2}, {"groups": 2}, {"kernel": 5}, {"kernel": (3, 1)}, {"padding": 3}):
        assert not winograd.can_convolve(geometry((19, 22), 32, 64, **others), 4)
    assert not winograd.can_convolve(geometry((6, 7), 64, 64), 4)
    assert not winograd.can_convolve(geometry((19, 22), 16, 16), 8)


@pytest.mark.parametrize("shapes", SMALL, ids=repr)
def test_without_a_bias(shapes):
    check(shapes, "float32", bias=False)


@pytest.mark.parametrize(
    "shapes",
    [geometry((28, 28), 3, 5), geometry((6, 5), 4, 3, 1), geometry((6, 5), 4, 3, (2, 1), padding="valid")],
    ids=repr,
)
def test_several_images_in_each_partial_sum(shapes):
    check(shapes, "float32", n=37)


@pytest.mark.parametrize("tile", [tiles.AVX512, tiles.AVX2, tiles.NEON, tiles.PORTABLE], ids=repr)
def test_the_tiles_of_other_processors(tile, monkeypatch):
    """LLVM splits vectors that this processor does not have."""
    monkeypatch.setattr(tiles, "host_tile", lambda: tile)
    machine_for.cache_clear()
    try:
        for shapes in SMALL:
            check(shapes, "float32", n=2)
    finally:
        machine_for.cache_clear()


def test_the_tile_is_that_of_the_target():
    assert tiles.tile_for("aarch64-apple-darwin", {}) == tiles.NEON
    assert tiles.tile_for("x86_64-unknown-linux-gnu", {"avx512f": True, "avx2": True, "fma": True}) == tiles.AVX512
    assert tiles.tile_for("x86_64-unknown-linux-gnu", {"avx512f": False, "avx2": True, "fma": True}) == tiles.AVX2
    assert tiles.tile_for("x86_64-unknown-linux-gnu", {"avx2": True, "fma": False}) == tiles.PORTABLE
    assert tiles.tile_for("s390x-unknown-linux-gnu", {}) == tiles.PORTABLE


@pytest.mark.parametrize("method", ["products", "weight_gradient"])
def test_assembly_for_neon(method):
    """The sums stay in registers, and are added to by fused instructions on vectors. Nothing is run."""
    emit = getattr(tiles.Emitter, method)
    n_arguments = emit.__code__.co_argcount - 1
    module = ir.Module()
    module.triple = "aarch64-unknown-linux-gnu"
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * n_arguments), method)
    builder = ir.IRBuilder(function.append_basic_block())
    emit(tiles.Emitter(builder, tiles.NEON, ir.FloatType()), *function.args)
    builder.ret_void()
    assembly = optimized(str(module), module.triple)
    loops = [block for block in assembly.split("\n.LBB") if block.count("fmla\t") == tiles.NEON.rows * 2]
    assert len(loops) == 1
    assert "v0.4s" in loops[0]
    assert "[sp" not in "".join(line for line in loops[0].splitlines() if "\tq" in line)  # no vector is spilled


def optimized(code, triple):
    """Return the assembly for a target."""
    llvmlite.binding.initialize_all_targets()
    llvmlite.binding.initialize_all_asmprinters()
    machine = llvmlite.binding.Target.from_triple(triple).create_target_machine(opt=3)
    parsed = llvmlite.binding.parse_assembly(code)
    parsed.verify()
    options = llvmlite.binding.create_pipeline_tuning_options(speed_level=3)
    passes = llvmlite.binding.create_pass_builder(machine, options)
    passes.getModulePassManager().run(parsed, passes)
    return machine.emit_assembly(parsed)


# --- threads


@contextmanager
def in_threads(n_threads):
    """Use a number of threads up to three, however small the arrays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "n_threads", lambda: n_threads)
        patch.setattr(threads, "MULTIPLICATIONS_PER_THREAD", 1)
        patch.setattr(os, "cpu_count", lambda: 3)  # for which there is scratch
        tiled.work_size.cache_clear()
        yield
    tiled.work_size.cache_clear()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", [*SMALL, geometry((5, 5), 40, 33)], ids=repr)
def test_the_bits_are_the_same_for_any_number_of_threads(shapes, dtype, monkeypatch):
    arrays = drawn(shapes, 7, dtype)
    expected, used = None, set()
    share = threads.share
    monkeypatch.setattr(threads, "share", lambda n_parts, n, work: (used.add(n), share(n_parts, n, work)))
    for n_threads in (1, 2, 3):
        with in_threads(n_threads):
            results = run(shapes, *arrays)
        expected = expected or results
        for got, first in zip(results, expected, strict=True):
            assert_array_equal(got, first)
        assert max(used) == n_threads


@pytest.mark.parametrize("shapes", [*SMALL, geometry((4, 4), 16, 32)], ids=repr)
def test_an_image_alone_gives_the_bits_that_it_gives_among_others(shapes):
    x, W, b, dy = drawn(shapes, 16)
    y, dx, *_ = run(shapes, x, W, b, dy)
    for i in (0, 5, 15):
        alone = run(shapes, x[i : i + 1], W, b, dy[i : i + 1])
        assert_array_equal(alone[0][0], y[i])
        assert_array_equal(alone[1][0], dx[i])


def test_several_threads_of_the_user():
    shapes = SMALL[0]
    arrays = drawn(shapes, 8)
    expected = run(shapes, *arrays)
    with in_threads(3), ThreadPoolExecutor(4) as pool:
        for results in pool.map(lambda _: run(shapes, *arrays), range(8)):
            for got, first in zip(results, expected, strict=True):
                assert_array_equal(got, first)


def gradients_of_a_worker():
    """Return the results with three threads."""
    with in_threads(3):
        return run(SMALL[0], *drawn(SMALL[0], 8))


@pytest.mark.filterwarnings(
    "ignore:.*multi-threaded, use of fork:DeprecationWarning"
)  # Python 3.12 warns of any thread
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_in_processes_of_joblib(backend):
    """The threads of this process do not exist in one that is forked from it, of which Python 3.12 warns."""
    expected = gradients_of_a_worker()
    for results in Parallel(2, backend=backend)(delayed(gradients_of_a_worker)() for _ in range(2)):
        for got, first in zip(results, expected, strict=True):
            assert_array_equal(got, first)


# --- memory


def guarded(array, at_end):
    """Return a copy that begins or ends where memory does: to read or write beyond stops the process."""
    page, protect = mmap.PAGESIZE, ctypes.CDLL(None, use_errno=True).mprotect
    size = -(-array.nbytes // page) * page
    whole = numpy.frombuffer(mmap.mmap(-1, size + 2 * page), numpy.uint8)
    for start in (0, page + size):
        assert protect(ctypes.c_void_p(whole.ctypes.data + start), ctypes.c_size_t(page), 0) == 0
    first = page + (size - array.nbytes if at_end else 0)
    copy = whole[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.skipif(not hasattr(mmap, "PROT_READ"), reason="memory is protected by a function of Unix")
@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("shapes", GEOMETRIES, ids=repr)
def test_nothing_outside_of_the_arrays_is_read_or_written(shapes, at_end):
    arrays = drawn(shapes, 3)
    expected = run(shapes, *arrays)
    inputs = [guarded(array, at_end) for array in arrays]
    outputs = [guarded(poisoned(result.shape, "float32"), at_end) for result in expected]
    with in_threads(2):
        work = guarded(poisoned(work_size(shapes), "float32"), at_end)
        results = run(shapes, *inputs, results=outputs, work=work)
    for got, first in zip(results, expected, strict=True):
        assert_array_equal(got, first)


@pytest.mark.parametrize("shapes", SMALL, ids=repr)
def test_inputs_may_be_read_only_and_are_left_alone(shapes):
    arrays = drawn(shapes, 3)
    before = [array.copy() for array in arrays]
    expected = run(shapes, *arrays)
    for array in arrays:
        array.flags.writeable = False
    for got, first in zip(run(shapes, *arrays), expected, strict=True):
        assert_array_equal(got, first)
    for array, copy in zip(arrays, before, strict=True):
        assert_array_equal(array, copy)


@pytest.mark.parametrize("shapes", SMALL, ids=repr)
def test_a_steady_step_allocates_nothing(shapes):
    arrays = drawn(shapes, 8)
    with in_threads(2):
        work = poisoned(work_size(shapes), "float32")
        results = run(shapes, *arrays, work=work)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        run(shapes, *arrays, results=results, work=work)
        _, peak = tracemalloc.get_traced_memory()
        gc.collect()  # Python keeps the memory of tuples, such as the loops take, for others
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert after - before < 4_000
    assert peak - before < 16_000 < arrays[0].nbytes  # arguments, and what starts a thread


def test_other_arrays_are_left_to_the_reference():
    """The compiled loops check nothing, so that arrays they do not expect must not reach them."""
    shapes = SMALL[0]
    x, W, b, dy = drawn(shapes, 4)
    work = poisoned(work_size(shapes), "float32")
    assert tiled.can_convolve(shapes, x, W, b, dy, work, dy)
    others = [
        (x[::2], W, b, dy[:2], work),
        (x[:0], W, b, dy[:0], work),
        (x[:2], W, b, dy, work),
        (x, W[..., :4], b, dy, work),
        (x.astype("float64"), W, b, dy, work),
        (x, W, b.astype("float64"), dy, work),
        [array.astype("float16") for array in (x, W, b, dy, work)],
        (x, W, b, dy, work[: tiled.work_size(shapes) - 1]),
        (x, numpy.asfortranarray(W), b, dy, work),
        (x[:, :, :, :4], W, b, dy, work),
        (x, W, b[:-1], dy, work),
        (x, W, numpy.repeat(b, 2)[::2], dy, work),
    ]
    for arrays in others:
        assert not tiled.can_convolve(shapes, *arrays)
    y = dy.copy()
    y.flags.writeable = False
    assert tiled.can_convolve(shapes, x, W, b, y, work)
    assert not tiled.can_convolve(shapes, x, W, b, y, work, y)
    for got, expected in zip(*(run(shapes, x[::2], W, b, dy[::2], xp) for xp in (None, numpy)), strict=True):
        assert_array_equal(got, expected)


def test_compiled_code_is_kept_on_disk():
    shapes = SMALL[0]
    run(shapes, *drawn(shapes, 2))
    code = """
        from tests.engine.test_conv_tiles import SMALL, drawn, run
        from skann.engine.kernels import convolution
        run(SMALL[0], *drawn(SMALL[0], 2))
        functions = [convolution.sum_windows, convolution.sum_weight_gradients, convolution.pack_weights]
        assert all(f.stats.cache_hits and not f.stats.cache_misses for f in functions)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
