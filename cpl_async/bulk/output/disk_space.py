"""The disk space that a job will need, compared with the free space before anything is sent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = ["shortages"]

JOURNAL_BYTES = 2_000
"""Bytes that one row adds to the journal while it is sent: attempts, results, places of labels, the log of writes."""
LABEL_BYTES = 60_000
"""Bytes of one parcel in the output folder: its label as it is fetched, and its copy in the merged file."""


def shortages(journal: Path | None, out: Path, *, rows: int) -> Iterator[str]:
    """Yield a message for each disk that is too small for the output of a job.

    :param journal: Folder of the journal, or ``None`` if it is in a database elsewhere.
    :param out: Output folder.
    :param rows: Rows that are still to be sent, each with one parcel at least.
    """
    needs: dict[int, tuple[Path, int]] = {}
    for folder, needed in ((journal, rows * JOURNAL_BYTES), (out, rows * LABEL_BYTES)):
        if folder is None:
            continue
        try:
            device = os.stat(folder).st_dev
        except OSError:
            continue  # a folder that cannot be written is reported by the write itself
        _, before = needs.get(device, (folder, 0))
        needs[device] = folder, before + needed
    for folder, needed in needs.values():
        try:
            free = shutil.disk_usage(folder).free
        except OSError:
            continue
        if free < needed:
            yield (
                f"the disk of {folder} has {_shown(free)} free, and the job may need some {_shown(needed)}: "
                "free it, or name another folder"
            )


def _shown(count: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1000:.0f} kB"
