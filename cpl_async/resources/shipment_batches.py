"""Operations on batches of shipments and their labels."""

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

__all__ = ["MAX_LABELS", "MAX_SHIPMENTS", "ShipmentBatch", "ShipmentBatches"]

MAX_SHIPMENTS = 1000
MAX_LABELS = 200


class ShipmentBatches(Batches):
    """Batches of shipments and their labels."""

    async def create(
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
        """Send an encoded batch, e.g. one stored in a journal; equal bytes stand for the same shipments.

        :param body: JSON of the contract's ``CreateShipmentBatch``.
        :param references: References of the shipments in order, to which errors are matched. Default: unknown.
        :return: Id of the batch, from the last segment of ``Location``.
        :raises CplError: If the request fails; see :meth:`create`.
        """
        return await self._create("shipment_batches.create", "shipment/batch", body, references, options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> ShipmentBatch:
        """Return the handle of an existing batch.

        :param batch_id: Id of the batch.
        :param references: References of the shipments. Default: unknown.
        """
        return ShipmentBatch(batch_id, references=tuple(references), get_state=self.get, batches=self)

    async def get(
        self, batch_id: str, *, order_by: str | None = None, **options: Unpack[CallOptions]
    ) -> ShipmentBatchResult:
        """Return the import state of each item of a batch.

        :param batch_id: Id of the batch.
        :param order_by: ``ShipmentNumber`` or ``ReferenceId``. Default: not specified.
        :return: Items in a different order than in the request: match them by ``reference_id``.
        :raises NotFound: If the batch does not exist.
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

        All shipments must have the same product, domestic or Connect Plus but not Smart2Box, no cash on delivery, and
        an external number of code ``ESPN``, and must not have been scanned (source: the vendor's documentation).

        :param shipment_numbers: 2–50 shipment numbers.
        :param customer_id: Unsure, known from one independent client. Default: not sent.
        :param external_set_number: Unsure, known from one independent client. Default: not sent.
        :return: The response body, which is not documented.
        :raises ValidationError: If a rule is violated; nothing was combined.
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
        """Change the label settings of a batch; the server then renders its labels again.

        :param batch_id: Id of the batch.
        :param labels: New label settings.
        :param return_channel: Channel through which the carrier sends labels to the customer. Default: none.
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
        query = [
            ("limit", checked_int("limit", limit, 1, MAX_LABELS)),
            ("offset", checked_int("offset", offset, 0, 2**31 - 1)),
        ]
        position_text = None if position is None else checked_int("position", position, 1, 4)
        query += query_params({"page_size": page_size, "position": position_text, "order_by": order_by})
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
    """A handle of an accepted batch of shipments."""

    operation = "shipment_batches.get"
    item_noun = "shipments"
    _batches: ShipmentBatches = field(repr=False, eq=False, kw_only=True, alias="batches")

    async def result(self, *, order_by: str | None = None, **options: Unpack[CallOptions]) -> ShipmentBatchResult:
        """Return the current state of each item; see :meth:`ShipmentBatches.get`."""
        return await self._batches.get(self.id, order_by=order_by, **options)

    async def labels(
        self,
        *,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncGenerator[Label, None]:
        """Yield all labels of the batch, in files of at most 200 parcels each.

        :param page_size: ``Default`` (one label per page) or ``A4`` (four). Default: from the label settings.
        :param position: Position of the first label on the first A4 sheet, 1–4. Default: not specified.
        :param order_by: ``ShipmentNumber``, ``ReferenceId`` or ``ReferenceId,ShipmentNumber``. Default: not specified.
        """
        parcels = len((await self.result(**options)).numbers)
        for offset in range(0, parcels, MAX_LABELS):
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
        """Return at most 200 labels of the batch as one file; see :meth:`ShipmentBatches.label`.

        :raises ValidationError: If the batch has more than 200 shipments and there is no ``limit``; use :meth:`labels`.
        """
        if limit is None and len(self.references) > MAX_LABELS:
            raise ValidationError(
                f"a file holds at most {MAX_LABELS} labels and the batch has {len(self.references)} shipments: "
                "use `labels()`, or pass limit and offset"
            )
        return await self._batches.label(
            self.id,
            limit=limit or MAX_LABELS,
            offset=offset,
            page_size=page_size,
            position=position,
            order_by=order_by,
            **options,
        )


async def _check(shipments: Sequence[Shipment], labels: LabelSettings | None) -> None:
    """Raise an error with all problems of a batch; the event loop runs other tasks in between."""
    from ..models.shipment_batches import Shipment
    from ..models.validation import problems_of

    if not 1 <= len(shipments) <= MAX_SHIPMENTS:
        raise ValidationError(f"a batch must have 1 to {MAX_SHIPMENTS} shipments, not {len(shipments)}")
    problems = [] if labels is None else problems_of(labels, path="label_settings")
    raise_problems("shipment_batches.create", problems + await find_problems("shipments", shipments, Shipment))
