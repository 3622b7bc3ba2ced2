"""Writes down what is about to be sent, what came back, and how far each row has come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import field, frozen
from sqlalchemy import and_, bindparam, insert, select, update

from ...errors import CplError, Outcome
from ..states import BatchState, RowState
from .database import Database
from .schema import attempts, batches, parcels, rows

__all__ = ["BatchRow", "Course", "ParcelRecord", "RowResult"]


@frozen(kw_only=True)
class BatchRow:
    """A row of a batch that is to be sent."""

    number: int
    line: int
    reference: str
    body: bytes = field(repr=False)


@frozen(kw_only=True)
class ParcelRecord:
    """A parcel with its number."""

    row: int
    number: str
    master: str
    place: int
    label_url: str | None = None
    label_file: str | None = None


@frozen(kw_only=True)
class RowResult:
    """What became of a row."""

    row: int
    line: int
    state: RowState
    message: str = ""
    shipment_number: str | None = None


class Course:
    """The course of a job's batches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forsake_open_attempts(self, job: int) -> int:
        """Mark as undecided what was being written when the last run ended; return the number of rows."""
        open_batches = select(attempts.c.batch).join(batches).where(batches.c.job == job, attempts.c.outcome.is_(None))
        message = "the program stopped while this was being sent: it may or may not have been created"
        async with self._database.transaction() as connection:
            ids = list((await connection.execute(open_batches)).scalars())
            if not ids:
                return 0
            await connection.execute(
                update(attempts)
                .where(attempts.c.batch.in_(ids), attempts.c.outcome.is_(None))
                .values(outcome=Outcome.UNKNOWN, message=message, ended_at=time.time())
            )
            await connection.execute(update(batches).where(batches.c.id.in_(ids)).values(state=BatchState.UNKNOWN))
            result = await connection.execute(
                update(rows)
                .where(rows.c.batch.in_(ids), rows.c.state == RowState.SENDING)
                .values(state=RowState.UNDECIDED, message=message)
            )
        return result.rowcount

    async def batches_in(self, job: int, state: BatchState) -> list[tuple[int, str | None, float | None]]:
        """Return id, remote id and moment of acceptance of the batches in a state."""
        query = select(batches.c.id, batches.c.remote_id, batches.c.accepted_at)
        async with self._database.transaction() as connection:
            found = await connection.execute(
                query.where(batches.c.job == job, batches.c.state == state).order_by(batches.c.id)
            )
            return [(row.id, row.remote_id, row.accepted_at) for row in found]

    async def rows_to_send(self, batch: int) -> list[BatchRow]:
        """Return the rows of a batch that are still to be sent, with their bytes."""
        query = (
            select(rows.c.number, rows.c.line, rows.c.reference, rows.c.body)
            .where(rows.c.batch == batch, rows.c.state == RowState.PLANNED)
            .order_by(rows.c.number)
        )
        async with self._database.transaction() as connection:
            return [
                BatchRow(number=row.number, line=row.line, reference=row.reference, body=row.body)
                for row in await connection.execute(query)
            ]

    async def begin_attempt(
        self, batch: int, *, body_hash: str, correlation_id: str, owner: str, write_by: float
    ) -> int:
        """Write down that a batch is about to be sent; only then may it be. Return the attempt's id."""
        async with self._database.transaction() as connection:
            result = await connection.execute(
                insert(attempts).values(
                    batch=batch,
                    body_hash=body_hash,
                    correlation_id=correlation_id,
                    owner=owner,
                    began_at=time.time(),
                    write_by=write_by,
                )
            )
            await connection.execute(update(batches).where(batches.c.id == batch).values(state=BatchState.SENDING))
            await connection.execute(
                update(rows)
                .where(rows.c.batch == batch, rows.c.state == RowState.PLANNED)
                .values(state=RowState.SENDING)
            )
        key: Any = result.inserted_primary_key
        return int(key[0])

    async def accepted(self, batch: int, attempt: int, remote_id: str) -> None:
        """Write down the id of a batch that the server took."""
        now = time.time()
        async with self._database.transaction() as connection:
            await self._end(connection, attempt, "accepted", 201, None, now)
            await connection.execute(
                update(batches)
                .where(batches.c.id == batch)
                .values(state=BatchState.ACCEPTED, remote_id=remote_id, accepted_at=now)
            )
            await self._move(connection, batch, RowState.SENDING, RowState.ACCEPTED)

    async def not_taken(self, batch: int, attempt: int, error: CplError, refused: Sequence[RowResult] = ()) -> None:
        """Write down that the server took nothing: rows in ``refused`` are settled, the rest may be sent again."""
        async with self._database.transaction() as connection:
            await self._end(connection, attempt, error.outcome, error.status, error.message)
            await self._settle(connection, batch, refused)
            await self._move(connection, batch, RowState.SENDING, RowState.PLANNED)
            left = select(rows.c.number).where(rows.c.batch == batch, rows.c.state == RowState.PLANNED).limit(1)
            state = BatchState.PLANNED if (await connection.execute(left)).first() else BatchState.DONE
            await connection.execute(update(batches).where(batches.c.id == batch).values(state=state))

    async def lost(self, batch: int, attempt: int, error: CplError, message: str) -> None:
        """Write down that nobody knows whether the batch was taken."""
        async with self._database.transaction() as connection:
            await self._end(connection, attempt, Outcome.UNKNOWN, error.status, error.message)
            await self._move(connection, batch, RowState.SENDING, RowState.UNDECIDED, message)
            await connection.execute(update(batches).where(batches.c.id == batch).values(state=BatchState.UNKNOWN))

    async def halve(self, batch: int, second: Sequence[int]) -> int:
        """Move rows of a batch to a new one; return its id."""
        async with self._database.transaction() as connection:
            job = (await connection.execute(select(batches.c.job).where(batches.c.id == batch))).scalar_one()
            result = await connection.execute(insert(batches).values(job=job, state=BatchState.PLANNED))
            key: Any = result.inserted_primary_key
            await connection.execute(
                update(rows)
                .where(rows.c.batch == batch, rows.c.state == RowState.PLANNED, rows.c.number >= second[0])
                .values(batch=int(key[0]))
            )
        return int(key[0])

    async def open_rows(self, batch: int) -> dict[str, tuple[int, int]]:
        """Return reference → number and line of the rows of a batch whose import is not settled."""
        query = select(rows.c.reference, rows.c.number, rows.c.line).where(
            rows.c.batch == batch, rows.c.state == RowState.ACCEPTED
        )
        async with self._database.transaction() as connection:
            return {row.reference: (row.number, row.line) for row in await connection.execute(query)}

    async def imported(
        self, batch: int, results: Sequence[RowResult], found: Sequence[ParcelRecord], *, settled: bool
    ) -> None:
        """Write down the items of a batch whose import is settled."""
        async with self._database.transaction() as connection:
            await self._settle(connection, batch, results)
            job = (await connection.execute(select(batches.c.job).where(batches.c.id == batch))).scalar_one()
            if found:
                values = [
                    {
                        "job": job,
                        "row": parcel.row,
                        "number": parcel.number,
                        "master": parcel.master,
                        "place": parcel.place,
                        "label_url": parcel.label_url,
                    }
                    for parcel in found
                ]
                await connection.execute(self._database.insert_unless_taken(parcels), values)
            if settled:
                await connection.execute(update(batches).where(batches.c.id == batch).values(state=BatchState.IMPORTED))

    async def give_up(self, batch: int, message: str) -> int:
        """Leave a batch's open rows undecided for this run; the next run asks again. Return their number."""
        async with self._database.transaction() as connection:
            result = await connection.execute(
                update(rows).where(rows.c.batch == batch, rows.c.state == RowState.ACCEPTED).values(message=message)
            )
        return result.rowcount

    async def parcels_of(self, batch: int) -> list[ParcelRecord]:
        """Return all parcels of a batch."""
        query = (
            select(parcels)
            .join(rows, and_(rows.c.job == parcels.c.job, rows.c.number == parcels.c.row))
            .where(rows.c.batch == batch)
        )
        async with self._database.transaction() as connection:
            return [
                ParcelRecord(
                    row=row.row,
                    number=row.number,
                    master=row.master,
                    place=row.place,
                    label_url=row.label_url,
                    label_file=row.label_file,
                )
                for row in await connection.execute(query)
            ]

    async def labelled(self, job: int, places: Iterable[tuple[str, str, int]]) -> None:
        """Write down in which file and on which page each parcel's label is."""
        values = [{"n": number, "f": file, "p": page} for number, file, page in places]
        async with self._database.transaction() as connection:
            await connection.execute(
                update(parcels)
                .where(parcels.c.job == job, parcels.c.number == bindparam("n"))
                .values(label_file=bindparam("f"), label_page=bindparam("p")),
                values,
            )

    async def forget_labels(self, job: int, files: Sequence[str]) -> None:
        """Forget labels whose files are gone: they are fetched again."""
        async with self._database.transaction() as connection:
            gone = select(parcels.c.row).where(parcels.c.job == job, parcels.c.label_file.in_(files)).scalar_subquery()
            touched = rows.c.job == job, rows.c.state == RowState.SHIPPED, rows.c.number.in_(gone)
            again = select(rows.c.batch).where(*touched).scalar_subquery()
            await connection.execute(update(batches).where(batches.c.id.in_(again)).values(state=BatchState.IMPORTED))
            await connection.execute(update(rows).where(*touched).values(state=RowState.CREATED))
            await connection.execute(
                update(parcels)
                .where(parcels.c.job == job, parcels.c.label_file.in_(files))
                .values(label_file=None, label_page=None)
            )

    async def label_files(self, job: int) -> list[str]:
        """Return the files that hold labels of a job."""
        query = select(parcels.c.label_file).where(parcels.c.job == job, parcels.c.label_file.is_not(None)).distinct()
        async with self._database.transaction() as connection:
            return list((await connection.execute(query)).scalars())

    async def batch_is_labelled(self, batch: int, message: str) -> tuple[int, int]:
        """Settle the created rows of a batch: shipped when all their parcels have labels, else without label.

        :return: how many are shipped, and how many have no label.
        """
        lacking = (
            select(parcels.c.row)
            .where(parcels.c.job == rows.c.job, parcels.c.row == rows.c.number, parcels.c.label_file.is_(None))
            .exists()
        )
        mine = rows.c.batch == batch, rows.c.state.in_((RowState.CREATED, RowState.UNLABELLED))
        async with self._database.transaction() as connection:
            without = await connection.execute(
                update(rows).where(*mine, lacking).values(state=RowState.UNLABELLED, message=message)
            )
            shipped = await connection.execute(
                update(rows).where(*mine, ~lacking).values(state=RowState.SHIPPED, message="")
            )
            state = BatchState.IMPORTED if without.rowcount else BatchState.DONE
            await connection.execute(update(batches).where(batches.c.id == batch).values(state=state))
        return shipped.rowcount, without.rowcount

    async def _settle(self, connection: Any, batch: int, results: Sequence[RowResult]) -> None:
        if results:
            await connection.execute(
                update(rows)
                .where(rows.c.batch == batch, rows.c.number == bindparam("n"))
                .values(state=bindparam("s"), message=bindparam("m"), shipment_number=bindparam("k")),
                [
                    {"n": result.row, "s": result.state, "m": result.message, "k": result.shipment_number}
                    for result in results
                ],
            )

    async def _move(self, connection: Any, batch: int, before: RowState, after: RowState, message: str = "") -> None:
        await connection.execute(
            update(rows).where(rows.c.batch == batch, rows.c.state == before).values(state=after, message=message)
        )

    async def _end(
        self,
        connection: Any,
        attempt: int,
        outcome: str,
        status: int | None,
        message: str | None,
        now: float | None = None,
    ) -> None:
        await connection.execute(
            update(attempts)
            .where(attempts.c.id == attempt)
            .values(outcome=str(outcome), status=status, message=message, ended_at=now or time.time())
        )
