"""Creating shipments in batches, the state of a batch, and its labels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from ..errors import BatchError, Failure, Outcome, Problem, ProtocolError, Timeout, ValidationError
from ..transport.answers import batch_id_of
from ..transport.call import Call
from ..transport.lanes import Lane
from .base import Resource, in_path, in_range

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.shipment_batches import LabelSettings, ReturnChannel, Shipment, ShipmentBatchResult
    from ..transport.call import CallOptions, RequestOptions

__all__ = ["MOST_LABELS", "MOST_SHIPMENTS", "Label", "ShipmentBatch", "ShipmentBatches"]

MOST_SHIPMENTS = 1000
MOST_LABELS = 200
CHECKED_AT_ONCE = 100
FIRST_POLL = 0.5
SLOWER_BY = 1.5
SLOWEST_POLL = 10.0


@frozen(kw_only=True)
class Label:
    """A file of labels."""

    content: bytes = field(repr=False)
    content_type: str
    """What the server calls it, e.g. ``application/pdf``."""


class ShipmentBatches(Resource):
    """Batches of shipments: create, wait, fetch labels."""

    async def create(
        self,
        shipments: Sequence[Shipment],
        *,
        labels: LabelSettings | None = None,
        return_channel: ReturnChannel | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> ShipmentBatch:
        """Create shipments; the import goes on after the answer.

        The API has no idempotency key: after an error with outcome ``unknown`` ask for the references before
        anything is sent again. One bad shipment rejects the whole batch, and nothing is created.

        :param shipments: 1–1,000 shipments with references unique among them.
        :param labels: format of the labels; PDF unless given.
        :param return_channel: where the carrier sends the labels by itself.
        :param order_by: order of the shipments in the joint label document.
        :return: a handle of the batch, to wait for its import.
        :raises ValidationError: by our check or the server's, with all problems at once.
        :raises CplError: see ``outcome``.
        """
        from ..models.codec import encode
        from ..models.shipment_batches import CreateShipmentBatch

        await _check(shipments, labels)
        body = encode(
            CreateShipmentBatch(
                shipments=shipments,
                label_settings=labels,
                return_channel=return_channel,
                shipments_order_by=order_by,
            )
        )
        references = tuple(shipment.reference_id for shipment in shipments)
        return ShipmentBatch(self, await self.send(body, references=references, **options), references)

    async def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send a batch whose body is made already, as a journal keeps it; the same bytes mean the same shipments.

        :param body: JSON of the contract's ``CreateShipmentBatch``.
        :param references: references of its shipments, in order: errors are matched to them.
        :return: the id of the batch, from the last part of ``Location``.
        :raises CplError: see :meth:`create`.
        """
        call = Call(
            operation="shipment_batches.create",
            method="POST",
            path="shipment/batch",
            body=body,
            writes=True,
            references=references,
            body_matters=False,
        )
        answer, asked = await self._send(call, options)
        try:
            return batch_id_of(answer, asked)
        except ProtocolError as error:
            (await self._client.transport()).tell_unknown(asked, call, error.message)
            raise

    async def ready(self, **options: Unpack[CallOptions]) -> None:
        """See that there is a token, so that :meth:`send` does not wait for one.

        :raises CplError: when there is none to be had; nothing was sent.
        """
        await (await self._client.transport()).ready(options)

    def handle(self, batch_id: str, references: Sequence[str] = ()) -> ShipmentBatch:
        """Return the handle of a batch that was created before.

        :param batch_id: its id.
        :param references: references of its shipments, if they are known.
        """
        return ShipmentBatch(self, batch_id, tuple(references))

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
            path=f"shipment/batch/{in_path(batch_id)}",
            query=[("OrderBy", order_by)] if order_by else (),
        )
        return await self._object(call, options, ShipmentBatchResult)

    async def update_labels(
        self,
        batch_id: str,
        labels: LabelSettings,
        *,
        return_channel: ReturnChannel | None = None,
        **options: Unpack[CallOptions],
    ) -> None:
        """Change the label settings of a batch; its labels are then made anew.

        :param batch_id: id of the batch.
        :param labels: the new settings.
        :param return_channel: where the carrier sends the labels by itself.
        """
        from ..models.checking import problems_of
        from ..models.codec import encode
        from ..models.shipment_batches import UpdateShipmentBatch

        update = UpdateShipmentBatch(label_settings=labels, return_channel=return_channel)
        _refuse(problems_of(update))
        call = Call(
            operation="shipment_batches.update_labels",
            method="PUT",
            path=f"shipment/batch/{in_path(batch_id)}",
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
            ("limit", in_range("limit", limit, 1, MOST_LABELS)),
            ("offset", in_range("offset", offset, 0, 2**31 - 1)),
        ]
        if page_size:
            query.append(("PageSize", page_size))
        if position is not None:
            query.append(("Position", in_range("position", position, 1, 4)))
        if order_by:
            query.append(("OrderBy", order_by))
        call = Call(
            operation="shipment_batches.label",
            method="GET",
            path=f"shipment/batch/{in_path(batch_id)}/label",
            query=query,
        )
        answer, _ = await self._send(call, options)
        return Label(content=answer.body, content_type=answer.headers.get("Content-Type", ""))


@frozen
class ShipmentBatch:
    """A batch of shipments that was accepted."""

    _batches: ShipmentBatches = field(repr=False)
    id: str
    """Its id on the server."""
    references: tuple[str, ...] = field(default=(), repr=False)
    """References of its shipments, where they are known."""

    async def result(self, *, order_by: str | None = None, **options: Unpack[CallOptions]) -> ShipmentBatchResult:
        """Return the state of each item now; see :meth:`ShipmentBatches.get`."""
        return await self._batches.get(self.id, order_by=order_by, **options)

    async def wait(
        self, *, timeout: float = 120.0, raise_errors: bool = False, **options: Unpack[RequestOptions]
    ) -> ShipmentBatchResult:
        """Wait until every item is ``Complete`` or ``Error``, asking less and less often.

        :param timeout: seconds for the whole wait.
        :param raise_errors: raise :class:`BatchError` when an item ended in error.
        :return: the last state.
        :raises Timeout: when items are still open; the batch goes on, ask again later.
        """
        deadline = time.monotonic() + timeout
        options.setdefault("lane", Lane.BACKGROUND)
        pause = FIRST_POLL
        while True:
            left = max(0.001, deadline - time.monotonic())
            result = await self.result(timeout=left, **options)
            if result.settled:
                break
            if time.monotonic() + pause > deadline:
                raise self._still_open(result, timeout)
            await asyncio.sleep(pause)
            pause = min(pause * SLOWER_BY, SLOWEST_POLL)
        if raise_errors:
            self._raise_errors(result)
        return result

    async def label(
        self,
        *,
        limit: int = MOST_LABELS,
        offset: int = 0,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Label:
        """Fetch labels of this batch; see :meth:`ShipmentBatches.label`."""
        return await self._batches.label(
            self.id,
            limit=limit,
            offset=offset,
            page_size=page_size,
            position=position,
            order_by=order_by,
            **options,
        )

    def _still_open(self, result: ShipmentBatchResult, timeout: float) -> Timeout:
        open_items = sum(not item.settled for item in result.items)
        what = f"{open_items} of {len(result.items)}" if result.items else "all"
        failure = Failure(operation="shipment_batches.get", outcome=Outcome.REJECTED, references=self.references)
        return Timeout(
            f"{what} items of batch {self.id} are still being imported after {timeout:g} s",
            failure=failure,
            advice="The import goes on: ask again later with the batch's id",
        )

    def _raise_errors(self, result: ShipmentBatchResult) -> None:
        problems = tuple(
            Problem(
                path="import",
                message=": ".join(part for part in (item.error_code, item.error_message) if part) or "failed",
                reference_id=item.reference_id,
            )
            for item in result.items
            if item.import_state == "Error"
        )
        if problems:
            failure = Failure(operation="shipment_batches.get", outcome=Outcome.REJECTED, problems=problems)
            raise BatchError(f"{len(problems)} of {len(result.items)} shipments failed at import", failure=failure)


async def _check(shipments: Sequence[Shipment], labels: LabelSettings | None) -> None:
    """Refuse a batch with anything wrong in it, all at once, letting the loop breathe."""
    from ..models.checking import problems_of

    if not 1 <= len(shipments) <= MOST_SHIPMENTS:
        raise ValidationError(f"a batch takes 1 to {MOST_SHIPMENTS} shipments, not {len(shipments)}")
    problems: list[Problem] = [] if labels is None else problems_of(labels, path="label_settings")
    seen: dict[str, int] = {}
    for index, shipment in enumerate(shipments):
        if index % CHECKED_AT_ONCE == CHECKED_AT_ONCE - 1:
            await asyncio.sleep(0)
        reference = getattr(shipment, "reference_id", None)
        path = f"shipments[{index}]"
        problems += problems_of(shipment, path=path, index=index, reference_id=reference)
        first = seen.setdefault(reference, index) if isinstance(reference, str) else index
        if first != index:
            again = Problem(path=f"{path}.reference_id", message=f"is used by shipments[{first}] too", index=index)
            problems.append(evolve(again, reference_id=reference))
    _refuse(problems)


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        noun = "thing is" if len(problems) == 1 else "things are"
        failure = Failure(operation="shipment_batches.create", problems=tuple(problems))
        raise ValidationError(f"{len(problems)} {noun} wrong, nothing was sent", failure=failure)
