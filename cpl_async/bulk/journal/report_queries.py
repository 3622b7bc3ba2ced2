"""The queries for reports: events of a job counted by the second, and the entries of a handover manifest."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from attrs import field, frozen
from sqlalchemy import Integer, cast, func, select

from ...models.codec import decode
from ...models.shipment_batches import Shipment
from ..records import RowState
from .connection import JournalConnection
from .schema import batches, parcels, rows

__all__ = ["ManifestEntry", "ReportQueries"]

ROWS_PER_QUERY = 500
HANDED_OVER = (RowState.SHIPPED,)
Counts = list[tuple[float, float]]
"""Timestamps in seconds since the epoch, each with its count."""


@frozen(kw_only=True)
class ManifestEntry:
    """A shipment that exists, with the data that was sent for it."""

    reference: str
    numbers: list[str]
    shipment: Shipment | None = field(repr=False)


class ReportQueries:
    """The progress of a job in figures."""

    def __init__(self, database: JournalConnection) -> None:
        self._database = database

    async def history(self, job: int) -> tuple[Counts, Counts, Counts]:
        """Return the times at which rows were sent, imported and shipped."""
        size = select(func.count()).where(rows.c.batch == batches.c.id).scalar_subquery()
        second = cast(rows.c.settled_at, Integer)
        queries = (
            select(batches.c.accepted_at, size).where(batches.c.job == job, batches.c.accepted_at.is_not(None)),
            select(batches.c.imported_at, size).where(batches.c.job == job, batches.c.imported_at.is_not(None)),
            select(second, func.count())
            .where(rows.c.job == job, rows.c.state == RowState.SHIPPED, rows.c.settled_at.is_not(None))
            .group_by(second),
        )
        found: list[Counts] = []
        async with self._database.transaction() as connection:
            for query in queries:
                found.append(sorted((float(at), float(count)) for at, count in await connection.execute(query)))
        return found[0], found[1], found[2]

    async def imports(self, job: int) -> list[tuple[float, float]]:
        """Return when each batch was accepted and when its import was over."""
        over = batches.c.accepted_at.is_not(None), batches.c.imported_at.is_not(None)
        query = select(batches.c.accepted_at, batches.c.imported_at).where(batches.c.job == job, *over)
        async with self._database.transaction() as connection:
            return [(float(accepted), float(done)) for accepted, done in await connection.execute(query)]

    async def handed_over(self, job: int) -> AsyncIterator[ManifestEntry]:
        """Yield the shipments of a job that exist, in the order of the input."""
        last = 0
        while True:
            query = (
                select(rows.c.number, rows.c.reference, rows.c.payload)
                .where(rows.c.job == job, rows.c.number > last, rows.c.state.in_(HANDED_OVER))
                .order_by(rows.c.number)
                .limit(ROWS_PER_QUERY)
            )
            async with self._database.transaction() as connection:
                found = (await connection.execute(query)).all()
                if not found:
                    return
                between = parcels.c.row.between(found[0].number, found[-1].number)
                of_rows = select(parcels.c.row, parcels.c.number).where(parcels.c.job == job, between)
                numbers: dict[int, list[str]] = {}
                for row, number in await connection.execute(of_rows.order_by(parcels.c.row, parcels.c.place)):
                    numbers.setdefault(row, []).append(number)
            for row in found:
                yield ManifestEntry(
                    reference=row.reference,
                    numbers=numbers.get(row.number, []),
                    shipment=decode(orjson.loads(row.payload), Shipment) if row.payload else None,
                )
            last = found[-1].number
