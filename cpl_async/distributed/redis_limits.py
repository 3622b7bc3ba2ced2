"""Keeps token and pace in Redis, for all processes of all hosts."""

from __future__ import annotations

import hashlib
import threading

from ..auth.token_cache import FETCHES, TokenCell
from ..errors import ConfigurationError
from ..ratelimit.pacer import INTERVAL, Pace
from ..ratelimit.registry import ProcessLimits, host_limits, share_of_environment
from ..system.secret_values import Secret
from .journal_marks import JournalMarks
from .pacer_backend import RedisLine
from .redis_connection import Link
from .token_store import RedisShelf

__all__ = ["RedisShared", "shared_at"]

SHARE = 0.1
"""Of the limits, for a process that cannot see the others: ten of them keep the limits together."""
MAX_PROCESSES = 250
_known: dict[str, RedisShared] = {}
_lock = threading.Lock()


class RedisShared(ProcessLimits):
    """Keeps token and pace in Redis, where all processes of all hosts share them that use the same credentials.

    Make one for the process and give it to every client::

        shared = RedisShared("redis://redis.internal/0", share=1 / 12)
        async with Client.from_env(shared=shared) as cpl:
            ...

    While Redis is unavailable, each process keeps to its share of the rate, and the processes of a host keep the full
    interval between each other. A warning is logged.
    """

    def __init__(self, url: str, *, share: float | None = None, prefix: str = "{cpl}") -> None:
        """Create the store without connecting.

        :param url: Address of Redis 5 or newer: ``redis://``, ``rediss://`` or ``unix://``.
        :param share: Part of the limits that this process may use while Redis is unavailable, from 1/250 to 1. If n
            processes use the same Redis, give each of them 1/n. Default: ``CPL_LIMITS_SHARE``, or 0.1.
        :param prefix: Prefix of all names in Redis. The names reveal neither client id nor secret; the token is
            encrypted with a key derived from the secret. Default: ``{cpl}``.
        :raises ConfigurationError: If the share or the address cannot be used.
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
        """Where it is known which journal each account has."""
        return JournalMarks(self._link, self._prefix)

    def close(self) -> None:
        """Close the connection. Clients that still send keep to their share of the limits."""
        self._link.close()

    def _start_anew(self) -> None:
        super()._start_anew()
        if (parents := getattr(self, "_link", None)) is not None:
            parents.leave_to_parent()
        self._link = Link(self._url, prefix=self._prefix)

    def _new_pace(self, key: tuple[str, str]) -> Pace:
        return Pace(line=RedisLine(self._link, self._name(*key), INTERVAL, self._share, lambda: host_limits.line(key)))

    def _new_token(self, key: tuple[str, str, str], secret: Secret) -> TokenCell:
        alone = max(1, int(FETCHES * self._share))
        shelf = RedisShelf(self._link, self._name(*key), secret, FETCHES, alone, lambda: host_limits.shelf(key, alone))
        return TokenCell(shelf=shelf)

    def _name(self, *key: str) -> str:
        return f"{self._prefix}:{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:32]}"


def shared_at(url: str) -> RedisShared:
    """Return the one of this process for an address, for clients that are told no more than that."""
    with _lock:
        if url not in _known:
            _known[url] = RedisShared(url)
        return _known[url]
