"""Operations on orders: tracking and cancellation."""

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
    """Filters of ``orders.list``, in addition to the options of every call; a page accepts at most 50 values each."""

    shipment_numbers: Sequence[str]
    customer_references: Sequence[str]
    order_references: Sequence[str]
    """Values of ``Order.reference_id``."""
    order_numbers: Sequence[str]
    order_ids: Sequence[int]
    date_from: datetime
    """Start of the period, timezone-aware."""
    date_to: datetime
    """End of the period, timezone-aware."""
    send_date: datetime
    """Day of the collection, timezone-aware."""
    product_type: str
    order_states: str
    """One value of :class:`OrderState`."""


LIST = Listing.of("orders.list", "order", OrderFilters)


class Orders(Resource):
    """Tracking and cancellation of orders."""

    async def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[OrderFilters]) -> Page[TrackedOrder]:
        """Return one page of orders.

        Unsure: the vendor documents one order as the response, but clients receive an array; both are read as a list.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        :param filters: Filters (:class:`OrderFilters`) and the options of every call.
        """
        from ..models.orders import TrackedOrder

        return await self._page(LIST, filters, TrackedOrder, limit, offset)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[OrderFilters]
    ) -> AsyncGenerator[TrackedOrder, None]:
        """Yield all orders; one filter may have any number of values and is split into requests.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        :param filters: Filters (:class:`OrderFilters`) and the options of every call.
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
        """Cancel an order, identified by exactly one of its two references.

        :param customer_reference: ``Order.customer_reference``. Default: not used.
        :param order_reference: ``Order.reference_id``. Default: not used.
        :param note: Reason, for the carrier. Default: none.
        :raises ValidationError: If not exactly one reference is passed (nothing was sent), or the carrier rejects the
            request (400), e.g. because the courier has already come.
        :raises ServerError: If the server fails (500 or 503); the order may have been cancelled, see ``outcome``.
        """
        from ..models.codec import encode
        from ..models.orders import CancelOrderEvent
        from ..models.references import normal_reference
        from ..models.validation import problems_of

        references = [
            (name, normal_reference(value))
            for name, value in (("customerReference", customer_reference), ("orderReference", order_reference))
            if value is not None
        ]
        if len(references) != 1 or not references[0][1] or not isinstance(references[0][1], str):
            raise ValidationError(
                "orders.cancel needs exactly one non-empty customer_reference or order_reference; nothing was sent"
            )
        event = CancelOrderEvent(note=note)
        raise_problems("orders.cancel", problems_of(event))
        call = Call(
            operation="orders.cancel",
            method="POST",
            path="order/cancel",
            query=references,
            body=encode(event) if note else None,
            writes=True,
            references=(references[0][1],),
            body_matters=False,
        )
        await self._send(call, options)
