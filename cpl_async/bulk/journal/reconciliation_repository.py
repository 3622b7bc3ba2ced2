"""The records of rows whose response was lost: the rows, the shipments found for them, and the rows to resend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from sqlalchemy import and_, bindparam, case, func, or_, select, update

from ...messages import Message, dump_messages, load_messages
from ..records import SETTLED_ELSEWHERE, FoundShipment, RowState
from .connection import JournalConnection
from .row_range import ALL_ROWS, RowRange
from .schema import attempts, extra_parcels, jobs, parcels, rows

__all__ = [
    "CANCELLED",
    "DUPLICATE",
    "TO_CANCEL",
    "ExtraParcel",
    "FoundRow",
    "ReconciliationRepository",
    "UnknownCounts",
    "UnknownRow",
]

VALUES_PER_QUERY = 500
MAX_WRITE_SECONDS = 180.0
"""Seconds after which an open attempt of another host has ended: no write deadline is further ahead."""
SEEN_STATES = (RowState.SHIPPED, RowState.CREATED, RowState.UNLABELLED, RowState.FOUND)
"""States in which a reference has a number, so that a search must show it."""
UNDER_WAY = (RowState.SENDING, RowState.ACCEPTED, RowState.UNDECIDED)
"""States of another row in which what is found could be its shipment."""
DUPLICATE, TO_CANCEL, CANCELLED = "duplicate", "to_cancel", "cancelled"
"""States of an extra parcel: a live duplicate, to be cancelled, seen cancelled."""


@frozen(kw_only=True)
class UnknownRow:
    """A row of an attempt whose response was lost."""

    number: int
    line: int
    reference: str
    cust_reference: str | None
    since: float
    """Start of the first such attempt, in seconds since the epoch."""
    until: float
    """Time at which the last one had certainly ended, in seconds since the epoch."""
    parcels: int
    payload: bytes | None = field(repr=False)
    state: RowState
    shipment_number: str | None
    known: frozenset[str] = frozenset()
    """Numbers that are known to belong to something else."""
    own: frozenset[str] = frozenset()
    """Numbers that are known to be this row's."""
    has_rival: bool = False
    """Whether a found shipment could belong to another row that is open, or whose numbers were removed."""


@frozen(kw_only=True)
class FoundRow:
    """A row that was found by its reference, and the extra parcels that were found with it."""

    row: int
    shipment: FoundShipment
    duplicates: tuple[FoundShipment, ...] = ()
    problems: tuple[Message, ...] = ()


@frozen(kw_only=True)
class ExtraParcel:
    """A parcel that exists, or existed, in addition to the parcels of its row."""

    row: int
    reference: str
    number: str
    master: str
    state: str
    problems: tuple[Message, ...]
    shipment_number: str | None
    """Number that the row is shipped as."""


@frozen(kw_only=True)
class UnknownCounts:
    """The number of rows of a job whose response was lost."""

    ever: int
    """All of them."""
    askable: int
    """Those that are still undecided; the next run searches for them."""


class ReconciliationRepository:
    """Read and write access to the records of reconciliation."""

    def __init__(self, database: JournalConnection, span: RowRange = ALL_ROWS) -> None:
        self._database = database
        self._span = span

    async def counts(self, job: int) -> UnknownCounts:
        """Return how many rows of a job had their response lost."""
        lost = rows.c.job == job, rows.c.unclear_since.is_not(None)
        asked = and_(rows.c.state == RowState.UNDECIDED, rows.c.cust_reference.is_not(None))
        query = select(func.count(), func.count(case((asked, 1)))).select_from(rows).where(*lost)
        async with self._database.transaction() as connection:
            ever, askable = (await connection.execute(query)).one()
        return UnknownCounts(ever=int(ever), askable=int(askable))

    async def date_gap(self) -> None:
        """See :meth:`JournalConnection.date_gap`."""
        await self._database.date_gap()

    async def undecided(self, job: int) -> list[UnknownRow]:
        """Return the rows that may have been created and are not settled, including those without a searchable
        reference."""
        return await self._rows(job, rows.c.state == RowState.UNDECIDED)

    async def settled(self, job: int) -> list[UnknownRow]:
        """Return the rows that were undecided once and are settled now, for the final sweep."""
        return await self._rows(job, rows.c.state.in_((*SEEN_STATES, RowState.REJECTED)))

    async def _rows(self, job: int, which: Any) -> list[UnknownRow]:
        which = and_(which, *self._span.of_rows)
        query = select(rows).where(rows.c.job == job, rows.c.unclear_since.is_not(None), which).order_by(rows.c.number)
        async with self._database.transaction() as connection:
            found = (await connection.execute(query)).all()
            known, own = await self._numbers(connection, job, which)
            rivals = await self._rivals(connection, job, which)
        now = self._database.now()
        latest = now + (MAX_WRITE_SECONDS if self._database.is_shared else 0.0)
        return [
            UnknownRow(
                number=row.number,
                line=row.line,
                reference=row.reference,
                cust_reference=row.cust_reference,
                since=min(row.unclear_since, now),  # a clock that was ahead and is corrected must not delay the search
                until=min(row.unclear_until or now, latest),
                parcels=row.parcels,
                payload=row.payload,
                state=RowState(row.state),
                shipment_number=row.shipment_number,
                known=frozenset(known.get(row.number, ())),
                own=frozenset(own.get(row.number, ())),
                has_rival=row.number in rivals,
            )
            for row in found
        ]

    async def _numbers(
        self, connection: Any, job: int, which: Any
    ) -> tuple[Mapping[int, set[str]], Mapping[int, set[str]]]:
        """Return by row the numbers that belong to something else, and the row's own numbers."""
        mine = rows.c.job == job, rows.c.unclear_since.is_not(None), which
        other = rows.alias("other")
        same = or_(other.c.reference_hash == rows.c.reference_hash, other.c.cust_reference == rows.c.cust_reference)
        another = or_(other.c.job != rows.c.job, other.c.number != rows.c.number)
        elsewhere = (
            select(rows.c.number.label("row"), parcels.c.number)
            .join(other, and_(same, another))
            .join(parcels, and_(parcels.c.job == other.c.job, parcels.c.row == other.c.number))
            .where(*mine)
        )
        gone = (
            select(rows.c.number.label("row"), extra_parcels.c.number)
            .join(extra_parcels, extra_parcels.c.reference_hash == rows.c.reference_hash)
            .where(*mine)
        )
        ours = (
            select(rows.c.number.label("row"), parcels.c.number)
            .join(parcels, and_(parcels.c.job == rows.c.job, parcels.c.row == rows.c.number))
            .where(*mine)
        )
        known: dict[int, set[str]] = {}
        own: dict[int, set[str]] = {}
        for query, numbers in ((elsewhere, known), (gone, known), (ours, own)):
            for row, number in await connection.execute(query):
                numbers.setdefault(row, set()).add(number)
        return known, own

    async def _rivals(self, connection: Any, job: int, which: Any) -> set[int]:
        """Return the rows for which a found shipment could belong to another row."""
        mine = rows.c.job == job, rows.c.unclear_since.is_not(None), which
        other = rows.alias("other")
        same = or_(other.c.reference_hash == rows.c.reference_hash, other.c.cust_reference == rows.c.cust_reference)
        another = or_(other.c.job != rows.c.job, other.c.number != rows.c.number)
        purged = and_(jobs.c.purged_at.is_not(None), other.c.state.in_(SETTLED_ELSEWHERE))
        query = (
            select(rows.c.number)
            .join(other, and_(same, another))
            .join(jobs, jobs.c.id == other.c.job)
            .where(*mine, or_(other.c.state.in_(UNDER_WAY), purged))
        )
        return set((await connection.execute(query)).scalars())

    async def record_found(self, job: int, findings: Sequence[FoundRow], state: RowState) -> None:
        """Record the numbers of rows that were found.

        :param state: New state of the rows: shipped without label, or done if the job has no labels.
        """
        now = self._database.now()
        async with self._database.transaction() as connection:
            numbers = [number for finding in findings for number in finding.shipment.numbers]
            taken_by: dict[str, int] = {}
            for start in range(0, len(numbers), VALUES_PER_QUERY):
                query = select(parcels.c.number, parcels.c.row).where(
                    parcels.c.job == job, parcels.c.number.in_(numbers[start : start + VALUES_PER_QUERY])
                )
                taken_by |= {one.number: one.row for one in await connection.execute(query)}
            for finding in findings:
                if any(taken_by.get(number, finding.row) != finding.row for number in finding.shipment.numbers):
                    continue  # the number belongs to another row: this one stays as it is
                await connection.execute(
                    update(rows)
                    .where(rows.c.job == job, rows.c.number == finding.row)
                    .values(
                        state=state,
                        problems=dump_messages(finding.problems),
                        shipment_number=finding.shipment.master,
                        settled_at=now,
                    )
                )
                values = [
                    {"job": job, "row": finding.row, "number": number, "master": finding.shipment.master, "place": n}
                    for n, number in enumerate(finding.shipment.numbers, 1)
                ]
                await connection.execute(self._database.insert_unless_exists(parcels), values)
            doubles = [(finding.row, group) for finding in findings for group in finding.duplicates]
            await self._add_extra_parcels(connection, job, doubles, DUPLICATE)

    async def add_duplicates(self, job: int, doubles: Iterable[tuple[int, FoundShipment]]) -> None:
        """Record shipments that exist in addition to the one that counts."""
        async with self._database.transaction() as connection:
            await self._add_extra_parcels(connection, job, list(doubles), DUPLICATE)

    async def requeue(self, job: int, numbers: Sequence[int]) -> None:
        """Reset rows that were certainly not created to planned; they are sent again with the same bytes."""
        async with self._database.transaction() as connection:
            for start in range(0, len(numbers), VALUES_PER_QUERY):
                await connection.execute(
                    update(rows)
                    .where(
                        rows.c.job == job,
                        rows.c.number.in_(numbers[start : start + VALUES_PER_QUERY]),
                        rows.c.state == RowState.UNDECIDED,
                    )
                    .values(state=RowState.PLANNED, problems="", batch=None)
                )

    async def set_message(self, job: int, messages: Mapping[int, Message]) -> None:
        """Store the message of rows that stay undecided."""
        values = [{"n": number, "m": dump_messages([problem])} for number, problem in messages.items()]
        if not values:
            return
        async with self._database.transaction() as connection:
            await connection.execute(
                update(rows)
                .where(rows.c.job == job, rows.c.number == bindparam("n"), rows.c.state == RowState.UNDECIDED)
                .values(problems=bindparam("m")),
                values,
            )

    async def control_shipments(self, kind: str, most: int) -> list[str]:
        """Return references of control shipments, of the newest job and settled longest ago first.

        Rows that were undecided themselves come last: they are visible if they were found or shipped again. References
        that several rows share are excluded.

        :param kind: Kind of the jobs, ``shipments`` or ``orders``.
        :param most: Maximum number of references.
        """
        was_unknown = case((rows.c.unclear_since.is_(None), 0), else_=1)
        newest = (
            select(rows.c.job)
            .where(rows.c.state.in_(SEEN_STATES), rows.c.cust_reference.is_not(None))
            .where(rows.c.job.in_(select(jobs.c.id).where(jobs.c.kind == kind, jobs.c.purged_at.is_(None))))
            .group_by(rows.c.job)
            .order_by(func.min(was_unknown), func.max(rows.c.settled_at).desc())
            .limit(3)
        )
        async with self._database.transaction() as connection:
            chosen: list[tuple[int, str]] = []
            for job in (await connection.execute(newest)).scalars().all():
                query = (
                    select(rows.c.cust_reference, was_unknown)
                    .where(rows.c.job == job, rows.c.state.in_(SEEN_STATES), rows.c.cust_reference.is_not(None))
                    .order_by(was_unknown, rows.c.settled_at, rows.c.number)
                    .limit(most)
                )
                chosen += [(int(unknown), str(cust)) for cust, unknown in await connection.execute(query)]
        chosen.sort(key=lambda pair: pair[0])
        return list(dict.fromkeys(cust for _, cust in chosen))[:most]

    async def new_control_shipments(self, job: int, since: float, most: int) -> list[str]:
        """Return references of a job that a complete search must show for a time.

        :param since: Send time of the earliest of them, in seconds since the epoch.
        :param most: Maximum number of references.
        """
        later = select(attempts.c.batch).where(attempts.c.outcome == "accepted", attempts.c.began_at >= since)
        query = (
            select(rows.c.cust_reference)
            .where(rows.c.job == job, rows.c.state.in_(SEEN_STATES), rows.c.batch.in_(later))
            .where(rows.c.cust_reference.is_not(None), rows.c.unclear_since.is_(None))
            .order_by(rows.c.settled_at, rows.c.number)
            .limit(most)
        )
        async with self._database.transaction() as connection:
            return [str(cust) for cust in (await connection.execute(query)).scalars()]

    async def forget_shared(self, job: int, custs: Sequence[str]) -> int:
        """Remove search references that several rows share, and so identify none; return the number of rows.

        :param custs: References of rows that were just accepted.
        """
        count = 0
        async with self._database.transaction() as connection:
            for start in range(0, len(custs), VALUES_PER_QUERY):
                mine = (
                    rows.c.job == job,
                    rows.c.cust_reference.in_(custs[start : start + VALUES_PER_QUERY]),
                    rows.c.payload.is_not(None),
                )
                query = (
                    select(rows.c.cust_reference).where(*mine).group_by(rows.c.cust_reference).having(func.count() > 1)
                )
                shared = list((await connection.execute(query)).scalars())
                if shared:
                    result = await connection.execute(
                        update(rows)
                        .where(rows.c.job == job, rows.c.cust_reference.in_(shared))
                        .values(cust_reference=None)
                    )
                    count += result.rowcount
        return count

    async def extra_parcels(self, job: int, states: Sequence[str] = (DUPLICATE,)) -> list[ExtraParcel]:
        """Return parcels besides those that count, in the order of the rows."""
        query = (
            select(extra_parcels, rows.c.reference, rows.c.shipment_number)
            .join(rows, and_(rows.c.job == extra_parcels.c.job, rows.c.number == extra_parcels.c.row))
            .where(extra_parcels.c.job == job, extra_parcels.c.state.in_(states))
            .order_by(extra_parcels.c.row, extra_parcels.c.number)
        )
        async with self._database.transaction() as connection:
            return [
                ExtraParcel(
                    row=row.row,
                    reference=row.reference,
                    number=row.number,
                    master=row.master,
                    state=row.state,
                    problems=load_messages(row.problems),
                    shipment_number=row.shipment_number,
                )
                for row in await connection.execute(query)
            ]

    async def _add_extra_parcels(
        self, connection: Any, job: int, groups: Sequence[tuple[int, FoundShipment]], state: str
    ) -> None:
        if not groups:
            return
        numbers = {row for row, _ in groups}
        query = select(rows.c.number, rows.c.reference_hash).where(rows.c.job == job, rows.c.number.in_(numbers))
        keys = {row.number: row.reference_hash for row in await connection.execute(query)}
        now = self._database.now()
        values = [
            {
                "job": job,
                "row": row,
                "reference_hash": keys[row],
                "number": number,
                "master": group.master,
                "state": state,
                "found_at": now,
            }
            for row, group in groups
            for number in group.numbers
        ]
        await connection.execute(self._database.insert_unless_exists(extra_parcels), values)
