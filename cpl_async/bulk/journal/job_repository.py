"""The decisions of a user about a job: the result of an undecided row, cancellations, and the removal of its data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import case, delete, func, insert, or_, select, update

from ...errors import JournalError
from ...messages import Message, dump_messages, message
from ...models.references import normal_reference
from ..records import BatchState, Resolution, RowState
from .connection import JournalConnection
from .reconciliation_repository import DUPLICATE
from .schema import READY, attempts, batches, extra_parcels, jobs, parcels, rows

__all__ = ["JobRecord", "JobRepository"]

LIVE = (RowState.SHIPPED, RowState.CREATED, RowState.UNLABELLED, RowState.FOUND, RowState.CANCELLING)
DECIDED = (RowState.UNDECIDED, RowState.WITHDRAWING)
VALUES_PER_QUERY = 500


@frozen(kw_only=True)
class JobRecord:
    """A job, and how many of its rows are in each state."""

    id: int
    name: str
    kind: str
    source: str
    state: str
    created_at: float
    finished_at: float | None
    purged_at: float | None
    counts: dict[RowState, int]


class JobRepository:
    """Read and write access to whole jobs."""

    def __init__(self, database: JournalConnection) -> None:
        self._database = database

    async def list_jobs(self) -> AsyncIterator[JobRecord]:
        """Yield all jobs, the newest first."""
        async with self._database.transaction() as connection:
            found = (await connection.execute(select(jobs).order_by(jobs.c.id.desc()))).all()
            query = select(rows.c.job, rows.c.state, func.count()).group_by(rows.c.job, rows.c.state)
            counts: dict[int, dict[RowState, int]] = {}
            for job, state, count in await connection.execute(query):
                counts.setdefault(job, {})[RowState(state)] = int(count)
        for job in found:
            yield JobRecord(
                id=job.id,
                name=job.name,
                kind=job.kind,
                source=job.source,
                state=job.state,
                created_at=job.created_at,
                finished_at=job.finished_at,
                purged_at=job.purged_at,
                counts=counts.get(job.id, {}),
            )

    async def resolve(self, job: int, reference: str, resolution: Resolution, numbers: Sequence[str] = ()) -> None:
        """Record a user's decision on an undecided row.

        :param numbers: Numbers of its parcels, the master first. Parcels that were known before are kept separately.
        :raises JournalError: There is no such row, or it is decided already.
        """
        reference = normal_reference(reference)
        async with self._database.transaction() as connection:
            query = select(rows).where(
                rows.c.job == job, rows.c.reference == reference, rows.c.reservation_key.is_not(None)
            )
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise JournalError(f"the job has no row with the reference {reference!r}")
            if row.state not in DECIDED:
                raise JournalError(
                    f"{reference} is not undecided: it is {row.state.replace('_', ' ')}", advice="Nothing was changed"
                )
            another = or_(parcels.c.job != job, parcels.c.row != row.number)
            taken = select(parcels.c.number).where(parcels.c.number.in_(numbers), another)
            if (other := (await connection.execute(taken)).scalars().first()) is not None:
                raise JournalError(f"{other} is the number of another row", advice="Nothing was changed")
            await self._set_aside(connection, job, row, numbers)
            for place, number in enumerate(numbers, 1):
                await connection.execute(
                    insert(parcels).values(job=job, row=row.number, number=number, master=numbers[0], place=place)
                )
            await connection.execute(
                update(rows)
                .where(rows.c.job == job, rows.c.number == row.number)
                .values(**self._decided(resolution, numbers))
            )
            await connection.execute(update(jobs).where(jobs.c.id == job).values(state=READY, finished_at=None))

    def _decided(self, resolution: Resolution, numbers: Sequence[str]) -> dict[str, Any]:
        """Return the new values of a row's columns."""
        if resolution is Resolution.RESEND:
            return {"state": RowState.PLANNED, "problems": "", "batch": None, "shipment_number": None}
        now = self._database.now()
        if resolution is Resolution.SHIPPED:
            found = dump_messages([message("decided.shipped")])
            return {"settled_at": now, "state": RowState.FOUND, "problems": found, "shipment_number": numbers[0]}
        abandoned = dump_messages([message("decided.abandoned")])
        return {"settled_at": now, "state": RowState.REJECTED, "problems": abandoned}

    async def _set_aside(self, connection: Any, job: int, row: Any, kept: Sequence[str]) -> None:
        of_row = parcels.c.job == job, parcels.c.row == row.number
        await connection.execute(
            delete(extra_parcels).where(extra_parcels.c.job == job, extra_parcels.c.number.in_(kept))
        )
        for parcel in (await connection.execute(select(parcels).where(*of_row))).all():
            if parcel.number in kept:
                continue
            await connection.execute(
                self._database.insert_unless_exists(extra_parcels).values(
                    job=job,
                    row=row.number,
                    reference_hash=row.reference_hash,
                    number=parcel.number,
                    master=parcel.master,
                    state=DUPLICATE,
                    problems=dump_messages([message("decided.created_before")]),
                    found_at=self._database.now(),
                )
            )
        await connection.execute(delete(parcels).where(*of_row))

    async def begin_cancelling(self, job: int) -> dict[int, list[str]]:
        """Start to cancel all rows of a job that have numbers and return the numbers by row."""
        async with self._database.transaction() as connection:
            await connection.execute(
                update(rows).where(rows.c.job == job, rows.c.state.in_(LIVE)).values(state=RowState.CANCELLING)
            )
            query = (
                select(rows.c.number, parcels.c.number)
                .join(parcels, (parcels.c.job == rows.c.job) & (parcels.c.row == rows.c.number))
                .where(rows.c.job == job, rows.c.state == RowState.CANCELLING)
                .order_by(rows.c.number, parcels.c.place)
            )
            found: dict[int, list[str]] = {}
            for row, number in await connection.execute(query):
                found.setdefault(row, []).append(number)
        return found

    async def end_cancelling(self, job: int, gone: Iterable[int], kept: Mapping[int, Message]) -> None:
        """Record which rows are confirmed as cancelled, and why the others are not."""
        lacking = (
            select(parcels.c.row)
            .where(parcels.c.job == rows.c.job, parcels.c.row == rows.c.number, parcels.c.label_file.is_(None))
            .exists()
        )
        can_be_had = (
            select(parcels.c.row)
            .where(parcels.c.job == rows.c.job, parcels.c.row == rows.c.number, parcels.c.label_url.is_not(None))
            .exists()
        )
        async with self._database.transaction() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job).values(state=READY, finished_at=None))
            for number in gone:
                await connection.execute(
                    update(rows)
                    .where(rows.c.job == job, rows.c.number == number)
                    .values(state=RowState.CANCELLED, problems=dump_messages([message("cancel.done")]))
                )
            for number, problem in kept.items():
                row = rows.c.job == job, rows.c.number == number
                state = case((~lacking, RowState.SHIPPED), (can_be_had, RowState.UNLABELLED), else_=RowState.FOUND)
                await connection.execute(
                    update(rows).where(*row).values(state=state, problems=dump_messages([problem]))
                )
                of_row = select(rows.c.batch).where(*row, rows.c.state == RowState.UNLABELLED).scalar_subquery()
                await connection.execute(
                    update(batches)
                    .where(batches.c.id.in_(of_row), batches.c.state == BatchState.DONE)
                    .values(state=BatchState.IMPORTED)
                )

    async def purge(self, job: int) -> None:
        """Remove personal data: rows keep their state and the keyed hash of their reference."""
        nothing: dict[str, Any] = {"reference": "", "raw_fields": b"{}"}
        nothing |= dict.fromkeys(("payload", "content_hash", "cust_reference", "reservation_key"))
        of_batches = select(batches.c.id).where(batches.c.job == job).scalar_subquery()
        async with self._database.transaction() as connection:
            await connection.execute(
                update(rows).where(rows.c.job == job).values(**nothing, problems="", shipment_number=None)
            )
            await connection.execute(delete(parcels).where(parcels.c.job == job))
            await connection.execute(delete(extra_parcels).where(extra_parcels.c.job == job))
            await connection.execute(
                update(attempts)
                .where(attempts.c.batch.in_(of_batches))
                .values(message=None, correlation_id="", body_hash="")
            )
            await connection.execute(
                update(jobs).where(jobs.c.id == job).values(purged_at=self._database.now(), settings="{}", columns="[]")
            )
        await self._database.rewrite()
