"""The versions of skann and its dependencies, and how to install the optional ones."""

__version__ = "0.1.0"


def install_command(extra: str) -> str:
    """Return the command that installs an optional dependency; from the sources, as skann is in no registry."""
    return f'pip install ".[{extra}]" in the folder with skann\'s sources'


def show_versions() -> None:
    """Print the versions of skann, Python, the dependencies, and the BLAS and OpenMP libraries.

    Examples
    --------
    >>> import skann
    >>> skann.show_versions()  # doctest: +ELLIPSIS
    <BLANKLINE>
    skann: ...
    """
    import sklearn

    print(f"\nskann: {__version__}")
    sklearn.show_versions()
