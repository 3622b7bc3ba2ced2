"""A small file that the processes of one host change one at a time."""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import ConfigurationError
from .clock import wall
from .fork_safety import on_fork
from .user_folders import user_folder

__all__ = ["FileBusy", "SharedFile", "boot_id", "runtime_folder"]

MAX_OPEN_FILES = 64
"""Maximum number of open files. One more closes the file that was opened first."""
UNUSED_SECONDS = 3 * 86_400.0
"""Seconds after which an unchanged file of this library is removed."""
OURS = re.compile(r"[0-9a-f]{32}\.(pace|token)")
MAX_FILE_BYTES = 16 * 1024
"""Maximum size of a file in bytes."""
TRIES = 20
"""Attempts to take a lock before the file counts as busy. A lock is held for a few microseconds."""
ATTEMPTS = 3
"""Attempts at a change that cannot be deferred, a millisecond apart."""

if sys.platform == "win32":
    import msvcrt

    LOCK_AT = 1 << 30

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, LOCK_AT, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, LOCK_AT, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _read(descriptor: int, most: int) -> bytes:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, most)

    def _write(descriptor: int, content: bytes, at: int) -> None:
        os.lseek(descriptor, at, os.SEEK_SET)
        os.write(descriptor, content)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _read(descriptor: int, most: int) -> bytes:
        return os.pread(descriptor, most, 0)

    def _write(descriptor: int, content: bytes, at: int) -> None:
        os.pwrite(descriptor, content, at)


class FileBusy(Exception):
    """Another process is currently changing the file."""


class SharedFile:
    """A private file. The system releases its lock if a process dies while holding it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._descriptor: int | None = None

    def enter(self) -> None:
        """Lock out all other threads and processes until :meth:`leave`.

        :raises FileBusy: Another process holds the lock. Try again after a millisecond.
        :raises OSError: The file cannot be created.
        """
        self._turn.acquire()
        try:
            self._lock()
        except BaseException:
            self._turn.release()
            raise

    def leave(self) -> None:
        """Release the lock."""
        try:
            if self._descriptor is not None:
                _unlock(self._descriptor)
        finally:
            self._turn.release()

    @contextmanager
    def entered(self) -> Iterator[SharedFile]:
        """Take the lock for the block; see :meth:`enter`."""
        self.enter()
        try:
            yield self
        finally:
            self.leave()

    def attempt(self, work: Callable[[], object]) -> None:
        """Run a function under the lock. Skip it if the lock stays busy, or the file cannot be created."""
        for _ in range(ATTEMPTS):
            try:
                with self.entered():
                    work()
                return
            except FileBusy:
                time.sleep(0.001)
            except OSError:
                return

    def read(self) -> bytes:
        """Return the content. Requires the lock."""
        return _read(self._opened(), MAX_FILE_BYTES)

    def peek(self) -> bytes:
        """Return the content without the lock, or nothing if the file was replaced."""
        with self._turn:
            return self.read() if os.fstat(self._opened()).st_nlink else b""

    def replace(self) -> None:
        """Replace a file whose lock another process does not release. Other processes notice the replacement."""
        with self._turn:
            mine = os.fstat(self._opened())
            with suppress(FileNotFoundError):
                there = self._path.stat()
                if (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev):
                    self._path.unlink()
            self.close()

    def write(self, content: bytes, at: int = 0) -> None:
        """Overwrite the content from an offset on, up to 16 KiB; the rest is unchanged. Requires the lock."""
        _write(self._opened(), content, at)

    def note(self, content: bytes) -> None:
        """Overwrite the beginning of the content without the lock. Only one process at a time may do this."""
        with self._turn:
            self.write(content)

    def close(self) -> None:
        """Close the file. It is reopened on the next use."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)

    def _lock(self) -> None:
        """Open and lock the file. Reopen it if another process has removed it in the meantime."""
        while True:
            descriptor = self._opened()
            for last in range(TRIES):
                try:
                    _lock(descriptor)
                    break
                except OSError as error:
                    if not isinstance(error, (BlockingIOError, PermissionError)):
                        raise
                    if last == TRIES - 1:
                        raise FileBusy from None
                    time.sleep(0)  # only yields, so that the holder of the lock can finish
            if os.fstat(descriptor).st_nlink:
                return
            self.close()

    def _opened(self) -> int:
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = self._descriptor = _open_private(self._path)
            _make_room(self)
        return descriptor


_open: OrderedDict[SharedFile, None] = OrderedDict()


def _make_room(file: SharedFile) -> None:
    """Register an open file. If too many are open, close those that were opened first."""
    _open[file] = None
    _open.move_to_end(file)
    for other in list(_open)[: max(0, len(_open) - MAX_OPEN_FILES)]:
        if other is not file and other._turn.acquire(blocking=False):
            other.close()
            other._turn.release()
            _open.pop(other, None)


def _leave_the_parents() -> None:
    """Close the files that a forked child inherited: a lock is shared with the parent, so the child needs its own."""
    for file in list(_open):
        file._turn = threading.Lock()
        file.close()
    _open.clear()


on_fork(_leave_the_parents)


def _open_private(path: Path) -> int:
    folder = path.parent
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    found = os.fstat(descriptor)
    if hasattr(os, "geteuid") and (found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077):
        os.close(descriptor)
        raise PermissionError(f"{path} is not this user's alone")
    return descriptor


def _sweep(folder: Path) -> None:
    """Remove files that were unused for days. Processes that still have one open notice it."""
    before = wall() - UNUSED_SECONDS
    for path in folder.iterdir():
        with suppress(OSError):
            if OURS.fullmatch(path.name) and path.lstat().st_mtime < before:
                path.unlink()


def runtime_folder() -> Path:
    """Return the private folder of this user's running processes, and create it if it is missing.

    It is ``CPL_RUNTIME_DIR``, or a folder ``cpl`` in the system's runtime folder of the user (on Linux
    ``XDG_RUNTIME_DIR``).

    :raises OSError: The folder cannot be created, or other users may write to it.
    :raises ConfigurationError: The path is relative, so it depends on the working directory of a process.
    """
    named = os.environ.get("CPL_RUNTIME_DIR", "").strip()
    if named:
        folder = Path(named)
        if not folder.is_absolute():
            raise ConfigurationError(
                f"CPL_RUNTIME_DIR must be an absolute path, for all processes to see one: {named!r}"
            )
    else:
        own = user_folder("runtime")
        if own is None:
            raise FileNotFoundError("this user has no folder for running processes: name one in CPL_RUNTIME_DIR")
        folder = own
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{folder} is no folder")
    if hasattr(os, "geteuid") and (found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022):
        raise PermissionError(f"others may write to {folder}")
    return folder


def boot_id() -> str:
    """Return an ID of the current boot of the system: a monotonic clock restarts with each boot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
