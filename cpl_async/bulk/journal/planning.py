"""Writes down all rows of a job and the batches they go in, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen
from sqlalchemy import and_, bindparam, func, insert, select, update

from ..states import SETTLED_ELSEWHERE, BatchState, RowState
from .database import Database
from .schema import batches, jobs, rows

__all__ = ["PlannedRow", "Planning"]


@frozen(kw_only=True)
class PlannedRow:
    """A row that was read and checked."""

    number: int
    line: int
    reference: str
    raw: bytes = field(repr=False)
    """JSON of its columns as they came."""
    body: bytes | None = field(repr=False)
    """The shipment's bytes; ``None`` for a rejected row."""
    digest: str | None
    message: str = ""
    """Why it is rejected."""


class Planning:
    """Adds rows to a job, and puts them in batches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, job: int, planned: Sequence[PlannedRow]) -> list[tuple[int, str]]:
        """Add rows; a reference that the job has already is rejected, found by the index, not by memory.

        :return: number and message of the rows that were rejected for their reference.
        """
        values = [self._values(job, row) for row in planned]
        twice: list[tuple[int, str]] = []
        async with self._database.transaction() as connection:
            await connection.execute(self._database.insert_unless_taken(rows), values)
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
                        select(rows.c.number, rows.c.line).where(rows.c.job == job, rows.c.claim == row.reference)
                    )
                ).one()
                message = (
                    f"reference_id: {row.reference} is used twice, first in row {first.number} (line {first.line})"
                )
                message = "; ".join(part for part in (message, row.message) if part)
                twice.append((row.number, message))
                value |= {"claim": None, "body": None, "state": RowState.REJECTED, "message": message}
                await connection.execute(insert(rows).values(value))
        return twice

    def _values(self, job: int, row: PlannedRow) -> dict[str, Any]:
        return {
            "job": job,
            "number": row.number,
            "line": row.line,
            "reference": row.reference,
            "claim": row.reference or None,
            "raw": row.raw,
            "digest": row.digest,
            "body": row.body,
            "state": RowState.PLANNED if row.body is not None else RowState.REJECTED,
            "message": row.message,
        }

    async def refuse_settled_elsewhere(self, job: int) -> list[tuple[int, str]]:
        """Reject rows whose reference another job has shipped, or may have: nothing is sent twice.

        :return: number and message of each.
        """
        other = rows.alias("other")
        query = (
            select(
                rows.c.number,
                rows.c.reference,
                rows.c.digest,
                other.c.digest.label("other_digest"),
                other.c.state.label("other_state"),
                other.c.shipment_number,
                jobs.c.name,
            )
            .join(other, and_(other.c.reference == rows.c.reference, other.c.job != rows.c.job))
            .join(jobs, jobs.c.id == other.c.job)
            .where(rows.c.job == job, rows.c.state == RowState.PLANNED, other.c.state.in_(SETTLED_ELSEWHERE))
            .order_by(rows.c.number)
        )
        async with self._database.transaction() as connection:
            if not (await connection.execute(select(func.count()).select_from(jobs).where(jobs.c.id != job))).scalar():
                return []
            found = {row.number: _settled_words(row) for row in await connection.execute(query)}
            if found:
                await connection.execute(
                    update(rows)
                    .where(rows.c.job == job, rows.c.number == bindparam("n"))
                    .values(state=RowState.REJECTED, message=bindparam("m")),
                    [{"n": number, "m": message} for number, message in found.items()],
                )
        return list(found.items())

    async def readmit(self, job: int) -> int:
        """Plan again what was rejected only since another job has its reference; return the number of rows."""
        async with self._database.transaction() as connection:
            result = await connection.execute(
                update(rows)
                .where(
                    rows.c.job == job,
                    rows.c.state == RowState.REJECTED,
                    rows.c.body.is_not(None),
                    rows.c.batch.is_(None),
                )
                .values(state=RowState.PLANNED, message="")
            )
        return result.rowcount

    async def make_batches(self, job: int, size: int) -> int:
        """Put the planned rows in batches of at most so many, in their order; return how many batches."""
        count = 0
        async with self._database.transaction() as connection:
            while True:
                free = (
                    select(rows.c.number)
                    .where(rows.c.job == job, rows.c.state == RowState.PLANNED, rows.c.batch.is_(None))
                    .order_by(rows.c.number)
                    .limit(size)
                )
                numbers = list((await connection.execute(free)).scalars())
                if not numbers:
                    break
                batch = await connection.execute(insert(batches).values(job=job, state=BatchState.PLANNED))
                await connection.execute(
                    update(rows)
                    .where(
                        rows.c.job == job,
                        rows.c.state == RowState.PLANNED,
                        rows.c.batch.is_(None),
                        rows.c.number <= numbers[-1],
                    )
                    .values(batch=_id_of(batch))
                )
                count += 1
            await connection.execute(update(jobs).where(jobs.c.id == job).values(state="ready"))
        return count


def _id_of(result: Any) -> int:
    return int(result.inserted_primary_key[0])


def _settled_words(row: Any) -> str:
    done = f"was shipped as {row.shipment_number}" if row.shipment_number else "may have been shipped"
    changed = "" if row.digest == row.other_digest else ", and this row differs from that one"
    return f"reference_id: {row.reference} {done} by the job {row.name}{changed}; not sent again without --again"
