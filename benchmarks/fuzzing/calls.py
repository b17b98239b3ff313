"""Monitored calls: the errors and warnings that they may raise, and the state that they must not change."""

import contextlib
import io
import pickle
import random
import re
import traceback
import warnings
from dataclasses import dataclass, field

import numpy
import pandas
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning
from threadpoolctl import ThreadpoolController

from skann.exceptions import DivergenceError, IdentifierColumnWarning, TrainingWarning

_LIBRARIES = ThreadpoolController().lib_controllers
BLAS_THREADS = 2  # a number to find again after each call: fits of small networks lower it meanwhile


class Interrupt(KeyboardInterrupt):
    """A Ctrl-C raised by a scorer."""


class OwnError(Exception):
    """An error of the user's own code."""


@dataclass(frozen=True)
class Fault:
    """An expected error: its classes and a pattern of its message."""

    why: str
    kinds: tuple
    pattern: str

    def explains(self, error):
        """Return whether an error is the one that is documented for the fault."""
        if isinstance(error, DivergenceError) and DivergenceError not in self.kinds:
            return False
        return isinstance(error, self.kinds) and re.search(self.pattern, str(error), re.S | re.I) is not None


def bad(why, pattern, *kinds):
    """Return the fault of an input that is out of range, by default a ValueError."""
    return Fault(why, kinds or (ValueError,), pattern)


UNDERFLOWS = bad("a positive target may be 0 in float32", r"is 0 in float32")
DIVERGES = Fault("training may diverge", (DivergenceError,), r"[Ss]cale.*learning_rate_init")

# categories of warnings with the messages that are documented
DOCUMENTED_WARNINGS = [
    (ConvergenceWarning, r"Maximum iterations|lbfgs failed to converge"),
    (TrainingWarning, r"warn=False silences this|X_val|remedy|class_weight|scoring|transform_input"),
    (DataConversionWarning, r"column-vector y was passed"),
    (IdentifierColumnWarning, r"Left out"),
    (UserWarning, r"batch_size.* It is going to be clipped"),
    (UserWarning, r"solver='lbfgs' has no epochs to score X_val after"),
    (UserWarning, r"Training interrupted by user"),
    # scikit-learn's own, of labels that look like a regression's
    (UndefinedMetricWarning, r""),
    (UserWarning, r"number of unique classes is greater than 50%"),
]


_OF_NAMES = (UserWarning, r"X has feature names, but|X does not have valid feature names")


def _is_documented(warning, is_bad):
    """Return whether a warning is documented; scikit-learn has a further one for refused input."""
    if "sklearn/metrics" in warning.filename or "array_api" in warning.filename:  # of finite, but huge predictions
        return True
    return any(
        issubclass(warning.category, category) and re.search(pattern, str(warning.message), re.S)
        for category, pattern in DOCUMENTED_WARNINGS + [_OF_NAMES] * is_bad
    )


def blas_threads():
    """Return the number of threads of each BLAS library."""
    return [library.num_threads for library in _LIBRARIES if library.user_api == "blas"]


def _global_draws():
    """Return the state of the global generators, as bytes."""
    return pickle.dumps((numpy.random.get_state(), random.getstate()))  # noqa: NPY002 - scikit-learn's is the legacy one


def _snapshot(data):
    """Return a digest by which changes of data are detected."""
    if isinstance(data, dict):
        return {name: _snapshot(part) for name, part in data.items()}
    if isinstance(data, tuple):
        return tuple(map(_snapshot, data))
    if isinstance(data, (pandas.DataFrame, pandas.Series)):
        return data.copy(deep=True)  # its pickle holds caches too
    return pickle.dumps(data)


def _has_changed(data, before):
    if isinstance(data, dict):
        return any(_has_changed(part, before[name]) for name, part in data.items())
    if isinstance(data, tuple):
        return any(map(_has_changed, data, before))
    if isinstance(data, (pandas.DataFrame, pandas.Series)):
        return not data.equals(before) or not data.index.equals(before.index)
    return pickle.dumps(data) != before


@dataclass
class Finding:
    """Something that is neither right nor documented."""

    group: str
    detail: str = ""
    trace: str = ""


@dataclass
class Watch:
    """Runs calls, checks facts and collects findings.

    Attributes
    ----------
    findings : list of Finding
    n_fits : int
        Calls that trained.
    verbose : bool
        Whether to print each call.
    """

    verbose: bool = False
    findings: list = field(default_factory=list)
    n_fits: int = 0

    def found(self, group, detail="", trace=""):
        """Record a finding."""
        self.findings.append(Finding(group, detail, trace))

    def check(self, fact, group, detail=""):
        """Record a finding unless a fact holds; return whether it does."""
        if not fact:
            self.found(group, detail() if callable(detail) else detail)
        return bool(fact)

    def fit(self, what, function, **judged_by):
        """Call a function that trains."""
        self.n_fits += 1
        return self.call(what, function, **judged_by)

    def call(self, what, function, *, faults=(), risks=(), inputs=()):
        """Call a function and check its effects.

        Parameters
        ----------
        what : str
            The call, as findings name it.
        faults : sequence of Fault
            If there are any, the call must raise as one of them says.
        risks : sequence of Fault
            What it may raise.
        inputs : object
            Data that must stay as they are.

        Returns
        -------
        done, result : bool, object
            Whether it returned, and what.
        """
        before = _snapshot(inputs)
        draws, threads = _global_draws(), blas_threads()
        result = error = None
        with warnings.catch_warnings(record=True) as told, contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("always")
            try:
                result = function()
            except (Exception, Interrupt) as raised:
                error = raised
        if self.verbose:
            outcome = "returned" if error is None else f"raised {type(error).__name__}: {error}"
            print(f"    {what}: {outcome}" + "".join(f"\n      warned: {w.message}" for w in told))
        self.check(not _has_changed(inputs, before), f"{what} changes its input")
        self.check(_global_draws() == draws, f"{what} draws from a global generator")
        self.check(blas_threads() == threads, f"{what} leaves another number of BLAS threads")
        for warning in told:
            if not _is_documented(warning, is_bad=bool(faults)):
                told_by = f"{what}, {warning.filename}:{warning.lineno}"
                self.found(f"warns {warning.category.__name__}: {warning.message}", told_by)
        self._judge(what, error, faults, risks)
        return error is None, result

    def _judge(self, what, error, faults, risks):
        why = "; ".join(fault.why for fault in faults)
        if error is None:
            if faults:
                self.found(f"accepts bad input: {why}", what)
            return
        if any(fault.explains(error) for fault in (*faults, *risks)):
            return
        told = f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        if faults:
            self.found(f"says of bad input {told}", f"{what} with {why}", trace)
        else:
            self.found(f"refuses good input {told}", what, trace)
