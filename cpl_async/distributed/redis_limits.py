"""The token and the rate limit in Redis, for all processes of all hosts."""

from __future__ import annotations

import hashlib
import threading

from ..auth.token_cache import MAX_FETCHES, TokenCache
from ..errors import ConfigurationError
from ..ratelimit.pacer import INTERVAL_SECONDS, Pacer
from ..ratelimit.registry import ProcessLimits, host_limits, share_of_environment
from ..system.secret_values import Secret
from .journal_marks import JournalMarks
from .pacer_backend import RedisPacerBackend
from .redis_connection import RedisConnection
from .token_store import RedisTokenStore

__all__ = ["RedisLimits", "limits_at"]

SHARE = 0.1
"""Share of the limits for a process that is cut off from the others. Ten such processes keep the limits together."""
MAX_PROCESSES = 250
_known: dict[str, RedisLimits] = {}
_lock = threading.Lock()


class RedisLimits(ProcessLimits):
    """Token and rate limit in Redis, shared by all processes of all hosts that use the same credentials.

    Create one for the process and pass it to every client::

        shared = RedisLimits("redis://redis.internal/0", share=1 / 12)
        async with Client.from_env(shared=shared) as cpl:
            ...

    While Redis is unavailable, each process keeps to its share of the rate, and the processes of a host keep the full
    interval between each other. A warning is logged.
    """

    def __init__(self, url: str, *, share: float | None = None, prefix: str = "{cpl}") -> None:
        """Create the store without connecting.

        :param url: Address of Redis 5 or newer: ``redis://``, ``rediss://`` or ``unix://``.
        :param share: Share of the limits that this process may use while Redis is unavailable, from 1/250 to 1. If n
            processes use the same Redis, give each of them 1/n. Default: ``CPL_LIMITS_SHARE``, or 0.1.
        :param prefix: Prefix of all names in Redis. The names reveal neither client ID nor secret; the token is
            encrypted with a key derived from the secret. Default: ``{cpl}``.
        :raises ConfigurationError: The share or the address cannot be used.
        """
        share = share if share is not None else share_of_environment() or SHARE
        if not 1 / MAX_PROCESSES <= share <= 1:
            raise ConfigurationError(f"the share is a number from 1/{MAX_PROCESSES} to 1, not {share!r}")
        self._url = url
        self._share = share
        self._prefix = prefix
        super().__init__()

    @property
    def journals(self) -> JournalMarks:
        """Record of the journal of each account."""
        return JournalMarks(self._link, self._prefix)

    def close(self) -> None:
        """Close the connection. Clients that still send keep to their share of the limits."""
        self._link.close()

    def _reset(self) -> None:
        super()._reset()
        if (parents := getattr(self, "_link", None)) is not None:
            parents.leave_to_parent()
        self._link = RedisConnection(self._url, prefix=self._prefix)

    def _new_pacer(self, key: tuple[str, str]) -> Pacer:
        return Pacer(
            backend=RedisPacerBackend(
                self._link, self._name(*key), INTERVAL_SECONDS, self._share, lambda: host_limits.pacer_backend(key)
            )
        )

    def _new_token_cache(self, key: tuple[str, str, str], secret: Secret) -> TokenCache:
        alone = max(1, int(MAX_FETCHES * self._share))
        shelf = RedisTokenStore(
            self._link, self._name(*key), secret, MAX_FETCHES, alone, lambda: host_limits.token_store(key, alone)
        )
        return TokenCache(store=shelf)

    def _name(self, *key: str) -> str:
        return f"{self._prefix}:{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:32]}"


def limits_at(url: str) -> RedisLimits:
    """Return the instance of this process for an address, for clients that are configured by address only."""
    with _lock:
        if url not in _known:
            _known[url] = RedisLimits(url)
        return _known[url]
