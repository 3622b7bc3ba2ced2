"""Ordering collections and transports in batches, and the state of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from ..errors import ValidationError
from ..transport.call import Call
from .base import path_segment, raise_problems
from .batches import Batch, Batches, as_list, find_problems

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.order_batches import Order, OrderBatchResult
    from ..transport.call import CallOptions

    BatchOfOrders = Batch[OrderBatchResult]
else:
    BatchOfOrders = Batch

__all__ = ["OrderBatch", "OrderBatches"]


class OrderBatches(Batches):
    """Batches of orders: create, wait."""

    async def create(self, orders: Iterable[Order], **options: Unpack[CallOptions]) -> OrderBatch:
        """Create orders; the import goes on after the answer.

        The API has no idempotency key: after an error with outcome ``unknown`` look for the references with
        ``orders.list`` before anything is sent again.

        :param orders: one or more, with references unique among them.
        :return: a handle of the batch, to wait for its import.
        :raises ValidationError: by our check or the server's, with all problems at once.
        :raises CplError: see ``outcome``.
        """
        from ..models.codec import encode
        from ..models.order_batches import CreateOrderBatch, Order

        orders = as_list("orders", orders)
        if not orders:
            raise ValidationError("a batch takes at least one order")
        raise_problems("order_batches.create", await find_problems("orders", orders, Order))
        body = encode(CreateOrderBatch(orders=orders))
        references = tuple(order.reference_id for order in orders)
        return self.handle(await self.send(body, references=references, **options), references=references)

    async def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send a batch whose body is made already, as a journal keeps it; the same bytes mean the same orders.

        :param body: JSON of the contract's ``CreateOrderBatch``.
        :param references: references of its orders, in order: errors are matched to them.
        :return: the id of the batch, from the last part of ``Location``.
        :raises CplError: see :meth:`create`.
        """
        return await self._create("order_batches.create", "order/batch", body, references, options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> OrderBatch:
        """Return the handle of a batch that was created before.

        :param batch_id: its id.
        :param references: references of its orders, if they are known.
        """
        return OrderBatch(batch_id, references=tuple(references), get_state=self.get)

    async def get(self, batch_id: str, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the state of each item of a batch.

        :param batch_id: id of the batch.
        :return: items in an order unlike the request's: match by ``reference_id``.
        :raises NotFound: when there is no such batch.
        """
        from ..models.order_batches import OrderBatchResult

        call = Call(operation="order_batches.get", method="GET", path=f"order/batch/{path_segment(batch_id)}")
        return await self._object(call, options, OrderBatchResult)


@frozen
class OrderBatch(BatchOfOrders):
    """A batch of orders that was accepted."""

    operation = "order_batches.get"
    item_noun = "orders"

    async def result(self, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the state of each item now; see :meth:`OrderBatches.get`."""
        return await self._get_state(self.id, **options)
