"""The ingest of a source: all rows are read, validated and planned in the journal before anything is sent."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson
from attrs import define, field

from ..._nearest import nearest_names
from ...errors import ValidationError
from ...messages import Message, message
from ...models.addresses import Address
from ...models.codec import encode
from ...models.order_batches import Order
from ...models.shipment_batches import Shipment
from ..journal.row_repository import NewRow, RowRepository
from ..parsing.column_mapping import PLAIN, FileSchema
from ..parsing.row_parser import COLUMNS, OURS, reference_in, shipment_from
from ..readers.source import InputError, RawRow
from ..records import RowProblems

__all__ = ["Ingestor", "encoded", "new_row"]

ROWS_PER_COMMIT = 500
ROWS_PER_STEP = 25
"""Rows between two yields to the event loop, about two milliseconds."""
KNOWN = frozenset((*COLUMNS, *OURS))

SAFE_PARCEL_COUNT = 20
"""Parcels for one address that both of the vendor's texts allow; one of them allows 50."""

VERY_LIKE = 0.8
"""Similarity from which an unknown heading is reported as a misspelling, 0 to 1; shops have columns of their own."""


@define
class Ingestor:
    """Ingests the rows of one job."""

    repository: RowRepository
    job: int
    sender: Address | None
    on_rejected: Callable[[RowProblems], None]
    on_rows: Callable[[int], None]
    rows: int = 0
    rejected: int = 0
    large_sets: list[int] = field(factory=list)
    """Rows with more parcels than one of the vendor's two texts allows."""
    columns: dict[str, None] = field(factory=dict)
    """Columns found, in order, as the input names them."""
    unknown: dict[str, None] = field(factory=dict)
    """Columns found that are not known."""
    more_lines: int = 0
    """Number of lines that were read as further items of the order before them."""
    schema: FileSchema = PLAIN

    async def ingest(self, source: Iterable[RawRow]) -> None:
        """Read, validate and plan all rows.

        :raises InputError: The source cannot be read to its end, or holds no rows.
        """
        waiting: list[NewRow] = []
        for raw in source:
            waiting.append(self._prepare(raw))
            if self.rows % ROWS_PER_STEP == 0:
                await asyncio.sleep(0)
            if len(waiting) == ROWS_PER_COMMIT:
                await self._commit(waiting)
                waiting = []
        if waiting:
            await self._commit(waiting)
        if not self.rows:
            raise InputError("the input has a heading but no rows")

    def _prepare(self, raw: RawRow) -> NewRow:
        self.rows += 1
        self.schema = raw.terms
        self.more_lines += raw.more
        written = raw.as_written
        self.columns.update(dict.fromkeys(written))
        if raw.values.keys() - KNOWN - self.unknown.keys():
            self.unknown.update(dict.fromkeys(name for name in raw.values if name and name not in KNOWN))
        shipment = None
        if raw.problem is not None:
            problems = [raw.problem]
        else:
            shipment, problems = shipment_from(raw.values, self.sender, raw.terms, raw.further)
        if problems:
            self.rejected += 1
            self._report(raw.number, raw.line, problems)
        if shipment is not None and shipment.parcels > SAFE_PARCEL_COUNT:
            self.large_sets.append(raw.number)
        raw_fields = {name: value for name, value in written.items() if name not in OURS}
        reference = shipment.reference_id if shipment is not None else reference_in(raw.values, raw.terms)
        return new_row(raw.number, raw.line, reference, raw_fields, shipment, problems)

    async def _commit(self, waiting: list[NewRow]) -> None:
        good = {row.number for row in waiting if row.payload is not None}
        for number, line, problem in await self.repository.add(self.job, waiting):
            if number in good:
                self.rejected += 1
            self._report(number, line, [problem])
        self.on_rows(self.rows)

    def _report(self, number: int, line: int, problems: Sequence[Message]) -> None:
        self.on_rejected(RowProblems(number=number, line=line, problems=tuple(problems), heading=self.schema.heading))

    def notes(self) -> list[str]:
        """Return remarks that are worth a check, although no row is rejected for them."""
        notes = []
        if self.unknown:
            notes.append(f"columns that are not known and not read: {nearest_names(self.unknown, COLUMNS, VERY_LIKE)}")
        if self.more_lines:
            notes.append(f"lines taken as further items of the order above them: {self.more_lines}")
        if self.large_sets:
            shown = ", ".join(map(str, self.large_sets[:10])) + ("…" if len(self.large_sets) > 10 else "")
            notes.append(f"more than {SAFE_PARCEL_COUNT} parcels for one address may be refused: row {shown}")
        return notes

    async def reject_conflicts(self) -> None:
        """Reject the rows whose reference an earlier job has shipped, or may have shipped."""
        for number, line, problem in await self.repository.reject_conflicts(self.job):
            self.rejected += 1
            self._report(number, line, [problem])


def new_row(
    number: int,
    line: int,
    reference: str,
    fields: Mapping[str, str],
    shipment: Shipment | None,
    problems: Sequence[Message],
) -> NewRow:
    """Return a row in the form that the journal stores.

    :param fields: Its columns as they were read.
    :param shipment: The shipment, or ``None`` if the row has a problem.
    """
    problems = list(problems)
    body = encoded(shipment, problems) if shipment is not None else None
    return NewRow(
        number=number,
        line=line,
        reference=reference,
        raw_fields=orjson.dumps(fields),
        payload=body,
        cust_reference=_cust(shipment) if shipment is not None and body else None,
        content_hash=hashlib.sha256(body).hexdigest()[:32] if body else None,
        parcels=shipment.parcels if shipment is not None else 1,
        problems=tuple(problems),
    )


def encoded(value: Shipment | Order, problems: list[Message]) -> bytes | None:
    """Return the bytes of a shipment or an order, or ``None`` and one more problem if JSON cannot represent it."""
    try:
        return encode(value)
    except ValidationError as error:
        problems.append(message("row.not_encodable", error=error.detail))
        return None


def _cust(shipment: Shipment) -> str | None:
    """Return the reference by which a shipment can be searched."""
    return next((one.external_number for one in shipment.external_numbers or () if one.code == "CUST"), None)
