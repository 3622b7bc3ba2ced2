"""Keeps token and pace in Redis, for all processes of all hosts."""

from __future__ import annotations

import hashlib
import threading

from ..errors import ConfigurationError
from ..transport.limits import ProcessLimits, share_of_environment
from ..transport.pace import INTERVAL, Pace
from ..transport.redaction import Secret
from ..transport.token import FETCHES, TokenCell
from .link import Link, Timing
from .pace import RedisLine
from .token import RedisShelf

__all__ = ["RedisShared", "shared_at"]

SHARE = 0.1
"""Of the limits, for a process that cannot see the others: ten of them keep the limits together."""
MOST_PLACES = 250
_known: dict[str, RedisShared] = {}
_lock = threading.Lock()


class RedisShared(ProcessLimits):
    """Keeps token and pace in Redis, where all processes of all hosts share them that use the same credentials.

    Make one for the process and give it to every client::

        shared = RedisShared("redis://redis.internal/0", share=1 / 12)
        async with Client.from_env(shared=shared) as cpl:
            ...

    While Redis is away each process writes nothing for some seconds and then goes on in a part of the time that is its
    own, so that no two come too close; a warning says so.
    """

    def __init__(self, url: str, *, share: float | None = None, prefix: str = "{cpl}") -> None:
        """Connect to nothing yet.

        :param url: of Redis 5 or newer: ``redis://``, ``rediss://`` or ``unix://``.
        :param share: part of the limits, at most 1, that this process takes while Redis is away: 1/n where up to n
            processes use the same Redis, the same for all of them; ``CPL_LIMITS_SHARE``, or a tenth, unless given.
        :param prefix: of all names in Redis. They tell neither client id nor secret; the token is encrypted with a key
            derived from the secret.
        :raises ConfigurationError: for a share that is none, or an address that cannot be used.
        """
        share = share if share is not None else share_of_environment() or SHARE
        if not 1 / MOST_PLACES <= share <= 1:
            raise ConfigurationError(f"the share is a number from 1/{MOST_PLACES} to 1, not {share!r}")
        self._url = url
        self._share = share
        self._prefix = prefix
        super().__init__()

    def close(self) -> None:
        """Say goodbye to the others; clients that still send go on alone."""
        self._link.close()

    def _start_anew(self) -> None:
        super()._start_anew()
        if (parents := getattr(self, "_link", None)) is not None:
            parents.leave_to_parent()
        self._link = Link(self._url, prefix=self._prefix, places=max(1, int(1 / self._share)), timing=Timing())

    def _new_pace(self, key: tuple[str, str]) -> Pace:
        return Pace(line=RedisLine(self._link, self._name(*key), INTERVAL))

    def _new_token(self, key: tuple[str, str, str], secret: Secret) -> TokenCell:
        alone = max(1, int(FETCHES * self._share))
        return TokenCell(shelf=RedisShelf(self._link, self._name(*key), secret, FETCHES, alone))

    def _name(self, *key: str) -> str:
        return f"{self._prefix}:{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:32]}"


def shared_at(url: str) -> RedisShared:
    """Return the one of this process for an address, for clients that are told no more than that."""
    with _lock:
        if url not in _known:
            _known[url] = RedisShared(url)
        return _known[url]
