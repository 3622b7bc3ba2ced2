"""The search for a row of each job type after its response was lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from attrs import frozen

from ...errors import JournalError
from ...messages import Message, message
from ...models.codes import OrderState
from ...models.orders import TrackedOrder
from ...models.references import normal_reference
from ...ratelimit.priority import Priority
from ..client_protocols import BulkClient
from ..journal.continuity import DAMAGED_ADVICE
from ..journal.reconciliation_repository import UnknownRow
from ..records import RowState
from .evidence import COMPARED, ExpectedShipment, SearchHit
from .search import MAX_HITS, SearchCall, search_call

__all__ = ["ORDER_STRATEGY", "SHIPMENT_STRATEGY", "ReconcileStrategy"]

WIRE = {"zip_code": "zipCode"}


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


def _payload_of(row: UnknownRow) -> dict[str, Any]:
    """Return the payload that was sent for a row.

    :raises JournalError: It cannot be read any more.
    """
    try:
        body: dict[str, Any] = orjson.loads(row.payload) if row.payload else {}
    except ValueError:
        words = f"the journal is damaged: what was sent for row {row.number} cannot be read"
        raise JournalError(words, advice=DAMAGED_ADVICE) from None
    return body


def _expected_shipment(row: UnknownRow) -> ExpectedShipment:
    body = _payload_of(row)
    address: dict[str, Any] = body.get("recipient") or {}
    texts = {name: address.get(WIRE.get(name, name)) for name in COMPARED}
    return ExpectedShipment(
        reference=row.cust_reference or "",
        since=row.since,
        parcels=row.parcels,
        product=body.get("productType"),
        recipient={name: str(text) for name, text in texts.items() if text},
        known=row.known,
    )


def _expected_order(row: UnknownRow) -> ExpectedShipment:
    """Return the expected order. The list of orders shows no time of creation, so its day is compared."""
    body = _payload_of(row)
    day = str(body.get("sendDate") or "")[:10]
    return ExpectedShipment(
        reference=row.cust_reference or "",
        since=row.since,
        product=body.get("productType"),
        recipient={"name": f"{day} {body.get('shipmentCount', '')}"},
        known=row.known,
    )


def _order_search(client: BulkClient) -> SearchCall:
    async def search(references: Sequence[str]) -> tuple[list[SearchHit], bool]:
        page = await client.orders.list(order_references=references, limit=MAX_HITS, priority=Priority.BACKGROUND)
        whole = len(page.items) < MAX_HITS if page.total is None else page.total <= len(page.items)
        return [_hit_from_order(order) for order in page.items], whole

    return search


def _hit_from_order(order: TrackedOrder) -> SearchHit:
    day = order.send_date.date().isoformat() if isinstance(order.send_date, datetime) else ""
    reference = order.reference_id or ""
    return SearchHit(
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
