"""Imports only go down, and the engine knows neither scikit-learn nor pandas."""

import ast
import sys
from graphlib import CycleError
from pathlib import Path

import pytest

DOC = Path(__file__).parent.parent.parent / "doc"
sys.path.insert(0, str(DOC))

from draw_packages import PICTURE, draw  # noqa: E402
from packages import imported_names, module_files, module_imports, package_imports, reachable  # noqa: E402

# Landmarks, from the lowest floor up: none may import another of its own floor or of one above, nor reach it through
# other packages. What is not listed may stand anywhere between them.
FLOORS = [
    ["engine.arrays"],
    ["engine.kernels"],
    ["engine.functions"],
    ["engine.layers"],
    ["engine.activations"],
    ["engine.losses"],
    ["engine.network", "engine.objective", "engine.optimizers"],
    ["engine.learner", "engine.models"],
    ["engine.training"],
    [
        "activations",
        "augmentations",
        "datasets",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "schedules",
        "solvers",
        "exceptions",
        "callbacks",
    ],
    ["preprocessing"],
    ["estimators"],
    ["estimators.tabular"],
    ["inspection"],
]
FLOOR_OF = {f"skann.{name}": floor for floor, names in enumerate(FLOORS) for name in names}
FILES = module_files()


@pytest.mark.parametrize("read", [module_imports, package_imports])
def test_no_imports_form_a_cycle(read):
    try:
        reachable(read())
    except CycleError as error:
        pytest.fail(f"Each imports the one before it: {', '.join(error.args[1])}.")


@pytest.mark.parametrize("name", FLOOR_OF)
def test_imports_only_go_down(name):
    graph = package_imports()
    seen, front = set(), {name}
    while front:
        seen |= front
        front = set().union(*(graph[package] for package in front)) - seen
    too_high = {other for other in seen - {name} if FLOOR_OF.get(other, -1) >= FLOOR_OF[name]}
    assert not too_high, f"{name} reaches {', '.join(sorted(too_high))} of its own floor or above"


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("skann.engine")])
def test_the_engine_imports_numpy_and_scipy_only(name):
    outside = {imported.partition(".")[0] for imported in imported_names(FILES[name])}
    assert not outside & {"sklearn", "pandas", "polars", "joblib", "matplotlib"}


def test_the_engine_itself_imports_nothing():
    # importing any part of it runs its __init__.py first
    assert not list(imported_names(FILES["skann.engine"]))


def test_private_names_of_scikit_learn_are_imported_in_one_file():
    for name, path in FILES.items():
        if name == "skann._sklearn_compat":
            continue
        for imported in imported_names(path):
            package, *parts = imported.split(".")
            assert package != "sklearn" or not any(part.startswith("_") for part in parts), path


def test_the_picture_of_the_packages_is_up_to_date():
    assert PICTURE.read_text() == draw(), "run `python doc/draw_packages.py`"


def test_files_and_functions_stay_short():
    for path in FILES.values():
        text = path.read_text()
        assert text.count("\n") <= 500, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or body[-1].end_lineno - body[0].lineno < 50, f"{path}: {node.name}"
