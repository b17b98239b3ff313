"""Imports only go down, and the engine knows neither scikit-learn nor pandas."""

import ast
from pathlib import Path

import pytest

import skann

ROOT = Path(skann.__file__).parent
# each floor may import from those before it
FLOORS = [
    ["version", "_dtypes", "_formatting", "_sklearn_compat", "_warnings"],
    ["engine.counter_bits", "engine.files", "engine.npz"],
    ["engine.backend", "engine.hyperparameters", "engine.registry", "engine.statistics"],
    ["engine.initializers", "engine.kernels", "engine.owed", "engine.solvers"],
    ["engine.parameters"],
    ["engine.layers"],
    ["engine.activations"],
    ["engine.losses"],
    ["engine.architecture", "engine.graph"],
    ["engine.memory"],
    ["engine.graph_network"],
    ["engine.tabular"],
    ["engine.network", "engine.batches", "engine.normalizations"],
    ["engine.transfer", "engine.prediction"],
    ["engine.penalties"],
    ["engine.optimizers", "engine.schedules", "engine.progress", "engine.diagnosis"],
    ["engine.data_driven", "engine.divergence", "engine.settings"],
    ["engine.training"],
    ["engine.lbfgs", "engine.fingerprints"],
    ["engine.checkpoints"],
    ["activations", "initializers", "layers", "losses", "schedules", "solvers", "exceptions", "callbacks"],
    ["estimators.compat", "estimators.dtypes", "estimators.messages"],
    ["preprocessing.values", "preprocessing.scaling"],
    ["preprocessing.vocabulary", "preprocessing.columns", "preprocessing.frames"],
    ["preprocessing.numbers", "preprocessing.dates", "preprocessing.categories"],
    ["preprocessing.encoder"],
    ["preprocessing"],
    ["estimators.targets"],
    ["estimators.unreadable"],
    [
        "estimators.advice",
        "estimators.attributes",
        "estimators.labels",
        "estimators.data",
        "estimators.docs",
        "estimators.hooks",
        "estimators.restoring",
        "estimators.threads",
        "estimators.devices",
    ],
    ["estimators.assembly"],
    ["estimators.constraints", "estimators.course", "estimators.fitted", "estimators.validation", "estimators.weights"],
    ["estimators.objects"],
    ["estimators.base"],
    ["estimators.conversion"],
    ["estimators.classifier", "estimators.regressor"],
    ["estimators.tabular"],
    ["estimators"],
    ["inspection"],
    [""],
]
FLOOR_OF = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(ROOT.rglob("*.py"))


def room_of(dotted):
    """Return the longest known prefix: a package's files share its room."""
    while dotted not in FLOOR_OF and "." in dotted:
        dotted = dotted.rpartition(".")[0]
    return dotted


def dotted_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip(".")


def imports_of(path):
    """Yield the modules that a file imports at run time, those of skann without the leading name."""
    package = path.relative_to(ROOT).parent.parts
    tree = ast.parse(path.read_text())
    for_types = {child for node in ast.walk(tree) if isinstance(node, ast.If) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                longer = ".".join([*base, alias.name])
                yield (longer if longer in FLOOR_OF else ".".join(base)), True
        elif isinstance(node, ast.ImportFrom):
            yield node.module, False


@pytest.mark.parametrize("path", FILES, ids=lambda path: dotted_name(path) or "skann")
def test_imports_only_go_down(path):
    here = room_of(dotted_name(path))
    if dotted_name(path) == "engine":
        assert list(imports_of(path)) == []
        return
    for module, ours in imports_of(path):
        if ours and room_of(module) != here:
            assert FLOOR_OF[room_of(module)] < FLOOR_OF[here], f"{here} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: dotted_name(path) or "skann")
def test_the_engine_imports_numpy_and_scipy_only(path):
    if not dotted_name(path).startswith("engine"):
        return
    outside = {module.split(".")[0] for module, ours in imports_of(path) if not ours}
    assert not outside & {"sklearn", "pandas", "polars", "joblib", "matplotlib"}


def test_private_names_of_scikit_learn_are_imported_in_one_file():
    for path in FILES:
        if path.name == "_sklearn_compat.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklearn"):
                assert not any(part.startswith("_") for part in node.module.split(".")), path
                assert not any(alias.name.startswith("_") for alias in node.names), path


def test_files_and_functions_stay_short():
    for path in FILES:
        text = path.read_text()
        assert text.count("\n") <= 500, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or body[-1].end_lineno - body[0].lineno < 50, f"{path}: {node.name}"
