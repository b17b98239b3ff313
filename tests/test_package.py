"""What ``import skann`` gives and what it waits with, what the source distribution holds, and how extras are named."""

import configparser
import re
import shutil
import subprocess
import sys
import tarfile
from importlib import import_module
from pathlib import Path

import pytest

import skann

ROOT = Path(__file__).parent.parent

LAZY = """
import sys, skann
assert not {"skann.estimators.tabular", "skann.preprocessing"} & sys.modules.keys()
for name in dir(skann):
    getattr(skann, name)
assert skann.TabularMLPClassifier().preset and skann.preprocessing.TabularEncoder()
"""


def test_the_estimators_of_tables_and_submodules_come_when_asked_for():
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_public_submodule_is_an_attribute():
    there = {path.stem for path in Path(skann.__file__).parent.iterdir() if path.suffix == ".py" or path.is_dir()}
    public = {name for name in there if not name.startswith("_")} - {"engine", "estimators", "version"}
    assert set(dir(skann)) - set(skann.__all__) == public


@pytest.mark.parametrize("name", sorted(set(dir(skann)) - set(skann.__all__)))
def test_dir_of_a_public_module_shows_its_public_names_only(name):
    module = import_module(f"skann.{name}")
    assert sorted(shown for shown in dir(module) if not shown.startswith("_")) == sorted(module.__all__)


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match="'skann' has no attribute 'MLPClasifier'"):
        skann.MLPClasifier  # noqa: B018


def tracked_files():
    """Return the names of the project's files, or skip where they are not in a repository."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode or not done.stdout:
        pytest.skip("not a git repository")
    return [name for name in done.stdout.splitlines() if (ROOT / name).exists()]


def test_the_source_distribution_holds_the_project(tmp_path):
    expected = [name for name in tracked_files() if not name.startswith(".")]
    built = ["build/doc/index.html", "doc/api.rst", "doc/generated/skann.rst", "examples/plot_dropout.png"]
    source = tmp_path / "source"
    for name in [*expected, *built]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "README.md" if name in built else ROOT / name, source / name)
    build = "from setuptools.build_meta import build_sdist; build_sdist('..')"
    subprocess.run([sys.executable, "-W", "ignore", "-c", build], cwd=source, check=True, capture_output=True)
    with tarfile.open(tmp_path / f"skann-{skann.__version__}.tar.gz") as archive:
        held = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert {name for name in held if "egg-info" not in name} == {*expected, "PKG-INFO"}


def test_extras_are_installed_from_the_sources():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    named = set()
    for name in tracked_files():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".rst"} and path != Path(__file__):
            text = path.read_text()
            assert not re.search(r"skann\\?\[[a-z]", text), f"{name}: no registry has the package"
            named |= set(re.findall(r"install_command\(['\"](\w+)['\"]\)", text))
    assert named
    assert named <= set(setup["options.extras_require"])
