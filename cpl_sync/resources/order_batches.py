# generated from cpl_async/resources/order_batches.py by tools/generate_sync.py, do not edit
"""Operations on batches of orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import order_batches as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.order_batches import Order, OrderBatchResult
    from cpl_async.transport.call import CallOptions, RequestOptions

__all__ = ["OrderBatch", "OrderBatches"]


class OrderBatches(proxies.SyncProxy[core.OrderBatches]):
    """Batches of orders for collections and transports."""

    __slots__ = ()

    def create(self, orders: Iterable[Order], **options: Unpack[CallOptions]) -> OrderBatch:
        """Create orders. The server imports them after it has accepted the batch.

        The API has no idempotency key: after an error with outcome ``unknown``, look for the references with
        ``orders.list`` before sending the batch again.

        :param orders: At least one order, with references unique in the batch.
        :return: Handle of the batch, to wait for its import.
        :raises ValidationError: If the check before sending or the server rejects the batch; it has all problems.
        :raises CplError: If the request fails; see its ``outcome``.
        """
        return OrderBatch(portal.call(self._core.create, orders, **options), self)

    def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send an encoded batch, e.g. one stored in a journal; equal bytes stand for the same orders.

        :param body: JSON of the contract's ``CreateOrderBatch``.
        :param references: References of the orders in order, to which errors are matched. Default: unknown.
        :return: Id of the batch, from the last segment of ``Location``.
        :raises CplError: If the request fails; see :meth:`create`.
        """
        return portal.call(self._core.send, body, references=references, **options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> OrderBatch:
        """Return the handle of an existing batch.

        :param batch_id: Id of the batch.
        :param references: References of the orders. Default: unknown.
        """
        return OrderBatch(self._core.handle(batch_id, references=references), self)

    def get(self, batch_id: str, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the import state of each item of a batch.

        :param batch_id: Id of the batch.
        :return: Items in a different order than in the request: match them by ``reference_id``.
        :raises NotFound: If the batch does not exist.
        """
        return portal.call(self._core.get, batch_id, **options)

    def ready(self, **options: Unpack[CallOptions]) -> None:
        """Fetch an access token in advance, so that a prepared batch is sent without delay.

        :raises CplError: If no token is available; nothing was sent.
        """
        portal.call(self._core.ready, **options)


class OrderBatch(proxies.SyncProxy[core.OrderBatch]):
    """A handle of an accepted batch of orders."""

    __slots__ = ()

    def result(self, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the current state of each item; see :meth:`OrderBatches.get`."""
        return portal.call(self._core.result, **options)

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
    ) -> OrderBatchResult:
        """Wait until every item is ``Complete`` or ``Error``, polling at increasing intervals.

        :param timeout: Seconds for the whole wait. Default: 120.
        :param raise_errors: Whether to raise :class:`BatchError` if an item ended in error. Default: ``False``.
        :return: The final state.
        :raises Timeout: If items are still open. The import continues; call again later.
        """
        return portal.call(self._core.wait, timeout=timeout, raise_errors=raise_errors, **options)
