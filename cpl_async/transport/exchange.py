"""Takes the slot with a connection in hand, and tells when the first bytes left.

aiohttp opens or reuses a connection and then calls ``ClientRequest.send`` with it. There the slot is waited
for, so that the time to connect is not counted as distance between two requests.
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
    """The connection was closed while its request waited for a slot; nothing was written."""


class Exchange:
    """The course of one request: what it waits for, and since when."""

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
        """Whether its client was closed meanwhile."""
        self.slot: SharedPermit | None = None
        self.slot_asked_at: float | None = None
        self.slot_at: float | None = None
        self.wrote_at: float | None = None
        self.answered: bool = False
        self.withheld: bool = False
        """Whether its end was kept back, since it was too late: what was written of it creates nothing."""
        self.on_wrote: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may have been done: bytes may have left, which begins with the slot, and no answer has come."""
        return self.slot_at is not None and not self.answered and not self.withheld

    @property
    def waited(self) -> float:
        """Seconds that the slot was waited for."""
        if self.slot_asked_at is None:
            return 0.0
        return (self.slot_at or monotonic()) - self.slot_asked_at

    def time_spent_text(self) -> str:
        """Say which part took the time, for the error of a time-out."""
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
        """Wait for the slot, and see that the connection is still there.

        :raises DeadlinePassed: when the moment by which it must be written has come.
        """
        if self.broken_off:
            raise StaleConnection("the client was closed while its request waited for a connection")
        self.connection = connection
        self.slot_asked_at = monotonic()
        slot = await self.pace.acquire(self.priority)
        while not slot.is_valid:  # this loop was held up so long that the slot went to another
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
        """Close the connection under the request, since its client is closed."""
        self.broken_off = True
        if self.connection is not None:
            self.connection.close()

    def record_write(self) -> None:
        """Note that the first bytes have left."""
        if self.wrote_at is None and self.slot is not None:
            self.slot.record_write()
            self.wrote_at = monotonic()
            if self.on_wrote is not None:
                self.on_wrote()

    def check_deadline(self) -> None:
        """See that what is left of the request may still leave.

        :raises DeadlinePassed: when the moment by which it must be written has come.
        """
        if self.write_deadline is not None and self.write_deadline.passed:
            self.withheld = True
            raise DeadlinePassed("the moment by which it had to be written has passed")

    def finish(self) -> None:
        """Give back what was not used. A slot whose bytes may have left counts as used."""
        self.record_write()


CURRENT: ContextVar[Exchange] = ContextVar("cpl_exchange")


class PacedRequest(aiohttp.ClientRequest):
    """A request that waits for its slot once it has a connection."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Wait for the slot, then write; a body that is still to come notes the moment itself."""
        exchange = CURRENT.get()
        await exchange.acquire_permit(conn)
        response = await super().send(conn)
        if not self.body:
            exchange.record_write()
        return response


class Body(aiohttp.Payload):
    """A body that notes when its first piece was written, and shows nothing of itself."""

    def __init__(self, value: bytes, content_type: str, exchange: Exchange) -> None:
        super().__init__(memoryview(value), content_type=content_type)
        self._size = len(value)
        self._exchange = exchange

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return bytes(self._value).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the first piece together with the headers, note the moment, write the rest.

        Where there is a moment by which it must be written, the last byte follows alone, when all others have left and
        that moment has not come: a server does nothing with a body that is not whole.
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
