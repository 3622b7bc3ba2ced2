"""A concurrency limit for the requests of a client, by priority class."""

from __future__ import annotations

import asyncio

from .priority import Priority, PriorityQueue

__all__ = ["ConcurrencyLimiter"]


class ConcurrencyLimiter:
    """A limit on concurrent requests, so that thousands of callers do not open thousands of connections."""

    def __init__(self, width: int) -> None:
        self._free = width
        self._queue: PriorityQueue[asyncio.Future[None]] = PriorityQueue()

    async def acquire(self, priority: Priority) -> None:
        """Wait for a place. A cancelled wait passes the place on."""
        if self._free > 0:
            self._free -= 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.push(priority, future)
        try:
            await future
        except BaseException:
            if not self._queue.remove(priority, future) and future.done() and not future.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Pass the place to the next waiter."""
        while (future := self._queue.pop()) is not None:
            if not future.done():
                future.set_result(None)
                return
        self._free += 1
