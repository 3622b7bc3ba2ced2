"""Keeps two runs from working on the same thing at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import JournalError

__all__ = ["already_running", "exclusive_lock"]


def already_running(what: str) -> JournalError:
    """Return the error of one who comes second."""
    return JournalError(
        f"another run is at work on {what}", advice="Wait until it has ended; nothing was sent by this one"
    )


@contextmanager
def exclusive_lock(file: Path, what: str) -> Iterator[None]:
    """Hold a lock for as long as the block runs.

    :param file: File of the lock, for this user only; it stays, empty.
    :param what: names what is held, for the error.
    :raises JournalError: when another run holds it.
    """
    lock = FileLock(file, timeout=0, mode=0o600)  # who cannot open it cannot hold it
    try:
        lock.acquire()
    except Timeout:
        raise already_running(what) from None
    try:
        yield
    finally:
        lock.release()
