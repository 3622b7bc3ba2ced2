"""A moment from which nothing of a request may leave any more, whatever the process has slept through meanwhile."""

from __future__ import annotations

import asyncio
import math
import select
import time
from typing import TYPE_CHECKING

from ..system.clock import monotonic

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

__all__ = ["DeadlinePassed", "WriteDeadline", "elapsed", "is_sent_to_kernel", "is_timestamp"]

CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)
"""Goes on while the machine is suspended, where the system has such a clock."""
FULL_AGAIN = 0.005
"""Seconds until a full socket is looked at again."""


class DeadlinePassed(OSError):
    """The moment had come before the request was whole: what was written of it creates nothing."""


class WriteDeadline:
    """A moment, told by two clocks: neither one that is set back nor one that stands still makes it later."""

    __slots__ = ("_elapsed", "_moment")

    def __init__(self, moment: float) -> None:
        """Take the moment in seconds since the epoch."""
        self._moment = moment
        self._elapsed = elapsed() + moment - time.time()

    @classmethod
    def after(cls, seconds: float) -> WriteDeadline:
        """Return the deadline in so many seconds from now."""
        return cls(time.time() + seconds)

    @property
    def left(self) -> float:
        """Seconds until it comes, by the clock that says less; negative afterwards."""
        return min(self._moment - time.time(), self._elapsed - elapsed())

    @property
    def passed(self) -> bool:
        """Whether it has come."""
        return self.left <= 0


def elapsed() -> float:
    """Return the seconds since the machine was started, those included in which it slept."""
    return time.clock_gettime(CLOCK) if CLOCK is not None else monotonic()


async def is_sent_to_kernel(writer: AbstractStreamWriter) -> None:
    """Wait until the kernel has all that was written, and has room for more.

    What it has leaves even if the process is stopped then; what it has not would leave when the process wakes up.
    """
    transport: asyncio.WriteTransport | None = getattr(writer, "transport", None)
    sock = transport.get_extra_info("socket") if transport is not None else None
    while transport is not None and sock is not None and not transport.is_closing():
        await asyncio.sleep(0)  # a layer of encryption hands on what it has
        if not transport.get_write_buffer_size() and _has_room(sock.fileno()):
            return
        await asyncio.sleep(FULL_AGAIN)


def _has_room(descriptor: int) -> bool:
    """Return whether a socket takes bytes at once."""
    if descriptor < 0 or not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))


def is_timestamp(value: object) -> bool:
    """Return whether a value can be a moment in seconds since the epoch."""
    return isinstance(value, int | float) and math.isfinite(value)
