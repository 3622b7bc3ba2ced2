"""Operations on batches of orders."""

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
    """Batches of orders for collections and transports."""

    async def create(self, orders: Iterable[Order], **options: Unpack[CallOptions]) -> OrderBatch:
        """Create orders. The server imports them after it has accepted the batch.

        The API has no idempotency key: after an error with outcome ``unknown``, look for the references with
        ``orders.list`` before sending the batch again.

        :param orders: At least one order, with references unique in the batch.
        :return: Handle of the batch, to wait for its import.
        :raises ValidationError: If the check before sending or the server rejects the batch; it has all problems.
        :raises CplError: If the request fails; see its ``outcome``.
        """
        from ..models.codec import encode
        from ..models.order_batches import CreateOrderBatch, Order

        orders = as_list("orders", orders)
        if not orders:
            raise ValidationError("a batch must have at least one order")
        raise_problems("order_batches.create", await find_problems("orders", orders, Order))
        body = encode(CreateOrderBatch(orders=orders))
        references = tuple(order.reference_id for order in orders)
        return self.handle(await self.send(body, references=references, **options), references=references)

    async def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send an encoded batch, e.g. one stored in a journal; equal bytes stand for the same orders.

        :param body: JSON of the contract's ``CreateOrderBatch``.
        :param references: References of the orders in order, to which errors are matched. Default: unknown.
        :return: Id of the batch, from the last segment of ``Location``.
        :raises CplError: If the request fails; see :meth:`create`.
        """
        return await self._create("order_batches.create", "order/batch", body, references, options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> OrderBatch:
        """Return the handle of an existing batch.

        :param batch_id: Id of the batch.
        :param references: References of the orders. Default: unknown.
        """
        return OrderBatch(batch_id, references=tuple(references), get_state=self.get)

    async def get(self, batch_id: str, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the import state of each item of a batch.

        :param batch_id: Id of the batch.
        :return: Items in a different order than in the request: match them by ``reference_id``.
        :raises NotFound: If the batch does not exist.
        """
        from ..models.order_batches import OrderBatchResult

        call = Call(operation="order_batches.get", method="GET", path=f"order/batch/{path_segment(batch_id)}")
        return await self._object(call, options, OrderBatchResult)


@frozen
class OrderBatch(BatchOfOrders):
    """A handle of an accepted batch of orders."""

    operation = "order_batches.get"
    item_noun = "orders"

    async def result(self, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the current state of each item; see :meth:`OrderBatches.get`."""
        return await self._get_state(self.id, **options)
