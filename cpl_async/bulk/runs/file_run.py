"""Runs whose results are files in a folder: of a file's rows, or of a job that the journal holds."""

from __future__ import annotations

from pathlib import Path

from ..journal import JournalLocation
from ..options import JobOptions
from ..output.folder import JobSummary
from ..progress import JobObserver
from .folder_sink import FolderSink
from .row_source import FileRows, JournalRows, RowSource
from .runner import JobRunner

__all__ = ["file_run", "resumed_run"]


def file_run(
    path: Path, out: Path, place: JournalLocation, options: JobOptions, observer: JobObserver | None = None
) -> JobRunner[JobSummary]:
    """Return a run over a file.

    :param observer: Default: none.
    """
    return _into_folder(FileRows(path), out, place, options, observer)


def resumed_run(
    name: str, out: Path, place: JournalLocation, options: JobOptions, observer: JobObserver | None = None
) -> JobRunner[JobSummary]:
    """Return a run over a job whose rows are in the journal, so that it needs no input.

    :param observer: Default: none.
    """
    return _into_folder(JournalRows(name), out, place, options, observer)


def _into_folder(
    source: RowSource, out: Path, place: JournalLocation, options: JobOptions, observer: JobObserver | None
) -> JobRunner[JobSummary]:
    sink = FolderSink(out, options)
    return JobRunner(source=source, sink=sink, place=place, options=options, observer=observer or JobObserver())
