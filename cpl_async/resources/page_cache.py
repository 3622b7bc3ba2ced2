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
from ..system.fork_safety import keep_for_good, this_process

__all__ = ["DAY_SECONDS", "PageCache"]

DAY_SECONDS = 86_400.0
MAX_PAGES = 1000
TRANSIENT_ERRORS = (TransportError, ServerError, RateLimited)
logger: logging.Logger = logging.getLogger("cpl_async")


@define
class _CacheEntry:
    """One page, and whoever fetches it."""

    lock: asyncio.Lock
    page: Any = None
    answer: Any = None
    fetched: float = 0.0


class PageCache:
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
        self._entries: dict[Hashable, _CacheEntry] = {}
        self._process = this_process()

    async def page(self, key: Hashable, fetch: Callable[[], Awaitable[tuple[Any, Any]]]) -> tuple[Any, Any]:
        """Return a page from memory while it is fresh, else fetch it, and the answer that it was read from.

        The list and its items are each caller's own.

        :raises CplError: when it cannot be fetched and there is none to stand in.
        """
        if self._process is not this_process():
            self._reset_locks()
        slot = self._entries.get(key)
        if slot is None:
            while len(self._entries) >= MAX_PAGES:
                self._entries.pop(next(iter(self._entries)))
            slot = self._entries[key] = _CacheEntry(asyncio.Lock())
        if slot.page is not None and self._age(slot) < self._ttl:
            return _copy(slot.page), slot.answer
        async with slot.lock:
            if slot.page is None or self._age(slot) >= self._ttl:
                try:
                    slot.page, slot.answer = await fetch()
                    slot.fetched = self._clock()
                except TRANSIENT_ERRORS as error:
                    age = self._age(slot)
                    if slot.page is None or age >= self._ttl + self._stale_for:
                        raise
                    logger.warning("a list of %.0f s ago stands in, for it could not be fetched: %s", age, error)
                    return _copy(slot.page, stale=True), slot.answer
            return _copy(slot.page), slot.answer

    def _reset_locks(self) -> None:
        """Keep the pages that a forked child inherited; who held or waited for their locks is not here."""
        self._process = this_process()
        keep_for_good(self._entries)
        self._entries = {key: evolve(slot, lock=asyncio.Lock()) for key, slot in self._entries.items()}

    def _age(self, slot: _CacheEntry) -> float:
        return self._clock() - slot.fetched


def _copy(page: Any, *, stale: bool = False) -> Any:
    return evolve(page, items=[copy.copy(item) for item in page.items], stale=stale)
