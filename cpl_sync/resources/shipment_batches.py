# generated from cpl_async/resources/shipment_batches.py by tools/generate_sync.py, do not edit
"""Operations on batches of shipments and their labels."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from cpl_async.resources import shipment_batches as core
from cpl_async.resources.shipment_batches import MAX_LABELS

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.data import Label
    from cpl_async.models.shipment_batches import LabelSettings, ReturnChannel, Shipment, ShipmentBatchResult
    from cpl_async.transport.call import CallOptions, RequestOptions

__all__ = ["ShipmentBatch", "ShipmentBatches"]


class ShipmentBatches(proxies.SyncProxy[core.ShipmentBatches]):
    """Batches of shipments and their labels."""

    __slots__ = ()

    def create(
        self,
        shipments: Iterable[Shipment],
        *,
        labels: LabelSettings | None = None,
        return_channel: ReturnChannel | None = None,
        shipments_order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> ShipmentBatch:
        """Create shipments. The server imports them after it has accepted the batch.

        The API has no idempotency key: after an error with outcome ``unknown``, look for the references before
        sending the batch again. One invalid shipment rejects the whole batch, and nothing is created.

        :param shipments: 1–1,000 shipments, with references unique in the batch.
        :param labels: Label settings. Default: PDF.
        :param return_channel: Channel through which the carrier sends labels to the customer. Default: none.
        :param shipments_order_by: Order of the shipments in the combined label document. Default: not specified.
        :return: Handle of the batch, to wait for its import.
        :raises ValidationError: If the check before sending or the server rejects the batch; it has all problems.
        :raises CplError: If the request fails; see its ``outcome``.
        """
        return ShipmentBatch(
            portal.call(
                self._core.create,
                shipments,
                labels=labels,
                return_channel=return_channel,
                shipments_order_by=shipments_order_by,
                **options,
            ),
            self,
        )

    def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send an encoded batch, e.g. one stored in a journal; equal bytes stand for the same shipments.

        :param body: JSON of the contract's ``CreateShipmentBatch``.
        :param references: References of the shipments in order, to which errors are matched. Default: unknown.
        :return: Id of the batch, from the last segment of ``Location``.
        :raises CplError: If the request fails; see :meth:`create`.
        """
        return portal.call(self._core.send, body, references=references, **options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> ShipmentBatch:
        """Return the handle of an existing batch.

        :param batch_id: Id of the batch.
        :param references: References of the shipments. Default: unknown.
        """
        return ShipmentBatch(self._core.handle(batch_id, references=references), self)

    def get(self, batch_id: str, *, order_by: str | None = None, **options: Unpack[CallOptions]) -> ShipmentBatchResult:
        """Return the import state of each item of a batch.

        :param batch_id: Id of the batch.
        :param order_by: ``ShipmentNumber`` or ``ReferenceId``. Default: not specified.
        :return: Items in a different order than in the request: match them by ``reference_id``.
        :raises NotFound: If the batch does not exist.
        """
        return portal.call(self._core.get, batch_id, order_by=order_by, **options)

    def connect_set(
        self,
        shipment_numbers: Sequence[str],
        *,
        customer_id: int | None = None,
        external_set_number: str | None = None,
        **options: Unpack[CallOptions],
    ) -> dict[str, Any]:
        """Combine existing shipments into one set: all of them or none.

        All shipments must have the same product, domestic or Connect Plus but not Smart2Box, no cash on delivery, and
        an external number of code ``ESPN``, and must not have been scanned (source: the vendor's documentation).

        :param shipment_numbers: 2–50 shipment numbers.
        :param customer_id: Unsure, known from one independent client. Default: not sent.
        :param external_set_number: Unsure, known from one independent client. Default: not sent.
        :return: The response body, which is not documented.
        :raises ValidationError: If a rule is violated; nothing was combined.
        """
        return portal.call(
            self._core.connect_set,
            shipment_numbers,
            customer_id=customer_id,
            external_set_number=external_set_number,
            **options,
        )

    def update_labels(
        self,
        batch_id: str,
        *,
        labels: LabelSettings,
        return_channel: ReturnChannel | None = None,
        **options: Unpack[CallOptions],
    ) -> None:
        """Change the label settings of a batch; the server then renders its labels again.

        :param batch_id: Id of the batch.
        :param labels: New label settings.
        :param return_channel: Channel through which the carrier sends labels to the customer. Default: none.
        """
        portal.call(self._core.update_labels, batch_id, labels=labels, return_channel=return_channel, **options)

    def label(
        self,
        batch_id: str,
        *,
        limit: int = MAX_LABELS,
        offset: int = 0,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Label:
        """Return labels of a batch as one file. Labels are available for 30 days.

        :param batch_id: Id of the batch.
        :param limit: Maximum number of parcels, 1–200; each parcel of a set counts. Default: 200.
        :param offset: Number of parcels to skip, at least 0, in the order of ``order_by``. Default: 0.
        :param page_size: ``Default`` (one label per page) or ``A4`` (four). Default: from the label settings.
        :param position: Position of the first label on an A4 sheet, 1–4. Default: not specified.
        :param order_by: ``ShipmentNumber``, ``ReferenceId`` or ``ReferenceId,ShipmentNumber``. Default: not specified.
        :raises NotFound: If the batch does not exist, or its labels have expired.
        """
        return portal.call(
            self._core.label,
            batch_id,
            limit=limit,
            offset=offset,
            page_size=page_size,
            position=position,
            order_by=order_by,
            **options,
        )

    def ready(self, **options: Unpack[CallOptions]) -> None:
        """Fetch an access token in advance, so that a prepared batch is sent without delay.

        :raises CplError: If no token is available; nothing was sent.
        """
        portal.call(self._core.ready, **options)


class ShipmentBatch(proxies.SyncProxy[core.ShipmentBatch]):
    """A handle of an accepted batch of shipments."""

    __slots__ = ()

    def result(self, *, order_by: str | None = None, **options: Unpack[CallOptions]) -> ShipmentBatchResult:
        """Return the current state of each item; see :meth:`ShipmentBatches.get`."""
        return portal.call(self._core.result, order_by=order_by, **options)

    def labels(
        self,
        *,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Generator[Label, None, None]:
        """Yield all labels of the batch, in files of at most 200 parcels each.

        :param page_size: ``Default`` (one label per page) or ``A4`` (four). Default: from the label settings.
        :param position: Position of the first label on the first A4 sheet, 1–4. Default: not specified.
        :param order_by: ``ShipmentNumber``, ``ReferenceId`` or ``ReferenceId,ShipmentNumber``. Default: not specified.
        """
        return portal.iterate(self._core.labels, page_size=page_size, position=position, order_by=order_by, **options)

    def label(
        self,
        *,
        limit: int | None = None,
        offset: int = 0,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Label:
        """Return at most 200 labels of the batch as one file; see :meth:`ShipmentBatches.label`.

        :raises ValidationError: If the batch has more than 200 shipments and there is no ``limit``; use :meth:`labels`.
        """
        return portal.call(
            self._core.label,
            limit=limit,
            offset=offset,
            page_size=page_size,
            position=position,
            order_by=order_by,
            **options,
        )

    @property
    def id(self) -> str:
        """Id of the batch on the server."""
        return self._core.id

    @property
    def references(self) -> tuple[str, ...]:
        """References of the items; empty if they are unknown."""
        return self._core.references

    def wait(
        self, *, timeout: float = 120.0, raise_errors: bool = False, **options: Unpack[RequestOptions]
    ) -> ShipmentBatchResult:
        """Wait until every item is ``Complete`` or ``Error``, polling at increasing intervals.

        :param timeout: Seconds for the whole wait. Default: 120.
        :param raise_errors: Whether to raise :class:`BatchError` if an item ended in error. Default: ``False``.
        :return: The final state.
        :raises Timeout: If items are still open. The import continues; call again later.
        """
        return portal.call(self._core.wait, timeout=timeout, raise_errors=raise_errors, **options)
