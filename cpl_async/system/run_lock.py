"""A lock that prevents two concurrent runs on the same job or file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import JournalError

__all__ = ["already_running", "exclusive_lock"]


def already_running(what: str) -> JournalError:
    """Return the error for a second run."""
    return JournalError(f"another run holds {what}", advice="Wait until it has ended; nothing was sent by this one")


@contextmanager
def exclusive_lock(file: Path, what: str) -> Iterator[None]:
    """Hold a lock while the block runs.

    :param file: Lock file, readable only by this user. It is not removed, and stays empty.
    :param what: Name of the locked object, for the error.
    :raises JournalError: Another run holds the lock.
    """
    lock = FileLock(file, timeout=0, mode=0o600)  # a process that cannot open the file cannot hold the lock
    try:
        lock.acquire()
    except Timeout:
        raise already_running(what) from None
    try:
        yield
    finally:
        lock.release()
