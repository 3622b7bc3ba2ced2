# generated from cpl_async/resources/order_batches.py by tools/generate_sync.py, do not edit
"""Ordering collections and transports in batches, and the state of a batch."""

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
    """Batches of orders: create, wait."""

    __slots__ = ()

    def create(self, orders: Iterable[Order], **options: Unpack[CallOptions]) -> OrderBatch:
        """Create orders; the import goes on after the answer.

        The API has no idempotency key: after an error with outcome ``unknown`` look for the references with
        ``orders.list`` before anything is sent again.

        :param orders: one or more, with references unique among them.
        :return: a handle of the batch, to wait for its import.
        :raises ValidationError: by our check or the server's, with all problems at once.
        :raises CplError: see ``outcome``.
        """
        return OrderBatch(portal.call(self._core.create, orders, **options), self)

    def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send a batch whose body is made already, as a journal keeps it; the same bytes mean the same orders.

        :param body: JSON of the contract's ``CreateOrderBatch``.
        :param references: references of its orders, in order: errors are matched to them.
        :return: the id of the batch, from the last part of ``Location``.
        :raises CplError: see :meth:`create`.
        """
        return portal.call(self._core.send, body, references=references, **options)

    def handle(self, batch_id: str, *, references: Sequence[str] = ()) -> OrderBatch:
        """Return the handle of a batch that was created before.

        :param batch_id: its id.
        :param references: references of its orders, if they are known.
        """
        return OrderBatch(self._core.handle(batch_id, references=references), self)

    def get(self, batch_id: str, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the state of each item of a batch.

        :param batch_id: id of the batch.
        :return: items in an order unlike the request's: match by ``reference_id``.
        :raises NotFound: when there is no such batch.
        """
        return portal.call(self._core.get, batch_id, **options)

    def ready(self, **options: Unpack[CallOptions]) -> None:
        """See that there is a token, so that a batch whose body is made already does not wait for one.

        :raises CplError: when there is none to be had; nothing was sent.
        """
        portal.call(self._core.ready, **options)


class OrderBatch(proxies.SyncProxy[core.OrderBatch]):
    """A batch of orders that was accepted."""

    __slots__ = ()

    def result(self, **options: Unpack[CallOptions]) -> OrderBatchResult:
        """Return the state of each item now; see :meth:`OrderBatches.get`."""
        return portal.call(self._core.result, **options)

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
    ) -> OrderBatchResult:
        """Wait until every item is ``Complete`` or ``Error``, asking less and less often.

        :param timeout: seconds for the whole wait.
        :param raise_errors: raise :class:`BatchError` when an item ended in error.
        :return: the last state.
        :raises Timeout: when items are still open; the batch goes on, ask again later.
        """
        return portal.call(self._core.wait, timeout=timeout, raise_errors=raise_errors, **options)
