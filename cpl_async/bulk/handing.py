"""Hands rows that a caller gives over to workers: takes them all in, and cuts their job into parts."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from attrs import define, field

from ..errors import JournalError
from .columns import RowProblem
from .journal import Journal
from .journal.parts import Standing
from .journal.taking import TakenAs
from .kinds import SHIPMENTS
from .planners import Planner
from .run import JobRun, under_way
from .stream import ANY_ROWS, together

__all__ = ["HandRows"]


@define(kw_only=True)
class HandRows(JobRun):
    """Rows of a query, say, that workers are to ship."""

    rows: Iterable[Any] | AsyncIterable[Any]
    planner: Planner
    name: str
    refused: int = field(init=False, default=0)
    """Rows that are not in the job, since their reference is: told by ``on_problem``."""

    async def hand_over(self, size: int) -> Standing:
        """Take all rows in and cut the job into parts, or leave it as it is while workers are at it.

        :param size: rows in a part.
        :raises ConfigurationError: when the settings cannot be used, or rows are bad and it is strict.
        :raises JournalError: when the journal cannot be used, or a run has the job to itself.
        """
        async with Journal.open(self.place) as journal:
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
                    await self.cut(journal, number, size, closing=True)
            return await journal.parts.standing(number)

    async def _take(self, journal: Journal, job: int) -> None:
        run, given = await journal.taking.begin(job), 0
        async for group in together(self.rows, "rows"):
            planned = [self.planner.plan(given + place, row) for place, row in enumerate(group, 1)]
            for row, taken in zip(planned, await journal.taking.take(job, run, planned), strict=True):
                if taken.how in (TakenAs.TWICE, TakenAs.CHANGED):
                    self.refused += 1
                    self.on_problem(row.number, row.line, [RowProblem.from_text(taken.message)])
                elif row.message:
                    self.on_problem(row.number, row.line, [RowProblem.from_text(row.message)])
            await journal.unclear.forget_shared(job, [one.cust for one in planned if one.cust])
            given += len(group)
        await journal.finish_planning(job)
