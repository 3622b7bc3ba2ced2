"""What differs between jobs of shipments and jobs of orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from attrs import frozen

from ..errors import JournalError
from ..models.codes import OrderState
from ..models.orders import TrackedOrder
from ..models.references import normal_reference
from ..transport.lanes import Lane
from .evidence import COMPARED, Entry, Wanted
from .importing import OutcomeOf, outcome_of, outcome_of_order
from .journal.continuity import DAMAGED_ADVICE
from .journal.unclear import UnclearRow
from .looking import MOST_ENTRIES, Searching, searching
from .protocol import BulkClient, SendCalls, StateCalls
from .states import RowState

__all__ = ["ORDERS", "SHIPMENTS", "Kind"]

WIRE = {"zip_code": "zipCode"}


@frozen(kw_only=True)
class Kind:
    """What a job sends, and how it is known again."""

    name: str
    send: Callable[[BulkClient], SendCalls]
    state: Callable[[BulkClient], StateCalls]
    outcome_of: OutcomeOf
    search: Callable[[BulkClient], Searching]
    wanted_of: Callable[[UnclearRow], Wanted]
    """Returns what the write of a row may have made."""
    found_as: RowState
    """State of a row whose answer was lost and that was found."""
    words_of_found: str
    has_labels: bool


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
        page = await client.orders.list(order_references=references, limit=MOST_ENTRIES, lane=Lane.BACKGROUND)
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


SHIPMENTS = Kind(
    name="shipments",
    send=lambda client: client.shipment_batches,
    state=lambda client: client.shipment_batches,
    outcome_of=outcome_of,
    search=lambda client: searching(client.shipments),
    wanted_of=_wanted_shipment,
    found_as=RowState.FOUND,
    words_of_found=(
        "its answer was lost: it was found by its reference, but its label cannot be had; "
        "--resend-unlabelled cancels it and sends it again"
    ),
    has_labels=True,
)
ORDERS = Kind(
    name="orders",
    send=lambda client: client.order_batches,
    state=lambda client: client.order_batches,
    outcome_of=outcome_of_order,
    search=_searching_orders,
    wanted_of=_wanted_order,
    found_as=RowState.SHIPPED,
    words_of_found="its answer was lost: it was found by its reference",
    has_labels=False,
)
