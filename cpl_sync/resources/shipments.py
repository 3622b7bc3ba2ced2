# generated from cpl_async/resources/shipments.py by tools/generate_sync.py, do not edit
"""Shipments as tracking shows them; cancelling them, adding a contact or customs documents."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import shipments as core
from cpl_async.resources.base import MAX_PAGE_SIZE
from cpl_async.resources.tracking import DEFAULT_EVERY_SECONDS, DEFAULT_SLOWEST_SECONDS

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.pages import Page
    from cpl_async.models.shipments import StateChange, TrackedShipment, Tracking
    from cpl_async.resources.shipments import ShipmentFilters
    from cpl_async.transport.call import CallOptions

__all__ = ["Shipments"]


class Shipments(proxies.Twin[core.Shipments]):
    """Tracking of shipments, and what can still be changed of them."""

    __slots__ = ()

    def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[ShipmentFilters]) -> Page[TrackedShipment]:
        """Return one page of shipments; each parcel of a set is an item of its own.

        :param limit: 1–1000 items.
        :param offset: items to leave out, from 0.
        :param filters: filters, see :class:`ShipmentFilters`, and the options of every call.
        """
        return portal.call(self._core.list, limit=limit, offset=offset, **filters)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[ShipmentFilters]
    ) -> Generator[TrackedShipment, None, None]:
        """Go through all shipments, page by page; one filter may have any number of values and is split by itself.

        :param page: 1–1000 items a request.
        :param filters: filters, see :class:`ShipmentFilters`, and the options of every call.
        """
        return portal.iterate(self._core.iterate, page=page, **filters)

    def track(self, numbers: Iterable[str], **options: Unpack[CallOptions]) -> Generator[Tracking, None, None]:
        """Look up any number of shipments, as they come, in constant memory.

        :param numbers: shipment numbers; they are read as they are needed and asked for 50 at once.
        :return: one result for each number that was given, in the order in which answers come;
            ``shipment`` is ``None`` where the carrier knows no such number.
        :raises CplError: when a request fails for good.
        """
        return portal.iterate(self._core.track, numbers, **options)

    def watch(
        self,
        numbers: Iterable[str],
        *,
        until: Callable[[TrackedShipment], bool] | None = None,
        every: float = DEFAULT_EVERY_SECONDS,
        slowest: float = DEFAULT_SLOWEST_SECONDS,
        **options: Unpack[CallOptions],
    ) -> Generator[StateChange, None, None]:
        """Follow shipments and yield each change once, the state of the first look too.

        A change is a new phase or a new event, so the phase may be the same as before; ``events`` has what is new.
        What does not change is asked for less and less often. A number that is not known yet is asked for again.

        :param numbers: shipment numbers.
        :param until: says when a shipment needs no further look; by default when it is delivered, back at its
            sender, or cancelled. The iteration ends when no shipment is left.
        :param every: seconds between two looks after a change, over 0.
        :param slowest: most seconds between two looks.
        """
        return portal.iterate(self._core.watch, numbers, until=until, every=every, slowest=slowest, **options)

    def add_documents(
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
        portal.call(
            self._core.add_documents, shipment_number, files=files, document_file_type=document_file_type, **options
        )

    def cancel(self, shipment_number: str, **options: Unpack[CallOptions]) -> None:
        """Cancel a shipment, which works only until it has physically entered the network.

        :param shipment_number: number of the shipment.
        :raises ValidationError: when it is too late, or it is cancelled already.
        :raises ServerError: the shipment may have been cancelled, see ``outcome``.
        """
        portal.call(self._core.cancel, shipment_number, **options)

    def redirect(
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
        portal.call(self._core.redirect, shipment_number, contact=contact, phone=phone, email=email, **options)
