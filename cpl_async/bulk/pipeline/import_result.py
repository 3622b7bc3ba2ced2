"""The result of a row, derived from the state of its item during or after the import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...messages import Message, message
from ...models.codes import ImportState, RelationType
from ...models.order_batches import OrderResultItem
from ...models.shipment_batches import ShipmentResultItem
from ..journal.batch_repository import OpenRow, ParcelRecord, RowResult
from ..records import RowState

__all__ = ["ResultFromItem", "result_from_item", "result_from_order_item"]

LONGEST_NUMBER = 50
"""Characters of a shipment number (source: the vendor's documentation has 50 for references of this kind)."""
ResultFromItem = Callable[[OpenRow, Any], tuple[RowResult, list[ParcelRecord]] | None]
"""The result of a row and its parcels, or ``None`` if it is not certain yet."""


def result_from_item(row: OpenRow, item: ShipmentResultItem) -> tuple[RowResult, list[ParcelRecord]] | None:
    """Return the result of a row and its parcels, those of a set by number, or ``None`` if it is not certain yet.

    It is uncertain while any piece of the item is being imported, while a finished piece has no number, or while fewer
    parcels are listed than were sent.
    """
    if not item.settled:
        return None
    if odd := _odd_numbers(item):
        return _result(row, RowState.UNDECIDED, message("import.unusable", reason=odd)), []
    parts = [part for part in item.related_items if part.relation_type in (None, RelationType.SHIPMENT_SET)]
    failed = [part for part in parts if part.import_state == ImportState.ERROR]
    parcels = _parcels(row, item)
    if item.import_state == ImportState.ERROR:
        reason = _reason(item.error_code, item.error_message) or message("import.no_reason")
        if not parcels:
            return _result(row, RowState.REJECTED, reason), []
        problem = message("import.failed_with_parcels", reason=reason, parcels=len(parcels))
        return _result(row, RowState.UNDECIDED, problem, parcels[0].master), parcels
    numbered = sum(bool(part.shipment_number) for part in parts) + bool(item.shipment_number)
    if numbered + len(failed) < max(row.parcels, len(parts) + 1):
        return None
    if failed:
        reasons = [_reason(part.error_code, part.error_message) or message("import.failed") for part in failed]
        problem = message("import.some_parcels", created=numbered, parcels=numbered + len(failed), reason=reasons)
        return _result(row, RowState.UNDECIDED, problem, item.shipment_number), parcels
    return _result(row, RowState.CREATED, None, item.shipment_number), parcels


def _reason(code: str | None, text: str | None) -> Message | None:
    """Return the carrier's own reason, or ``None`` if it gave none."""
    words = ": ".join(part for part in (code, text) if part)
    return message("carrier.text", text=words) if words else None


def _odd_numbers(item: ShipmentResultItem) -> Message | None:
    """Return why the numbers of an item are invalid, or ``None`` if they are valid.

    A number is printed on a label, is used as a file name and identifies a parcel for cancellation.
    """
    numbers = [part.shipment_number for part in (item, *item.related_items) if part.shipment_number]
    for number in numbers:
        if len(number) > LONGEST_NUMBER or not number.isprintable() or " " in number:
            return message("import.invalid_number", number=number[:LONGEST_NUMBER])
    if len(set(numbers)) < len(numbers):
        return message("import.equal_numbers")
    return None


def _result(row: OpenRow, state: RowState, problem: Message | None, number: str | None = None) -> RowResult:
    problems = () if problem is None else (problem,)
    return RowResult(row=row.number, line=row.line, state=state, problems=problems, shipment_number=number)


def _parcels(row: OpenRow, item: ShipmentResultItem) -> list[ParcelRecord]:
    """Return all parcels with a number of their own: the master first, the others by number."""
    found = [(str(part.shipment_number), part.label_url) for part in item.related_items if part.shipment_number]
    found.sort(key=lambda pair: (len(pair[0]), pair[0]))
    if item.shipment_number:
        found.insert(0, (item.shipment_number, item.label_url))
    return [
        ParcelRecord(row=row.number, number=number, master=found[0][0], place=place, label_url=_address(url))
        for place, (number, url) in enumerate(found, 1)
    ]


def _address(url: str | None) -> str | None:
    """Return the address of a label in a form that can be stored, or ``None`` if the text is not an address."""
    text = (url or "").strip()
    return text if text and text.isprintable() else None


def result_from_order_item(row: OpenRow, item: OrderResultItem) -> tuple[RowResult, list[ParcelRecord]] | None:
    """Return the result of an order, or ``None`` while it is being imported."""
    if not item.settled:
        return None
    state = RowState.REJECTED if item.error else RowState.CREATED
    problem = message("carrier.text", text=item.error) if item.error else None
    return _result(row, state, problem), []
