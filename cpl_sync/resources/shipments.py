# generated from cpl_async/resources/shipments.py by tools/generate_sync.py, do not edit
"""Operations on shipments: tracking, cancellation, contact data and customs documents."""

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


class Shipments(proxies.SyncProxy[core.Shipments]):
    """Tracking and changes of existing shipments."""

    __slots__ = ()

    def list(self, *, limit: int = 100, offset: int = 0, **filters: Unpack[ShipmentFilters]) -> Page[TrackedShipment]:
        """Return one page of shipments; each parcel of a set is a separate item.

        :param limit: Maximum number of items on the page, 1–1,000. Default: 100.
        :param offset: Number of items to skip, at least 0. Default: 0.
        :param filters: Filters (:class:`ShipmentFilters`) and the options of every call.
        """
        return portal.call(self._core.list, limit=limit, offset=offset, **filters)

    def iterate(
        self, *, page: int = MAX_PAGE_SIZE, **filters: Unpack[ShipmentFilters]
    ) -> Generator[TrackedShipment, None, None]:
        """Yield all shipments; one filter may have any number of values and is split into requests.

        :param page: Number of items per request, 1–1,000. Default: 1,000.
        :param filters: Filters (:class:`ShipmentFilters`) and the options of every call.
        """
        return portal.iterate(self._core.iterate, page=page, **filters)

    def track(self, numbers: Iterable[str], **options: Unpack[CallOptions]) -> Generator[Tracking, None, None]:
        """Yield the state of any number of shipments, in constant memory.

        :param numbers: Shipment numbers. They are read as needed, 50 per request.
        :return: One result for each number, in the order of the responses; ``shipment`` is ``None`` if the carrier
            does not know the number.
        :raises CplError: If a request fails after all retries.
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
        """Watch shipments and yield each change once, starting with the current state.

        A change is a new phase or a new event, so the phase may stay the same; ``events`` has the new events.
        Shipments that do not change are polled at increasing intervals. Unknown numbers are polled, too.

        :param numbers: Shipment numbers.
        :param until: Returns whether to stop watching a shipment. Default: when it is delivered, back at its sender,
            or cancelled. The iteration ends when no shipment is left.
        :param every: Seconds between two polls after a change, greater than 0. Default: 60.
        :param slowest: Maximum seconds between two polls, at least ``every``. Default: 3,600.
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

        :param shipment_number: Number of the shipment.
        :param files: Paths, or pairs of a file name and its content: pdf, doc, docx, xls, xlsx, jpg, jpeg, png, odt,
            ods or txt, at most 1 MB in total (source: the vendor's documentation).
        :param document_file_type: Code from ``codelists.document_types``.
        :raises ValidationError: If the carrier would reject a file; nothing was sent.
        :raises ConfigurationError: If a file cannot be read; nothing was sent.
        """
        portal.call(
            self._core.add_documents, shipment_number, files=files, document_file_type=document_file_type, **options
        )

    def cancel(self, shipment_number: str, **options: Unpack[CallOptions]) -> None:
        """Cancel a shipment. This is possible until it has physically entered the network.

        :param shipment_number: Number of the shipment.
        :raises ValidationError: If it is too late, or the shipment is already cancelled.
        :raises ServerError: If the server fails; the shipment may have been cancelled, see ``outcome``.
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
        """Add contact data to the recipient of a shipment.

        :param shipment_number: Number of the shipment.
        :param contact: Contact person, at most 50 characters. Default: unchanged.
        :param phone: Phone number, at most 30 characters, preferably with the country calling code. Default: unchanged.
        :param email: Email address, at most 50 characters. Default: unchanged.
        :raises ValidationError: If all three are missing, or the carrier rejects the request.
        """
        portal.call(self._core.redirect, shipment_number, contact=contact, phone=phone, email=email, **options)
