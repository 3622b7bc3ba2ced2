"""The result of a row, derived from the state of its item during or after the import."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from attrs import define, evolve, field

from ...messages import Message, message
from ...models.codes import ImportState, RelationType
from ...models.order_batches import OrderResultItem
from ...models.references import normal_reference
from ...models.shipment_batches import ShipmentResultItem
from ..journal.batch_repository import OpenRow, ParcelRecord, RowResult
from ..records import RowState

__all__ = ["ImportResults", "ResultFromItem", "result_from_item", "result_from_order_item"]

MAX_NUMBER_LENGTH = 50
"""Characters of a shipment number (source: the vendor's documentation has 50 for references of this kind)."""
ResultFromItem = Callable[[OpenRow, Any], tuple[RowResult, list[ParcelRecord]] | None]
"""The result of a row and its parcels, or ``None`` if it is not certain yet."""


@define
class ImportResults:
    """The results of one batch's open rows, collected from the states of its items."""

    _open: dict[str, OpenRow]
    """Rows that are not settled, by their normal references."""
    _result_from_item: ResultFromItem
    _items: dict[str, Any] = field(factory=dict, init=False)
    _results: dict[str, tuple[RowResult, list[ParcelRecord]]] = field(factory=dict, init=False)

    def add(self, items: Iterable[Any]) -> None:
        """Add the states of items; an item that is listed in two different states settles its row as undecided."""
        for item in items:
            reference = normal_reference(item.reference_id or "")
            row = self._open.get(reference)
            if row is None:
                continue
            if self._items.setdefault(reference, item) != item:
                undecided = RowResult(row=row.number, line=row.line, state=RowState.UNDECIDED)
                self._results[reference] = _unusable(undecided, message("import.listed_twice")), []
            elif (result := self._result_from_item(row, item)) is not None:
                self._results[reference] = result

    @property
    def is_complete(self) -> bool:
        """Whether every row is settled."""
        return self._open.keys() == self._results.keys()

    def owners(self) -> dict[str, int]:
        """Return the row of each parcel number."""
        return {parcel.number: parcel.row for _, parcels in self._results.values() for parcel in parcels}

    def settled(self, numbers_of_other_rows: Collection[str]) -> tuple[list[RowResult], list[ParcelRecord]]:
        """Return the results, without numbers that two rows have: their owner is unknown.

        :param numbers_of_other_rows: Numbers of these parcels that rows of other batches have.
        """
        first_owner: dict[str, int] = {}
        clashing = set(numbers_of_other_rows)
        for _, parcels in self._results.values():
            for parcel in parcels:
                if first_owner.setdefault(parcel.number, parcel.row) != parcel.row:
                    clashing.add(parcel.number)
        results: list[RowResult] = []
        found: list[ParcelRecord] = []
        for result, parcels in self._results.values():
            if odd := [parcel.number for parcel in parcels if parcel.number in clashing]:
                results.append(_unusable(result, message("import.number_of_other_row", number=odd[0])))
            else:
                results.append(result)
                found += parcels
        return results, found


def _unusable(result: RowResult, why: Message) -> RowResult:
    """Return the result of a row for which the response cannot be used."""
    return evolve(
        result, state=RowState.UNDECIDED, problems=(message("import.unusable", reason=why),), shipment_number=None
    )


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
        if len(number) > MAX_NUMBER_LENGTH or not number.isprintable() or " " in number:
            return message("import.invalid_number", number=number[:MAX_NUMBER_LENGTH])
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
