# generated from cpl_async/resources/orders.py by tools/generate_sync.py, do not edit
"""Operations on orders: tracking and cancellation."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import orders as core
from cpl_async.resources.base import MAX_PAGE_SIZE

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.orders import TrackedOrder
    from cpl_async.models.pages import Page
    from cpl_async.resources.orders import OrderFilters
    from cpl_async.transport.call import CallOptions

__all__ = ["Orders"]


class Orders(proxies.SyncProxy[core.Orders]):
    """Tracking and cancellation of orders."""

    __slots__ = ()

    def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[OrderFilters]) -> Page[TrackedOrder]:
        """Return one page of orders.

        Unsure: the vendor documents one order as the response, but clients receive an array; both are read as a list.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        :param filters: Filters (:class:`OrderFilters`) and the options of every call.
        """
        return portal.call(self._core.list, limit=limit, offset=offset, **filters)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[OrderFilters]
    ) -> Generator[TrackedOrder, None, None]:
        """Yield all orders; one filter may have any number of values and is split into requests.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        :param filters: Filters (:class:`OrderFilters`) and the options of every call.
        """
        return portal.iterate(self._core.iterate, page=page, **filters)

    def cancel(
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
        portal.call(
            self._core.cancel,
            customer_reference=customer_reference,
            order_reference=order_reference,
            note=note,
            **options,
        )
