"""What ``import skann`` gives, and what it waits with."""

import subprocess
import sys
from pathlib import Path

import pytest

import skann

LAZY = """
import sys, skann
assert not any(name.startswith(("skann.estimators.tabular", "skann.preprocessing")) for name in sys.modules)
for name in dir(skann):
    getattr(skann, name)
assert skann.TabularMLPClassifier().preset and skann.preprocessing.TabularEncoder()
"""


def test_the_estimators_of_tables_and_submodules_come_when_asked_for():
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_public_submodule_is_an_attribute():
    there = {path.stem for path in Path(skann.__file__).parent.iterdir() if path.suffix == ".py" or path.is_dir()}
    internal = {"engine", "estimators", "version", "__init__", "__pycache__"}
    assert set(dir(skann)) - set(skann.__all__) == there - internal


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match="'skann' has no attribute 'MLPClasifier'"):
        skann.MLPClasifier  # noqa: B018
