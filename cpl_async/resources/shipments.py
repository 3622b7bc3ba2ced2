"""Operations on shipments: tracking, cancellation, contact data and customs documents."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ValidationError
from ..transport.call import Call, CallOptions
from .base import MAX_PAGE_SIZE, Listing, Resource, path_segment, raise_problems
from .documents import file_parts
from .tracking import DEFAULT_EVERY_SECONDS, DEFAULT_SLOWEST_SECONDS, track_shipments, watch_shipments

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.pages import Page
    from ..models.shipments import StateChange, TrackedShipment, Tracking

__all__ = ["ShipmentFilters", "Shipments"]


class ShipmentFilters(CallOptions, total=False):
    """Filters of ``shipments.list``, in addition to the options of every call.

    A page accepts at most 50 values of each filter.
    """

    shipment_numbers: Sequence[str]
    invoice_numbers: Sequence[str]
    customer_references: Sequence[str]
    """External numbers of code ``CUST``."""
    variable_symbols: Sequence[str]
    date_from: datetime
    """Start of the period, timezone-aware."""
    date_to: datetime
    """End of the period, timezone-aware."""
    shipment_states: str
    """One value of :class:`ShipmentState`."""


LIST = Listing.of("shipments.list", "shipment", ShipmentFilters)


class Shipments(Resource):
    """Tracking and changes of existing shipments."""

    async def list(
        self, *, limit: int = 100, offset: int = 0, **filters: Unpack[ShipmentFilters]
    ) -> Page[TrackedShipment]:
        """Return one page of shipments; each parcel of a set is a separate item.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        :param filters: Filters (:class:`ShipmentFilters`) and the options of every call.
        """
        from ..models.shipments import TrackedShipment

        return await self._page(LIST, filters, TrackedShipment, limit, offset)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[ShipmentFilters]
    ) -> AsyncGenerator[TrackedShipment, None]:
        """Yield all shipments; one filter may have any number of values and is split into requests.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        :param filters: Filters (:class:`ShipmentFilters`) and the options of every call.
        """
        from ..models.shipments import TrackedShipment

        return self._iterate(LIST, filters, TrackedShipment, page)

    def track(
        self, numbers: Iterable[str] | AsyncIterable[str], **options: Unpack[CallOptions]
    ) -> AsyncGenerator[Tracking, None]:
        """Yield the state of any number of shipments, in constant memory.

        :param numbers: Shipment numbers. They are read as needed, 50 per request.
        :return: One result for each number, in the order of the responses; ``shipment`` is ``None`` if the carrier
            does not know the number.
        :raises CplError: If a request fails after all retries.
        """
        return track_shipments(self.list, numbers, options)

    def watch(
        self,
        numbers: Iterable[str] | AsyncIterable[str],
        *,
        until: Callable[[TrackedShipment], bool | Awaitable[bool]] | None = None,
        every: float = DEFAULT_EVERY_SECONDS,
        slowest: float = DEFAULT_SLOWEST_SECONDS,
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[StateChange, None]:
        """Watch shipments and yield each change once, starting with the current state.

        A change is a new phase or a new event, so the phase may stay the same; ``events`` has the new events.
        Shipments that do not change are polled at increasing intervals. Unknown numbers are polled, too.

        :param numbers: Shipment numbers.
        :param until: Returns whether to stop watching a shipment. Default: when it is delivered, back at its sender,
            or cancelled. The iteration ends when no shipment is left.
        :param every: Seconds between two polls after a change, greater than 0. Default: 60.
        :param slowest: Maximum seconds between two polls, at least ``every``. Default: 3,600.
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

        :param shipment_number: Number of the shipment.
        :param files: Paths, or pairs of a file name and its content: pdf, doc, docx, xls, xlsx, jpg, jpeg, png, odt,
            ods or txt, at most 1 MB in total (source: the vendor's documentation).
        :param document_file_type: Code from ``codelists.document_types``.
        :raises ValidationError: If the carrier would reject a file; nothing was sent.
        :raises ConfigurationError: If a file cannot be read; nothing was sent.
        """
        if not isinstance(document_file_type, str) or not document_file_type:
            raise ValidationError("document_file_type must be a code from codelists.document_types; nothing was sent")
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
        """Cancel a shipment. This is possible until it has physically entered the network.

        :param shipment_number: Number of the shipment.
        :raises ValidationError: If it is too late, or the shipment is already cancelled.
        :raises ServerError: If the server fails; the shipment may have been cancelled, see ``outcome``.
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
        """Add contact data to the recipient of a shipment.

        :param shipment_number: Number of the shipment.
        :param contact: Contact person, at most 50 characters. Default: unchanged.
        :param phone: Phone number, at most 30 characters, preferably with the country calling code. Default: unchanged.
        :param email: Email address, at most 50 characters. Default: unchanged.
        :raises ValidationError: If all three are missing, or the carrier rejects the request.
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
