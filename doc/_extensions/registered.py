"""The directive ``registered``: a table of all that can be passed by name, drawn from a registry of the engine."""

import importlib
import inspect
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Registered(SphinxDirective):
    """``.. registered:: skann.engine.losses.LOSSES skann.losses [task]``: the registry, and where its classes live.

    A task keeps to the losses that apply to it. Each row is a class: its names, and the first line of its docstring.
    """

    required_arguments = 1
    optional_arguments = 2
    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        module, _, attribute = self.arguments[0].rpartition(".")
        registry = getattr(importlib.import_module(module), attribute)
        public = self.arguments[1] if len(self.arguments) > 1 else None
        lines = [".. list-table::", "   :class: registered", "   :widths: 25 75", "   :header-rows: 1", ""]
        lines += ["   * - name", "     - what it is"]
        for cls in registry.classes():
            if len(self.arguments) > 2 and self.arguments[2] not in cls.tasks:
                continue
            names = " ".join(f"``'{name}'``" for name in registry.names() if registry[name] is cls)
            link = f" :class:`~{public}.{cls.__name__}`" if public else ""
            lines += [f"   * - {names}{link}", f"     - {inspect.getdoc(cls).splitlines()[0]}"]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("registered", Registered)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
