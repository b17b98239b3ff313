"""Every function of the array library that the engine calls is in CuPy, with the keywords used."""

import ast
from pathlib import Path

import pytest

import skann.engine

from .standin import RECORD, check_call

ENGINE = Path(skann.engine.__file__).parent
FILES = sorted(ENGINE.rglob("*.py"))


def is_namespace(node):
    """Tell whether an expression is the array library: xp, bound.xp, namespace(array)."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "namespace"
    return (isinstance(node, ast.Name) and node.id == "xp") or (isinstance(node, ast.Attribute) and node.attr == "xp")


def used(tree):
    """Yield what is taken from the array library, with the call if it is one, but not where that must be NumPy."""
    calls = {node.func: node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    decorators = {ast.unparse(decorator) for node in functions for decorator in node.decorator_list}
    bodies = [node.body for node in functions if f"{node.name}.on_device" in decorators]  # which a device runs instead
    bodies += [
        node.body for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "xp is numpy"
    ]
    for_numpy = {inner for body in bodies for statement in body for inner in ast.walk(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_namespace(node.value) and node not in for_numpy:
            yield node.attr, calls.get(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ENGINE)))
def test_functions_are_cupys(path):
    for name, call in used(ast.parse(path.read_text())):
        assert name in RECORD["functions"], f"CuPy has no {name}"
        if call is not None:
            starred = any(isinstance(argument, ast.Starred) for argument in call.args)
            args = () if starred else (0,) * len(call.args)
            check_call("functions", name, args, {keyword.arg: 0 for keyword in call.keywords})


def test_the_search_finds_what_it_is_for():
    tree = ast.parse(
        "def f(bound, xp):\n bound.xp.einsum('i', 1, out=2)\n if xp is numpy:\n  xp.nothing()\n xp.pi\n"
        "@operation\ndef g(xp):\n xp.nothing()\n@g.on_device\ndef _(xp):\n pass\n"
    )
    assert sorted(name for name, _ in used(tree)) == ["einsum", "pi"]
    with pytest.raises(TypeError, match="CuPy's einsum"):
        check_call("functions", "einsum", (0, 0), {"out": 0})
    with pytest.raises(TypeError, match="CuPy's take"):
        check_call("methods", "take", (0,), {"mode": 0})
    with pytest.raises(AttributeError, match="no nothing"):
        check_call("functions", "nothing", (), {})
    assert sum(1 for path in FILES for _ in used(ast.parse(path.read_text()))) > 200
