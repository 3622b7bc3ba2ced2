"""How a row of each job type is searched for after its response was lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from attrs import frozen

from ...errors import JournalError
from ...models.codes import OrderState
from ...models.orders import TrackedOrder
from ...models.references import normal_reference
from ...ratelimit.priority import Priority
from ..client_protocols import BulkClient
from ..journal.continuity import DAMAGED_ADVICE
from ..journal.reconciliation_repository import UnclearRow
from ..records import RowState
from .evidence import COMPARED, Entry, Wanted
from .search import MOST_ENTRIES, Searching, searching

__all__ = ["ORDER_STRATEGY", "SHIPMENT_STRATEGY", "ReconcileStrategy"]

WIRE = {"zip_code": "zipCode"}


@frozen(kw_only=True)
class ReconcileStrategy:
    """Search, expectation and resulting state of one job type."""

    name: str
    """Name of the job type, by which the journal keeps its control shipments."""
    search: Callable[[BulkClient], Searching]
    wanted_of: Callable[[UnclearRow], Wanted]
    """Returns what the write of a row may have created."""
    found_as: RowState
    """State of a row whose response was lost and that was found."""
    found_message: str


def _body_of(row: UnclearRow) -> dict[str, Any]:
    """Return what was sent for a row.

    :raises JournalError: when it cannot be read any more.
    """
    try:
        body: dict[str, Any] = orjson.loads(row.body) if row.body else {}
    except ValueError:
        words = f"the journal is damaged: what was sent for row {row.number} cannot be read"
        raise JournalError(words, advice=DAMAGED_ADVICE) from None
    return body


def _wanted_shipment(row: UnclearRow) -> Wanted:
    body = _body_of(row)
    address: dict[str, Any] = body.get("recipient") or {}
    texts = {name: address.get(WIRE.get(name, name)) for name in COMPARED}
    return Wanted(
        reference=row.cust or "",
        since=row.since,
        parcels=row.parcels,
        product=body.get("productType"),
        recipient={name: str(text) for name, text in texts.items() if text},
        known=row.known,
    )


def _wanted_order(row: UnclearRow) -> Wanted:
    """Return an order as it is known again: its list shows no moment of its making, so its day must do."""
    body = _body_of(row)
    day = str(body.get("sendDate") or "")[:10]
    return Wanted(
        reference=row.cust or "",
        since=row.since,
        product=body.get("productType"),
        recipient={"name": f"{day} {body.get('shipmentCount', '')}"},
        known=row.known,
    )


def _searching_orders(client: BulkClient) -> Searching:
    async def search(references: Sequence[str]) -> tuple[list[Entry], bool]:
        page = await client.orders.list(order_references=references, limit=MOST_ENTRIES, priority=Priority.BACKGROUND)
        whole = len(page.items) < MOST_ENTRIES if page.total is None else page.total <= len(page.items)
        return [_entry_of(order) for order in page.items], whole

    return search


def _entry_of(order: TrackedOrder) -> Entry:
    day = order.send_date.date().isoformat() if isinstance(order.send_date, datetime) else ""
    reference = order.reference_id or ""
    return Entry(
        reference=normal_reference(reference),
        is_padded=reference != reference.strip(),
        number=order.order_number or "",
        product=order.product_type,
        recipient={"name": f"{day} {order.shipment_count if order.shipment_count is not None else ''}"},
        began=float("inf"),
        cancelled=order.order_state == OrderState.CANCELED,
    )


SHIPMENT_STRATEGY = ReconcileStrategy(
    name="shipments",
    search=lambda client: searching(client.shipments),
    wanted_of=_wanted_shipment,
    found_as=RowState.FOUND,
    found_message=(
        "its answer was lost: it was found by its reference, but its label cannot be had; "
        "--resend-unlabelled cancels it and sends it again"
    ),
)
ORDER_STRATEGY = ReconcileStrategy(
    name="orders",
    search=_searching_orders,
    wanted_of=_wanted_order,
    found_as=RowState.SHIPPED,
    found_message="its answer was lost: it was found by its reference",
)
