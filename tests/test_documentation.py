"""Every public name has a page in the documentation, and a docstring in numpydoc's form that names every parameter."""

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest
from numpydoc.validate import validate

import skann
from skann.preprocessing import ImageLoader, TabularEncoder

DOC = Path(__file__).parent.parent / "doc"
sys.path.insert(0, str(DOC / "_extensions"))

from api_pages import public_modules, public_names  # noqa: E402  (what the API reference lists)
from gallery import forget_registered, registries  # noqa: E402

# What the house style does not ask of every docstring: a longer summary, examples, "See Also"; and what it does
# otherwise: class docstrings are filled in from a template, returned values have a name, which begins no sentence.
NOT_ASKED = {"ES01", "EX01", "SA01", "GL02", "RT02", "RT04"}


def public_objects():
    """Yield the dotted name of each public class and function."""
    for module in public_modules():
        yield from (f"{module}.{name}" for name in public_names(module))


def public_methods():
    """Return the dotted names of the public methods that skann documents, each where it is described."""
    found = set()
    for name in public_objects():
        module, _, attribute = name.rpartition(".")
        cls = getattr(importlib.import_module(module), attribute)
        if inspect.isclass(cls):
            found |= {documented_at(cls, method) for method in dir(cls) if not method.startswith("_")}
    return sorted(found - {None})


def documented_at(cls, name):
    """Return where skann first defines a method or property, which is where it is described; None for what is not."""
    for owner in reversed(cls.__mro__):
        member = vars(owner).get(name)
        if owner.__module__.startswith("skann") and (inspect.isroutine(member) or isinstance(member, property)):
            return f"{owner.__module__}.{owner.__qualname__}.{name}"
    return None


@pytest.mark.parametrize("name", [*public_objects(), *public_methods()])
def test_docstrings_are_in_numpydocs_form(name):
    # the parameters of a protocol are those of typing's __init__
    not_asked = NOT_ASKED | {"PR01"} if name == "skann.datasets.Source" else NOT_ASKED
    errors = [f"{code}: {text}" for code, text in validate(name)["errors"] if code not in not_asked]
    assert not errors, "\n".join(errors)


def test_public_modules_say_what_is_public():
    for name in public_modules():
        module = importlib.import_module(name)
        assert module.__doc__
        missing = [member for member in module.__all__ if not hasattr(module, member)]
        assert not missing, f"{name}.__all__ names what is not there: {missing}"


def test_every_code_block_is_a_doctest():
    for page in [*DOC.glob("*.rst"), *DOC.glob("guide/*.rst")]:
        if page.name != "api.rst":  # written when the documentation is built
            languages = re.findall(r"^ *\.\. code(?:-block)?:: *(\S*)", page.read_text(), flags=re.MULTILINE)
            assert set(languages) <= {"console"}, f"{page.name} has code that does not run: {languages}"


@pytest.mark.parametrize(
    "cls",
    [
        skann.ConvClassifier,
        skann.ConvRegressor,
        skann.FCNSegmenter,
        skann.MaskRCNNSegmenter,
        skann.MLPClassifier,
        skann.MLPRegressor,
        skann.RCNNDetector,
        skann.TabularMLPClassifier,
        skann.TabularMLPRegressor,
        skann.YOLODetector,
        ImageLoader,
        TabularEncoder,
    ],
)
def test_estimators_in_a_notebook_link_to_no_page(cls):
    shown = cls()._repr_html_()
    assert cls.__name__ in shown
    assert "href=" not in shown


def test_gallery_scripts_leave_nothing_registered():
    before = {registry.kind: registry.names() for registry in registries()}
    for registry in registries():
        registry.register("of_a_script")(type("OfAScript", (registry.base,), {}))
    forget_registered({}, "plot_own_activation.py")
    assert {registry.kind: registry.names() for registry in registries()} == before
    assert {"activation", "loss", "learning_rate"} <= set(before)
