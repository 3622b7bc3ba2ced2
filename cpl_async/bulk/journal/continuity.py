"""The continuity of a journal: its loss, its replacement, or a step back in time is detected.

A small file beside the journal's folder stores which journal it was and how many attempts it has recorded. It is
written before each attempt is sent, so a journal with fewer attempts was restored from a backup.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from attrs import asdict

from ...errors import JournalError
from ...ratelimit.registry import KnownJournal
from .location import JournalLocation

__all__ = ["DAMAGED_ADVICE", "FileIdentity", "JournalGone", "lost_journal", "read_mark", "unknown_job", "write_mark"]

LARGEST_MARK = 4096
"""Maximum number of bytes of a mark that are read."""
RESTORE = (
    "Restore it from a backup; or begin a new one with --allow-reship (allow_reship=True): "
    "what was shipped may then be shipped, and billed, again"
)


DAMAGED_ADVICE = (
    "Restore the journal from a backup. Without one, move it away and begin a new one with --allow-reship "
    "(allow_reship=True), when you know what was shipped: a new journal does not"
)


class JournalGone(JournalError):
    """The file of a journal was removed or replaced while it was in use."""


def read_mark(place: JournalLocation) -> KnownJournal | None:
    """Return the mark of a journal, or ``None`` if there is no readable mark."""
    if place.mark is None:
        return None
    try:
        with place.mark.open("rb") as file:
            data: Any = orjson.loads(file.read(LARGEST_MARK))
        return KnownJournal(uid=str(data["uid"]), counter=int(data["counter"]), at=float(data["at"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_mark(place: JournalLocation, mark: KnownJournal) -> None:
    """Write the mark of a journal to the disk.

    :raises JournalError: When it cannot be written.
    """
    if place.mark is None:
        return
    fresh = place.mark.with_name(f".{place.mark.name}.{os.urandom(6).hex()}")
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(descriptor, "wb") as file:
            file.write(orjson.dumps(asdict(mark)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place.mark)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise JournalError(
            f"{place.mark} cannot be written: {error.strerror or error}; nothing more was sent",
            advice="Free its disk, or let this user write there, and run the same command again",
        ) from None


def lost_journal(place: JournalLocation, mark: KnownJournal, *, replaced: bool) -> JournalError:
    """Return the error about a journal that is gone.

    :param replaced: Whether another journal is in its place.
    """
    day = datetime.fromtimestamp(mark.at).strftime("%Y-%m-%d %H:%M")
    what = "was replaced by another one" if replaced else "is gone"
    return JournalError(
        f"the journal {place.display_text} {what}: on {day} it knew {mark.counter} attempts to send, and this one "
        "would not know what was shipped; nothing was sent",
        advice=RESTORE,
    )


def unknown_job(place: JournalLocation, folder: str, job: str) -> JournalError:
    """Return the error about an output folder whose job is not in the journal.

    :param folder: The output folder.
    :param job: Name of the job.
    """
    return JournalError(
        f"{folder} holds results of the job {job} of this account, and the journal {place.display_text} does not "
        "know it: it would ship again what was shipped; nothing was sent",
        advice="Restore the journal, or name the right one (CPL_STATE_DIR, CPL_JOURNAL); --allow-reship "
        "(allow_reship=True) ships all the same",
    )


class FileIdentity:
    """The files of a journal in SQLite, as they were when it was opened."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[Path, tuple[int, int]] = {}
        self.check()

    def check(self) -> None:
        """Verify that the files are still those that were opened.

        :raises JournalGone: If one was removed or replaced.
        """
        for suffix in ("", "-wal", "-shm"):
            path = self._file.with_name(self._file.name + suffix)
            try:
                status = path.stat()
            except FileNotFoundError:
                found = None
            except OSError:
                continue  # the file system does not respond now; a write to it fails by itself
            else:
                found = status.st_dev, status.st_ino
            if path in self._known and found != self._known[path]:
                what = "removed" if found is None else "replaced"
                raise JournalGone(
                    f"the journal {path} was {what} while it was in use; nothing more was sent",
                    advice="Restore it from a backup; shipments.csv in the output folder says what was shipped",
                )
            if found is not None:
                self._known[path] = found
