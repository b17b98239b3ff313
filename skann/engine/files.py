"""Atomic replacement of files."""

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
        If the path exists but is not a regular file: a folder, a device, or a named pipe, reading from which may
        never end.
    """
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        raise ValueError(
            f"{os.fspath(path)!r} is no regular file but a folder, a device or the like. Give the path of a file, "
            "which may be a new one."
        )
    return real


def replace_file(path: str | os.PathLike, write: Callable[[BinaryIO], object]) -> None:
    """Replace a file atomically: even after a crash, ``path`` holds the old content or the new.

    Symbolic links are followed, the mode of an existing file is preserved, and missing folders are created. Temporary
    files of killed writers for this path are removed. Ctrl-C takes effect once the file is replaced.

    Parameters
    ----------
    path : path-like
    write : callable
        Writes the content into a binary file.

    Raises
    ------
    ValueError
        If the path exists but is not a regular file.
    """
    path = regular_file(path)
    with _defer_interrupts():
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        with _temporary_file(path) as temporary:
            with open(temporary, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            _copy_mode(path, temporary)
            os.replace(temporary, path)


def _copy_mode(path: Path, temporary: Path) -> None:
    """Copy the mode of an existing file to the temporary one."""
    if path.exists():
        old, new = (stat.S_IMODE(file.stat().st_mode) for file in (path, temporary))
        if new != old:  # some file systems refuse any change
            temporary.chmod(old)


@contextmanager
def _temporary_file(path: Path) -> Iterator[Path]:
    """Create a temporary file beside ``path``, locked while its writer lives, and remove it at the end if it exists.

    The kernel releases the lock when the process ends in any way and in any container. A process id would be less
    reliable: ids are reused, and containers that share a folder may use the same ids.
    """
    mode = 0o600 if path.exists() else 0o666  # the old file may be readable by its owner only
    descriptor = None
    while descriptor is None:
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_SUFFIX}")
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode)
        _lock(descriptor, wait=True)
        if not temporary.exists():  # another writer found it before it was locked
            os.close(descriptor)
            descriptor = None
    if fcntl is None:  # Windows cannot replace an open file
        os.close(descriptor)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> bool:
    """Lock a file where locks are supported; return whether it is locked."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # another process or thread holds it, or the file system has no locks
        return False
    return True


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary files for ``path`` of writers that have ended; none where locks are not supported."""
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if _is_temporary(entry.name, path)]
    for name in names:
        try:
            descriptor = os.open(path.with_name(name), os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
        except OSError:  # already removed, or of another user
            continue
        try:
            if _lock(descriptor, wait=False):
                path.with_name(name).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _is_temporary(name: str, path: Path) -> bool:
    """Return whether a name is one that ``_temporary_file`` creates for ``path``."""
    number = name.removeprefix(f"{path.name}.").removesuffix(_SUFFIX)
    return len(number) == 32 and name == f"{path.name}.{number}{_SUFFIX}" and set(number) <= set("0123456789abcdef")


@contextmanager
def _defer_interrupts() -> Iterator[None]:
    """Defer Ctrl-C to the end of the block.

    It could otherwise interrupt between the creation of a temporary file and the assignment of its name.
    """
    handler = signal.getsignal(signal.SIGINT)
    # Python calls handlers only in the main thread; None is a handler that Python did not set and cannot restore
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    deferred: list[tuple] = []
    signal.signal(signal.SIGINT, lambda *arguments: deferred.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if deferred:
            handler(*deferred[0])
