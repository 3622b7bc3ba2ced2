"""Orders as tracking shows them, and cancelling them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import ValidationError
from ..transport.call import Call, CallOptions
from .base import MAX_PAGE_SIZE, Listing, Resource, raise_problems

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.orders import TrackedOrder
    from ..models.pages import Page

__all__ = ["OrderFilters", "Orders"]


class OrderFilters(CallOptions, total=False):
    """Filters of ``orders.list``, besides the options of every call; a page takes at most 50 values of each."""

    shipment_numbers: Sequence[str]
    customer_references: Sequence[str]
    order_references: Sequence[str]
    """The ``reference_id`` with which orders were created."""
    order_numbers: Sequence[str]
    order_ids: Sequence[int]
    date_from: datetime
    """With its offset."""
    date_to: datetime
    """With its offset."""
    send_date: datetime
    """Day of the collection, with its offset."""
    product_type: str
    order_states: str
    """One of :class:`OrderState`."""


LIST = Listing.of("orders.list", "order", OrderFilters)


class Orders(Resource):
    """Tracking and cancelling of orders."""

    async def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[OrderFilters]) -> Page[TrackedOrder]:
        """Return one page of orders.

        Unsure: the vendor declares one order as the answer, clients receive an array; both are read as a list.

        :param limit: 1–1000 items.
        :param offset: items to leave out, from 0.
        :param filters: filters, see :class:`OrderFilters`, and the options of every call.
        """
        from ..models.orders import TrackedOrder

        return await self._page(LIST, filters, TrackedOrder, limit, offset)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[OrderFilters]
    ) -> AsyncGenerator[TrackedOrder, None]:
        """Go through all orders, page by page; one filter may have any number of values and is split by itself.

        :param page: 1–1000 items a request.
        :param filters: filters, see :class:`OrderFilters`, and the options of every call.
        """
        from ..models.orders import TrackedOrder

        return self._iterate(LIST, filters, TrackedOrder, page)

    async def cancel(
        self,
        *,
        customer_reference: str | None = None,
        order_reference: str | None = None,
        note: str | None = None,
        **options: Unpack[CallOptions],
    ) -> None:
        """Cancel an order, named by exactly one of its two references.

        :param customer_reference: the ``customer_reference`` with which it was created.
        :param order_reference: the ``reference_id`` with which it was created.
        :param note: why, for the carrier.
        :raises ValidationError: without a reference or with both, before anything is sent; or when the carrier
            refuses (400), e.g. since the courier was there already.
        :raises ServerError: 500 or 503; the order may have been cancelled, see ``outcome``.
        """
        from ..models.codec import encode
        from ..models.orders import CancelOrderEvent
        from ..models.references import normal_reference
        from ..models.validation import problems_of

        given = [
            (name, normal_reference(value))
            for name, value in (("customerReference", customer_reference), ("orderReference", order_reference))
            if value is not None
        ]
        if len(given) != 1 or not given[0][1] or not isinstance(given[0][1], str):
            raise ValidationError(
                "orders.cancel takes exactly one of customer_reference and order_reference, not empty; nothing was sent"
            )
        event = CancelOrderEvent(note=note)
        raise_problems("orders.cancel", problems_of(event))
        call = Call(
            operation="orders.cancel",
            method="POST",
            path="order/cancel",
            query=given,
            body=encode(event) if note else None,
            writes=True,
            references=(given[0][1],),
            body_matters=False,
        )
        await self._send(call, options)
