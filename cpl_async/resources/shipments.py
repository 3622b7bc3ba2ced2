"""Shipments as tracking shows them; cancelling them, adding a contact or customs documents."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ValidationError
from ..transport.call import Call, CallOptions
from .base import MAX_PAGE_SIZE, Listing, Resource, path_segment, raise_problems
from .documents import file_parts
from .tracking import DEFAULT_EVERY_SECONDS, DEFAULT_SLOWEST_SECONDS, tracking, watch_shipments

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.pages import Page
    from ..models.shipments import StateChange, TrackedShipment, Tracking

__all__ = ["ShipmentFilters", "Shipments"]


class ShipmentFilters(CallOptions, total=False):
    """Filters of ``shipments.list``, besides the options of every call; a page takes at most 50 values of each."""

    shipment_numbers: Sequence[str]
    invoice_numbers: Sequence[str]
    customer_references: Sequence[str]
    """External numbers of code ``CUST``."""
    variable_symbols: Sequence[str]
    date_from: datetime
    """With its offset."""
    date_to: datetime
    """With its offset."""
    shipment_states: str
    """One of :class:`ShipmentState`."""


LIST = Listing.of("shipments.list", "shipment", ShipmentFilters)


class Shipments(Resource):
    """Tracking of shipments, and what can still be changed of them."""

    async def list(
        self, *, limit: int = 100, offset: int = 0, **filters: Unpack[ShipmentFilters]
    ) -> Page[TrackedShipment]:
        """Return one page of shipments; each parcel of a set is an item of its own.

        :param limit: 1–1000 items.
        :param offset: items to leave out, from 0.
        :param filters: filters, see :class:`ShipmentFilters`, and the options of every call.
        """
        from ..models.shipments import TrackedShipment

        return await self._page(LIST, filters, TrackedShipment, limit, offset)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[ShipmentFilters]
    ) -> AsyncGenerator[TrackedShipment, None]:
        """Go through all shipments, page by page; one filter may have any number of values and is split by itself.

        :param page: 1–1000 items a request.
        :param filters: filters, see :class:`ShipmentFilters`, and the options of every call.
        """
        from ..models.shipments import TrackedShipment

        return self._iterate(LIST, filters, TrackedShipment, page)

    def track(
        self, numbers: Iterable[str] | AsyncIterable[str], **options: Unpack[CallOptions]
    ) -> AsyncGenerator[Tracking, None]:
        """Look up any number of shipments, as they come, in constant memory.

        :param numbers: shipment numbers; they are read as they are needed and asked for 50 at once.
        :return: one result for each number that was given, in the order in which answers come;
            ``shipment`` is ``None`` where the carrier knows no such number.
        :raises CplError: when a request fails for good.
        """
        return tracking(self.list, numbers, options)

    def watch(
        self,
        numbers: Iterable[str] | AsyncIterable[str],
        *,
        until: Callable[[TrackedShipment], bool | Awaitable[bool]] | None = None,
        every: float = DEFAULT_EVERY_SECONDS,
        slowest: float = DEFAULT_SLOWEST_SECONDS,
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[StateChange, None]:
        """Follow shipments and yield each change once, the state of the first look too.

        A change is a new phase or a new event, so the phase may be the same as before; ``events`` has what is new.
        What does not change is asked for less and less often. A number that is not known yet is asked for again.

        :param numbers: shipment numbers.
        :param until: says when a shipment needs no further look; by default when it is delivered, back at its
            sender, or cancelled. The iteration ends when no shipment is left.
        :param every: seconds between two looks after a change, over 0.
        :param slowest: most seconds between two looks.
        """
        return watch_shipments(self.list, numbers, until, every, slowest, options)

    async def add_documents(
        self,
        shipment_number: str,
        *,
        files: Sequence[str | Path | tuple[str, bytes]],
        document_file_type: str,
        **options: Unpack[CallOptions],
    ) -> None:
        """Attach customs documents to a shipment.

        :param shipment_number: number of the shipment.
        :param files: paths, or pairs of a file name and its content; pdf, doc, docx, xls, xlsx, jpg, jpeg, png,
            odt, ods or txt, together at most 1 MB (source: the vendor's documentation).
        :param document_file_type: a code of ``codelists.document_types``.
        :raises ValidationError: for files that would be refused; nothing was sent.
        :raises ConfigurationError: for a file that cannot be read; nothing was sent.
        """
        if not isinstance(document_file_type, str) or not document_file_type:
            raise ValidationError("document_file_type is a code of codelists.document_types; nothing was sent")
        call = Call(
            operation="shipments.add_documents",
            method="POST",
            path=f"shipment/{path_segment(shipment_number)}/documents",
            query=[("documentFileType", document_file_type)],
            files=await file_parts(files),
            writes=True,
            references=(shipment_number,),
            body_matters=False,
        )
        await self._send(call, options)

    async def cancel(self, shipment_number: str, **options: Unpack[CallOptions]) -> None:
        """Cancel a shipment, which works only until it has physically entered the network.

        :param shipment_number: number of the shipment.
        :raises ValidationError: when it is too late, or it is cancelled already.
        :raises ServerError: the shipment may have been cancelled, see ``outcome``.
        """
        call = Call(
            operation="shipments.cancel",
            method="POST",
            path=f"shipment/{path_segment(shipment_number)}/cancel",
            writes=True,
            references=(shipment_number,),
            body_matters=False,
        )
        await self._send(call, options)

    async def redirect(
        self,
        shipment_number: str,
        *,
        contact: str | None = None,
        phone: str | None = None,
        email: str | None = None,
        **options: Unpack[CallOptions],
    ) -> None:
        """Add a contact to the recipient of a shipment, so that the courier can reach somebody.

        :param shipment_number: number of the shipment.
        :param contact: name of a person.
        :param phone: best with the country's code.
        :param email: an address.
        :raises ValidationError: without any of the three, or when the carrier refuses.
        """
        from ..models.codec import encode
        from ..models.shipments import RedirectRecipientAddress, RedirectShipmentEvent
        from ..models.validation import problems_of

        if not (contact or phone or email):
            raise ValidationError("shipments.redirect needs a contact, a phone or an email; nothing was sent")
        address = RedirectRecipientAddress(contact=contact or None, phone=phone or None, email=email or None)
        event = RedirectShipmentEvent(address=address)
        raise_problems("shipments.redirect", problems_of(event))
        call = Call(
            operation="shipments.redirect",
            method="POST",
            path=f"shipment/{path_segment(shipment_number)}/redirect",
            body=encode(event),
            writes=True,
            references=(shipment_number,),
            body_matters=False,
        )
        await self._send(call, options)
