"""Lets so many requests of a client be under way at once, by class."""

from __future__ import annotations

import asyncio

from .priority import Lane, LaneQueue

__all__ = ["Gate"]


class Gate:
    """A bound on requests under way, so that thousands of callers do not open thousands of connections."""

    def __init__(self, width: int) -> None:
        self._free = width
        self._queue: LaneQueue[asyncio.Future[None]] = LaneQueue()

    async def enter(self, lane: Lane) -> None:
        """Wait for a place; cancelling the wait passes it on."""
        if self._free > 0:
            self._free -= 1
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.push(lane, future)
        try:
            await future
        except BaseException:
            if not self._queue.remove(lane, future) and future.done() and not future.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to whose turn it is."""
        while (future := self._queue.pop()) is not None:
            if not future.done():
                future.set_result(None)
                return
        self._free += 1
