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

OPEN_AT_ONCE = 64
"""Files that are kept open; one more closes the one that was opened longest ago."""
OLD = 3 * 86_400.0
"""Seconds after which a file of ours that nobody has changed is removed."""
OURS = re.compile(r"[0-9a-f]{32}\.(pace|token)")
MOST = 16 * 1024
"""Bytes that one holds."""
TRIES = 20
"""Looks at a lock before it counts as busy: it is held for some microseconds."""
ATTEMPTS = 3
"""Of what cannot be put off, a millisecond apart."""

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
    """Another process is changing the file at this moment."""


class SharedFile:
    """A private file; a process that dies inside leaves the lock free, for it is the system's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._descriptor: int | None = None

    def enter(self) -> None:
        """Keep all other threads and processes out, until :meth:`leave`.

        :raises Busy: when another process is inside; ask again in a millisecond.
        :raises OSError: when there can be no such file.
        """
        self._turn.acquire()
        try:
            self._lock()
        except BaseException:
            self._turn.release()
            raise

    def leave(self) -> None:
        """Let the next one in."""
        try:
            if self._descriptor is not None:
                _unlock(self._descriptor)
        finally:
            self._turn.release()

    @contextmanager
    def entered(self) -> Iterator[SharedFile]:
        """Enter, and leave at the end; see :meth:`enter`."""
        self.enter()
        try:
            yield self
        finally:
            self.leave()

    def attempt(self, work: Callable[[], object]) -> None:
        """Do something inside; it stays undone where another process is inside for long, or there can be no file."""
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
        """Return its content; inside only."""
        return _read(self._opened(), MOST)

    def peek(self) -> bytes:
        """Return its content, without keeping anybody out; nothing when it was replaced."""
        with self._turn:
            return self.read() if os.fstat(self._opened()).st_nlink else b""

    def replace(self) -> None:
        """Leave it to the process that does not let go of it, and begin a new one; the others notice."""
        with self._turn:
            mine = os.fstat(self._opened())
            with suppress(FileNotFoundError):
                there = self._path.stat()
                if (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev):
                    self._path.unlink()
            self.close()

    def write(self, content: bytes, at: int = 0) -> None:
        """Write over its content from a place on, up to 16 KiB; what is before and behind stays. Inside only."""
        _write(self._opened(), content, at)

    def note(self, content: bytes) -> None:
        """Write over the beginning of its content without keeping anybody out; one process at a time may."""
        with self._turn:
            self.write(content)

    def close(self) -> None:
        """Close it; it is opened again when it is needed."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)

    def _lock(self) -> None:
        """Open and lock it, anew when somebody has removed it meanwhile."""
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
                    time.sleep(0)  # no sleep: it lets the one inside get out
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
    """Note an open file, and close the ones that were opened longest ago when there are too many."""
    _open[file] = None
    _open.move_to_end(file)
    for other in list(_open)[: max(0, len(_open) - OPEN_AT_ONCE)]:
        if other is not file and other._turn.acquire(blocking=False):
            other.close()
            other._turn.release()
            _open.pop(other, None)


def _leave_the_parents() -> None:
    """Close what a forked child inherited: a lock is shared with the parent, so the child takes one of its own."""
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
    """Remove what nobody has used for days; who still has it open notices."""
    before = wall() - OLD
    for path in folder.iterdir():
        with suppress(OSError):
            if OURS.fullmatch(path.name) and path.lstat().st_mtime < before:
                path.unlink()


def runtime_folder() -> Path:
    """Return the private folder of this user's running processes, made when it is not there.

    It is ``CPL_RUNTIME_DIR``, or a folder ``cpl`` in the system's one for the user (on Linux ``XDG_RUNTIME_DIR``).

    :raises OSError: when there can be none, or others may write to it.
    :raises ConfigurationError: for a path that depends on where a process was started.
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
    """Return what tells this start of the system from others: a monotonic clock begins anew with each."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
