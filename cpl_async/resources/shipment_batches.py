"""Creating shipments in batches, the state of a batch, and its labels."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ..errors import ValidationError
from ..transport.call import Call
from ..transport.response_body import LABEL_BYTES
from .base import checked_int, path_segment, query_params, raise_problems
from .batches import Batch, Batches, as_list, find_problems

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.data import Label
    from ..models.shipment_batches import LabelSettings, ReturnChannel, Shipment, ShipmentBatchResult
    from ..transport.call import CallOptions

    BatchOfShipments = Batch[ShipmentBatchResult]
else:
    BatchOfShipments = Batch

__all__ = ["MAX_SHIPMENTS", "MOST_LABELS", "ShipmentBatch", "ShipmentBatches"]

MAX_SHIPMENTS = 1000
MOST_LABELS = 200


class ShipmentBatches(Batches):
    """Batches of shipments: create, wait, fetch labels."""

    async def create(
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
        from ..models.codec import encode
        from ..models.shipment_batches import CreateShipmentBatch

        shipments = as_list("shipments", shipments)
        await _check(shipments, labels)
        body = encode(
            CreateShipmentBatch(
                shipments=shipments,
                label_settings=labels,
                return_channel=return_channel,
                shipments_order_by=shipments_order_by,
            )
        )
        references = tuple(shipment.reference_id for shipment in shipments)
        return self.handle(await self.send(body, references=references, **options), references=references)

    async def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send a batch whose body is made already, as a journal keeps it; the same bytes mean the same shipments.

        :param body: JSON of the contract's ``CreateShipmentBatch``.
        :param references: references of its shipments, in order: errors are matched to them.
        :return: the id of the batch, from the last part of ``Location``.
        :raises CplError: see :meth:`create`.
        """
        return await self._create("shipment_batches.create", "shipment/batch", body, references, options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> ShipmentBatch:
        """Return the handle of a batch that was created before.

        :param batch_id: its id.
        :param references: references of its shipments, if they are known.
        """
        return ShipmentBatch(batch_id, references=tuple(references), get_state=self.get, batches=self)

    async def get(
        self, batch_id: str, *, order_by: str | None = None, **options: Unpack[CallOptions]
    ) -> ShipmentBatchResult:
        """Return the state of each item of a batch.

        :param batch_id: id of the batch.
        :param order_by: ``ShipmentNumber`` or ``ReferenceId``.
        :return: items in an order unlike the request's: match by ``reference_id``.
        :raises NotFound: when there is no such batch.
        """
        from ..models.shipment_batches import ShipmentBatchResult

        call = Call(
            operation="shipment_batches.get",
            method="GET",
            path=f"shipment/batch/{path_segment(batch_id)}",
            query=query_params({"order_by": order_by}),
        )
        return await self._object(call, options, ShipmentBatchResult)

    async def connect_set(
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
        from ..models.codec import encode
        from ..models.shipment_batches import ConnectSet
        from ..models.validation import problems_of

        body = ConnectSet(
            shipment_numbers=shipment_numbers, customer_id=customer_id, external_set_number=external_set_number
        )
        raise_problems("shipment_batches.connect_set", problems_of(body))
        call = Call(
            operation="shipment_batches.connect_set",
            method="POST",
            path="shipment/batch/connectSet",
            body=encode(body),
            writes=True,
            references=shipment_numbers,
        )
        return await self._mapping(call, options)

    async def update_labels(
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
        from ..models.codec import encode
        from ..models.shipment_batches import UpdateShipmentBatch
        from ..models.validation import problems_of

        update = UpdateShipmentBatch(label_settings=labels, return_channel=return_channel)
        raise_problems("shipment_batches.update_labels", problems_of(update))
        call = Call(
            operation="shipment_batches.update_labels",
            method="PUT",
            path=f"shipment/batch/{path_segment(batch_id)}",
            body=encode(update),
            writes=True,
            body_matters=False,
        )
        await self._send(call, options)

    async def label(
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
        query = [
            ("limit", checked_int("limit", limit, 1, MOST_LABELS)),
            ("offset", checked_int("offset", offset, 0, 2**31 - 1)),
        ]
        place = None if position is None else checked_int("position", position, 1, 4)
        query += query_params({"page_size": page_size, "position": place, "order_by": order_by})
        call = Call(
            operation="shipment_batches.label",
            method="GET",
            path=f"shipment/batch/{path_segment(batch_id)}/label",
            query=query,
            limit=LABEL_BYTES,
        )
        from ..models.data import Label

        answer = await self._send(call, options)
        return Label(content=answer.body, content_type=answer.headers.get("Content-Type", ""))


@frozen
class ShipmentBatch(BatchOfShipments):
    """A batch of shipments that was accepted."""

    operation = "shipment_batches.get"
    item_noun = "shipments"
    _batches: ShipmentBatches = field(repr=False, eq=False, kw_only=True, alias="batches")

    async def result(self, *, order_by: str | None = None, **options: Unpack[CallOptions]) -> ShipmentBatchResult:
        """Return the state of each item now; see :meth:`ShipmentBatches.get`."""
        return await self._batches.get(self.id, order_by=order_by, **options)

    async def labels(
        self,
        *,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[Label, None]:
        """Fetch all labels of this batch, in files of at most 200 parcels each.

        :param page_size: ``Default`` (one label a page) or ``A4`` (four).
        :param position: place of the first label on the first A4 sheet, 1–4.
        :param order_by: ``ShipmentNumber``, ``ReferenceId`` or ``ReferenceId,ShipmentNumber``.
        """
        parcels = len((await self.result(**options)).numbers)
        for offset in range(0, parcels, MOST_LABELS):
            yield await self._batches.label(
                self.id,
                offset=offset,
                page_size=page_size,
                position=position if offset == 0 else None,
                order_by=order_by,
                **options,
            )

    async def label(
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
        if limit is None and len(self.references) > MOST_LABELS:
            raise ValidationError(
                f"a file holds at most {MOST_LABELS} labels and the batch has {len(self.references)} shipments: "
                "use `labels()`, or give limit and offset"
            )
        return await self._batches.label(
            self.id,
            limit=limit or MOST_LABELS,
            offset=offset,
            page_size=page_size,
            position=position,
            order_by=order_by,
            **options,
        )


async def _check(shipments: Sequence[Shipment], labels: LabelSettings | None) -> None:
    """Refuse a batch with anything wrong in it, all at once, letting the loop breathe."""
    from ..models.shipment_batches import Shipment
    from ..models.validation import problems_of

    if not 1 <= len(shipments) <= MAX_SHIPMENTS:
        raise ValidationError(f"a batch takes 1 to {MAX_SHIPMENTS} shipments, not {len(shipments)}")
    problems = [] if labels is None else problems_of(labels, path="label_settings")
    raise_problems("shipment_batches.create", problems + await find_problems("shipments", shipments, Shipment))
