"""Keeps pages of lists that seldom change, for a time; what is older than that says so."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from attrs import define, evolve

from ..errors import ConfigurationError, RateLimited, ServerError, TransportError
from ..system.clock import monotonic
from ..system.fork_safety import never_collect, this_process

__all__ = ["DAY", "Kept"]

DAY = 86_400.0
MOST_PAGES = 1000
PASSING = (TransportError, ServerError, RateLimited)
logger: logging.Logger = logging.getLogger("cpl_async")


@define
class _Slot:
    """One page, and whoever fetches it."""

    lock: asyncio.Lock
    page: Any = None
    answer: Any = None
    fetched: float = 0.0


class Kept:
    """Pages in memory, each fetched once however many ask."""

    def __init__(self, ttl: float, stale_for: float, clock: Callable[[], float] = monotonic) -> None:
        """Keep nothing yet.

        :param ttl: seconds for which a page is given again.
        :param stale_for: seconds after these for which it still stands in when the server fails; it is then
            marked ``stale``.
        :raises ConfigurationError: for a time to live of nothing, or less than nothing.
        """
        if ttl <= 0 or stale_for < 0:
            raise ConfigurationError("ttl must be over 0 seconds, stale_for at least 0")
        self._ttl = ttl
        self._stale_for = stale_for
        self._clock = clock
        self._slots: dict[Hashable, _Slot] = {}
        self._process = this_process()

    async def page(self, key: Hashable, fetch: Callable[[], Awaitable[tuple[Any, Any]]]) -> tuple[Any, Any]:
        """Return a page from memory while it is fresh, else fetch it, and the answer that it was read from.

        The list and its items are each caller's own.

        :raises CplError: when it cannot be fetched and there is none to stand in.
        """
        if self._process is not this_process():
            self._take_over()
        slot = self._slots.get(key)
        if slot is None:
            while len(self._slots) >= MOST_PAGES:
                self._slots.pop(next(iter(self._slots)))
            slot = self._slots[key] = _Slot(asyncio.Lock())
        if slot.page is not None and self._age(slot) < self._ttl:
            return _copy(slot.page), slot.answer
        async with slot.lock:
            if slot.page is None or self._age(slot) >= self._ttl:
                try:
                    slot.page, slot.answer = await fetch()
                    slot.fetched = self._clock()
                except PASSING as error:
                    age = self._age(slot)
                    if slot.page is None or age >= self._ttl + self._stale_for:
                        raise
                    logger.warning("a list of %.0f s ago stands in, for it could not be fetched: %s", age, error)
                    return _copy(slot.page, stale=True), slot.answer
            return _copy(slot.page), slot.answer

    def _take_over(self) -> None:
        """Keep the pages that a forked child inherited; who held or waited for their locks is not here."""
        self._process = this_process()
        never_collect(self._slots)
        self._slots = {key: evolve(slot, lock=asyncio.Lock()) for key, slot in self._slots.items()}

    def _age(self, slot: _Slot) -> float:
        return self._clock() - slot.fetched


def _copy(page: Any, *, stale: bool = False) -> Any:
    return evolve(page, items=[copy.copy(item) for item in page.items], stale=stale)
