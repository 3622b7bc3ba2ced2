"""Hands rows that a caller gives over to workers: takes them all in, and cuts their job into parts."""

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
    """A row that is not sent, by our own check."""

    row: int
    """1 for the first one."""
    line: int
    """In the file; 0 for rows that were given one by one."""
    problems: tuple[Message, ...]
    """Why it is not sent, as data."""

    @property
    def message(self) -> str:
        """Why it is not sent, in English."""
        return text_of(self.problems)


@frozen(kw_only=True)
class EnqueuedJob:
    """A job that workers can take up."""

    job: str
    """Its name."""
    stats: ShardStats
    """How its parts stand."""
    rejected: tuple[RejectedRow, ...] = field(default=(), repr=False)
    """What is not sent; of a job that was handed over before, only what is found this time."""


@define(kw_only=True)
class EnqueueRows(JobRunner):
    """Rows of a query, say, that workers are to ship."""

    rows: Iterable[Any] | AsyncIterable[Any]
    planner: RowPreparer
    name: str

    async def enqueue(self, client: BulkClient, size: int) -> tuple[str, ShardStats]:
        """Take all rows in and cut the job into parts, or leave it as it is while workers are at it.

        :param client: Shows the carrier's time, where an earlier run has left something open.
        :param size: rows in a part.
        :return: the job's name, and how its parts stand.
        :raises ConfigurationError: when the settings cannot be used, or rows are bad and it is strict.
        :raises JournalError: when the journal cannot be used, or a run has the job to itself.
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
            planned = [self.planner.prepare(given + place, row) for place, row in enumerate(group, 1)]
            for row, taken in zip(planned, await journal.row_insertion.insert(job, run, planned), strict=True):
                problems = (taken.problem,) if taken.problem is not None else row.problems
                if problems:
                    self.on_problem(RowProblems(number=row.number, line=row.line, problems=problems))
            await journal.reconciliation.forget_shared(
                job, [one.cust_reference for one in planned if one.cust_reference]
            )
            given += len(group)
        await journal.finish_planning(job)
