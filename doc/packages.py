"""The packages of skann and their imports, as the structure test and the picture of the packages read them.

A directory is one package, and so is each module of skann/ and skann/engine/, which stand beside whole packages.
Imports inside functions and under TYPE_CHECKING count like any other.
"""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "skann"
OPEN = {"skann", "skann.engine"}  # directories whose modules are packages of their own

Graph = dict[str, set[str]]  # the names that each name imports


def module_files() -> dict[str, Path]:
    """Return the file of each module of skann by its dotted name; that of a directory is its __init__.py."""
    files = {}
    for path in sorted(SOURCES.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCES.parent).with_suffix("").parts)
        files[name.removesuffix(".__init__")] = path
    return files


def imported_names(path: Path) -> Iterator[str]:
    """Yield the absolute dotted name of each import in a file of skann."""
    package = path.relative_to(SOURCES.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)


@cache
def module_imports() -> Graph:
    """Return the modules of skann that each of its modules imports."""
    files = module_files()
    graph: Graph = {}
    for module, path in files.items():
        names = [name for name in imported_names(path) if name.partition(".")[0] == "skann"]
        # of what is imported from a module, the module
        graph[module] = {name if name in files else name.rpartition(".")[0] for name in names}
    return graph


def package_imports() -> Graph:
    """Return the packages that each package imports, itself left out."""
    graph: Graph = {}
    for module, imported in module_imports().items():
        package = package_of(module)
        graph.setdefault(package, set()).update({package_of(name) for name in imported} - {package})
    return graph


def package_of(module: str) -> str:
    """Return the package that a module belongs to."""
    directory = module if is_directory(module) else module.rpartition(".")[0]
    return module if directory in OPEN else directory


def is_directory(name: str) -> bool:
    """Return whether a module or package is a directory."""
    return SOURCES.parent.joinpath(*name.split(".")).is_dir()


def reachable(graph: Graph) -> Graph:
    """Return the names that each name imports, directly or through others.

    Raises
    ------
    graphlib.CycleError
        If there is a cycle; its second argument is the names along it.
    """
    found: Graph = {}
    for name in TopologicalSorter(graph).static_order():
        found[name] = graph[name].union(*(found[imported] for imported in graph[name]))
    return found
