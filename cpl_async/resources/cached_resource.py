"""Resources whose lists can be cached in memory."""

from __future__ import annotations

from typing import Self

from .base import Resource, TransportProvider
from .page_cache import DAY_SECONDS, PageCache

__all__ = ["CachedResource"]


class CachedResource(Resource):
    """A resource whose lists can be cached in memory."""

    __slots__ = ("_cached",)

    def __init__(self, client: TransportProvider, cache: PageCache | None = None) -> None:
        super().__init__(client, cache)
        self._cached: dict[tuple[float, float], Self] = {}

    def cached(self, *, ttl: float = DAY_SECONDS, stale_for: float = 0.0) -> Self:
        """Return this resource with a page cache.

        Calls of one client with the same two times share a cache. By default no page is older than ``ttl``. With
        ``stale_for``, an older page is returned while the server fails; it is marked ``stale`` and a warning is
        logged.

        :param ttl: Time to live of a page in seconds, greater than 0. Default: one day.
        :param stale_for: Seconds after ``ttl`` in which a stale page may be returned, at least 0. Default: 0.
        :raises ConfigurationError: If a time is out of range.
        """
        times = (ttl, stale_for)
        if times not in self._cached:
            self._cached[times] = type(self)(self._client, PageCache(ttl, stale_for))
        return self._cached[times]
