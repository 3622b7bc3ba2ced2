"""Hands rows that a caller gives over to workers: takes them all in, and cuts their job into parts."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from attrs import define, field, frozen

from ...errors import JournalError
from ..client_protocols import BulkClient
from ..journal import Journal
from ..journal.row_insertion import TakenAs
from ..journal.shard_repository import Standing
from ..parsing.row_parser import RowProblem
from ..pipeline.job_type import SHIPMENTS
from ..pipeline.row_preparer import Planner
from .row_stream import ANY_ROWS, together
from .runner import JobRun, under_way

__all__ = ["HandRows", "HandedOver", "RefusedRow"]


@frozen(kw_only=True)
class RefusedRow:
    """A row that is not sent, by our own check."""

    row: int
    """1 for the first one."""
    line: int
    """In the file; 0 for rows that were given one by one."""
    message: str


@frozen(kw_only=True)
class HandedOver:
    """A job that workers can take up."""

    job: str
    """Its name."""
    standing: Standing
    """How its parts stand."""
    refused: tuple[RefusedRow, ...] = field(default=(), repr=False)
    """What is not sent; of a job that was handed over before, only what is found this time."""


@define(kw_only=True)
class HandRows(JobRun):
    """Rows of a query, say, that workers are to ship."""

    rows: Iterable[Any] | AsyncIterable[Any]
    planner: Planner
    name: str

    async def hand_over(self, client: BulkClient, size: int) -> tuple[str, Standing]:
        """Take all rows in and cut the job into parts, or leave it as it is while workers are at it.

        :param client: Shows the carrier's time, where an earlier run has left something open.
        :param size: rows in a part.
        :return: the job's name, and how its parts stand.
        :raises ConfigurationError: when the settings cannot be used, or rows are bad and it is strict.
        :raises JournalError: when the journal cannot be used, or a run has the job to itself.
        """
        clock = self.clock_of(client)
        async with Journal.open(self.place, now=clock.now, replaces_lost=self.options.again) as journal:
            number = await journal.job(
                name=self.name,
                digest=ANY_ROWS,
                source="rows",
                columns=[],
                kind=SHIPMENTS.name,
                body_tail=self.options.body_tail(),
                label_format=self.options.label_format,
                sender="",
            )
            if not await under_way(journal, number):
                async with journal.only_one(number, f"the job {self.name}"):
                    if (await journal.read(number)).kind != SHIPMENTS.name:
                        raise JournalError(f"the job {self.name} is one of orders", advice="Choose another name")
                    await self._take(journal, number)
                    await self.cut(clock, journal, number, size, closing=True)
            return self.name, await journal.parts.standing(number)

    async def _take(self, journal: Journal, job: int) -> None:
        run, given = await journal.taking.begin(job), 0
        async for group in together(self.rows, "rows"):
            planned = [self.planner.plan(given + place, row) for place, row in enumerate(group, 1)]
            for row, taken in zip(planned, await journal.taking.take(job, run, planned), strict=True):
                if taken.how in (TakenAs.TWICE, TakenAs.CHANGED):
                    self.on_problem(row.number, row.line, [RowProblem.from_text(taken.message)])
                elif row.message:
                    self.on_problem(row.number, row.line, [RowProblem.from_text(row.message)])
            await journal.unclear.forget_shared(job, [one.cust for one in planned if one.cust])
            given += len(group)
        await journal.finish_planning(job)
