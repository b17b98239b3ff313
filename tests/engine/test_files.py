"""Files that are replaced in one stroke: links, modes, what killed writers leave, and Ctrl-C at any moment."""

import io
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy
import pytest

from skann.engine import files, npz

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, modes and locks are POSIX's")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    (tmp_path / "run.npz").write_bytes(b"old")
    return tmp_path / "run.npz"


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


def put(content=b"new"):
    """Return a function that writes this content."""
    return lambda file: file.write(content)


def start_writer(path, then):
    """Start a process that writes a part of the file, says so and then does something."""
    script = f"""if True:
        import os, signal, sys
        from skann.engine.files import replace_file

        def write(file):
            file.write(b"half")
            file.flush()
            print("half", flush=True)
            {then}

        replace_file({str(path)!r}, write)"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, text=True, **pipes)
    assert process.stdout.readline() == "half\n"
    return process


def test_missing_folders_are_made(tmp_path):
    files.replace_file(tmp_path / "a" / "b" / "run.npz", put())
    assert (tmp_path / "a" / "b" / "run.npz").read_bytes() == b"new"


def test_the_next_writer_removes_what_killed_ones_left(path):
    for _ in range(2):  # the second removes what the first left
        with start_writer(path, "os.kill(os.getpid(), signal.SIGKILL)") as process:
            assert process.wait() == -signal.SIGKILL
        assert path.read_bytes() == b"old"
        assert len(names_in(path.parent)) == 2
    files.replace_file(path, put())
    assert names_in(path.parent) == ["run.npz"]
    assert path.read_bytes() == b"new"


def test_files_of_living_writers_and_of_other_names_stay(path):
    number = "0123456789abcdef" * 2
    others = [f"other.npz.{number}.tmp", f"run.npz.{number[1:]}.tmp", "run.npz.backup.tmp", f"run.npz.{number}"]
    for name in others:
        (path.parent / name).touch()
    half, done = threading.Event(), threading.Event()

    def write_slowly(file):
        file.write(b"slow")
        half.set()
        done.wait()

    thread = threading.Thread(target=files.replace_file, args=(path, write_slowly))
    with start_writer(path, "sys.stdin.readline()") as process:
        thread.start()
        half.wait()
        assert len(names_in(path.parent)) == 1 + len(others) + 2
        files.replace_file(path, put())
        assert len(names_in(path.parent)) == 1 + len(others) + 2
        done.set()
        thread.join()
        assert path.read_bytes() == b"slow"
        process.communicate("\n")
    assert process.returncode == 0
    assert path.read_bytes() == b"half"
    assert names_in(path.parent) == sorted(["run.npz", *others])


def test_a_writer_whose_file_was_found_before_it_was_locked_makes_another(path, monkeypatch):
    lock, names = files._lock, []

    def removed_meanwhile(descriptor, wait):
        if wait and not names:
            names.extend(path.parent.glob("*.tmp"))
            files._remove_abandoned(path)
        return lock(descriptor, wait)

    monkeypatch.setattr(files, "_lock", removed_meanwhile)
    files.replace_file(path, put())
    assert len(names) == 1
    assert path.read_bytes() == b"new"
    assert names_in(path.parent) == ["run.npz"]


def test_without_locks_the_file_is_written_and_nothing_is_removed(path, monkeypatch):
    stale = path.with_name(f"run.npz.{'0' * 32}.tmp")
    stale.touch()
    monkeypatch.setattr(files, "fcntl", None)
    files.replace_file(path, put())
    assert path.read_bytes() == b"new"
    assert names_in(path.parent) == ["run.npz", stale.name]


def test_links_are_followed(path):
    folder = path.parent / "elsewhere"
    folder.mkdir()
    (folder / "link").symlink_to("../run.npz")
    (folder / "second").symlink_to(folder / "link")
    (folder / "dangling").symlink_to("new/run.npz")
    for name in ("second", "dangling"):
        files.replace_file(folder / name, put(name.encode()))
        assert (folder / name).is_symlink()
    assert path.read_bytes() == b"second"
    assert (folder / "new" / "run.npz").read_bytes() == b"dangling"
    assert (folder / "link").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_the_mode_stays_and_nobody_else_reads_what_is_half_written(mode, path):
    path.chmod(mode)
    modes = []

    def write(file):
        (temporary,) = path.parent.glob("*.tmp")
        modes.append(stat.S_IMODE(temporary.stat().st_mode))

    files.replace_file(path, write)
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_mode_that_the_user_set(tmp_path):
    before = os.umask(0o027)
    try:
        files.replace_file(tmp_path / "run.npz", put())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run.npz").stat().st_mode) == 0o640


def open_files():
    """Return how many descriptors this process has open."""
    return len(os.listdir("/dev/fd"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError, OSError(28, "No space left on device")])
def test_an_exception_leaves_the_old_file_and_nothing_else(error, path):
    def write(file):
        file.write(b"half")
        raise error

    before = open_files()
    with pytest.raises(error if isinstance(error, type) else type(error)):
        files.replace_file(path, write)
    assert path.read_bytes() == b"old"
    assert names_in(path.parent) == ["run.npz"]
    assert open_files() == before


def test_ctrl_c_waits_until_the_file_is_in_place(path):
    def write(file):
        for part in (b"n", b"e", b"w"):
            os.kill(os.getpid(), signal.SIGINT)
            file.write(part)

    before, handler = open_files(), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        files.replace_file(path, write)
    assert path.read_bytes() == b"new"
    assert names_in(path.parent) == ["run.npz"]
    assert open_files() == before
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_users_own_handler_of_ctrl_c_is_called_and_none_is_set_where_there_was_none(path):
    calls = []
    before = signal.signal(signal.SIGINT, lambda *arguments: calls.append(arguments))
    try:
        files.replace_file(path, lambda file: os.kill(os.getpid(), signal.SIGINT))
        assert [number for number, _ in calls] == [signal.SIGINT]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        files.replace_file(path, lambda file: os.kill(os.getpid(), signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


class Failing(io.BytesIO):
    """Raises at one of the calls that write or move."""

    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def count(self):
        self.calls -= 1
        if self.calls == 0:
            raise KeyboardInterrupt

    def write(self, data):
        self.count()
        return super().write(data)

    def seek(self, *where):
        self.count()
        return super().seek(*where)


def test_an_interrupted_archive_raises_the_interrupt_itself():
    """zipfile fails to close what is half written, also when it is collected, and would raise that error instead."""
    arrays = {"a": numpy.arange(3.0), "b": numpy.zeros((2, 2), "u1")}
    interrupted = 0
    for calls in range(1, 100):
        try:
            npz.write(Failing(calls), arrays)
        except KeyboardInterrupt:
            interrupted += 1
        else:
            break
    assert interrupted > 5
    file = io.BytesIO()
    npz.write(file, arrays)
    file.seek(0)
    with numpy.load(file) as loaded:
        assert repr(dict(loaded)) == repr(arrays)
