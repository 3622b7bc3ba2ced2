"""The insertion of streamed rows into a job, which recognizes rows that an earlier run was given."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from attrs import frozen
from sqlalchemy import func, insert, select, update

from ...messages import Message, message
from ..records import RowState
from .connection import JournalConnection
from .row_repository import NewRow, values_of
from .schema import rows

__all__ = ["InsertOutcome", "InsertResult", "RowInsertion"]


class InsertOutcome(StrEnum):
    """The result of inserting a row."""

    PLANNED = "planned"
    """It is new or corrected: it is sent, or was rejected by validation."""
    UNCHANGED = "known"
    """An earlier run was given the same row: its result counts."""
    DUPLICATE = "twice"
    """This run was given its reference before."""
    CHANGED = "changed"
    """An earlier run was given its reference with other content, and that content was sent or may have been."""


@frozen(kw_only=True)
class InsertResult:
    """A row that was inserted."""

    outcome: InsertOutcome
    number: int
    """Its number in the journal."""
    problem: Message | None = None


class RowInsertion:
    """Inserts rows into jobs that grow."""

    def __init__(self, database: JournalConnection) -> None:
        self._database = database

    async def begin(self, job: int) -> int:
        """Return the number of a new run, which separates its rows from those of earlier runs."""
        query = select(func.max(rows.c.run_number)).where(rows.c.job == job)
        async with self._database.transaction() as connection:
            return int((await connection.execute(query)).scalar_one() or 0) + 1

    async def insert(self, job: int, run: int, given: Sequence[NewRow]) -> list[InsertResult]:
        """Insert rows in the given order.

        :param run: Result of :meth:`begin`.
        :param given: Rows to insert; their numbers are replaced by new ones.
        """
        taken: list[InsertResult] = []
        async with self._database.transaction() as connection:
            last = (await connection.execute(select(func.max(rows.c.number)).where(rows.c.job == job))).scalar_one()
            number = int(last or 0)
            references = [row.reference for row in given if row.reference]
            query = select(rows).where(rows.c.job == job, rows.c.reservation_key.in_(references))
            known = {row.reservation_key: row for row in await connection.execute(query)}
            fresh: dict[str, InsertResult] = {}
            added: list[dict[str, Any]] = []
            for row in given:
                before = known.get(row.reference)
                if row.reference in fresh:
                    one = InsertResult(
                        outcome=InsertOutcome.DUPLICATE,
                        number=fresh[row.reference].number,
                        problem=_used_twice(row),
                    )
                elif before is not None:
                    one = await self._again(connection, job, run, row, before)
                else:
                    number += 1
                    one = InsertResult(outcome=InsertOutcome.PLANNED, number=number)
                    values = values_of(job, row, self._database)
                    added.append(values | {"number": number, "run_number": run})
                if row.reference and one.outcome is InsertOutcome.PLANNED:
                    fresh[row.reference] = one
                taken.append(one)
            if added:
                await connection.execute(insert(rows), added)
        return taken

    async def _again(self, connection: Any, job: int, run: int, row: NewRow, before: Any) -> InsertResult:
        """Insert a row whose reference the job has already."""
        if before.run_number == run:
            return InsertResult(outcome=InsertOutcome.DUPLICATE, number=before.number, problem=_used_twice(row))
        here = rows.c.job == job, rows.c.number == before.number
        if before.content_hash == row.content_hash and (
            row.content_hash is not None or before.state == RowState.REJECTED
        ):
            await connection.execute(update(rows).where(*here).values(run_number=run))
            return InsertResult(outcome=InsertOutcome.UNCHANGED, number=before.number)
        unsent = before.state == RowState.PLANNED and before.batch is None
        if before.unclear_since is None and (before.state == RowState.REJECTED or unsent):  # corrected: a new row
            values = values_of(job, row, self._database)
            del values["job"], values["number"]
            await connection.execute(update(rows).where(*here).values(**values, run_number=run, batch=None, conflict=0))
            return InsertResult(outcome=InsertOutcome.PLANNED, number=before.number)
        if before.shipment_number:
            problem = message("conflict.earlier_run", reference=row.reference, number=before.shipment_number)
        else:
            problem = message("conflict.maybe_earlier_run", reference=row.reference)
        return InsertResult(outcome=InsertOutcome.CHANGED, number=before.number, problem=problem.of("reference_id"))


def _used_twice(row: NewRow) -> Message:
    return message("row.used_twice_in_job", reference=row.reference).of("reference_id")
