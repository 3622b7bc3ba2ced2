"""Takes the slot with a connection in hand, and tells when the first bytes left.

aiohttp opens or reuses a connection and then calls ``ClientRequest.send`` with it. There the slot is waited
for, so that the time to connect is not counted as distance between two requests.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

import aiohttp

from .lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection

    from .limits import SharedPace, SharedSlot

__all__ = ["CURRENT", "Body", "Exchange", "PacedRequest", "StaleConnection"]

FIRST_PIECE = 16 * 1024


class StaleConnection(aiohttp.ClientConnectionError):
    """The connection was closed while its request waited for a slot; nothing was written."""


class Exchange:
    """The course of one request: what it waits for, and since when."""

    __slots__ = (
        "answered",
        "began",
        "lane",
        "on_wrote",
        "pace",
        "slot",
        "slot_asked_at",
        "slot_at",
        "wrote_at",
    )

    def __init__(self, pace: SharedPace, lane: Lane) -> None:
        self.pace: SharedPace = pace
        self.lane: Lane = lane
        self.began: float = time.monotonic()
        self.slot: SharedSlot | None = None
        self.slot_asked_at: float | None = None
        self.slot_at: float | None = None
        self.wrote_at: float | None = None
        self.answered: bool = False
        self.on_wrote: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether bytes may have left, which begins with the slot, and no answer has come."""
        return self.slot_at is not None and not self.answered

    @property
    def waited(self) -> float:
        """Seconds that the slot was waited for."""
        if self.slot_asked_at is None:
            return 0.0
        return (self.slot_at or time.monotonic()) - self.slot_asked_at

    def where_time_went(self) -> str:
        """Say which part took the time, for the error of a time-out."""
        now = time.monotonic()
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
        """Wait for the slot, and see that the connection is still there."""
        self.slot_asked_at = time.monotonic()
        slot = await self.pace.acquire(self.lane)
        while not slot.valid:  # this loop was held up so long that the slot went to another
            slot.give_back()
            slot = await self.pace.acquire(self.lane)
        protocol = connection.protocol
        if protocol is None or not protocol.is_connected():
            slot.give_back()
            raise StaleConnection("the connection was closed while its request waited for a slot")
        self.slot = slot
        self.slot_at = time.monotonic()

    def wrote(self) -> None:
        """Note that the first bytes have left."""
        if self.wrote_at is None and self.slot is not None:
            self.slot.wrote()
            self.wrote_at = time.monotonic()
            if self.on_wrote is not None:
                self.on_wrote()

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
        """Write the first piece together with the headers, note the moment, write the rest."""
        await writer.write(self._value[:FIRST_PIECE])
        self._exchange.wrote()
        if self._size is not None and self._size > FIRST_PIECE:
            await writer.write(self._value[FIRST_PIECE:])
