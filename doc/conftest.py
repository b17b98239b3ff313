"""The documentation's code runs as doctests: without a screen, each page for itself."""

import pytest

collect_ignore_glob = ["*.py", "api.rst", "auto_examples/*", "generated/*"]


@pytest.fixture(autouse=True)
def no_figures_left():
    """Draw without a screen, and close the page's figures."""
    import matplotlib
    import matplotlib.pyplot

    matplotlib.use("Agg")
    yield
    matplotlib.pyplot.close("all")
