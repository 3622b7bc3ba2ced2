"""Takes the slot with a connection in hand, and tells when the first bytes left.

aiohttp opens or reuses a connection and then calls ``ClientRequest.send`` with it. There the slot is waited
for, so that the time to connect is not counted as distance between two requests.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

import aiohttp

from ..ratelimit.priority import Lane
from ..system.clock import monotonic
from .write_deadline import TooLate, gone_to_the_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection

    from ..ratelimit.registry import SharedPace, SharedSlot
    from .write_deadline import WriteBy

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
        "lane",
        "on_wrote",
        "pace",
        "slot",
        "slot_asked_at",
        "slot_at",
        "withheld",
        "write_by",
        "wrote_at",
    )

    def __init__(self, pace: SharedPace, lane: Lane, write_by: WriteBy | None = None) -> None:
        self.pace: SharedPace = pace
        self.lane: Lane = lane
        self.write_by: WriteBy | None = write_by
        self.began: float = monotonic()
        self.connection: Connection | None = None
        self.broken_off: bool = False
        """Whether its client was closed meanwhile."""
        self.slot: SharedSlot | None = None
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

    def where_time_went(self) -> str:
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

    async def take_slot(self, connection: Connection) -> None:
        """Wait for the slot, and see that the connection is still there.

        :raises TooLate: when the moment by which it must be written has come.
        """
        if self.broken_off:
            raise StaleConnection("the client was closed while its request waited for a connection")
        self.connection = connection
        self.slot_asked_at = monotonic()
        slot = await self.pace.acquire(self.lane)
        while not slot.valid:  # this loop was held up so long that the slot went to another
            slot.give_back()
            slot = await self.pace.acquire(self.lane)
        try:
            self.check_time()
        except TooLate:
            slot.give_back()
            raise
        protocol = connection.protocol
        if protocol is None or not protocol.is_connected():
            slot.give_back()
            raise StaleConnection("the connection was closed while its request waited for a slot")
        self.slot = slot
        self.slot_at = monotonic()

    def break_off(self) -> None:
        """Close the connection under the request, since its client is closed."""
        self.broken_off = True
        if self.connection is not None:
            self.connection.close()

    def wrote(self) -> None:
        """Note that the first bytes have left."""
        if self.wrote_at is None and self.slot is not None:
            self.slot.wrote()
            self.wrote_at = monotonic()
            if self.on_wrote is not None:
                self.on_wrote()

    def check_time(self) -> None:
        """See that what is left of the request may still leave.

        :raises TooLate: when the moment by which it must be written has come.
        """
        if self.write_by is not None and self.write_by.passed:
            self.withheld = True
            raise TooLate("the moment by which it had to be written has passed")

    def finish(self) -> None:
        """Give back what was not used. A slot whose bytes may have left counts as used."""
        self.wrote()


CURRENT: ContextVar[Exchange] = ContextVar("cpl_exchange")


class PacedRequest(aiohttp.ClientRequest):
    """A request that waits for its slot once it has a connection."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Wait for the slot, then write; a body that is still to come notes the moment itself."""
        exchange = CURRENT.get()
        await exchange.take_slot(conn)
        response = await super().send(conn)
        if not self.body:
            exchange.wrote()
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
        whole = self._exchange.write_by is None
        end = len(self._value) if whole else len(self._value) - 1
        await writer.write(self._value[: min(FIRST_PIECE, end)])
        self._exchange.wrote()
        if end > FIRST_PIECE:
            await writer.write(self._value[FIRST_PIECE:end])
        if not whole:
            await gone_to_the_kernel(writer)
            self._exchange.check_time()
            await writer.write(self._value[end:])
