"""A stand-in for CuPy on machines without a GPU: NumPy behind a wall.

It has only the functions, methods and keywords that CuPy has, as ``record_cupy.py`` noted them, and its arrays meet no
array of NumPy's: where the engine mixes host and device, or asks for what CuPy lacks, it raises, as CuPy would.
"""

import inspect
import operator
import sys
from functools import cache
from types import ModuleType, SimpleNamespace

import numpy
import scipy.special

from skann.engine.kernels import loops

from .harness import poisoned
from .record_cupy import known

RECORD = known()
MAKES_ARRAYS = {"empty", "empty_like"}
HAVE_AT = {"add", "subtract", "maximum", "minimum"}  # functions of CuPy with a method ``at``


@cache
def signature_of(kind, name):
    """Return what a function or method of CuPy takes; None where nothing is known of it."""
    text = RECORD[kind][name]
    if not text:
        return None
    scope = {}
    exec(f"def function{text}: pass", scope)
    return inspect.signature(scope["function"])


def check_call(kind, name, args, kwargs):
    """Raise TypeError for an argument that CuPy's function or method does not take."""
    if name not in RECORD[kind]:
        raise AttributeError(f"CuPy has no {name} among its {kind}.")
    signature = signature_of(kind, name)
    if signature is not None:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"CuPy's {name}{signature}: {error}") from None


def behind(value):
    """Return what lies behind the wall; an array of NumPy's does not pass."""
    if isinstance(value, ndarray):
        return value.hidden
    if isinstance(value, numpy.ndarray):
        raise TypeError("An array of the host meets one of the device.")
    if isinstance(value, (list, tuple)):
        return type(value)(map(behind, value))
    return value


def before(value):
    """Return what is seen of a result: arrays, of no dimension too, and those in a tuple, as the device's."""
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return ndarray(numpy.asarray(value))
    if type(value) is tuple:
        return tuple(map(before, value))
    return value


class ndarray:
    """An array of the device."""

    __array_ufunc__ = None  # NumPy's operators and functions give up
    waits = 0  # how often the host has waited for a number or an array of the device

    def __init__(self, hidden):
        self.hidden = hidden

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def __getattr__(self, name):
        if name in ("shape", "dtype", "size", "ndim", "itemsize", "nbytes", "flags", "strides"):
            return getattr(self.hidden, name)
        if name == "T":
            return ndarray(self.hidden.T)
        if name not in RECORD["methods"]:
            raise AttributeError(f"CuPy's arrays have no {name}.")

        def method(*args, **kwargs):
            check_call("methods", name, args, kwargs)
            return before(getattr(self.hidden, name)(*map(behind, args), **_behind(kwargs)))

        return method

    def __len__(self):
        return len(self.hidden)

    def __iter__(self):
        return (ndarray(part) for part in self.hidden)

    def __getitem__(self, index):
        return before(self.hidden[behind(index)])

    def __setitem__(self, index, value):
        self.hidden[behind(index)] = behind(value)

    def __neg__(self):
        return before(-self.hidden)

    def __invert__(self):
        return before(~self.hidden)

    def __float__(self):
        ndarray.waits += 1
        return float(self.hidden)

    def __bool__(self):
        ndarray.waits += 1
        return bool(self.hidden)


def _operator(name):
    function = getattr(operator, name)

    def plain(self, other):
        return before(function(self.hidden, behind(other)))

    def reflected(self, other):
        return before(function(behind(other), self.hidden))

    def in_place(self, other):
        self.hidden[...] = function(self.hidden, behind(other))
        return self

    return plain, reflected, in_place


for _name in ("add", "sub", "mul", "truediv", "matmul", "pow"):
    for _prefix, _method in zip(("", "r", "i"), _operator(_name), strict=True):
        setattr(ndarray, f"__{_prefix}{_name}__", _method)
for _name in ("lt", "le", "gt", "ge"):
    setattr(ndarray, f"__{_name}__", _operator(_name)[0])


def _behind(kwargs):
    return {name: behind(value) for name, value in kwargs.items()}


class ElementwiseKernel:
    """Runs the loop that a kernel of the engine stands for."""

    def __init__(self, in_params, out_params, operation, name):
        check_call("functions", "ElementwiseKernel", (in_params, out_params, operation, name), {})
        self.parameters = [text.split()[-2:] for text in f"{in_params}, {out_params}".split(", ") if text]
        self.loop = getattr(loops, name.removeprefix("skann_"))

    def __call__(self, *arguments):
        named = {name: behind(value) for (_, name), value in zip(self.parameters, arguments, strict=True)}
        assert len({named[name].dtype for kind, name in self.parameters if kind == "T"}) == 1
        with numpy.errstate(all="ignore"):
            self.loop(**named)


class ReductionKernel:
    """Sums over a vector what a kernel of the engine maps its elements to."""

    def __init__(self, in_params, out_params, map_expr, reduce_expr, post_map_expr, identity, name):
        given = (in_params, out_params, map_expr, reduce_expr, post_map_expr, identity, name)
        check_call("functions", "ReductionKernel", given, {})
        assert given[:2] + given[3:6] == ("T x", "T y", "a + b", "y = a", "0")
        self.map = map_expr

    def __call__(self, x):
        return before(eval(self.map, {"x": behind(x)}).sum())


def as_strided(x, shape, strides):
    """Return a view with other strides; CuPy's takes no further arguments."""
    return before(numpy.lib.stride_tricks.as_strided(behind(x), shape, strides))


class StandIn(ModuleType):
    """The module ``cupy``.

    Attributes
    ----------
    free : int
        Bytes of memory that the device says are free.
    """

    ndarray = ndarray

    def __init__(self):
        super().__init__("cupy")
        self.ElementwiseKernel = ElementwiseKernel
        self.ReductionKernel = ReductionKernel
        self.free = 2**30
        device = SimpleNamespace(mem_info=(0, 0))
        self.cuda = SimpleNamespace(is_available=lambda: True, Device=lambda: device)
        self.lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=as_strided))
        self.get_default_memory_pool = lambda: SimpleNamespace(free_bytes=lambda: self.free)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in RECORD["functions"]:
            raise AttributeError(f"CuPy has no {name}.")
        function = getattr(numpy, name)
        if not callable(function) or isinstance(function, type):
            return function

        def checked(*args, **kwargs):
            check_call("functions", name, args, kwargs)
            made = before(function(*map(behind, args), **_behind(kwargs)))
            if name in MAKES_ARRAYS:
                made.hidden[...] = poisoned(made.shape, made.dtype)
            return made

        if name in HAVE_AT:
            checked.at = lambda a, indices, b: function.at(behind(a), behind(indices), behind(b))
        return checked

    @staticmethod
    def asarray(a, dtype=None):
        """Return a copy of a host's array, a list or a number on the device."""
        if isinstance(a, numpy.ndarray):
            assert a.dtype.isnative
            a = a.copy()
        return ndarray(numpy.asarray(behind(a) if isinstance(a, ndarray) else a, dtype))

    @staticmethod
    def asnumpy(a):
        """Return a copy on the host."""
        ndarray.waits += 1
        return a.hidden.copy()


def _erf(x, out):
    scipy.special.erf(behind(x), out=behind(out))


def install(monkeypatch):
    """Put the stand-in where ``import cupy`` finds it; return it."""
    special = ModuleType("cupyx.scipy.special")
    special.erf = _erf
    scipy_of_cupy = ModuleType("cupyx.scipy")
    scipy_of_cupy.special = special
    cupy = StandIn()
    for module in (cupy, ModuleType("cupyx"), scipy_of_cupy, special):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return cupy
