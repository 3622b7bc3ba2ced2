"""The records of all rows of a job and of their batches, written before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen
from sqlalchemy import bindparam, delete, func, insert, select, update

from ...messages import Message, dump_messages, message
from ..records import BatchState, RowState
from .conflicts import conflict_message, conflicting_rows
from .connection import JournalConnection, new_id, unclear_in_gap
from .reference_hash import reference_hash
from .row_range import ALL_ROWS, RowRange
from .schema import READY, batches, jobs, rows

__all__ = ["NewRow", "RowRepository", "values_of"]


@frozen(kw_only=True)
class NewRow:
    """A row that was read and validated."""

    number: int
    line: int
    reference: str
    raw_fields: bytes = field(repr=False)
    """JSON of its columns as they were read."""
    payload: bytes | None = field(repr=False)
    """The shipment's bytes, or ``None`` if the row is rejected."""
    content_hash: str | None
    cust_reference: str | None = None
    """Reference by which the shipment can be searched: its external number of code ``CUST``."""
    parcels: int = 1
    problems: tuple[Message, ...] = ()
    """Why it is rejected; empty if it is not."""


class RowRepository:
    """Adds rows to a job, and assigns them to batches."""

    def __init__(self, database: JournalConnection, span: RowRange = ALL_ROWS) -> None:
        self._database = database
        self._span = span

    async def clear(self, job: int) -> None:
        """Delete the rows of a job whose planning was interrupted: none of them was sent."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(rows).where(rows.c.job == job))

    async def add(self, job: int, planned: Sequence[NewRow]) -> list[tuple[int, int, Message]]:
        """Add rows; a reference that the job has already is rejected, found by the index, not in memory.

        :return: Number, line and message of the rows that were rejected for their reference.
        """
        values = [values_of(job, row, self._database) for row in planned]
        twice: list[tuple[int, int, Message]] = []
        async with self._database.transaction() as connection:
            await connection.execute(self._database.insert_unless_exists(rows), values)
            stored = set(
                (
                    await connection.execute(
                        select(rows.c.number).where(
                            rows.c.job == job, rows.c.number.between(planned[0].number, planned[-1].number)
                        )
                    )
                ).scalars()
            )
            for row, value in zip(planned, values, strict=True):
                if row.number in stored:
                    continue
                first = (
                    await connection.execute(
                        select(rows.c.number, rows.c.line).where(
                            rows.c.job == job, rows.c.reservation_key == row.reference
                        )
                    )
                ).one()
                problem = message("row.used_twice", reference=row.reference, row=first.number, line=first.line).of(
                    "reference_id"
                )
                twice.append((row.number, row.line, problem))
                stored_problems = dump_messages([problem, *row.problems])
                value |= {
                    "reservation_key": None,
                    "payload": None,
                    "state": RowState.REJECTED,
                    "problems": stored_problems,
                }
                await connection.execute(insert(rows).values(value))
        return twice

    async def reject_conflicts(self, job: int) -> list[tuple[int, int, Message]]:
        """Reject rows whose reference another job has shipped, or may have shipped, so that nothing is shipped again.

        Each attempt repeats this check for changes after planning; this one reports conflicts early.

        :return: Number, line and message of each.
        """
        async with self._database.transaction() as connection:
            others = select(jobs.c.id).where(jobs.c.id != job).limit(1)
            if (await connection.execute(others)).first() is None:
                return []
            claimed = await connection.execute(conflicting_rows(rows.c.job == job))
            found = {row.number: (row.line, conflict_message(row)) for row in claimed}
            if found:
                await connection.execute(
                    update(rows)
                    .where(rows.c.job == job, rows.c.number == bindparam("n"))
                    .values(state=RowState.REJECTED, problems=bindparam("m"), conflict=1),
                    [{"n": number, "m": dump_messages([problem])} for number, (_, problem) in found.items()],
                )
        return [(number, line, problem) for number, (line, problem) in found.items()]

    async def allow_reship(self, job: int) -> int:
        """Allow the job to send rows that another job has shipped; return the number of rows that are planned again."""
        refused = rows.c.state == RowState.REJECTED, rows.c.payload.is_not(None), rows.c.conflict == 1
        async with self._database.transaction() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job).values(allow_reship=1))
            result = await connection.execute(
                update(rows)
                .where(rows.c.job == job, *refused)
                .values(state=RowState.PLANNED, problems="", batch=None, conflict=0)
            )
            if result.rowcount:  # a finished job has rows to send again
                await connection.execute(update(jobs).where(jobs.c.id == job).values(state=READY, finished_at=None))
        return result.rowcount

    async def count_unbatched(self, job: int) -> int:
        """Return how many planned rows are in no batch."""
        query = (
            select(func.count())
            .select_from(rows)
            .where(rows.c.job == job, rows.c.state == RowState.PLANNED, rows.c.batch.is_(None), *self._span.of_rows)
        )
        async with self._database.transaction() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def make_batches(self, job: int, size: int, *, most: int | None = None) -> list[int]:
        """Assign the planned rows without a batch to new batches and return the ids of the batches.

        :param size: Maximum number of rows in a batch.
        :param most: Maximum number of batches; the rest of the rows stays unassigned. Default: no limit.
        """
        made: list[int] = []
        last = 0
        free = rows.c.job == job, rows.c.state == RowState.PLANNED, rows.c.batch.is_(None), *self._span.of_rows
        async with self._database.transaction() as connection:
            while most is None or len(made) < most:
                next_ones = select(rows.c.number).where(*free, rows.c.number > last).order_by(rows.c.number).limit(size)
                numbers = list((await connection.execute(next_ones)).scalars())
                if not numbers:
                    break
                batch = await connection.execute(insert(batches).values(job=job, state=BatchState.PLANNED))
                made.append(new_id(batch))
                last = numbers[-1]
                await connection.execute(
                    update(rows).where(*free, rows.c.number.between(numbers[0], last)).values(batch=made[-1])
                )
        return made


def values_of(job: int, row: NewRow, database: JournalConnection) -> dict[str, Any]:
    """Return the columns of a planned row.

    In a journal that went back in time, the row may have been sent since, so a search must precede sending.
    """
    values: dict[str, Any] = {
        "job": job,
        "number": row.number,
        "line": row.line,
        "reference": row.reference,
        "reference_hash": reference_hash(row.reference, database.secret),
        "cust_reference": row.cust_reference,
        "reservation_key": row.reference or None,
        "raw_fields": row.raw_fields,
        "content_hash": row.content_hash,
        "payload": row.payload,
        "parcels": row.parcels,
        "state": RowState.PLANNED if row.payload is not None else RowState.REJECTED,
        "problems": dump_messages(row.problems),
    }
    if database.gap is not None and row.payload is not None:
        values |= unclear_in_gap(database.gap)
    return values
