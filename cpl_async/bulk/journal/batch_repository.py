"""The records of batches: their attempts, the responses, and the progress of each row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen
from sqlalchemy import and_, bindparam, func, insert, select, update

from ...errors import CplError, Outcome
from ...messages import Message, dump_messages, message
from ...system.process_identity import has_ended, process_name
from ...transport.write_deadline import WriteDeadline
from ..records import BatchState, RowState
from .conflicts import conflict_message, conflicting_rows
from .connection import JournalConnection, new_id
from .payload import batch_payload
from .row_range import ALL_ROWS, RowRange
from .schema import READY, attempts, batches, jobs, parcels, rows

NUMBERS_PER_QUERY = 500
LABELS_KEPT = 30 * 86_400.0
"""Seconds for which the labels of a batch can be fetched (source: the vendor's documentation)."""

__all__ = ["Attempt", "BatchRepository", "BatchRow", "OpenRow", "ParcelRecord", "RowResult"]


@frozen(kw_only=True)
class BatchRow:
    """A row of a batch that is about to be sent."""

    number: int
    line: int
    reference: str


@frozen(kw_only=True)
class OpenRow:
    """A row whose import is not settled."""

    number: int
    line: int
    parcels: int


@frozen(kw_only=True)
class Attempt:
    """A batch that is about to be sent, as the journal records it."""

    id: int
    rows: list[BatchRow]
    payload: bytes = field(repr=False)


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
    """The result of a row."""

    row: int
    line: int
    state: RowState
    problems: tuple[Message, ...] = ()
    """Why the row is not shipped; empty if there is no problem."""
    shipment_number: str | None = None


class BatchRepository:
    """The progress of a job's batches."""

    def __init__(self, database: JournalConnection, span: RowRange = ALL_ROWS) -> None:
        self._database = database
        self._span = span

    async def abandon_open_attempts(self, job: int) -> None:
        """Mark the rows of attempts that were open when the last run ended as undecided."""
        open_ones = (
            select(attempts)
            .join(batches)
            .where(batches.c.job == job, attempts.c.outcome.is_(None), *self._span.of_batches)
        )
        now = self._database.now()
        async with self._database.transaction() as connection:
            for attempt in (await connection.execute(open_ones)).all():
                problem = message("unknown.process_stopped", correlation_id=attempt.correlation_id)
                await self._end(connection, attempt.id, Outcome.UNKNOWN, None, str(problem))
                await self._mark_unknown(
                    connection, attempt.batch, attempt.began_at, self._end_of(attempt, now), problem
                )

    def _end_of(self, attempt: Any, now: float) -> float:
        """Return the time at which an attempt of a run that is gone has certainly ended.

        In a journal that several hosts share, a run that lost its connection has lost the job too, but its process may
        still run until its write deadline. The worker that holds the lease on a shard can rely on the end of the
        previous lease.
        """
        if not self._database.is_shared:
            return min(now, float(attempt.write_deadline))
        name = attempt.owner.rpartition(":")[2]
        over = self._database.leased or name == process_name() or has_ended(name)
        return now if over else max(now, float(attempt.write_deadline))

    async def batches_in(self, job: int, state: BatchState) -> list[tuple[int, str]]:
        """Return id and remote id of the batches in a state; the remote id is empty if the batch was not accepted."""
        query = select(batches.c.id, batches.c.remote_id)
        async with self._database.transaction() as connection:
            found = await connection.execute(
                query.where(batches.c.job == job, batches.c.state == state, *self._span.of_batches).order_by(
                    batches.c.id
                )
            )
            return [(row.id, row.remote_id or "") for row in found]

    async def begin_attempt(
        self, batch: int, *, tail: bytes, correlation_id: str, owner: str, write_deadline: WriteDeadline
    ) -> tuple[Attempt | None, list[RowResult]]:
        """Record that a batch is about to be sent. A batch must not be sent before this record is committed.

        Rows whose reference another job has sent in the meantime are rejected in the same transaction.

        :param tail: Bytes that follow the shipments in the payload.
        :return: The attempt, or ``None`` if no row of the batch is left to send; and the rows rejected here.
        :raises JournalGone: The journal was removed or replaced; the attempt must not be made.
        """
        planned = rows.c.batch == batch, rows.c.state == RowState.PLANNED
        async with self._database.transaction() as connection:
            kept = (
                select(batches.c.job, batches.c.state, jobs.c.allow_reship, jobs.c.kind)
                .join(jobs)
                .where(batches.c.id == batch)
            )
            of_batch = (await connection.execute(kept)).one()
            if of_batch.state != BatchState.PLANNED:
                return None, []
            refused: list[RowResult] = []
            if not of_batch.allow_reship:
                mine = conflicting_rows(rows.c.batch == batch)
                refused = [
                    RowResult(row=row.number, line=row.line, state=RowState.REJECTED, problems=(conflict_message(row),))
                    for row in {row.number: row for row in await connection.execute(mine)}.values()
                ]
                await self._settle(connection, batch, refused, conflict=1)
            content = select(rows.c.number, rows.c.line, rows.c.reference, rows.c.payload)
            found = (await connection.execute(content.where(*planned).order_by(rows.c.number))).all()
            if not found:
                await self._set_batch(connection, batch, state=BatchState.DONE)
                return None, refused
            body = batch_payload([row.payload for row in found], tail, of_batch.kind)
            result = await connection.execute(
                insert(attempts).values(
                    batch=batch,
                    body_hash=hashlib.sha256(body).hexdigest(),
                    correlation_id=correlation_id,
                    owner=owner,
                    began_at=self._database.now(),
                    write_deadline=self._database.now() + write_deadline.left,
                )
            )
            await self._set_batch(connection, batch, state=BatchState.SENDING)
            await connection.execute(update(rows).where(*planned).values(state=RowState.SENDING))
            counter = await self._database.record_attempt_count(connection)
        await self._database.confirm(counter)
        sent = [BatchRow(number=row.number, line=row.line, reference=row.reference) for row in found]
        return Attempt(id=new_id(result), rows=sent, payload=body), refused

    async def record_accepted(self, batch: int, attempt: int, remote_id: str) -> None:
        """Record the id of a batch that the server accepted."""
        now = self._database.now()
        async with self._database.transaction() as connection:
            await self._end(connection, attempt, "accepted", 201, None, now)
            await self._set_batch(connection, batch, state=BatchState.ACCEPTED, remote_id=remote_id, accepted_at=now)
            await self._move(connection, batch, RowState.SENDING, RowState.ACCEPTED)

    async def record_rejection(
        self, batch: int, attempt: int, error: CplError, refused: Sequence[RowResult] = ()
    ) -> None:
        """Record that the server rejected the batch: rows in ``refused`` are settled, the rest may be sent again."""
        async with self._database.transaction() as connection:
            await self._end(connection, attempt, error.outcome, error.status, error.message)
            await self._settle(connection, batch, refused)
            await self._move(connection, batch, RowState.SENDING, RowState.PLANNED)
            left = select(rows.c.number).where(rows.c.batch == batch, rows.c.state == RowState.PLANNED).limit(1)
            state = BatchState.PLANNED if (await connection.execute(left)).first() else BatchState.DONE
            await self._set_batch(connection, batch, state=state)

    async def record_unknown(self, batch: int, attempt: int, error: CplError, problem: Message) -> None:
        """Record that it is unknown whether the server accepted the batch."""
        async with self._database.transaction() as connection:
            began = select(attempts.c.began_at).where(attempts.c.id == attempt)
            began_at = (await connection.execute(began)).scalar_one()
            await self._end(connection, attempt, Outcome.UNKNOWN, error.status, error.message)
            await self._mark_unknown(connection, batch, began_at, self._database.now(), problem)

    async def split(self, batch: int, second: Sequence[int]) -> int:
        """Move rows of a batch to a new one and return its id."""
        async with self._database.transaction() as connection:
            job = (await connection.execute(select(batches.c.job).where(batches.c.id == batch))).scalar_one()
            result = await connection.execute(insert(batches).values(job=job, state=BatchState.PLANNED))
            half = new_id(result)
            await connection.execute(
                update(rows)
                .where(rows.c.batch == batch, rows.c.state == RowState.PLANNED, rows.c.number >= second[0])
                .values(batch=half)
            )
        return half

    async def open_rows(self, batch: int) -> dict[str, OpenRow]:
        """Return the rows of a batch whose import is not settled, by reference."""
        query = select(rows.c.reference, rows.c.number, rows.c.line, rows.c.parcels).where(
            rows.c.batch == batch, rows.c.state == RowState.ACCEPTED
        )
        async with self._database.transaction() as connection:
            return {
                row.reference: OpenRow(number=row.number, line=row.line, parcels=row.parcels)
                for row in await connection.execute(query)
            }

    async def numbers_of_other_rows(self, batch: int, owners: Mapping[str, int]) -> set[str]:
        """Return the numbers that other rows of the job have already.

        :param owners: Number → row that it was assigned to.
        """
        numbers, found = list(owners), set[str]()
        job = select(batches.c.job).where(batches.c.id == batch).scalar_subquery()
        async with self._database.transaction() as connection:
            for start in range(0, len(numbers), NUMBERS_PER_QUERY):
                query = select(parcels.c.number, parcels.c.row).where(
                    parcels.c.job == job, parcels.c.number.in_(numbers[start : start + NUMBERS_PER_QUERY])
                )
                found |= {number for number, row in await connection.execute(query) if owners[number] != row}
        return found

    async def record_import(
        self, batch: int, results: Sequence[RowResult], found: Sequence[ParcelRecord], *, settled: bool
    ) -> None:
        """Record the items of a batch whose import is settled."""
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
                await connection.execute(self._database.insert_unless_exists(parcels), values)
            if settled:
                await self._set_batch(connection, batch, state=BatchState.IMPORTED, imported_at=self._database.now())

    async def defer_open_rows(self, batch: int, problem: Message) -> int:
        """Leave the open rows of a batch undecided until the next run, which searches for them. Return their count."""
        async with self._database.transaction() as connection:
            result = await connection.execute(
                update(rows)
                .where(rows.c.batch == batch, rows.c.state == RowState.ACCEPTED)
                .values(problems=dump_messages([problem]))
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

    async def record_labels(self, job: int, places: Iterable[tuple[str, str, int]]) -> None:
        """Record the file and the page of each parcel's label."""
        values = [{"n": number, "f": file, "p": page} for number, file, page in places]
        async with self._database.transaction() as connection:
            await connection.execute(
                update(parcels)
                .where(parcels.c.job == job, parcels.c.number == bindparam("n"))
                .values(label_file=bindparam("f"), label_page=bindparam("p")),
                values,
            )

    async def forget_labels(self, job: int, files: Sequence[str]) -> None:
        """Remove the records of labels whose files are gone, so that they are fetched again."""
        lost = parcels.c.job == job, parcels.c.label_file.in_(files)
        async with self._database.transaction() as connection:
            touched = rows.c.job == job, rows.c.number.in_(select(parcels.c.row).where(*lost).scalar_subquery())
            again = select(rows.c.batch).where(*touched).scalar_subquery()
            await connection.execute(
                update(batches)
                .where(batches.c.id.in_(again), batches.c.state == BatchState.DONE)
                .values(state=BatchState.IMPORTED)
            )
            lacking = await connection.execute(
                update(rows).where(*touched, rows.c.state == RowState.SHIPPED).values(state=RowState.CREATED)
            )
            if lacking.rowcount:  # else a run that cannot fetch them would leave a finished job without labels
                await connection.execute(update(jobs).where(jobs.c.id == job).values(state=READY, finished_at=None))
            await connection.execute(update(parcels).where(*lost).values(label_file=None, label_page=None))

    async def label_files(self, job: int) -> list[str]:
        """Return the files that hold labels of a job."""
        query = select(parcels.c.label_file).where(parcels.c.job == job, parcels.c.label_file.is_not(None)).distinct()
        async with self._database.transaction() as connection:
            return list((await connection.execute(query)).scalars())

    async def is_fully_settled(self, batch: int) -> bool:
        """Return whether every row of a batch is either created with all its parcels or rejected.

        Only then do the known parcels correspond to the pages that the server has.
        """
        odd = select(rows.c.number).where(
            rows.c.batch == batch, rows.c.state.in_((RowState.ACCEPTED, RowState.UNDECIDED, RowState.SENDING))
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(odd.limit(1))).first() is None

    async def settle_batch(self, batch: int) -> int:
        """Settle the created rows of a batch that has no labels and return their count."""
        created = rows.c.batch == batch, rows.c.state == RowState.CREATED
        async with self._database.transaction() as connection:
            result = await connection.execute(
                update(rows).where(*created).values(state=RowState.SHIPPED, settled_at=self._database.now())
            )
            still_open = select(rows.c.number).where(rows.c.batch == batch, rows.c.state == RowState.ACCEPTED).limit(1)
            if (await connection.execute(still_open)).first() is None:
                await self._set_batch(connection, batch, state=BatchState.DONE)
        return result.rowcount

    async def batch_is_labelled(self, batch: int, problem: Message | None) -> int:
        """Settle the created rows of a batch: shipped if all their parcels have labels, else without label.

        :return: How many rows are shipped now.
        """
        lacking = (
            select(parcels.c.row)
            .where(parcels.c.job == rows.c.job, parcels.c.row == rows.c.number, parcels.c.label_file.is_(None))
            .exists()
        )
        mine = rows.c.batch == batch, rows.c.state.in_((RowState.CREATED, RowState.UNLABELLED))
        still_open = select(rows.c.number).where(rows.c.batch == batch, rows.c.state == RowState.ACCEPTED).limit(1)
        async with self._database.transaction() as connection:
            accepted = select(batches.c.accepted_at).where(batches.c.id == batch)
            accepted_at = (await connection.execute(accepted)).scalar_one()
            if problem is not None and accepted_at is not None and accepted_at < self._database.now() - LABELS_KEPT:
                day = datetime.fromtimestamp(accepted_at).date()
                problem = message("label.expired", date=day.isoformat())
            without = await connection.execute(
                update(rows)
                .where(*mine, lacking)
                .values(state=RowState.UNLABELLED, problems=dump_messages([problem] if problem is not None else []))
            )
            shipped = await connection.execute(
                update(rows)
                .where(*mine, ~lacking)
                .values(state=RowState.SHIPPED, problems="", settled_at=self._database.now())
            )
            if (await connection.execute(still_open)).first() is None:
                state = BatchState.IMPORTED if without.rowcount else BatchState.DONE
                await self._set_batch(connection, batch, state=state)
        return shipped.rowcount

    async def _mark_unknown(self, connection: Any, batch: int, since: float, until: float, problem: Message) -> None:
        """Mark the rows that were being sent as undecided; rows that were undecided before keep their earlier time."""
        await connection.execute(
            update(rows)
            .where(rows.c.batch == batch, rows.c.state == RowState.SENDING)
            .values(
                state=RowState.UNDECIDED,
                problems=dump_messages([problem]),
                unclear_since=func.coalesce(rows.c.unclear_since, since),
                unclear_until=until,
            )
        )
        await self._set_batch(connection, batch, state=BatchState.UNKNOWN)

    async def _settle(self, connection: Any, batch: int, results: Sequence[RowResult], conflict: int = 0) -> None:
        if results:
            job = (await connection.execute(select(batches.c.job).where(batches.c.id == batch))).scalar_one()
            await connection.execute(
                update(rows)
                .where(rows.c.job == job, rows.c.number == bindparam("n"), rows.c.batch == batch)  # by primary key
                .values(
                    state=bindparam("s"),
                    problems=bindparam("m"),
                    shipment_number=bindparam("k"),
                    conflict=conflict,
                    settled_at=self._database.now(),
                ),
                [
                    {
                        "n": result.row,
                        "s": result.state,
                        "m": dump_messages(result.problems),
                        "k": result.shipment_number,
                    }
                    for result in results
                ],
            )

    async def _move(self, connection: Any, batch: int, before: RowState, after: RowState) -> None:
        await connection.execute(
            update(rows).where(rows.c.batch == batch, rows.c.state == before).values(state=after, problems="")
        )

    async def _set_batch(self, connection: Any, batch: int, **values: Any) -> None:
        await connection.execute(update(batches).where(batches.c.id == batch).values(**values))

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
            .values(outcome=str(outcome), status=status, message=message, ended_at=now or self._database.now())
        )
