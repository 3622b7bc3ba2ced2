"""The handover of a caller's rows to workers: all rows are ingested, and their job is divided into shards."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from attrs import define, field, frozen

from ...errors import JournalError
from ...messages import Message, text_of
from ..client_protocols import BulkClient
from ..journal import Journal
from ..journal.shard_repository import ShardStats
from ..pipeline.job_type import SHIPMENTS
from ..pipeline.row_preparer import RowPreparer
from ..records import RowProblems
from .row_stream import ANY_ROWS, interleaved
from .runner import JobRunner, has_open_shards

__all__ = ["EnqueueRows", "EnqueuedJob", "RejectedRow"]


@frozen(kw_only=True)
class RejectedRow:
    """A row that validation rejected and that is not sent."""

    row: int
    """Number of the row, 1 for the first one."""
    line: int
    """Line in the file; 0 for rows that were passed one by one."""
    problems: tuple[Message, ...]
    """Why it is not sent, as data."""

    @property
    def message(self) -> str:
        """Why it is not sent, in English."""
        return text_of(self.problems)


@frozen(kw_only=True)
class EnqueuedJob:
    """A job that workers can process."""

    job: str
    """Name of the job."""
    stats: ShardStats
    """State of its shards."""
    rejected: tuple[RejectedRow, ...] = field(default=(), repr=False)
    """Rows that are not sent; for a job that was enqueued before, only those found this time."""


@define(kw_only=True)
class EnqueueRows(JobRunner):
    """Rows, e.g. of a query, that workers will ship."""

    rows: Iterable[Any] | AsyncIterable[Any]
    preparer: RowPreparer
    name: str

    async def enqueue(self, client: BulkClient, size: int) -> tuple[str, ShardStats]:
        """Ingest all rows and divide the job into shards, or leave it unchanged while workers process it.

        :param client: Shows the carrier's time if an earlier run has left rows open.
        :param size: Rows in a shard.
        :return: The job's name, and the state of its shards.
        :raises ConfigurationError: The settings cannot be used, or rows are invalid and the run is strict.
        :raises JournalError: The journal cannot be used, or a run holds the job.
        """
        clock = self.clock_of(client)
        async with Journal.open(self.place, now=clock.now, replaces_lost=self.options.allow_reship) as journal:
            number = await journal.job(
                name=self.name,
                digest=ANY_ROWS,
                source="rows",
                columns=[],
                kind=SHIPMENTS.name,
                body_tail=self.options.payload_tail(),
                label_format=self.options.label_format,
                sender="",
            )
            if not await has_open_shards(journal, number):
                async with journal.exclusive(number, f"the job {self.name}"):
                    if (await journal.read(number)).kind != SHIPMENTS.name:
                        raise JournalError(f"the job {self.name} is one of orders", advice="Choose another name")
                    await self._take(journal, number)
                    await self.shard(clock, journal, number, size, closing=True)
            return self.name, await journal.shards.stats(number)

    async def _take(self, journal: Journal, job: int) -> None:
        run, given = await journal.row_insertion.begin(job), 0
        async for group in interleaved(self.rows, "rows"):
            planned = [self.preparer.prepare(given + place, row) for place, row in enumerate(group, 1)]
            for row, taken in zip(planned, await journal.row_insertion.insert(job, run, planned), strict=True):
                problems = (taken.problem,) if taken.problem is not None else row.problems
                if problems:
                    self.observer.rejected(RowProblems(number=row.number, line=row.line, problems=problems))
            await journal.reconciliation.forget_shared(
                job, [one.cust_reference for one in planned if one.cust_reference]
            )
            given += len(group)
        await journal.finish_planning(job)
