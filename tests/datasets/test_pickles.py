"""Sources in pickles of versions in which ``skann.datasets`` was one module are found."""

import pickle

import numpy

from skann.datasets import ArraySource, ImageSource


def test_sources_are_found_where_they_were():
    for source in (ArraySource(numpy.arange(3)), ImageSource(["a.png"], (4, 4))):
        content = pickle.dumps(source, protocol=0)
        assert b"skann.datasets.sources" in content
        old = content.replace(b"skann.datasets.sources", b"skann.datasets")
        assert type(pickle.loads(old)) is type(source)
