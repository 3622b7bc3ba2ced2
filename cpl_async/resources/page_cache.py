"""In-memory cache for pages of lists that seldom change."""

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

__all__ = ["DAY_SECONDS", "PageCache"]

DAY_SECONDS = 86_400.0
MAX_PAGES = 1000
TRANSIENT_ERRORS = (TransportError, ServerError, RateLimited)
logger: logging.Logger = logging.getLogger("cpl_async")


@define
class _CacheEntry:
    """A cached page and the lock for fetching it."""

    lock: asyncio.Lock
    page: Any = None
    answer: Any = None
    fetched: float = 0.0


class PageCache:
    """Cache of pages. Concurrent calls for one page share a request."""

    def __init__(self, ttl: float, stale_for: float, clock: Callable[[], float] = monotonic) -> None:
        """Create an empty cache.

        :param ttl: Time to live of a page in seconds, greater than 0.
        :param stale_for: Seconds after ``ttl`` in which a page is returned, marked ``stale``, if the server fails.
        :param clock: Monotonic clock in seconds.
        :raises ConfigurationError: If a time is out of range.
        """
        if ttl <= 0 or stale_for < 0:
            raise ConfigurationError("ttl must be greater than 0 seconds, stale_for at least 0")
        self._ttl = ttl
        self._stale_for = stale_for
        self._clock = clock
        self._entries: dict[Hashable, _CacheEntry] = {}
        self._process = this_process()

    async def page(self, key: Hashable, fetch: Callable[[], Awaitable[tuple[Any, Any]]]) -> tuple[Any, Any]:
        """Return a page and its response from the cache, or fetch them if they are missing or expired.

        Each caller gets its own copy of the list and its items.

        :param key: Key of the page.
        :param fetch: Fetches the page and its response.
        :raises CplError: If the page cannot be fetched and no stale page is available.
        """
        if self._process is not this_process():
            self._reset_locks()
        entry = self._entries.get(key)
        if entry is None:
            while len(self._entries) >= MAX_PAGES:
                self._entries.pop(next(iter(self._entries)))
            entry = self._entries[key] = _CacheEntry(asyncio.Lock())
        if entry.page is not None and self._age(entry) < self._ttl:
            return _copy(entry.page), entry.answer
        async with entry.lock:
            if entry.page is None or self._age(entry) >= self._ttl:
                try:
                    entry.page, entry.answer = await fetch()
                    entry.fetched = self._clock()
                except TRANSIENT_ERRORS as error:
                    age = self._age(entry)
                    if entry.page is None or age >= self._ttl + self._stale_for:
                        raise
                    logger.warning(
                        "returning a cached list that is %.0f s old, because it could not be fetched: %s", age, error
                    )
                    return _copy(entry.page, stale=True), entry.answer
            return _copy(entry.page), entry.answer

    def _reset_locks(self) -> None:
        """Replace the locks in a forked child process, where their holders do not exist; the pages stay."""
        self._process = this_process()
        never_collect(self._entries)
        self._entries = {key: evolve(entry, lock=asyncio.Lock()) for key, entry in self._entries.items()}

    def _age(self, entry: _CacheEntry) -> float:
        return self._clock() - entry.fetched


def _copy(page: Any, *, stale: bool = False) -> Any:
    return evolve(page, items=[copy.copy(item) for item in page.items], stale=stale)
