# generated from cpl_async/resources/orders.py by tools/generate_sync.py, do not edit
"""Orders as tracking shows them, and cancelling them."""

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


class Orders(proxies.Twin[core.Orders]):
    """Tracking and cancelling of orders."""

    __slots__ = ()

    def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[OrderFilters]) -> Page[TrackedOrder]:
        """Return one page of orders.

        Unsure: the vendor declares one order as the answer, clients receive an array; both are read as a list.

        :param limit: 1–1000 items.
        :param offset: items to leave out, from 0.
        :param filters: filters, see :class:`OrderFilters`, and the options of every call.
        """
        return portal.call(self._core.list, limit=limit, offset=offset, **filters)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[OrderFilters]
    ) -> Generator[TrackedOrder, None, None]:
        """Go through all orders, page by page; one filter may have any number of values and is split by itself.

        :param page: 1–1000 items a request.
        :param filters: filters, see :class:`OrderFilters`, and the options of every call.
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
        """Cancel an order, named by exactly one of its two references.

        :param customer_reference: the ``customer_reference`` with which it was created.
        :param order_reference: the ``reference_id`` with which it was created.
        :param note: why, for the carrier.
        :raises ValidationError: without a reference or with both, before anything is sent; or when the carrier
            refuses (400), e.g. since the courier was there already.
        :raises ServerError: 500 or 503; the order may have been cancelled, see ``outcome``.
        """
        portal.call(
            self._core.cancel,
            customer_reference=customer_reference,
            order_reference=order_reference,
            note=note,
            **options,
        )
