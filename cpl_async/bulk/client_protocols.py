"""The protocols of a client that the bulk engine uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from ..ratelimit.priority import Priority

if TYPE_CHECKING:
    from ..models.data import Label
    from ..models.info import Info
    from ..models.orders import TrackedOrder
    from ..models.pages import Page
    from ..models.shipment_batches import ShipmentBatchResult
    from ..models.shipments import TrackedShipment
    from ..ratelimit.registry import JournalMemory
    from ..resources.orders import OrderFilters
    from ..resources.shipments import ShipmentFilters
    from ..transport.call import CallOptions
    from ..transport.server_clock import ServerClock

__all__ = [
    "BatchCalls",
    "BulkClient",
    "DataCalls",
    "InfoCalls",
    "ItemStates",
    "OrderCalls",
    "SendCalls",
    "ShipmentCalls",
    "StateCalls",
]


class ItemStates(Protocol):
    """The state of a batch, which consists of the states of its items."""

    @property
    def items(self) -> Sequence[Any]:
        """Its items, in any order."""
        ...


class StateCalls(Protocol):
    """The call that requests the state of a batch."""

    async def get(self, batch_id: str, *, priority: Priority = Priority.INTERACTIVE) -> ItemStates:
        """Return the state of each item."""
        ...


class SendCalls(Protocol):
    """The calls that create a batch, of shipments or of orders."""

    async def send(self, body: bytes, *, references: Sequence[str] = (), **options: Unpack[CallOptions]) -> str:
        """Send a batch whose payload is encoded already and return its id."""
        ...

    async def ready(self, **options: Unpack[CallOptions]) -> None:
        """Verify that there is a token."""
        ...


class BatchCalls(SendCalls, Protocol):
    """Calls on batches of shipments."""

    async def get(
        self, batch_id: str, *, order_by: str | None = None, **options: Unpack[CallOptions]
    ) -> ShipmentBatchResult:
        """Return the state of each item."""
        ...

    async def label(
        self,
        batch_id: str,
        *,
        limit: int = 200,
        offset: int = 0,
        page_size: str | None = None,
        position: int | None = None,
        order_by: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Label:
        """Fetch labels as one file."""
        ...


class DataCalls(Protocol):
    """Calls for single files."""

    async def get(self, source: str, **options: Unpack[CallOptions]) -> Label:
        """Fetch one file."""
        ...


class ShipmentCalls(Protocol):
    """Calls on shipments that exist."""

    async def cancel(self, shipment_number: str, **options: Unpack[CallOptions]) -> None:
        """Cancel one parcel."""
        ...

    async def list(
        self, *, limit: int = 100, offset: int = 0, **asked: Unpack[ShipmentFilters]
    ) -> Page[TrackedShipment]:
        """Return one page of parcels."""
        ...


class OrderBatchCalls(SendCalls, StateCalls, Protocol):
    """Calls on batches of orders."""


class OrderCalls(Protocol):
    """The call that searches for orders."""

    async def list(self, *, limit: int = 100, offset: int = 0, **asked: Unpack[OrderFilters]) -> Page[TrackedOrder]:
        """Return one page of orders."""
        ...


class InfoCalls(Protocol):
    """The call that needs no token."""

    async def get(self, **options: Unpack[CallOptions]) -> Info:
        """Return the system's information about itself."""
        ...


class BulkClient(Protocol):
    """A client with the calls that the bulk engine uses."""

    @property
    def _server_clock(self) -> ServerClock:
        """The carrier's clock, as far as responses have shown it."""
        ...

    @property
    def _journal_memory(self) -> JournalMemory | None:
        """Shared record of each account's journal, or ``None`` if hosts share none."""
        ...

    @property
    def info(self) -> InfoCalls:
        """Calls about the system."""
        ...

    @property
    def shipment_batches(self) -> BatchCalls:
        """Calls on batches."""
        ...

    @property
    def order_batches(self) -> OrderBatchCalls:
        """Calls on batches of orders."""
        ...

    @property
    def orders(self) -> OrderCalls:
        """Calls on orders."""
        ...

    @property
    def shipments(self) -> ShipmentCalls:
        """Calls on shipments."""
        ...

    @property
    def data(self) -> DataCalls:
        """Calls for files."""
        ...

    @property
    def requests_sent(self) -> int:
        """Number of requests sent so far."""
        ...
