"""The queries for the results of a job, read in chunks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import orjson
from attrs import field, frozen
from sqlalchemy import case, func, select

from ...errors import JournalError
from ...messages import Message, load_messages
from ..records import RowState
from .connection import JournalConnection
from .continuity import DAMAGED_ADVICE
from .reference_hash import reference_hash
from .row_range import ALL_ROWS, RowRange
from .schema import batches, parcels, rows

__all__ = ["LabelPlace", "RowQueries", "RowRecord"]

ROWS_PER_QUERY = 500
REPORTED = (
    *(rows.c.number, rows.c.line, rows.c.reference, rows.c.raw_fields),
    *(rows.c.state, rows.c.problems, rows.c.shipment_number),
)


@frozen(kw_only=True)
class LabelPlace:
    """A parcel, and the place of its label."""

    number: str
    file: str | None
    page: int | None


@frozen(kw_only=True)
class RowRecord:
    """The complete report data of a row."""

    number: int
    line: int
    reference: str
    as_json: bytes = field(repr=False)
    """Its columns as they were read."""
    state: RowState
    stored_problems: str = field(repr=False)
    """Messages as the journal stores them."""
    shipment_number: str | None
    parcels: tuple[LabelPlace, ...]

    @property
    def problems(self) -> tuple[Message, ...]:
        """Why the row is not shipped; empty if there is no problem.

        :raises JournalError: The journal is damaged.
        """
        try:
            return load_messages(self.stored_problems)
        except ValueError:
            text = f"the journal is damaged: the messages of row {self.number} cannot be read"
            raise JournalError(text, advice=DAMAGED_ADVICE) from None

    @property
    def raw(self) -> dict[str, str]:
        """Its columns as they were read."""
        try:
            fields: dict[str, str] = orjson.loads(self.as_json)
        except ValueError:
            words = f"the journal is damaged: the fields of row {self.number} cannot be read"
            raise JournalError(words, advice=DAMAGED_ADVICE) from None
        return fields


class RowQueries:
    """The results of a job."""

    def __init__(self, database: JournalConnection, span: RowRange = ALL_ROWS) -> None:
        self._database = database
        self._span = span

    async def counts(self, job: int) -> dict[RowState, int]:
        """Return how many rows are in each state."""
        here = rows.c.job == job, *self._span.of_rows
        query = select(rows.c.state, func.count()).where(*here).group_by(rows.c.state)
        async with self._database.transaction() as connection:
            found = {RowState(state): int(count) for state, count in await connection.execute(query)}
        return {state: found.get(state, 0) for state in RowState}

    async def count_ever_unknown(self, job: int) -> int:
        """Return how many rows are undecided because of a lost response; the next run searches for them."""
        lost = rows.c.unclear_since.is_not(None), rows.c.cust_reference.is_not(None), *self._span.of_rows
        query = (
            select(func.count()).select_from(rows).where(rows.c.job == job, rows.c.state == RowState.UNDECIDED, *lost)
        )
        async with self._database.transaction() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def rejected_before_sending(self, job: int) -> int:
        """Return how many rows validation rejected before sending."""
        query = (
            select(func.count())
            .select_from(rows)
            .where(rows.c.job == job, rows.c.state == RowState.REJECTED, rows.c.batch.is_(None))
        )
        async with self._database.transaction() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def totals(self, job: int) -> tuple[int, int, int]:
        """Return how many batches were accepted, how many parcels have a number, and how many of them have a label."""
        accepted = (
            select(func.count()).select_from(batches).where(batches.c.job == job, batches.c.remote_id.is_not(None))
        )
        of_row = (rows.c.job == parcels.c.job) & (rows.c.number == parcels.c.row)
        off = rows.c.state.in_((RowState.CANCELLED, RowState.CANCELLING))
        printed = func.count(case((~off, parcels.c.label_file)))
        numbered = select(func.count(), printed).select_from(parcels).join(rows, of_row).where(parcels.c.job == job)
        async with self._database.transaction() as connection:
            of_parcels = (await connection.execute(numbered)).one()
            return int((await connection.execute(accepted)).scalar_one()), int(of_parcels[0]), int(of_parcels[1])

    async def rows(
        self, job: int, states: Sequence[RowState] | None = None, *, between: tuple[int, int] | None = None
    ) -> AsyncGenerator[RowRecord, None]:
        """Yield the rows of a job in the order of the input.

        :param states: States of the rows. Default: all.
        :param between: First and last number of the rows, inclusive. Default: all rows.
        """
        last = between[0] - 1 if between is not None else 0
        while True:
            query = select(*REPORTED).where(rows.c.job == job, rows.c.number > last)
            query = query.order_by(rows.c.number).limit(ROWS_PER_QUERY)
            if between is not None:
                query = query.where(rows.c.number <= between[1])
            if states is not None:
                query = query.where(rows.c.state.in_(states))
            async with self._database.transaction() as connection:
                found = (await connection.execute(query)).all()
                if not found:
                    return
                of_rows = (
                    select(parcels.c.row, parcels.c.number, parcels.c.label_file, parcels.c.label_page)
                    .where(parcels.c.job == job, parcels.c.row.between(found[0].number, found[-1].number))
                    .order_by(parcels.c.row, parcels.c.place)
                )
                places: dict[int, list[LabelPlace]] = {}
                for parcel in await connection.execute(of_rows):
                    place = LabelPlace(number=parcel.number, file=parcel.label_file, page=parcel.label_page)
                    places.setdefault(parcel.row, []).append(place)
                reports = [
                    RowRecord(
                        number=row.number,
                        line=row.line,
                        reference=row.reference,
                        as_json=row.raw_fields,
                        state=RowState(row.state),
                        stored_problems=row.problems,
                        shipment_number=row.shipment_number,
                        parcels=tuple(places.get(row.number, ())),
                    )
                    for row in found
                ]
            for report in reports:
                yield report
            last = found[-1].number

    async def numbers(self, job: int, states: Sequence[RowState], between: tuple[int, int]) -> list[int]:
        """Return the numbers of the rows in these states, between two numbers, inclusive."""
        query = select(rows.c.number).where(rows.c.job == job, rows.c.state.in_(states))
        async with self._database.transaction() as connection:
            return list((await connection.execute(query.where(rows.c.number.between(*between)))).scalars())

    async def labels_of(self, parcel: str) -> dict[str, str]:
        """Return the addresses of labels by shipment number.

        :param parcel: Number of one parcel, or the reference of a row; the latter selects all its parcels in the latest
            job.
        """
        key = reference_hash(parcel, self._database.secret)
        by_number = select(parcels.c.number, parcels.c.label_url).where(
            parcels.c.number == parcel, parcels.c.label_url.is_not(None)
        )
        latest = select(func.max(rows.c.job)).where(rows.c.reference_hash == key, rows.c.shipment_number.is_not(None))
        by_reference = (
            select(parcels.c.number, parcels.c.label_url)
            .join(rows, (rows.c.job == parcels.c.job) & (rows.c.number == parcels.c.row))
            .where(rows.c.reference_hash == key, rows.c.job == latest.scalar_subquery())
            .where(parcels.c.label_url.is_not(None))
            .order_by(parcels.c.place)
        )
        async with self._database.transaction() as connection:
            found = (await connection.execute(by_number)).all() or (await connection.execute(by_reference)).all()
        return {number: str(address) for number, address in found}
