"""The version of the package, and of what it stands on."""

__version__ = "0.1.0"


def show_versions() -> None:
    """Print the versions of skann, of Python, of the packages it depends on, and of the BLAS and OpenMP libraries.

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
