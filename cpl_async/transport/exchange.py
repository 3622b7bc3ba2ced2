"""The permit of a request is acquired with an open connection, and the time of its first bytes is recorded.

aiohttp opens or reuses a connection and then calls ``ClientRequest.send`` with it. The wait for the permit takes place
there, so that the time to connect does not count towards the interval between two requests.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

import aiohttp

from ..ratelimit.priority import Priority
from ..system.clock import monotonic
from .write_deadline import DeadlinePassed, is_sent_to_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection

    from ..ratelimit.registry import SharedPacer, SharedPermit
    from .write_deadline import WriteDeadline

__all__ = ["CURRENT", "Body", "Exchange", "PacedRequest", "StaleConnection"]

FIRST_PIECE = 16 * 1024


class StaleConnection(aiohttp.ClientConnectionError):
    """The connection was closed while its request waited for a permit. Nothing was written."""


class Exchange:
    """State of one request: its waits and their start times."""

    __slots__ = (
        "answered",
        "began",
        "broken_off",
        "connection",
        "on_wrote",
        "pace",
        "priority",
        "slot",
        "slot_asked_at",
        "slot_at",
        "withheld",
        "write_deadline",
        "wrote_at",
    )

    def __init__(self, pace: SharedPacer, priority: Priority, write_deadline: WriteDeadline | None = None) -> None:
        self.pace: SharedPacer = pace
        self.priority: Priority = priority
        self.write_deadline: WriteDeadline | None = write_deadline
        self.began: float = monotonic()
        self.connection: Connection | None = None
        self.broken_off: bool = False
        """Whether its client was closed in the meantime."""
        self.slot: SharedPermit | None = None
        self.slot_asked_at: float | None = None
        self.slot_at: float | None = None
        self.wrote_at: float | None = None
        self.answered: bool = False
        self.withheld: bool = False
        """Whether its end was withheld after the deadline. The bytes that were written create nothing."""
        self.on_wrote: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the outcome is unknown: bytes may have been sent since the permit, and no response was received."""
        return self.slot_at is not None and not self.answered and not self.withheld

    @property
    def waited(self) -> float:
        """Seconds that the request waited for the permit."""
        if self.slot_asked_at is None:
            return 0.0
        return (self.slot_at or monotonic()) - self.slot_asked_at

    def time_spent_text(self) -> str:
        """Return how the time was spent, for the error of a timeout."""
        now = monotonic()
        if self.slot_asked_at is None:
            return f"{now - self.began:.1f} s waiting for a connection"
        connecting = self.slot_asked_at - self.began
        if self.slot_at is None:
            return f"{connecting:.1f} s connecting, {self.waited:.1f} s waiting for a slot of the pace"
        return (
            f"{connecting:.1f} s connecting, {self.waited:.1f} s waiting for a slot of the pace, "
            f"{now - self.slot_at:.1f} s waiting for the answer"
        )

    async def acquire_permit(self, connection: Connection) -> None:
        """Wait for the permit, and check that the connection is still open.

        :raises DeadlinePassed: The write deadline has passed.
        """
        if self.broken_off:
            raise StaleConnection("the client was closed while its request waited for a connection")
        self.connection = connection
        self.slot_asked_at = monotonic()
        slot = await self.pace.acquire(self.priority)
        while not slot.is_valid:  # this loop was blocked until the permit passed to another waiter
            slot.release()
            slot = await self.pace.acquire(self.priority)
        try:
            self.check_deadline()
        except DeadlinePassed:
            slot.release()
            raise
        protocol = connection.protocol
        if protocol is None or not protocol.is_connected():
            slot.release()
            raise StaleConnection("the connection was closed while its request waited for a slot")
        self.slot = slot
        self.slot_at = monotonic()

    def abort(self) -> None:
        """Close the connection of the request, because its client is closed."""
        self.broken_off = True
        if self.connection is not None:
            self.connection.close()

    def record_write(self) -> None:
        """Record that the first bytes were sent."""
        if self.wrote_at is None and self.slot is not None:
            self.slot.record_write()
            self.wrote_at = monotonic()
            if self.on_wrote is not None:
                self.on_wrote()

    def check_deadline(self) -> None:
        """Check that the rest of the request may still be sent.

        :raises DeadlinePassed: The write deadline has passed.
        """
        if self.write_deadline is not None and self.write_deadline.passed:
            self.withheld = True
            raise DeadlinePassed("its write deadline has passed")

    def finish(self) -> None:
        """Release an unused permit. A permit whose bytes may have been sent counts as used."""
        self.record_write()


CURRENT: ContextVar[Exchange] = ContextVar("cpl_exchange")


class PacedRequest(aiohttp.ClientRequest):
    """A request that waits for its permit when it has a connection."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Wait for the permit, then write. A body that is not yet available records its first write itself."""
        exchange = CURRENT.get()
        await exchange.acquire_permit(conn)
        response = await super().send(conn)
        if not self.body:
            exchange.record_write()
        return response


class Body(aiohttp.Payload):
    """A body that records the time of its first piece, and is hidden in representations."""

    def __init__(self, value: bytes, content_type: str, exchange: Exchange) -> None:
        super().__init__(memoryview(value), content_type=content_type)
        self._size = len(value)
        self._exchange = exchange

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return bytes(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the first piece together with the headers, record the time, write the rest.

        If there is a write deadline, the last byte is sent alone, after all others were sent and only before the
        deadline: a server ignores an incomplete body.
        """
        whole = self._exchange.write_deadline is None
        end = len(self._value) if whole else len(self._value) - 1
        await writer.write(self._value[: min(FIRST_PIECE, end)])
        self._exchange.record_write()
        if end > FIRST_PIECE:
            await writer.write(self._value[FIRST_PIECE:end])
        if not whole:
            await is_sent_to_kernel(writer)
            self._exchange.check_deadline()
            await writer.write(self._value[end:])
