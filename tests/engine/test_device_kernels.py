"""The kernels for a GPU, compiled as C++, against the loops."""

import ctypes
import inspect
import re
import shutil
import subprocess

import numpy
import pytest
from numpy.testing import assert_allclose

from skann.engine.kernels import device, loops

CPP = """
#include <cmath>
#include <cstdint>
using namespace std;
typedef float T;
typedef long long int64;
typedef uint16_t uint16;
typedef int32_t int32;
template <typename S> struct Raw {{
    S *data;
    int64 sizes[3];
    const int64 *shape() const {{ return sizes; }}
    S &operator[](int64 k) const {{ return data[k]; }}
}};
extern "C" void run(int64 n, {parameters})
{{
    for (int64 i = 0; i < n; i++) {{
        {elements}
        {operation};
    }}
}}
"""
TYPES = {"T": ctypes.c_float, "int64": ctypes.c_longlong}
N_PIECES = 3
NUMBERS = {"one": numpy.float32(1), "zero": numpy.float32(0), "n_decayed": 13, "threshold": 40_000, "pieces": N_PIECES}
# of what is no vector of 20, by kernel; other arrays of those kernels are of shape (4, 5)
SHAPES = {
    "add_bias": {"b": (5,)},
    "centre": {"mean": (5,)},
    "scale_and_shift": {"scale": (5,), "shift": (5,)},
    "batch_norm_backward": {"slope": (5,), "offset": (5,), "share": (4, 1), "scale": (5,)},
    "blend": {"share": (5,)},
    "blend_backward": {"share": (5,)},
    "blend_skip": {"share": (5,)},
    "maxout": {"z": (4, N_PIECES, 5)},
    "maxout_backward": {"dz": (4, N_PIECES, 5)},
    "softmax_shift": {"v": (5, 4), "largest": (4,), "losses": (4,)},
    "softmax_gradient": {"e": (5, 4), "total": (4,)},
}


def arguments_of(name):
    """Return a kernel's arguments in CuPy's order as (raw or not, type, name)."""
    values, arrays, _ = device.KERNELS[name]
    split = [text.split() for text in f"{values}, {arrays}".split(", ") if text]
    return [("raw" in words, *words[-2:]) for words in split]


def arrays_of(name):
    """Return which arguments the loop indexes; the others are numbers."""
    source = inspect.getsource(getattr(loops, name))
    return {argument for *_, argument in arguments_of(name) if re.search(rf"\b{argument}\[", source)}


def build(name, folder):
    """Return a kernel compiled as C++, which takes the number of elements and then its arguments."""
    parameters, elements, arrays = [], [], arrays_of(name)
    for raw, kind, argument in arguments_of(name):
        if raw:
            parameters.append(f"{kind} *{argument}_, int64 {argument}_0, int64 {argument}_1, int64 {argument}_2")
            elements.append(f"Raw<{kind}> {argument} = {{{argument}_, {{{argument}_0, {argument}_1, {argument}_2}}}};")
        elif argument in arrays:
            parameters.append(f"{kind} *{argument}_")
            elements.append(f"{kind} &{argument} = {argument}_[i];")
        else:
            parameters.append(f"{kind} {argument}")
    source, library = folder / "kernel.cpp", folder / "kernel.so"
    operation = device.KERNELS[name][2].replace(";", ";\n")
    source.write_text(CPP.format(parameters=", ".join(parameters), elements=" ".join(elements), operation=operation))
    command = ["c++", "-Wall", "-Werror", "-Wno-unused-variable", "-shared", "-fPIC", str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library)).run


def samples(name):
    """Return arguments for a loop by name: arrays of a few rows and columns, and numbers."""
    rng, arrays, made = numpy.random.RandomState(0), arrays_of(name), {}
    for _, kind, argument in arguments_of(name):
        shape = SHAPES[name].get(argument, (4, 5)) if name in SHAPES else (20,)
        if argument in NUMBERS:
            made[argument] = NUMBERS[argument]
        elif argument not in arrays:
            made[argument] = numpy.float32(rng.uniform(0.1, 1))
        elif kind == "T":
            made[argument] = rng.normal(size=shape).astype("float32")
        else:
            made[argument] = rng.randint(N_PIECES if argument == "winner" else 2**16, size=shape).astype(kind)
        if argument in ("second", "bell", "e"):  # a square, and exponentials
            made[argument] = numpy.abs(made[argument])
    return made


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
@pytest.mark.parametrize("name", device.KERNELS)
def test_a_kernel_does_what_the_loop_does(name, tmp_path):
    assert {argument for *_, argument in arguments_of(name)} == set(inspect.signature(getattr(loops, name)).parameters)
    here, there, run = samples(name), samples(name), build(name, tmp_path)
    getattr(loops, name)(**here)
    written = [text.split()[-1] for text in device.KERNELS[name][1].split(", ")]
    elementwise = next(argument for raw, _, argument in arguments_of(name) if argument in written and not raw)
    passed = [ctypes.c_longlong(there[elementwise].size)]
    for raw, kind, argument in arguments_of(name):
        value = there[argument]
        if argument not in arrays_of(name):
            passed.append(TYPES[kind](value))
            continue
        if not raw:
            value = there[argument] = numpy.broadcast_to(value, there[elementwise].shape).copy()
        passed.append(value.ctypes.data_as(ctypes.c_void_p))
        if raw:
            passed += map(ctypes.c_longlong, (*value.shape, 1)[:3])
    run(*passed)
    for argument in set(written) - {"grad"}:  # which is scratch
        assert_allclose(there[argument], here[argument], rtol=1e-5, atol=1e-6)
