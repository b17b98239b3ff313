"""Files that are replaced in one stroke, whatever stops the writer."""

from __future__ import annotations

import os
import signal
import stat
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

_SUFFIX = ".tmp"


def regular_file(path: str | os.PathLike) -> Path:
    """Return the path with all symbolic links followed.

    Raises
    ------
    ValueError
        If something is there that is no regular file, such as a folder, a device or a named pipe, which may be read
        for ever.
    """
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        raise ValueError(
            f"{os.fspath(path)!r} is no regular file but a folder, a device or the like. Give the path of a file, "
            "which may be a new one."
        )
    return real


def replace_file(path: str | os.PathLike, write: Callable[[BinaryIO], object]) -> None:
    """Replace a file: whoever opens ``path``, even after a crash, finds the old content or the new.

    Symbolic links are followed, an existing file's mode is kept, and folders are made. Temporary files that killed
    writers left for this path are removed. Ctrl-C takes effect once the file is in place.

    Parameters
    ----------
    path : path-like
    write : callable
        Writes the content into a binary file.

    Raises
    ------
    ValueError
        If something else than a regular file is there.
    """
    path = regular_file(path)
    with _interrupts_deferred():
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        with _temporary_file(path) as temporary:
            with open(temporary, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            _keep_mode(path, temporary)
            os.replace(temporary, path)


def _keep_mode(path: Path, temporary: Path) -> None:
    """Give the new file the mode of the old one, if there is one."""
    if path.exists():
        old, new = (stat.S_IMODE(file.stat().st_mode) for file in (path, temporary))
        if new != old:  # some file systems refuse any change
            temporary.chmod(old)


@contextmanager
def _temporary_file(path: Path) -> Iterator[Path]:
    """Make a file beside ``path``, locked for as long as its writer lives, and remove it at the end if it is there.

    The kernel releases the lock of a process that ends, however it ends and in whichever container it ran. A number of
    the process would tell less: numbers are used again, and containers that share a folder have the same ones.
    """
    mode = 0o600 if path.exists() else 0o666  # the old file may be for its owner alone
    held = None
    while held is None:
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_SUFFIX}")
        held = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode)
        _lock(held, wait=True)
        if not temporary.exists():  # another writer found it before it was locked
            os.close(held)
            held = None
    if fcntl is None:  # Windows replaces no file that is open
        os.close(held)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(held)


def _lock(descriptor: int, wait: bool) -> bool:
    """Lock a file, where there are locks; tell whether it is locked now."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # another process or thread holds it, or the file system has no locks
        return False
    return True


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary files for ``path`` whose writers have ended; where there are no locks, all stay."""
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if _is_temporary(entry.name, path)]
    for name in names:
        try:
            descriptor = os.open(path.with_name(name), os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
        except OSError:  # it has just gone, or belongs to another user
            continue
        try:
            if _lock(descriptor, wait=False):
                path.with_name(name).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _is_temporary(name: str, path: Path) -> bool:
    """Tell whether ``_temporary_file`` gives such names for ``path``."""
    number = name.removeprefix(f"{path.name}.").removesuffix(_SUFFIX)
    return len(number) == 32 and name == f"{path.name}.{number}{_SUFFIX}" and set(number) <= set("0123456789abcdef")


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Let Ctrl-C wait until the block is done.

    It would otherwise strike anywhere, between the making of a temporary file and the note of its name, too.
    """
    handler = signal.getsignal(signal.SIGINT)
    # Python calls handlers in the main thread alone; None is one that Python did not set and could not put back
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    waiting: list[tuple] = []
    signal.signal(signal.SIGINT, lambda *arguments: waiting.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if waiting:
            handler(*waiting[0])
