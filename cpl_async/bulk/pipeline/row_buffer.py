"""The rows that are planned and not sent yet, while others are still being planned."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf

from attrs import define, field

from ...system.clock import monotonic

__all__ = ["RowBuffer"]

LINGER_SECONDS = 1.0
"""Seconds that planned rows wait until their batch is full."""


@define
class RowBuffer:
    """The state of row planning that continues while the job runs."""

    ended: bool = True
    """Whether all rows are planned."""
    hurried: bool = False
    """Whether planned rows are sent even if their batch is not full."""
    _changed: asyncio.Event = field(factory=asyncio.Event)
    _waiting_since: float = inf

    def notify(self, *, ended: bool = False) -> None:
        """Notify the engine of planned rows, or of the end of planning.

        :param ended: Whether no more rows will be planned. Default: ``False``.
        """
        self.ended = self.ended or ended
        self._changed.set()

    def flush(self) -> None:
        """Request sending of incomplete batches: no more rows come before some of these are settled."""
        self.hurried = True
        self._changed.set()

    async def wait_for_rows(self, free: int) -> None:
        """Wait for more rows, or for the end; rows that wait too long are sent in an incomplete batch.

        :param free: Number of rows that wait already.
        """
        now = monotonic()
        self._waiting_since = min(self._waiting_since, now) if free else now
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._waiting_since + LINGER_SECONDS - now)):
                await self._changed.wait()
        if monotonic() >= self._waiting_since + LINGER_SECONDS:
            self.hurried = True
            self._waiting_since = inf
        self._changed.clear()
