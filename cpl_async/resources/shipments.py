"""Shipments as tracking shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import ValidationError
from ..transport.call import Call
from .base import FILTER_VALUES, Resource, chunks, in_range, many, moment

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.pages import Page
    from ..models.shipments import TrackedShipment
    from ..transport.call import CallOptions

__all__ = ["Shipments"]

MOST_ITEMS = 1000


class Shipments(Resource):
    """Tracking of shipments."""

    async def list(
        self,
        *,
        shipment_numbers: Sequence[str] | None = None,
        invoice_numbers: Sequence[str] | None = None,
        customer_references: Sequence[str] | None = None,
        variable_symbols: Sequence[str] | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        state: str | None = None,
        limit: int = 100,
        offset: int = 0,
        **options: Unpack[CallOptions],
    ) -> Page[TrackedShipment]:
        """Return one page of shipments.

        :param shipment_numbers: at most 50.
        :param invoice_numbers: at most 50.
        :param customer_references: at most 50; external numbers of code ``CUST``.
        :param variable_symbols: at most 50.
        :param date_from: with its offset.
        :param date_to: with its offset.
        :param state: see :class:`ShipmentState`.
        :param limit: 1–1000 items.
        :param offset: items to leave out, from 0.
        :return: the page; each parcel of a set is an item of its own.
        """
        from ..models.shipments import TrackedShipment

        call = Call(
            operation="shipments.list",
            method="GET",
            path="shipment",
            query=[
                *many("ShipmentNumbers", shipment_numbers),
                *many("InvoiceNumbers", invoice_numbers),
                *many("CustomerReferences", customer_references),
                *many("VariableSymbols", variable_symbols),
                *moment("DateFrom", date_from),
                *moment("DateTo", date_to),
                *([("ShipmentStates", state)] if state else []),
                ("Limit", in_range("limit", limit, 1, MOST_ITEMS)),
                ("Offset", in_range("offset", offset, 0, 2**31 - 1)),
            ],
        )
        return await self._page(call, options, TrackedShipment, offset=offset, limit=limit)

    async def iterate(
        self,
        *,
        shipment_numbers: Sequence[str] | None = None,
        customer_references: Sequence[str] | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        state: str | None = None,
        page: int = MOST_ITEMS,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[TrackedShipment]:
        """Go through all shipments, page by page; filters of more than 50 values are split by itself.

        :param shipment_numbers: any number of them.
        :param customer_references: any number; not together with ``shipment_numbers``.
        :param date_from: with its offset.
        :param date_to: with its offset.
        :param state: see :class:`ShipmentState`.
        :param page: 1–1000 items a request.
        """
        if shipment_numbers and customer_references:
            raise ValidationError("give either shipment_numbers or customer_references")
        for chunk in chunks(shipment_numbers or customer_references or [""], FILTER_VALUES):
            offset = 0
            while True:
                found = await self.list(
                    shipment_numbers=chunk if shipment_numbers else None,
                    customer_references=chunk if customer_references else None,
                    date_from=date_from,
                    date_to=date_to,
                    state=state,
                    limit=page,
                    offset=offset,
                    **options,
                )
                for shipment in found.items:
                    yield shipment
                offset += len(found.items)
                if not found.items or (offset >= found.total if found.total is not None else len(found.items) < page):
                    break
