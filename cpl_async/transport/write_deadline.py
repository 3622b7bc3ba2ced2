"""A deadline after which nothing of a request is sent, even if the process was suspended in between."""

from __future__ import annotations

import asyncio
import math
import select
from typing import TYPE_CHECKING

from ..system.clock import elapsed, wall

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

__all__ = ["DeadlinePassed", "WriteDeadline", "is_sent_to_kernel", "is_timestamp"]

CHECK_SECONDS = 0.005
"""Seconds between two checks of a full socket."""


class DeadlinePassed(OSError):
    """The deadline passed before the request was complete. The bytes that were written create nothing."""


class WriteDeadline:
    """A deadline on two clocks, so that setting one back or stopping it does not move the deadline later."""

    __slots__ = ("_elapsed", "_timestamp")

    def __init__(self, timestamp: float) -> None:
        """Set the deadline.

        :param timestamp: Timestamp in seconds since the epoch.
        """
        self._timestamp = timestamp
        self._elapsed = elapsed() + timestamp - wall()

    @classmethod
    def after(cls, seconds: float) -> WriteDeadline:
        """Return the deadline that is a number of seconds from now."""
        return cls(wall() + seconds)

    @property
    def left(self) -> float:
        """Seconds until the deadline, by the clock that shows fewer; negative afterwards."""
        return min(self._timestamp - wall(), self._elapsed - elapsed())

    @property
    def passed(self) -> bool:
        """Whether the deadline has passed."""
        return self.left <= 0


async def is_sent_to_kernel(writer: AbstractStreamWriter) -> None:
    """Wait until the kernel has all written bytes, and has room for more.

    Bytes in the kernel are sent even if the process is stopped. All others would be sent when the process resumes.
    """
    transport: asyncio.WriteTransport | None = getattr(writer, "transport", None)
    sock = transport.get_extra_info("socket") if transport is not None else None
    while transport is not None and sock is not None and not transport.is_closing():
        await asyncio.sleep(0)  # an encryption layer passes on its bytes
        if not transport.get_write_buffer_size() and _has_room(sock.fileno()):
            return
        await asyncio.sleep(CHECK_SECONDS)


def _has_room(descriptor: int) -> bool:
    """Return whether a socket accepts bytes immediately."""
    if descriptor < 0 or not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))


def is_timestamp(value: object) -> bool:
    """Return whether a value can be a timestamp in seconds since the epoch."""
    return isinstance(value, int | float) and math.isfinite(value)
