"""Batches of orders for collections and transports, and their import results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Annotated

from attrs import Factory, define, field, frozen
from attrs.converters import optional

from ..messages import Message, message
from .addresses import ORDER_ADDRESS, Address
from .codes import OrderType
from .constraints import ItemsConstraint, NumberConstraint, TextConstraint
from .items import ImportedItem
from .references import has_control_characters, normal_reference

__all__ = ["CreateOrderBatch", "Order", "OrderBatchResult", "OrderResultItem"]


@frozen(kw_only=True)
class Order:
    """An order for a courier to collect parcels, or to transport them from one address to another.

    Source: the vendor's schema and documentation.
    """

    reference_id: Annotated[str, TextConstraint(50, 1)] = field(converter=normal_reference)
    """The caller's reference, 1–50 characters, unique in its batch; accepted by ``orders.cancel``. It is stored in its
    normal form: without invisible characters, with plain spaces, composed (NFC)."""
    order_type: OrderType = field(converter=OrderType)
    """``CollectionOrder`` or ``TransportOrder``."""
    shipment_count: Annotated[int, NumberConstraint(ge=1, le=50)]
    """Number of parcels, 1–50."""
    send_date: datetime
    """Day of the collection; a timezone-aware timestamp."""
    send_time_from: time | None = None
    """Earliest time of day for the collection."""
    send_time_to: time | None = None
    """Latest time of day for the collection."""
    email: Annotated[str | None, TextConstraint(100)] = field(default=None, repr=False)
    """Email address, at most 100 characters."""
    note: Annotated[str | None, TextConstraint(300)] = field(default=None, repr=False)
    """Note for the courier, at most 300 characters."""
    customer_reference: Annotated[str | None, TextConstraint(40)] = field(
        default=None, converter=optional(normal_reference)
    )
    """Second reference, at most 40 characters; also accepted by ``orders.cancel``."""
    product_type: Annotated[str | None, TextConstraint(4)] = None
    """Product code, at most 4 characters."""
    sender: Annotated[Address | None, ORDER_ADDRESS] = None
    """Address of the collection."""
    recipient: Annotated[Address | None, ORDER_ADDRESS] = None
    """Destination of a transport order."""

    def _rules(self) -> Iterator[tuple[str, Message]]:
        if has_control_characters(self.reference_id):
            yield "reference_id", message("field.control_character")
        if self.send_time_from and self.send_time_to and self.send_time_from > self.send_time_to:
            yield "send_time_to", message("field.before", value=str(self.send_time_to), other=str(self.send_time_from))


@frozen(kw_only=True)
class CreateOrderBatch:
    """Request body of ``order_batches.create``."""

    orders: Annotated[Sequence[Order], ItemsConstraint(None, 1)]


@define(kw_only=True)
class OrderResultItem(ImportedItem):
    """Import result of one order."""

    reference_id: str | None = None


@define(kw_only=True)
class OrderBatchResult:
    """Import results of a batch of orders. The API reports a state for each item, not for the batch."""

    items: list[OrderResultItem] = Factory(list)
    """Results in a different order than in the request: match them by ``reference_id``."""

    @property
    def settled(self) -> bool:
        """Whether the import has ended: the batch has items, and each is ``Complete`` or ``Error``."""
        return bool(self.items) and all(item.settled for item in self.items)

    @property
    def by_reference(self) -> dict[str, OrderResultItem]:
        """Items by reference in normal form."""
        return {normal_reference(item.reference_id): item for item in self.items if item.reference_id is not None}

    @property
    def errors(self) -> dict[str, str]:
        """Error code and message of each order whose import failed, by reference."""
        return {normal_reference(item.reference_id or ""): item.error for item in self.items if item.error}
