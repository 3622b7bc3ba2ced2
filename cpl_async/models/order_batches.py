"""What is sent to order collections and transports, and the state of a batch of orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Annotated

from attrs import Factory, define, field, frozen
from attrs.converters import optional

from .addresses import ORDER_ADDRESS, Address
from .codes import OrderType
from .constraints import ItemsConstraint, NumberConstraint, TextConstraint
from .items import ImportedItem
from .references import has_control_characters, normal_reference

__all__ = ["CreateOrderBatch", "Order", "OrderBatchResult", "OrderResultItem"]


@frozen(kw_only=True)
class Order:
    """An order for a courier to collect parcels, or to carry them from one address to another.

    Source: the vendor's schema and documentation.
    """

    reference_id: Annotated[str, TextConstraint(50, 1)] = field(converter=normal_reference)
    """The caller's reference, 1–50 characters, unique in its batch, in its normal form: without invisible characters,
    with plain spaces, composed (NFC). ``orders.cancel`` takes it."""
    order_type: OrderType = field(converter=OrderType)
    """``CollectionOrder`` or ``TransportOrder``."""
    shipment_count: Annotated[int, NumberConstraint(ge=1, le=50)]
    """Number of parcels, 1–50."""
    send_date: datetime
    """Day of the collection; a moment with its offset."""
    send_time_from: time | None = None
    """The courier comes from this time of day."""
    send_time_to: time | None = None
    """The courier comes until this time of day."""
    email: Annotated[str | None, TextConstraint(100)] = field(default=None, repr=False)
    """At most 100 characters."""
    note: Annotated[str | None, TextConstraint(300)] = field(default=None, repr=False)
    """At most 300 characters."""
    customer_reference: Annotated[str | None, TextConstraint(40)] = field(
        default=None, converter=optional(normal_reference)
    )
    """At most 40 characters; the other way to name the order when it is cancelled."""
    product_type: Annotated[str | None, TextConstraint(4)] = None
    """Product code of up to 4 characters."""
    sender: Annotated[Address | None, ORDER_ADDRESS] = None
    """Where the parcels are collected."""
    recipient: Annotated[Address | None, ORDER_ADDRESS] = None
    """Where a transport order goes."""

    def _rules(self) -> Iterator[tuple[str, str]]:
        if has_control_characters(self.reference_id):
            yield "reference_id", "holds a control character or a line break"
        if self.send_time_from and self.send_time_to and self.send_time_from > self.send_time_to:
            yield "send_time_to", f"is {self.send_time_to}, which is before {self.send_time_from}"


@frozen(kw_only=True)
class CreateOrderBatch:
    """The body of ``order_batches.create``."""

    orders: Annotated[Sequence[Order], ItemsConstraint(None, 1)]


@define(kw_only=True)
class OrderResultItem(ImportedItem):
    """The state of one order of a batch."""

    reference_id: str | None = None


@define(kw_only=True)
class OrderBatchResult:
    """The state of a batch: there is none of the whole, only one of each item."""

    items: list[OrderResultItem] = Factory(list)
    """In an order unlike the request's: match by ``reference_id``."""

    @property
    def settled(self) -> bool:
        """Whether the batch is done: it has items, and each is ``Complete`` or ``Error``."""
        return bool(self.items) and all(item.settled for item in self.items)

    @property
    def by_reference(self) -> dict[str, OrderResultItem]:
        """Items by their reference in its normal form."""
        return {normal_reference(item.reference_id): item for item in self.items if item.reference_id is not None}

    @property
    def errors(self) -> dict[str, str]:
        """Code and message of each order that failed at import, by its reference."""
        return {normal_reference(item.reference_id or ""): item.error for item in self.items if item.error}
