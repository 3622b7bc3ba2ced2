# generated from cpl_async/resources/shipment_batches.py by tools/generate_sync.py, do not edit
"""Creating shipments in batches, the state of a batch, and its labels."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from cpl_async.resources import shipment_batches as core
from cpl_async.resources.shipment_batches import MOST_LABELS

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.data import Label
    from cpl_async.models.shipment_batches import LabelSettings, ReturnChannel, Shipment, ShipmentBatchResult
    from cpl_async.transport.call import CallOptions, RequestOptions

__all__ = ["ShipmentBatch", "ShipmentBatches"]


class ShipmentBatches(proxies.SyncProxy[core.ShipmentBatches]):
    """Batches of shipments: create, wait, fetch labels."""

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
        """Create shipments; the import goes on after the answer.

        The API has no idempotency key: after an error with outcome ``unknown`` ask for the references before
        anything is sent again. One bad shipment rejects the whole batch, and nothing is created.

        :param shipments: 1–1,000 shipments with references unique among them.
        :param labels: format of the labels; PDF unless given.
        :param return_channel: where the carrier sends the labels by itself.
        :param shipments_order_by: order of the shipments in the joint label document.
        :return: a handle of the batch, to wait for its import.
        :raises ValidationError: by our check or the server's, with all problems at once.
        :raises CplError: see ``outcome``.
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
        """Send a batch whose body is made already, as a journal keeps it; the same bytes mean the same shipments.

        :param body: JSON of the contract's ``CreateShipmentBatch``.
        :param references: references of its shipments, in order: errors are matched to them.
        :return: the id of the batch, from the last part of ``Location``.
        :raises CplError: see :meth:`create`.
        """
        return portal.call(self._core.send, body, references=references, **options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> ShipmentBatch:
        """Return the handle of a batch that was created before.

        :param batch_id: its id.
        :param references: references of its shipments, if they are known.
        """
        return ShipmentBatch(self._core.handle(batch_id, references=references), self)

    def get(self, batch_id: str, *, order_by: str | None = None, **options: Unpack[CallOptions]) -> ShipmentBatchResult:
        """Return the state of each item of a batch.

        :param batch_id: id of the batch.
        :param order_by: ``ShipmentNumber`` or ``ReferenceId``.
        :return: items in an order unlike the request's: match by ``reference_id``.
        :raises NotFound: when there is no such batch.
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

        All must have the same product, no cash on delivery, not be Smart2Box, inland or Connect Plus only, have an
        external number of code ``ESPN``, and not have been scanned yet (source: the vendor's documentation).

        :param shipment_numbers: 2–50 numbers.
        :param customer_id: unsure, known from one independent client.
        :param external_set_number: unsure, known from one independent client.
        :return: the answer as it came; what it holds is not documented.
        :raises ValidationError: when a rule is broken; nothing was combined.
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
        """Change the label settings of a batch; its labels are then made anew.

        :param batch_id: id of the batch.
        :param labels: the new settings.
        :param return_channel: where the carrier sends the labels by itself.
        """
        portal.call(self._core.update_labels, batch_id, labels=labels, return_channel=return_channel, **options)

    def label(
        self,
        batch_id: str,
        *,
        limit: int = MOST_LABELS,
        offset: int = 0,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Label:
        """Fetch labels of a batch as one file; a batch's labels can be had for 30 days.

        :param batch_id: id of the batch.
        :param limit: 1–200 parcels; each parcel of a set counts.
        :param offset: parcels to leave out, from 0, in the order of ``order_by``.
        :param page_size: ``Default`` (one label a page) or ``A4`` (four).
        :param position: place of the first label on an A4 sheet, 1–4.
        :param order_by: ``ShipmentNumber``, ``ReferenceId`` or ``ReferenceId,ShipmentNumber``.
        :raises NotFound: when there is no such batch, or its labels are gone.
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
        """See that there is a token, so that a batch whose body is made already does not wait for one.

        :raises CplError: when there is none to be had; nothing was sent.
        """
        portal.call(self._core.ready, **options)


class ShipmentBatch(proxies.SyncProxy[core.ShipmentBatch]):
    """A batch of shipments that was accepted."""

    __slots__ = ()

    def result(self, *, order_by: str | None = None, **options: Unpack[CallOptions]) -> ShipmentBatchResult:
        """Return the state of each item now; see :meth:`ShipmentBatches.get`."""
        return portal.call(self._core.result, order_by=order_by, **options)

    def labels(
        self,
        *,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Generator[Label, None, None]:
        """Fetch all labels of this batch, in files of at most 200 parcels each.

        :param page_size: ``Default`` (one label a page) or ``A4`` (four).
        :param position: place of the first label on the first A4 sheet, 1–4.
        :param order_by: ``ShipmentNumber``, ``ReferenceId`` or ``ReferenceId,ShipmentNumber``.
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
        """Fetch labels of this batch as one file, at most 200; see :meth:`ShipmentBatches.label`.

        :raises ValidationError: when the batch is known to have more, and no ``limit`` was given: see :meth:`labels`.
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
        """Its id on the server."""
        return self._core.id

    @property
    def references(self) -> tuple[str, ...]:
        """References of what it holds, where they are known."""
        return self._core.references

    def wait(
        self, *, timeout: float = 120.0, raise_errors: bool = False, **options: Unpack[RequestOptions]
    ) -> ShipmentBatchResult:
        """Wait until every item is ``Complete`` or ``Error``, asking less and less often.

        :param timeout: seconds for the whole wait.
        :param raise_errors: raise :class:`BatchError` when an item ended in error.
        :return: the last state.
        :raises Timeout: when items are still open; the batch goes on, ask again later.
        """
        return portal.call(self._core.wait, timeout=timeout, raise_errors=raise_errors, **options)
