"""The sources of a run's rows: a file, a caller's rows, or the journal alone."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Protocol

from attrs import define, field

from ...errors import ConfigurationError, JournalError
from ...system.blocking import run_blocking
from ..journal import Journal
from ..journal.journal import Job
from ..journal.payload import TAIL_OF_ORDERS
from ..journal.row_insertion import InsertResult
from ..journal.row_repository import NewRow
from ..options import JobOptions
from ..pipeline.ingest import Ingestor
from ..pipeline.job_type import SHIPMENTS, JobType
from ..pipeline.row_buffer import RowBuffer
from ..pipeline.row_preparer import RowPreparer
from ..progress import JobObserver, Progress
from ..readers.source import InputError, Source
from ..records import RowProblems
from .row_groups import row_groups
from .sender_address import check_sender, sender_hash

__all__ = ["CallerRows", "FileRows", "JournalRows", "RowSource"]

logger: logging.Logger = logging.getLogger("cpl_async")
ANY_ROWS = "rows"
"""Digest of jobs whose rows are passed one by one: only their names distinguish them."""


class RowSource(Protocol):
    """Where the rows of a run come from."""

    @property
    def title(self) -> str:
        """What another run would hold, for the error."""
        ...

    @property
    def path(self) -> Path | None:
        """The input on this host, or ``None`` if it is not a file."""
        ...

    @property
    def job_type(self) -> JobType:
        """Whether its rows are shipments or orders."""
        ...

    @property
    def is_open_ended(self) -> bool:
        """Whether rows are planned while the job runs; else all of them are planned before."""
        ...

    def prepare(self, options: JobOptions) -> None:
        """Verify that the rows can be read.

        :raises InputError: They cannot be read.
        :raises ConfigurationError: The sender is invalid.
        """
        ...

    async def find_job(self, journal: Journal, options: JobOptions) -> int:
        """Return the id of the job, which is created if it is new.

        :raises JournalError: There is no such job, or one with this name has other rows.
        """
        ...

    async def plan_all(self, journal: Journal, job: int, options: JobOptions, observer: JobObserver) -> None:
        """Read all rows and plan them in the journal, unless that is done.

        :raises InputError: The rows cannot be read to their end.
        :raises JournalError: The rows are not planned, and this source has none.
        """
        ...

    async def plan_while_sending(self, journal: Journal, job: int, options: JobOptions, buffer: RowBuffer) -> None:
        """Plan rows as they arrive; called only if :attr:`is_open_ended`."""
        ...

    def check_planned_with(self, job: Job, planned: int, options: JobOptions) -> None:
        """Verify that rows that are planned and not sent were planned with these options.

        :raises ConfigurationError: They were planned with others.
        """
        ...


@define
class JournalRows:
    """No input: the rows are in the journal."""

    name: str
    """Name of the job."""
    job_type: JobType = SHIPMENTS
    path: Path | None = None
    is_open_ended: bool = False

    @property
    def title(self) -> str:
        """What another run would hold, for the error."""
        return f"the job {self.name}"

    def prepare(self, options: JobOptions) -> None:
        """Do nothing: there is no input."""

    async def find_job(self, journal: Journal, options: JobOptions) -> int:
        """Return the id of the job.

        :raises JournalError: There is no such job.
        """
        return (await journal.find(self.name)).id

    async def plan_all(self, journal: Journal, job: int, options: JobOptions, observer: JobObserver) -> None:
        """Verify that all rows are planned.

        :raises JournalError: The run that should have planned them ended before.
        """
        if not (await journal.read(job)).planned:
            raise JournalError(
                f"the rows of the job {self.name} were not all taken in when its run ended; nothing was sent",
                advice="Run `cpl ship` with its file again",
            )

    async def plan_while_sending(self, journal: Journal, job: int, options: JobOptions, buffer: RowBuffer) -> None:
        """Do nothing: all rows are planned."""

    def check_planned_with(self, job: Job, planned: int, options: JobOptions) -> None:
        """Do nothing: the options of the last run are used."""


@define
class FileRows:
    """The rows of a file."""

    path: Path
    job_type: JobType = SHIPMENTS
    is_open_ended: bool = False
    _source: Source | None = field(init=False, default=None)
    _digest: str = field(init=False, default="")

    @property
    def title(self) -> str:
        """What another run would hold, for the error."""
        return f"the job of {self.path.name}"

    def prepare(self, options: JobOptions) -> None:
        """Verify that the file can be read.

        :raises InputError: The file cannot be read.
        :raises ConfigurationError: The sender is invalid.
        """
        if self._source is None:
            check_sender(options)
            self._source = Source(self.path, options.reading)

    def _opened(self, options: JobOptions) -> Source:
        self.prepare(options)
        assert self._source is not None  # noqa: S101 - prepared above
        return self._source

    async def find_job(self, journal: Journal, options: JobOptions) -> int:
        """Return the id of the job with this name, or else with this content; it is created if it is new.

        :raises JournalError: A job with this name has other rows.
        """
        source = self._opened(options)
        self._digest = await run_blocking(source.digest)
        return await job_of_file(journal, source, options, self._digest)

    async def plan_all(self, journal: Journal, job: int, options: JobOptions, observer: JobObserver) -> None:
        """Plan all rows; an incomplete plan of an earlier run is replaced, since nothing of it was sent.

        :raises InputError: The file cannot be read to its end, or changed in the meantime.
        """
        if (await journal.read(job)).planned:
            return
        source = self._opened(options)
        await journal.rows.clear(job)

        def read(rows: int) -> None:
            observer.progress(Progress(rows=rows))

        ingestor = Ingestor(journal.rows, job, options.sender, observer.rejected, read)
        await ingestor.ingest(source.rows())
        if await run_blocking(source.digest) != self._digest:
            raise InputError(f"{self.path} changed while it was read: run the command again")
        if source.is_json:
            await journal.set_columns(job, list(ingestor.columns))
        for note in (*source.notes, *ingestor.notes()):
            observer.note(note)
        if not options.allow_reship:
            await ingestor.reject_conflicts()
        await journal.finish_planning(job)

    async def plan_while_sending(self, journal: Journal, job: int, options: JobOptions, buffer: RowBuffer) -> None:
        """Do nothing: all rows are planned before."""

    def check_planned_with(self, job: Job, planned: int, options: JobOptions) -> None:
        """Verify that rows that are not sent were planned with the sender of this run.

        :raises ConfigurationError: They were planned with another one.
        """
        if planned and job.sender != sender_hash(options):
            raise ConfigurationError(
                f"the job {job.name} was planned with another sender, and {planned} rows of it are not sent yet: "
                "use that sender, or give the rest a file of its own"
            )


async def job_of_file(journal: Journal, source: Source, options: JobOptions, digest: str) -> int:
    """Return the id of a file's job, which is created if it is new.

    :param digest: Hash of the file's content.
    """
    return await journal.job(
        name=options.name,
        digest=digest,
        source=source.path.name,
        columns=source.columns,
        body_tail=options.payload_tail(),
        label_format=options.label_format,
        sender=sender_hash(options),
    )


class RowWindow(Protocol):
    """Takes note of rows as they are inserted, and limits how many are open."""

    def inserted(self, row: NewRow, result: InsertResult) -> None:
        """Record a row that was inserted."""
        ...

    async def wait_for_room(self, most: int, step: int, buffer: RowBuffer) -> bool:
        """Wait while ``most`` rows or more are open, and return ``False`` if no more should be inserted."""
        ...


@define
class CallerRows:
    """Rows that a caller passes, one by one."""

    rows: Iterable[Any] | AsyncIterable[Any]
    preparer: RowPreparer
    name: str
    """Name of the job. The same name resumes it, and rows that it has already are not sent again."""
    job_type: JobType = SHIPMENTS
    window: RowWindow | None = None
    """Takes the rows of an open-ended job."""
    path: Path | None = None

    @property
    def title(self) -> str:
        """What another run would hold, for the error."""
        return f"the job {self.name}"

    @property
    def is_open_ended(self) -> bool:
        """Whether rows are planned while the job runs."""
        return self.window is not None

    def prepare(self, options: JobOptions) -> None:
        """Do nothing: rows are read as they are needed."""

    async def find_job(self, journal: Journal, options: JobOptions) -> int:
        """Return the id of the job with this name, which is created if it is new.

        :raises JournalError: The job has the rows of a file, or rows of another type.
        """
        number = await journal.job(
            name=self.name,
            digest=ANY_ROWS,
            source="rows",
            columns=[],
            kind=self.job_type.name,
            body_tail=options.payload_tail() if self.job_type.has_labels else TAIL_OF_ORDERS,
            label_format=options.label_format,
            sender="",
        )
        kind = (await journal.read(number)).kind
        if kind != self.job_type.name:
            raise JournalError(f"the job {self.name} is one of {kind}", advice="Choose another name")
        return number

    async def plan_all(self, journal: Journal, job: int, options: JobOptions, observer: JobObserver) -> None:
        """Plan all rows; those that are invalid, or in the job already, are reported."""
        async for group in self._insert(journal, job):
            for row, result in group:
                problems = (result.problem,) if result.problem is not None else row.problems
                if problems:
                    observer.rejected(RowProblems(number=row.number, line=row.line, problems=problems))
        await journal.finish_planning(job)

    async def plan_while_sending(self, journal: Journal, job: int, options: JobOptions, buffer: RowBuffer) -> None:
        """Plan rows as they arrive, limited by the number that is sent concurrently."""
        assert self.window is not None  # noqa: S101 - the job is open-ended
        most = 2 * options.batch_size * options.max_concurrency
        try:
            async with aclosing(self._insert(journal, job)) as groups:
                async for group in groups:
                    for row, result in group:
                        self.window.inserted(row, result)
                    buffer.notify()
                    if not await self.window.wait_for_room(most, options.batch_size, buffer):
                        break
        finally:
            buffer.notify(ended=True)

    async def _insert(self, journal: Journal, job: int) -> AsyncGenerator[list[tuple[NewRow, InsertResult]], None]:
        """Prepare rows and insert them into the journal, group by group."""
        run, count = await journal.row_insertion.begin(job), 0
        async with aclosing(row_groups(self.rows, "rows")) as groups:
            async for group in groups:
                planned = [self.preparer.prepare(count + place, row) for place, row in enumerate(group, 1)]
                count += len(group)
                inserted = await journal.row_insertion.insert(job, run, planned)
                custs = [row.cust_reference for row in planned if row.cust_reference]
                if shared := await journal.reconciliation.forget_shared(job, custs):
                    logger.warning(
                        "job %s: %d rows share their external number CUST with others: should an answer be lost, "
                        "it could not be told which of them exist",
                        self.name,
                        shared,
                    )
                yield list(zip(planned, inserted, strict=True))

    def check_planned_with(self, job: Job, planned: int, options: JobOptions) -> None:
        """Do nothing: each row has its own sender."""
