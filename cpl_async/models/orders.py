"""Tracked orders and the cancellation of an order."""

from __future__ import annotations

from datetime import datetime

from attrs import Factory, define, field, frozen

from .addresses import Address
from .codes import OrderState
from .items import Item

__all__ = ["CancelOrderEvent", "TrackedOrder"]


@define(kw_only=True)
class TrackedOrder(Item):
    """An order returned by ``orders.list``. Source: the vendor's schema."""

    order_number: str | None = None
    order_state: OrderState | None = None
    reference_id: str | None = None
    shipment_count: int | None = None
    """Number of ordered parcels."""
    real_shipment_count: int | None = None
    """Number of parcels that the courier collected."""
    email: str | None = field(default=None, repr=False)
    note: str | None = field(default=None, repr=False)
    customer_reference: str | None = None
    product_type: str | None = None
    send_date: datetime | None = None
    real_collection_date: datetime | None = None
    delivery_date_time: datetime | None = None
    sender: Address | None = None
    recipient: Address | None = None
    shipment_numbers: list[str] = Factory(list)


@frozen(kw_only=True)
class CancelOrderEvent:
    """Request body of ``orders.cancel``."""

    note: str | None = field(default=None, repr=False)
