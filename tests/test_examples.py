"""The gallery's scripts run alone and leave a picture where they are told to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["plot_curves", "plot_diagnosis", "plot_own_activation"])
def test_an_example_makes_its_picture(name, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "picture.png"
    # one thread: other tests run beside it
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    script = ROOT / "examples" / f"{name}.py"
    subprocess.run([sys.executable, script, picture], check=True, timeout=60, env=environment)
    assert picture.read_bytes().startswith(b"\x89PNG")
