"""The search for a row of each job type after its response was lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import orjson
from attrs import frozen

from ...errors import JournalError
from ...messages import Message, message
from ...models.codec import decode
from ...models.codes import OrderState
from ...models.order_batches import Order
from ...models.orders import TrackedOrder
from ...models.references import normal_reference
from ...models.shipment_batches import Shipment
from ...ratelimit.priority import Priority
from ..client_protocols import BulkClient
from ..journal.continuity import DAMAGED_ADVICE
from ..journal.reconciliation_repository import UnknownRow
from ..records import RowState
from .evidence import COMPARED, ExpectedShipment, SearchHit
from .search import MAX_HITS, SearchCall, search_call

__all__ = ["ORDER_STRATEGY", "SHIPMENT_STRATEGY", "ReconcileStrategy"]

T = TypeVar("T", Shipment, Order)


@frozen(kw_only=True)
class ReconcileStrategy:
    """Search, expectation and resulting state of one job type."""

    name: str
    """Name of the job type, by which the journal selects its control shipments."""
    search: Callable[[BulkClient], SearchCall]
    expected_from: Callable[[UnknownRow], ExpectedShipment]
    """Returns the shipment that the write of a row may have created."""
    found_as: RowState
    """State of a row whose response was lost and that was found."""
    found_message: Message


def _sent(row: UnknownRow, kind: type[T]) -> T | None:
    """Return the model that was sent for a row, or ``None`` if its data was purged.

    :raises JournalError: It cannot be read any more.
    """
    if not row.payload:
        return None
    try:
        return decode(orjson.loads(row.payload), kind)
    except (ValueError, TypeError, KeyError, AttributeError):
        text = f"the journal is damaged: what was sent for row {row.number} cannot be read"
        raise JournalError(text, advice=DAMAGED_ADVICE) from None


def _expected_shipment(row: UnknownRow) -> ExpectedShipment:
    shipment = _sent(row, Shipment)
    address = shipment.recipient if shipment is not None else None
    texts = {name: getattr(address, name, None) for name in COMPARED}
    return ExpectedShipment(
        reference=row.cust_reference or "",
        since=row.since,
        parcels=row.parcels,
        product=shipment.product_type if shipment is not None else None,
        recipient={name: str(text) for name, text in texts.items() if text},
        known=row.known,
    )


def _expected_order(row: UnknownRow) -> ExpectedShipment:
    """Return the expected order. The list of orders shows no time of creation, so its day is compared."""
    order = _sent(row, Order)
    return ExpectedShipment(
        reference=row.cust_reference or "",
        since=row.since,
        product=order.product_type if order is not None else None,
        recipient={"name": _day_and_count(order.send_date, order.shipment_count) if order is not None else " "},
        known=row.known,
    )


def _day_and_count(day: object, count: object) -> str:
    """Return by what an order is recognized: its day and its number of parcels."""
    date = day.date().isoformat() if isinstance(day, datetime) else ""
    return f"{date} {count if count is not None else ''}"


def _order_search(client: BulkClient) -> SearchCall:
    async def search(references: Sequence[str]) -> tuple[list[SearchHit], bool]:
        page = await client.orders.list(order_references=references, limit=MAX_HITS, priority=Priority.BACKGROUND)
        whole = len(page.items) < MAX_HITS if page.total is None else page.total <= len(page.items)
        return [_hit_from_order(order) for order in page.items], whole

    return search


def _hit_from_order(order: TrackedOrder) -> SearchHit:
    reference = order.reference_id or ""
    return SearchHit(
        reference=normal_reference(reference),
        is_padded=reference != reference.strip(),
        number=order.order_number or "",
        product=order.product_type,
        recipient={"name": _day_and_count(order.send_date, order.shipment_count)},
        began=float("inf"),
        cancelled=order.order_state == OrderState.CANCELED,
    )


SHIPMENT_STRATEGY = ReconcileStrategy(
    name="shipments",
    search=lambda client: search_call(client.shipments),
    expected_from=_expected_shipment,
    found_as=RowState.FOUND,
    found_message=message("found.shipment"),
)
ORDER_STRATEGY = ReconcileStrategy(
    name="orders",
    search=_order_search,
    expected_from=_expected_order,
    found_as=RowState.SHIPPED,
    found_message=message("found.order"),
)
