"""The validation of a file without sending anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from ..journal import Journal, JournalLocation
from ..options import JobOptions
from ..pipeline.ingest import Ingestor
from ..readers.source import Source
from ..records import RowProblems
from .row_source import job_of_file
from .sender_address import check_sender

__all__ = ["CheckResult", "check_file"]


@frozen(kw_only=True)
class CheckResult:
    """The result of checking a file."""

    rows: int
    rejected: int
    notes: list[str]


async def check_file(path: Path, options: JobOptions, on_rejected: Callable[[RowProblems], None]) -> CheckResult:
    """Read and validate all rows of a file and send nothing.

    :param on_rejected: Called for each invalid row.
    :raises InputError: The file cannot be read.
    :raises ConfigurationError: The sender is invalid.
    """
    check_sender(options)
    source = Source(path, options.reading)
    with TemporaryDirectory(prefix="cpl-check-") as folder:
        place = JournalLocation(folder=Path(folder), base_url="check", client_id="check", keeps_mark=False)
        async with Journal.open(place) as journal:
            job = await job_of_file(journal, source, options, "")
            ingestor = Ingestor(journal.rows, job, options.sender, on_rejected, lambda _: None)
            await ingestor.ingest(source.rows())
    return CheckResult(rows=ingestor.rows, rejected=ingestor.rejected, notes=[*source.notes, *ingestor.notes()])
