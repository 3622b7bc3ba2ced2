"""Families of calls whose lists can be kept in memory."""

from __future__ import annotations

from typing import Self

from .base import Resource, TransportProvider
from .page_cache import DAY_SECONDS, PageCache

__all__ = ["CachedResource"]


class CachedResource(Resource):
    """A family of calls whose lists can be kept in memory."""

    __slots__ = ("_cached",)

    def __init__(self, client: TransportProvider, cache: PageCache | None = None) -> None:
        super().__init__(client, cache)
        self._cached: dict[tuple[float, float], Self] = {}

    def cached(self, *, ttl: float = DAY_SECONDS, stale_for: float = 0.0) -> Self:
        """Return the same calls, answered from memory where the answer is young enough.

        What is kept is shared by all who ask this client with the same two times. By default nothing is ever
        older than ``ttl``; with ``stale_for`` an older page stands in while the server fails, and its ``stale``
        and a warning in the log say so.

        :param ttl: seconds for which an answer is given again; a day unless given.
        :param stale_for: seconds after these for which an old answer may stand in.
        :raises ConfigurationError: when a time is out of range.
        """
        times = (ttl, stale_for)
        if times not in self._cached:
            self._cached[times] = type(self)(self._client, PageCache(ttl, stale_for))
        return self._cached[times]
