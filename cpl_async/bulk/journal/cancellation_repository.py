"""The records of shipments that a user decided to cancel: rows to resend with a label, and duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from ...messages import Message, dump_messages, message
from ..records import RowState
from .connection import JournalConnection, unclear_in_gap
from .reconciliation_repository import CANCELLED, DUPLICATE, TO_CANCEL
from .schema import extra_parcels, parcels, rows

__all__ = ["CancellationRepository"]


class CancellationRepository:
    """The records of cancellations, written before each cancellation and after its result."""

    def __init__(self, database: JournalConnection) -> None:
        self._database = database

    async def begin(self, job: int, most: int) -> int:
        """Start to cancel the rows that were found without their label, so that they are sent again.

        :param most: Maximum number of rows, at least 1.
        :return: How many rows were started.
        """
        found = rows.c.job == job, rows.c.state == RowState.FOUND, rows.c.payload.is_not(None)
        first = select(rows.c.number).where(*found).order_by(rows.c.number).limit(most)
        async with self._database.transaction() as connection:
            result = await connection.execute(
                update(rows)
                .where(rows.c.job == job, rows.c.number.in_(first.scalar_subquery()))
                .values(state=RowState.WITHDRAWING, problems=dump_messages([message("cancel.to_resend")]))
            )
        return result.rowcount

    async def state_of(self, job: int, row: int) -> RowState:
        """Return the state of a row."""
        async with self._database.transaction() as connection:
            query = select(rows.c.state).where(rows.c.job == job, rows.c.number == row)
            return RowState((await connection.execute(query)).scalar_one())

    async def under_way(self, job: int) -> dict[int, list[str]]:
        """Return the numbers whose cancellation is not confirmed yet, by row, of this run and of earlier ones."""
        query = (
            select(rows.c.number, parcels.c.number)
            .join(parcels, (parcels.c.job == rows.c.job) & (parcels.c.row == rows.c.number), isouter=True)
            .where(rows.c.job == job, rows.c.state == RowState.WITHDRAWING)
            .order_by(rows.c.number, parcels.c.place)
        )
        found: dict[int, list[str]] = {}
        async with self._database.transaction() as connection:
            for row, number in await connection.execute(query):
                found.setdefault(row, []).extend([number] if number else [])
        return found

    async def record_cancelled(self, job: int, numbers: Sequence[int]) -> None:
        """Reset rows to planned whose parcels are all confirmed as cancelled; the numbers are kept separately.

        In a journal that went back in time, a row may have been cancelled and sent again since: a search must precede
        sending.
        """
        now = self._database.now()
        after: dict[str, Any] = {"state": RowState.PLANNED, "problems": ""}
        if self._database.gap is not None:
            after = unclear_in_gap(self._database.gap)
        async with self._database.transaction() as connection:
            for number in numbers:
                await self._set_aside(connection, job, number, now)
                await connection.execute(
                    update(rows)
                    .where(rows.c.job == job, rows.c.number == number, rows.c.state == RowState.WITHDRAWING)
                    .values(**after, batch=None, shipment_number=None, settled_at=None)
                )

    async def _set_aside(self, connection: Any, job: int, row: int, now: float) -> None:
        """Move a row's parcels to the extra parcels."""
        key = (
            await connection.execute(select(rows.c.reference_hash).where(rows.c.job == job, rows.c.number == row))
        ).scalar_one()
        of_row = parcels.c.job == job, parcels.c.row == row
        found = (await connection.execute(select(parcels).where(*of_row))).all()
        numbers = [parcel.number for parcel in found]
        await connection.execute(
            delete(extra_parcels).where(extra_parcels.c.job == job, extra_parcels.c.number.in_(numbers))
        )
        for parcel in found:
            await connection.execute(
                insert(extra_parcels).values(
                    job=job,
                    row=row,
                    reference_hash=key,
                    number=parcel.number,
                    master=parcel.master,
                    state=CANCELLED,
                    problems=dump_messages([message("cancel.done_to_resend")]),
                    found_at=now,
                )
            )
        await connection.execute(delete(parcels).where(*of_row))

    async def record_kept(self, job: int, messages: Mapping[int, Message]) -> None:
        """Record that rows could not be cancelled: they stay shipped, without label."""
        async with self._database.transaction() as connection:
            for number, problem in messages.items():
                await connection.execute(
                    update(rows)
                    .where(rows.c.job == job, rows.c.number == number, rows.c.state == RowState.WITHDRAWING)
                    .values(state=RowState.FOUND, problems=dump_messages([problem]))
                )

    async def set_message(self, job: int, messages: Mapping[int, Message]) -> None:
        """Store the message of rows whose cancellation is not confirmed yet; the next run continues with them."""
        async with self._database.transaction() as connection:
            for number, problem in messages.items():
                await connection.execute(
                    update(rows)
                    .where(rows.c.job == job, rows.c.number == number, rows.c.state == RowState.WITHDRAWING)
                    .values(problems=dump_messages([problem]))
                )

    async def duplicates(self, job: int, *, begin: bool) -> list[str]:
        """Return the numbers of duplicates that are to be cancelled.

        :param begin: Start to cancel also the duplicates for which there is no decision yet.
        """
        if begin:
            async with self._database.transaction() as connection:
                await connection.execute(
                    update(extra_parcels)
                    .where(extra_parcels.c.job == job, extra_parcels.c.state == DUPLICATE)
                    .values(state=TO_CANCEL)
                )
        query = select(extra_parcels.c.number).where(extra_parcels.c.job == job, extra_parcels.c.state == TO_CANCEL)
        async with self._database.transaction() as connection:
            return list((await connection.execute(query.order_by(extra_parcels.c.number))).scalars())

    async def settle_duplicates(self, job: int, gone: Iterable[str], kept: Mapping[str, Sequence[Message]]) -> None:
        """Record which duplicates are confirmed as cancelled, and which are not, with the reason."""
        async with self._database.transaction() as connection:
            for number in gone:
                await connection.execute(
                    update(extra_parcels)
                    .where(extra_parcels.c.job == job, extra_parcels.c.number == number)
                    .values(state=CANCELLED, problems="")
                )
            for number, problems in kept.items():
                await connection.execute(
                    update(extra_parcels)
                    .where(extra_parcels.c.job == job, extra_parcels.c.number == number)
                    .values(state=DUPLICATE, problems=dump_messages(problems))
                )
